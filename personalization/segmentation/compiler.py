"""From a rule tree to one function. A group without rules matches nobody, so that a segment half made reaches no
reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personalization.types import ProfileState, RequestContext

from .parsing import Group, Rule, parse_rules
from .references import References
from .registry import Matcher


def compile_rules(
    rules: Mapping[str, Any], references: References | None = None, segment_id: int | None = None
) -> Matcher:
    """The function that says who belongs; the arguments are those of `parse_rules`, and so are its errors."""
    return compile_tree(parse_rules(rules, references, segment_id))


def compile_tree(group: Group) -> Matcher:
    """The function that says who belongs to a checked tree."""
    matchers = [_matcher(node) for node in group.nodes]
    return _JOIN[group.match](matchers) if matchers else _nobody


def _matcher(node: Group | Rule) -> Matcher:
    return compile_tree(node) if isinstance(node, Group) else node.type.matcher(**node.values)


def _nobody(profile: ProfileState | None, context: RequestContext) -> bool:
    return False


# Loops, not all() and any() over generators: these run for every segment at every page view.
def _all(matchers: Sequence[Matcher]) -> Matcher:
    if len(matchers) == 1:
        return matchers[0]

    def match_all(profile: ProfileState | None, context: RequestContext) -> bool:
        for matches in matchers:  # noqa: SIM110
            if not matches(profile, context):
                return False
        return True

    return match_all


def _any(matchers: Sequence[Matcher]) -> Matcher:
    if len(matchers) == 1:
        return matchers[0]

    def match_any(profile: ProfileState | None, context: RequestContext) -> bool:
        for matches in matchers:  # noqa: SIM110
            if matches(profile, context):
                return True
        return False

    return match_any


def _none(matchers: Sequence[Matcher]) -> Matcher:
    matches_any = _any(matchers)
    return lambda profile, context: not matches_any(profile, context)


_JOIN = {"all": _all, "any": _any, "none": _none}
