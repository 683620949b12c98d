"""How many of the visitors known now a rule tree matches."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.utils import timezone

from personalization.exceptions import InvalidRules
from personalization.models import Profile
from personalization.segmentation import Matcher, RuleType, compile_rules, visit_rules, without_visit_rules
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


def estimate(rules: Mapping[str, Any]) -> Estimate:
    """The estimate for one tree. Raises InvalidRules."""
    compile_rules(rules)
    return estimate_all({None: rules})[None]


def estimate_all(trees: Mapping[Key, Mapping[str, Any]]) -> dict[Key, Estimate]:
    """The estimate for each tree, in one pass over the profiles. Trees that do not compile are absent."""
    valid = {key: rules for key, rules in trees.items() if _compiles(rules)}
    answerable = {key: without_visit_rules(rules) for key, rules in valid.items()}
    matchers = {
        key: compile_rules(rules) for key, rules in answerable.items() if rules["rules"] or not visit_rules(valid[key])
    }
    counts = dict.fromkeys(matchers, 0)
    known = 0
    for _row, profile, context in seen_lately():
        known += 1
        for key, matches in matchers.items():
            counts[key] += matches(profile, context)
    return {key: Estimate(counts.get(key), known, visit_rules(rules)) for key, rules in valid.items()}


def seen_lately() -> Iterator[tuple[Profile, ProfileState, RequestContext]]:
    """The visitors seen last, latest first, each with a request as it might make one now. Vectors are not loaded."""
    now = timezone.localtime()
    rows = (
        Profile.objects.filter(last_seen__isnull=False).defer("vector", "liked_vector", "sums").order_by("-last_seen")
    )
    for row in rows[:MAX_PROFILES].iterator(CHUNK):
        yield row, profile_of(row), RequestContext(at=now, device=cast(Device, row.device or "other"))


def matcher_for_known(rules: Mapping[str, Any]) -> Matcher:
    """Who of the visitors known may belong, by the rules that a profile can answer. Raises InvalidRules."""
    compile_rules(rules)
    return compile_rules(without_visit_rules(rules))


def _compiles(rules: Mapping[str, Any]) -> bool:
    try:
        compile_rules(rules)
    except InvalidRules:
        return False
    return True
