"""How many of the visitors of the last weeks a rule tree matches; of all known, where it asks when they came."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from django.db.models import Count, QuerySet
from django.utils import timezone

from personalization.models import Profile
from personalization.segmentation import (
    Group,
    Matcher,
    RuleType,
    compile_tree,
    concerns_absent,
    visit_rules,
    without_visit_rules,
)
from personalization.types import Device, ProfileState, RequestContext

from .conditions import condition_of
from .store import profile_of

DAYS = 30
"""Only visitors who read something in so many days are counted, but where rules concern those who stayed away."""

MAX_PROFILES = 10_000
"""Where rules must be tried on one visitor after another, only on so many, so that the answer stays quick."""

CHUNK = 1_000

Key = TypeVar("Key", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Estimate:
    """`matching` of `known` visitors, and how many of them match each of some other trees, too.

    `known` are visitors of the last `DAYS` days, or, where the rules concern those who stayed away, `is_of_all`. Rules
    of the types in `left_out` depend on the visit and were not applied; where nothing else is left, `matching` is None.
    `is_sample` where only some were tried: the visitors seen last or, `is_of_all`, any.
    """

    matching: int | None
    known: int
    left_out: tuple[RuleType, ...] = ()
    shared: Mapping[Any, int] = field(default_factory=dict)
    is_sample: bool = False
    is_of_all: bool = False

    @property
    def percent(self) -> int:
        """`matching` in hundredths of `known`, rounded."""
        return round(100 * (self.matching or 0) / self.known) if self.known else 0


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Among whom is counted, at `now`."""

    now: datetime
    is_of_all: bool = False

    @property
    def rows(self) -> QuerySet[Profile]:
        came = Profile.objects.filter(last_seen__isnull=False)
        return came if self.is_of_all else came.filter(last_seen__gte=self.now - timedelta(days=DAYS))

    def sample(self) -> Iterator[tuple[Profile, ProfileState, RequestContext]]:
        # Of those seen last none would have stayed away. Ids are random, and so is whom they put first.
        return _tried(self.rows.order_by("pk" if self.is_of_all else "-last_seen"), self.now)


def estimate(tree: Group, others: Mapping[Other, Group] | None = None) -> Estimate:
    """The estimate for one tree, and what it shares with others. One query, and one more where there are others."""
    now = timezone.localtime()
    wanted = _answerable({None: tree}).get(None)
    if wanted is None:
        return Estimate(None, _Crowd(now).rows.count(), visit_rules(tree))
    crowd = _Crowd(now, concerns_absent(wanted))
    rivals = _answerable(others or {})
    condition = condition_of(wanted, now)
    if condition is None:
        both = {key: Group("all", (wanted, rival)) for key, rival in rivals.items()}
        counts, known, is_sample = _tried_one_by_one({None: wanted, **both}, crowd)
        shared = {key: counts[key] for key in both}
        return Estimate(counts[None], known, visit_rules(tree), shared, is_sample, crowd.is_of_all)
    counts, known = _count({None: wanted}, crowd.rows, now)
    # Only who belongs is tried for the others; those that the database does not know are left out.
    quick = {key: rival for key, rival in rivals.items() if condition_of(rival, now) is not None}
    shared = _count(quick, crowd.rows.filter(condition), now)[0] if quick else {}
    return Estimate(counts[None], known, visit_rules(tree), shared, is_of_all=crowd.is_of_all)


def estimate_all(trees: Mapping[Key, Group]) -> dict[Key, Estimate]:
    """The estimate for each tree: of those of each crowd in one query and at most one pass over some visitors."""
    now = timezone.localtime()
    found: dict[Key, Estimate] = {}
    for is_of_all in (False, True):
        some = {key: tree for key, tree in trees.items() if concerns_absent(tree) is is_of_all}
        if some:
            found |= _estimated(some, _Crowd(now, is_of_all))
    return {key: found[key] for key in trees}


def _estimated(trees: Mapping[Key, Group], crowd: _Crowd) -> dict[Key, Estimate]:
    answerable = _answerable(trees)
    quick = {key: tree for key, tree in answerable.items() if condition_of(tree, crowd.now) is not None}
    slow = {key: tree for key, tree in answerable.items() if key not in quick}
    counts, known = _count(quick, crowd.rows, crowd.now)
    sampled, tried, is_sample = _tried_one_by_one(slow, crowd) if slow else ({}, known, False)
    return {
        key: Estimate(sampled[key], tried, visit_rules(tree), is_sample=is_sample, is_of_all=crowd.is_of_all)
        if key in sampled
        else Estimate(counts.get(key), known, visit_rules(tree), is_of_all=crowd.is_of_all)
        for key, tree in trees.items()
    }


def _answerable(trees: Mapping[Key, Group]) -> dict[Key, Group]:
    """Of each tree what a profile can tell; trees that depend on the visit alone are absent."""
    stored = {key: without_visit_rules(tree) for key, tree in trees.items()}
    return {key: tree for key, tree in stored.items() if tree.nodes or not visit_rules(trees[key])}


def _count(trees: Mapping[Key, Group], among: QuerySet[Profile], now: datetime) -> tuple[dict[Key, int], int]:
    """Matching visitors by tree, and how many there are; the database knows all rules of the trees."""
    keys = list(trees)
    counted = {f"n{i}": Count("pk", filter=condition_of(trees[key], now)) for i, key in enumerate(keys)}
    found = among.aggregate(known=Count("pk"), **counted)
    return {key: found[f"n{i}"] for i, key in enumerate(keys)}, found["known"]


def _tried_one_by_one(trees: Mapping[Key, Group], crowd: _Crowd) -> tuple[dict[Key, int], int, bool]:
    """Matching visitors by tree, how many were tried, and whether these were only some."""
    matchers = {key: compile_tree(tree) for key, tree in trees.items()}
    counts = dict.fromkeys(trees, 0)
    known = 0
    for _row, profile, context in crowd.sample():
        known += 1
        for key, matches in matchers.items():
            counts[key] += matches(profile, context)
    return counts, known, known == MAX_PROFILES


def seen_lately() -> Iterator[tuple[Profile, ProfileState, RequestContext]]:
    """The visitors seen last, latest first, each with a request as it might make one now. Vectors are not loaded."""
    return _tried(Profile.objects.filter(last_seen__isnull=False).order_by("-last_seen"), timezone.localtime())


def matcher_for_known(tree: Group) -> Matcher:
    """Who of the visitors known may belong, by the rules that a profile can answer."""
    return compile_tree(without_visit_rules(tree))


def _tried(rows: QuerySet[Profile], now: datetime) -> Iterator[tuple[Profile, ProfileState, RequestContext]]:
    for row in rows.defer("vector", "shown_vector", "liked_vector", "sums")[:MAX_PROFILES].iterator(CHUNK):
        yield row, profile_of(row), RequestContext(at=now, device=cast(Device, row.device or "other"))
