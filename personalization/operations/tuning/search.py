"""Looks for a placement's setting that would have been clicked more, and measures it on days it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from personalization.conf import settings
from personalization.evaluation.expectations import Expectations
from personalization.evaluation.trials import worth_of_trials
from personalization.evaluation.what_if import WhatIf
from personalization.exceptions import NotLearned
from personalization.operations.rankers.fit import HELD_OUT
from personalization.recommendation.fitting import Examples, fit_logistic
from personalization.recommendation.held_out import Comparison, compare
from personalization.recommendation.logged import LoggedSlate, split
from personalization.recommendation.tuning import Setting, gain
from tagging.evaluation.metrics import Figure

from .need import share_needed
from .record import Record
from .versions import setting_of

HIGHEST_DIVERSITY: Final = 0.7
HIGHEST_WEIGHT: Final = 3.0
HIGHEST_EXPLORATION: Final = 0.5

Tell = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found for a segment, and what of it is surely better: `proposed`, which may be what is served already.

    `order` compares the orders of `found` and `before` on later days; `earned` is what `proposed` would have, there.
    `new_pages` is by which share clicks change where a list shows a new page, on later days.
    """

    segment_id: int | None
    before: Setting
    found: Setting
    proposed: Setting
    order: Comparison
    earned: WhatIf
    new_pages: Figure | None
    level: float
    since: float
    until: float

    @property
    def is_change(self) -> bool:
        return self.proposed != self.before

    def figures(self) -> dict[str, Any]:
        """For the row that an editor decides on."""
        return {
            "order": {**asdict(self.order), "difference": self.order.difference},
            "earned": {**asdict(self.earned), "is_guess": self.earned.is_guess},
            "new_pages": asdict(self.new_pages) if self.new_pages else None,
            "level": self.level,
            "since": datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds"),
            "until": datetime.fromtimestamp(self.until, UTC).isoformat(timespec="seconds"),
        }


def search(
    record: Record, segment_id: int | None, trials: int, seed: int, level: float = 0.95, tell: Tell = lambda: None
) -> Proposal:
    """Search on all but the newest days, measure on those. Raises NotLearned where too little was clicked.

    Weights are looked for where no learned ranker is live, which knows them; another share of lists with a new page
    where it is known from trials whether these are clicked more or less than the pages that they take the place of.
    """
    own = record.of_segment(segment_id)
    early, late = _parts(own)
    before = setting_of(record.placement, segment_id)
    space = _space(own, early, before, level)
    found = _kept(_best(own, early, before, space, trials, seed, tell).rounded(), before, space)
    comparison = compare(late, own.order(found), own.order(before), seed, level)
    if comparison is None:
        raise NotLearned("Nothing was clicked on the newest days, so that nothing can be measured.")
    new_pages = worth_of_trials(late, level)
    proposed = found if comparison.low > 0.0 else replace(found, diversity=before.diversity, weights=before.weights)
    if not _is_borne_out(found, before, new_pages):
        proposed = replace(proposed, exploration=before.exploration)
    measured = replace(own, slates=late)
    earned = measured.what_if(proposed, before, Expectations.learned(early), level)
    return Proposal(segment_id, before, found, proposed, comparison, earned, new_pages, level, late[0].at, late[-1].at)


@dataclass(frozen=True, slots=True)
class _Space:
    """What is searched. `worth` is by which share clicks change in a list with a new page; 0: not searched."""

    sources: tuple[str, ...]
    worth: float
    least_exploration: float

    def suggested(self, trial: Any, before: Setting) -> Setting:
        diversity = trial.suggest_float("diversity", 0.0, HIGHEST_DIVERSITY)
        weights = {source: trial.suggest_float(source, 0.0, HIGHEST_WEIGHT) for source in self.sources}
        if not self.worth:
            return Setting(diversity, weights or before.weights, before.exploration)
        exploration = trial.suggest_float("exploration of new pages", self.least_exploration, HIGHEST_EXPLORATION)
        return Setting(diversity, weights or before.weights, exploration)


def _parts(record: Record) -> tuple[list[LoggedSlate], list[LoggedSlate]]:
    start, _days = split(record.slates, HELD_OUT)
    early, late = record.slates[:start], record.slates[start:]
    clicks = sum(slate.clicks for slate in early)
    if clicks < settings.RANKER_MIN_CLICKS:
        raise NotLearned(
            "There are too few clicks to tune by: %(clicks)d before the newest days, of the %(needed)d needed"
            " (RANKER_MIN_CLICKS), in %(lists)d lists that were seen.",
            clicks=clicks,
            needed=settings.RANKER_MIN_CLICKS,
            lists=len(record.slates),
        )
    if all(slate.clicks == slate.seen.sum() for slate in early):
        raise NotLearned("Everything that was seen was clicked: there is nothing to tell apart.")
    return early, late


def _space(record: Record, early: Sequence[LoggedSlate], before: Setting, level: float) -> _Space:
    names = {name for slate in early for name in slate.signals.names if "." not in name}
    known = worth_of_trials(early, level)
    # Only what is sure of it: the end of the interval that is nearer to 0.
    worth = max(known.low, 0.0) + min(known.high, 0.0) if known else 0.0
    least = min(share_needed(record), before.exploration or 0.0)
    return _Space(() if record.is_learned else tuple(sorted(names)), worth, least)


def _best(
    record: Record,
    early: Sequence[LoggedSlate],
    before: Setting,
    space: _Space,
    trials: int,
    seed: int,
    tell: Tell,
) -> Setting:
    import optuna

    seen_at = fit_logistic(Examples.of_slates(early)).seen_at

    def objective(trial: Any) -> float:
        tell()
        setting = space.suggested(trial, before)
        more = (setting.exploration or 0.0) - (before.exploration or 0.0)
        return gain(early, record.order(setting), seen_at) * (1.0 + more * space.worth)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({"diversity": min(before.diversity, HIGHEST_DIVERSITY)}, skip_if_exists=True)
    study.optimize(objective, n_trials=trials)
    found = space.suggested(optuna.trial.FixedTrial(study.best_params), before)
    # What makes no difference stays as it is.
    plainer = replace(found, diversity=before.diversity)
    scores = [gain(early, record.order(one), seen_at) for one in (plainer, found)]
    return plainer if scores[0] >= scores[1] else found


def _is_borne_out(found: Setting, before: Setting, new_pages: Figure | None) -> bool:
    """Whether later days say the same of new pages as the days that were searched."""
    if new_pages is None or found.exploration is None or before.exploration is None:
        return False
    return new_pages.low > 0.0 if found.exploration > before.exploration else new_pages.high < 0.0


def _kept(found: Setting, before: Setting, space: _Space) -> Setting:
    """With what was not searched as it was, to the last digit."""
    return replace(
        found,
        weights=found.weights if space.sources else before.weights,
        exploration=found.exploration if space.worth else before.exploration,
    )
