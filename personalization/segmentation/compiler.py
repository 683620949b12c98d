"""From a rule tree, as stored in JSON, to one function.

A group is `{"match": "all" | "any" | "none", "rules": [rule or group, ...]}`; a rule is `{"type": code}` with the
values of its type's fields. A group without rules matches nobody, so that a segment half made reaches no reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personalization.exceptions import InvalidRules
from personalization.types import ProfileState, RequestContext

from .fields import gettext_noop as _
from .registry import FieldErrors, Matcher, get_rule_type

MAX_DEPTH = 4
"""Groups within groups, the outermost counted."""

MAX_RULES = 200
"""Rules and groups in one tree."""


def compile_rules(rules: Mapping[str, Any]) -> Matcher:
    """The function that says who belongs. InvalidRules names the place that cannot be compiled."""
    if _count(rules) > MAX_RULES:
        raise InvalidRules("rules", _("must hold at most %(limit)d rules"), limit=MAX_RULES)
    return _group(rules, path="", depth=1)


def _count(node: object, depth: int = 1) -> int:
    children = node.get("rules") if isinstance(node, Mapping) else None
    if not isinstance(children, list | tuple) or depth > MAX_DEPTH:
        return 1
    return 1 + sum(_count(child, depth + 1) for child in children)


def _group(node: object, path: str, depth: int) -> Matcher:
    if not isinstance(node, Mapping):
        raise InvalidRules(path or "rules", _('must be a group: {"match": …, "rules": […]}'))
    join = _JOIN.get(node["match"]) if isinstance(node.get("match"), str) else None
    if join is None:
        raise InvalidRules(_at(path, "match"), _("must be one of %(codes)s"), codes="all, any, none")
    children = node.get("rules")
    if not isinstance(children, list | tuple):
        raise InvalidRules(_at(path, "rules"), _("must be a list"))
    if depth > MAX_DEPTH:
        raise InvalidRules(path, _("groups may be nested %(limit)d deep"), limit=MAX_DEPTH)
    matchers = [_node(child, f"{_at(path, 'rules')}[{i}]", depth) for i, child in enumerate(children)]
    return join(matchers) if matchers else _nobody


def _node(node: object, path: str, depth: int) -> Matcher:
    if isinstance(node, Mapping) and "match" in node:
        return _group(node, path, depth + 1)
    return _rule(node, path)


def _rule(node: object, path: str) -> Matcher:
    if not isinstance(node, Mapping):
        raise InvalidRules(path, _('must be a rule, {"type": …}, or a group, {"match": …, "rules": […]}'))
    code = node.get("type")
    rule_type = get_rule_type(code) if isinstance(code, str) else None
    if rule_type is None:
        raise InvalidRules(_at(path, "type"), _("“%(code)s” is not a registered rule type"), code=code)
    try:
        values = rule_type.clean(node)
    except FieldErrors as error:
        field, wrong = next(iter(error.errors.items()))
        raise InvalidRules(_at(path, field), wrong.message, **wrong.params) from error
    return rule_type.matcher(**values)


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


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
