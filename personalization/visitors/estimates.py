"""How many of the visitors known now a rule tree matches."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from django.utils import timezone

from personalization.models import Profile
from personalization.segmentation import Group, Matcher, RuleType, compile_tree, visit_rules, without_visit_rules
from personalization.types import Device, ProfileState, RequestContext

from .store import profile_of

MAX_PROFILES = 10_000
"""Only the visitors seen last are counted, so that the answer stays quick."""

CHUNK = 1_000

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Estimate:
    """`matching` of `known` visitors. Rules of the types in `left_out` depend on the visit and were not applied;
    where nothing else is left, `matching` is None."""

    matching: int | None
    known: int
    left_out: tuple[RuleType, ...] = ()

    @property
    def percent(self) -> int:
        """`matching` in hundredths of `known`, rounded."""
        return round(100 * (self.matching or 0) / self.known) if self.known else 0


def estimate(tree: Group) -> Estimate:
    """The estimate for one tree."""
    return estimate_all({None: tree})[None]


def estimate_all(trees: Mapping[Key, Group]) -> dict[Key, Estimate]:
    """The estimate for each tree, in one pass over the profiles."""
    answerable = {key: without_visit_rules(tree) for key, tree in trees.items()}
    matchers = {
        key: compile_tree(tree) for key, tree in answerable.items() if tree.nodes or not visit_rules(trees[key])
    }
    counts = dict.fromkeys(matchers, 0)
    known = 0
    for _row, profile, context in seen_lately():
        known += 1
        for key, matches in matchers.items():
            counts[key] += matches(profile, context)
    return {key: Estimate(counts.get(key), known, visit_rules(tree)) for key, tree in trees.items()}


def seen_lately() -> Iterator[tuple[Profile, ProfileState, RequestContext]]:
    """The visitors seen last, latest first, each with a request as it might make one now. Vectors are not loaded."""
    now = timezone.localtime()
    rows = (
        Profile.objects.filter(last_seen__isnull=False).defer("vector", "liked_vector", "sums").order_by("-last_seen")
    )
    for row in rows[:MAX_PROFILES].iterator(CHUNK):
        yield row, profile_of(row), RequestContext(at=now, device=cast(Device, row.device or "other"))


def matcher_for_known(tree: Group) -> Matcher:
    """Who of the visitors known may belong, by the rules that a profile can answer."""
    return compile_tree(without_visit_rules(tree))
