"""How right the machine's topics are, by what editors made of them."""

from __future__ import annotations

from dataclasses import dataclass

from tagging.conf import least_to_apply
from tagging.evaluation.reliability import Bin, calibration_error, reliability
from tagging.models import TopicCalibration

from .calibration import LEAST_NEW, newest_calibration, verdicts

ENOUGH = LEAST_NEW  # verdicts: with fewer there is nothing to see, and no curve yet


@dataclass(frozen=True, slots=True)
class TopicAccuracy:
    """`bins` by promised probability, lowest first; `error` is their mean distance from what was kept, in [0, 1].

    `applied` are the topics that were likely enough to be applied without asking, None where there was none.
    `calibration` is the newest fit, None before the first one.
    """

    verdicts: int
    bins: tuple[Bin, ...]
    error: float
    applied: Bin | None
    calibration: TopicCalibration | None

    @property
    def is_enough(self) -> bool:
        return self.verdicts >= ENOUGH


def topic_accuracy() -> TopicAccuracy:
    """Promised against kept, on the whole site. Three queries."""
    found = verdicts()
    bins = reliability(found.promised, found.kept)
    likely = found.promised >= least_to_apply()
    applied = reliability(found.promised[likely], found.kept[likely], (0.0, 1.0))
    return TopicAccuracy(
        verdicts=len(found),
        bins=tuple(bins),
        error=calibration_error(bins),
        applied=applied[0] if applied else None,
        calibration=newest_calibration(),
    )
