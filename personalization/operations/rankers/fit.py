"""Fits a ranker to what was served and clicked lately, and measures it beside what ranks now. For workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from personalization.conf import settings
from personalization.exceptions import NotLearned
from personalization.operations.fitting import Tell
from personalization.recommendation.fitting import Examples, Fit, fit_logistic, fit_trees
from personalization.recommendation.held_out import Comparison, Scorer, compare
from personalization.recommendation.insight import influences
from personalization.recommendation.learned import Model
from personalization.recommendation.logged import LoggedSlate, split

from .fitted import FittedRanker
from .live import LiveVersion, live_version
from .served import logged_slates

HELD_OUT: Final = 0.2
"""The newest whole days that hold this share of all clicks are for measuring."""

SURE: Final = 0.98
"""The interval of the difference holds with this probability. With 95 %, 6 of 80 versions learned from noise passed
where lists had been ranked by neither of the two that are compared, as bootstrapped intervals are a bit narrow."""


_NOT_BETTER_THAN_VERSION: Final = _(
    "It is not surely better than the version that ranks now: on the newest days, with %(clicks)d clicks, it reached"
    " %(own).3f and that one %(other).3f (nDCG). The difference is between %(low)+.3f and %(high)+.3f with a"
    " probability of 98 %%; for a new version all of that has to be above 0."
)
_NOT_BETTER_THAN_BLEND: Final = _(
    "It is not surely better than the weighted blend: on the newest days, with %(clicks)d clicks, it reached %(own).3f"
    " and the blend %(other).3f (nDCG). The difference is between %(low)+.3f and %(high)+.3f with a probability of"
    " 98 %%; for a new version all of that has to be above 0."
)


def fit_ranker(tell: Tell, *, is_held: bool = False) -> FittedRanker:
    """A ranker fitted to what was served and clicked lately, beside what ranks now. Raises NotLearned."""
    since = timezone.now() - timedelta(days=settings.RANKER_WINDOW_DAYS)
    slates = logged_slates(since, settings.RANKER_MAX_SLATES)
    tell(30)
    return fitted_to(slates, live_version(), is_held=is_held)


def fitted_to(slates: Sequence[LoggedSlate], live: LiveVersion | None, *, is_held: bool = False) -> FittedRanker:
    """A ranker fitted to all but the newest days, measured on those. Raises NotLearned.

    What is measured is what goes live: it is not fitted again with the days it was measured on, so that the version
    that ranks now has never seen the days on which the next one is compared with it.
    """
    start = _first_held_out(slates)
    early, late = slates[:start], slates[start:]
    fit, is_crossed = _fitted(early)
    comparison = compare(late, scorer(fit.model), scorer(live.model) if live else weighted, level=SURE)
    against = live.number if live else 0
    return FittedRanker(
        method=settings.RANKER,
        parameters=fit.model.to_json(),
        learned_from={
            "slates": len(early),
            "clicks": sum(slate.clicks for slate in early),
            "since": _iso(early[0].at),
            "until": _iso(early[-1].at),
            "by_circumstances": is_crossed,
            "seen_at": [round(float(chance), 4) for chance in fit.seen_at],
            "influences": [asdict(one) for one in influences(fit.model, early)],
        },
        evaluation=_measured(comparison, late, against),
        refusal=_refusal(comparison, live, is_held),
    )


def scorer(model: Model) -> Scorer:
    """A fitted model's opinion of a logged list."""
    return lambda slate: model.score(slate.features())


def weighted(slate: LoggedSlate) -> Any:
    """The weighted blend's."""
    return slate.blend


def _first_held_out(slates: Sequence[LoggedSlate]) -> int:
    clicks = sum(slate.clicks for slate in slates)
    if clicks < settings.RANKER_MIN_CLICKS:
        raise NotLearned(
            _(
                "There are too few clicks to learn from: %(clicks)d of the %(needed)d needed (RANKER_MIN_CLICKS), in"
                " %(slates)d lists of the last %(days)d days."
            ),
            clicks=clicks,
            needed=settings.RANKER_MIN_CLICKS,
            slates=len(slates),
            days=settings.RANKER_WINDOW_DAYS,
        )
    start, _days = split(slates, HELD_OUT)
    early = slates[:start]
    if not any(slate.clicks for slate in early):
        raise NotLearned(_("All clicks are of one day. It takes two at least: one to learn from, one to measure by."))
    if all(slate.clicks == slate.seen.sum() for slate in early):
        raise NotLearned(_("Everything that was seen was clicked: there is nothing to tell apart."))
    return start


def _fitted(slates: Sequence[LoggedSlate]) -> tuple[Fit, bool]:
    """The model, and whether sources weigh otherwise under other circumstances: only where that is better on trial."""
    if settings.RANKER == "trees":
        return fit_trees(Examples.of_slates(slates, is_crossed=True)), True
    start, _days = split(slates, HELD_OUT)
    plain = fit_logistic(Examples.of_slates(slates))
    if not start or not any(slate.clicks for slate in slates[:start]):
        return plain, False
    one, other = (_on_trial(slates[:start], is_crossed) for is_crossed in (True, False))
    trial = compare(slates[start:], scorer(one.model), scorer(other.model))
    if trial and trial.difference > 0.0:
        return fit_logistic(Examples.of_slates(slates, is_crossed=True)), True
    return plain, False


def _on_trial(slates: Sequence[LoggedSlate], is_crossed: bool) -> Fit:
    return fit_logistic(Examples.of_slates(slates, is_crossed=is_crossed))


def _measured(comparison: Comparison | None, late: Sequence[LoggedSlate], against: int) -> Mapping[str, Any]:
    if comparison is None:
        return {}
    dates = {"since": _iso(late[0].at), "until": _iso(late[-1].at)}
    return {**asdict(comparison), "difference": comparison.difference, "against": against, **dates}


def _refusal(comparison: Comparison | None, live: LiveVersion | None, is_held: bool) -> Mapping[str, Any]:
    """Empty where it goes live."""
    if comparison is None:
        return {"message": _("Nothing was clicked on the newest days, so that nothing can be measured."), "params": {}}
    figures = {
        "own": comparison.own,
        "other": comparison.other,
        "low": comparison.low,
        "high": comparison.high,
        "clicks": comparison.clicks,
    }
    if comparison.low <= 0.0:
        return {"message": _NOT_BETTER_THAN_VERSION if live else _NOT_BETTER_THAN_BLEND, "params": figures}
    if is_held:
        message = _(
            "It is better: %(own).3f beside %(other).3f (nDCG; the difference is %(low)+.3f to %(high)+.3f). But an"
            " editor chose what ranks, so that it waits to be let in."
        )
        return {"message": message, "params": figures}
    return {}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
