"""A placement's setting on the command line: read from options, and in words."""

from __future__ import annotations

from django.core.management.base import CommandError

from personalization.models import Segment
from personalization.recommendation.tuning import Setting


def asked_segment(name: str) -> Segment | None:
    """The segment called `name`; None for "". Raises CommandError where there is none."""
    if not name:
        return None
    segment = Segment.objects.filter(name=name).first()
    if segment is None:
        raise CommandError(f"There is no segment {name!r}.")
    return segment


def setting_in_words(setting: Setting) -> str:
    """ "diversity 0.30, exploration 0.05, similar 1.20"."""
    parts = [f"diversity {setting.diversity:.2f}"]
    if setting.exploration is not None:
        parts.append(f"exploration {setting.exploration:.2f}")
    return ", ".join(
        [*parts, *(f"{source} {weight:.2f}" for source, weight in sorted((setting.weights or {}).items()))]
    )
