"""Whether the network of what is read next is live, and why, as the report on ranking shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from personalization.conf import settings
from personalization.models import SequenceVersion

from .learned_report import in_words


@dataclass(frozen=True, slots=True)
class SequencesState:
    """The newest fit. `measured` has the figures of `SequenceVersion.evaluation`, empty where nothing was measured."""

    is_off: bool
    is_live: bool = False
    fitted_at: datetime | None = None
    learned_from: Mapping[str, Any] | None = None
    measured: Mapping[str, Any] | None = None
    reason: str = ""


def sequences_state() -> SequencesState:
    """One query at most."""
    if not settings.SEQUENCES:
        return SequencesState(is_off=True)
    version = SequenceVersion.objects.defer("arrays").first()
    if version is None:
        return SequencesState(is_off=False)
    return SequencesState(
        is_off=False,
        is_live=version.is_live,
        fitted_at=version.fitted_at,
        learned_from=version.learned_from,
        measured=version.evaluation,
        reason=in_words(version.refusal),
    )
