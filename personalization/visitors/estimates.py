"""How many of the visitors of the last weeks a rule tree matches."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from django.db.models import Count, QuerySet
from django.utils import timezone

from personalization.models import Profile
from personalization.segmentation import Group, Matcher, RuleType, compile_tree, visit_rules, without_visit_rules
from personalization.types import Device, ProfileState, RequestContext

from .conditions import condition_of
from .store import profile_of

DAYS = 30
"""Only visitors who read something in so many days are counted."""

MAX_PROFILES = 10_000
"""Where rules must be tried on one visitor after another, only on those seen last, so that the answer stays quick."""

CHUNK = 1_000

Key = TypeVar("Key", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Estimate:
    """`matching` of `known` visitors, and how many of them match each of some other trees, too.

    Rules of the types in `left_out` depend on the visit and were not applied; where nothing else is left,
    `matching` is None. `is_sample` where only the visitors seen last were tried.
    """

    matching: int | None
    known: int
    left_out: tuple[RuleType, ...] = ()
    shared: Mapping[Any, int] = field(default_factory=dict)
    is_sample: bool = False

    @property
    def percent(self) -> int:
        """`matching` in hundredths of `known`, rounded."""
        return round(100 * (self.matching or 0) / self.known) if self.known else 0


def estimate(tree: Group, others: Mapping[Other, Group] | None = None) -> Estimate:
    """The estimate for one tree, and what it shares with others. One query, and one more where there are others."""
    now = timezone.localtime()
    wanted = _answerable({None: tree}).get(None)
    if wanted is None:
        return Estimate(None, _lately(now).count(), visit_rules(tree))
    rivals = _answerable(others or {})
    condition = condition_of(wanted, now)
    if condition is None:
        both = {key: Group("all", (wanted, rival)) for key, rival in rivals.items()}
        counts, known, is_sample = _tried_one_by_one({None: wanted, **both}, now)
        return Estimate(counts[None], known, visit_rules(tree), {key: counts[key] for key in both}, is_sample)
    counts, known, _is_sample = _count({None: wanted}, now)
    # Only who belongs is tried for the others; those that the database does not know are left out.
    quick = {key: rival for key, rival in rivals.items() if condition_of(rival, now) is not None}
    shared = _count(quick, now, _lately(now).filter(condition))[0] if quick else {}
    return Estimate(counts[None], known, visit_rules(tree), shared)


def estimate_all(trees: Mapping[Key, Group]) -> dict[Key, Estimate]:
    """The estimate for each tree, in one query and at most one pass over the visitors seen last."""
    now = timezone.localtime()
    answerable = _answerable(trees)
    quick = {key: tree for key, tree in answerable.items() if condition_of(tree, now) is not None}
    slow = {key: tree for key, tree in answerable.items() if key not in quick}
    counts, known, _is_sample = _count(quick, now)
    sampled, tried, is_sample = _count(slow, now) if slow else ({}, known, False)
    return {
        key: Estimate(sampled[key], tried, visit_rules(tree), is_sample=is_sample)
        if key in sampled
        else Estimate(counts.get(key), known, visit_rules(tree))
        for key, tree in trees.items()
    }


def _answerable(trees: Mapping[Key, Group]) -> dict[Key, Group]:
    """Of each tree what a profile can tell; trees that depend on the visit alone are absent."""
    stored = {key: without_visit_rules(tree) for key, tree in trees.items()}
    return {key: tree for key, tree in stored.items() if tree.nodes or not visit_rules(trees[key])}


def _count(
    trees: Mapping[Key, Group], now: datetime, among: QuerySet[Profile] | None = None
) -> tuple[dict[Key, int], int, bool]:
    """Matching visitors by tree, how many were tried, and whether these were only the ones seen last."""
    conditions = {key: condition_of(tree, now) for key, tree in trees.items()}
    if None in conditions.values():
        return _tried_one_by_one(trees, now)
    keys = list(conditions)
    counted = {f"n{i}": Count("pk", filter=conditions[key]) for i, key in enumerate(keys)}
    found = (_lately(now) if among is None else among).aggregate(known=Count("pk"), **counted)
    return {key: found[f"n{i}"] for i, key in enumerate(keys)}, found["known"], False


def _tried_one_by_one(trees: Mapping[Key, Group], now: datetime) -> tuple[dict[Key, int], int, bool]:
    matchers = {key: compile_tree(tree) for key, tree in trees.items()}
    counts = dict.fromkeys(trees, 0)
    known = 0
    for _row, profile, context in seen_lately(_lately(now)):
        known += 1
        for key, matches in matchers.items():
            counts[key] += matches(profile, context)
    return counts, known, known == MAX_PROFILES


def seen_lately(
    among: QuerySet[Profile] | None = None,
) -> Iterator[tuple[Profile, ProfileState, RequestContext]]:
    """The visitors seen last, latest first, each with a request as it might make one now. Vectors are not loaded."""
    now = timezone.localtime()
    rows = Profile.objects.filter(last_seen__isnull=False) if among is None else among
    rows = rows.defer("vector", "liked_vector", "sums").order_by("-last_seen")
    for row in rows[:MAX_PROFILES].iterator(CHUNK):
        yield row, profile_of(row), RequestContext(at=now, device=cast(Device, row.device or "other"))


def matcher_for_known(tree: Group) -> Matcher:
    """Who of the visitors known may belong, by the rules that a profile can answer."""
    return compile_tree(without_visit_rules(tree))


def _lately(now: datetime) -> QuerySet[Profile]:
    return Profile.objects.filter(last_seen__gte=now - timedelta(days=DAYS))
