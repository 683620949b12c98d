"""What a placement would earn under another setting, as far as its log can tell."""

from __future__ import annotations

from dataclasses import dataclass

from personalization.evaluation.expectations import Expectations
from personalization.evaluation.what_if import WhatIf
from personalization.exceptions import NotLearned
from personalization.models import Placement
from personalization.recommendation.tuning import Setting

from .record import Record
from .versions import setting_of


@dataclass(frozen=True, slots=True)
class Estimated:
    """The estimate of `setting`, in which exploration is as it is where the log `is_exploration_unknown`."""

    setting: Setting
    present: Setting
    earned: WhatIf
    is_exploration_unknown: bool


def estimate(placement: Placement, new: Setting, segment_id: int | None = None, days: int | None = None) -> Estimated:
    """Raises NotLearned where the log cannot tell anything of it, and says why."""
    record = Record.of(placement, days).of_segment(segment_id)
    if not record.slates:
        raise NotLearned("No list of this placement was seen by a visitor who agreed to personal recommendations.")
    present = setting_of(placement, segment_id)
    is_unknown = new.exploration != present.exploration and not record.has_trials()
    if is_unknown:
        new = Setting(new.diversity, new.weights, present.exploration)
    if new == present:
        raise NotLearned(
            "No propensities were logged: chance put no new page into these lists, so that they say nothing of another"
            " share of exploration. Give the placement such a share, and wait."
            if is_unknown
            else "This is the setting that is served already."
        )
    if not any(slate.clicks for slate in record.slates):
        raise NotLearned("Nothing was clicked in %(lists)d lists.", lists=len(record.slates))
    earned = record.what_if(new, present, Expectations.crossed(record.slates))
    return Estimated(new, present, earned, is_unknown)
