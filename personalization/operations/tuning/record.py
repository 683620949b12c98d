"""A placement's log, with what it takes to ask it about other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone

from personalization.conf import settings
from personalization.evaluation.counterfactual import Asked, as_logged
from personalization.evaluation.expectations import Expectations
from personalization.evaluation.what_if import WhatIf, what_if
from personalization.models import Placement
from personalization.operations.rankers.fit import scorer, weighted
from personalization.operations.rankers.live import live_version
from personalization.operations.rankers.served import logged_slates
from personalization.recommendation.held_out import Scorer
from personalization.recommendation.logged import LoggedSlate
from personalization.recommendation.tuning import Setting, scorer_of
from personalization.types import Vector
from tagging import index


@dataclass(frozen=True, slots=True)
class Record:
    """`slates` are in order of time; `ranks` orders pages where a setting has no weights, as `is_learned` says."""

    placement: Placement
    slates: list[LoggedSlate]
    vectors: Mapping[int, Vector]
    ranks: Scorer
    is_learned: bool

    @classmethod
    def of(cls, placement: Placement, days: int | None = None) -> Record:
        """What was served and seen in the last `days`, RANKER_WINDOW_DAYS unless it is said."""
        since = timezone.now() - timedelta(days=days or settings.RANKER_WINDOW_DAYS)
        slates = logged_slates(since, settings.RANKER_MAX_SLATES, [placement.name])
        version = live_version()
        ranks = scorer(version.model) if version else weighted
        vectors = index.vectors(sorted({page_id for slate in slates for page_id in slate.signals.page_ids}))
        return cls(placement, slates, vectors, ranks, version is not None)

    def of_segment(self, segment_id: int | None) -> Record:
        """Only of readers who were in it; None: of all."""
        if segment_id is None:
            return self
        return replace(self, slates=[slate for slate in self.slates if segment_id in slate.segments])

    def order(self, setting: Setting) -> Scorer:
        """The order of pages under the setting. Weights count only where no learned ranker is live."""
        heard = replace(setting, weights=None) if self.is_learned else setting
        return scorer_of(heard, self.ranks, self.vectors)

    def has_trials(self) -> bool:
        """Whether chance ever put a new page into one of the lists."""
        return any(slate.trial is not None for slate in self.slates)

    def what_if(self, new: Setting, present: Setting, expected: Expectations, level: float = 0.95) -> WhatIf:
        """What `new` would have earned. An order that stays as it is, is the one that was logged, whatever made it."""
        is_same = new.diversity == present.diversity and (self.is_learned or new.weights == present.weights)
        order = as_logged if is_same else self.order(new)
        exploration = None if new.exploration == present.exploration else new.exploration
        asked = Asked(order, expected, expected.of_new, exploration)
        return what_if(self.slates, asked, [self.order(present), self.order(new)], level)
