"""From a rule tree, as stored in JSON, to checked groups and rules, with other segments' rules put in their place.

A group is `{"match": "all" | "any" | "none", "rules": [rule or group, ...]}`; a rule is `{"type": code}` with the
values of its type's fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from personalization.exceptions import CircularRules, InvalidRules

from .behavior import AnotherSegment
from .fields import gettext_noop as _
from .references import References
from .registry import FieldErrors, RuleType, get_rule_type

MAX_DEPTH = 4
"""Groups within groups, the outermost counted."""

MAX_RULES = 200
"""Rules and groups in one tree."""

MAX_EXPANDED = 1000
"""Rules and groups in one tree once the segments that it names are put in."""

Match = Literal["all", "any", "none"]
MATCHES = ("all", "any", "none")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its type, its fields' values as `given`, cleaned, and what these stand for on this site."""

    type: RuleType
    given: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Rules and groups of which all, any or none must hold. Without any, it matches nobody."""

    match: Match
    nodes: tuple[Rule | Group, ...] = ()


def parse_rules(rules: object, references: References | None = None, segment_id: int | None = None) -> Group:
    """The checked tree. InvalidRules names the place that is wrong, and a segment that leads back to itself.

    `segment_id` is the segment whose rules these are, where they are stored already.
    """
    if _count(rules) > MAX_RULES:
        raise InvalidRules("rules", _("must hold at most %(limit)d rules"), limit=MAX_RULES)
    return _Parser(references or References(), () if segment_id is None else (segment_id,)).group(rules, "", 1)


def _count(node: object, depth: int = 1) -> int:
    children = node.get("rules") if isinstance(node, Mapping) else None
    if not isinstance(children, list | tuple) or depth > MAX_DEPTH:
        return 1
    return 1 + sum(_count(child, depth + 1) for child in children)


@dataclass
class _Size:
    nodes: int = 0


@dataclass(frozen=True)
class _Parser:
    """Reads one segment's tree. `trail` are the segments whose rules are being read, outermost first."""

    references: References
    trail: tuple[int, ...]
    size: _Size = field(default_factory=_Size)

    def group(self, node: object, path: str, depth: int) -> Group:
        if not isinstance(node, Mapping):
            raise InvalidRules(path or "rules", _('must be a group: {"match": …, "rules": […]}'))
        match = node.get("match")
        if match not in MATCHES:
            raise InvalidRules(_at(path, "match"), _("must be one of %(codes)s"), codes=", ".join(MATCHES))
        children = node.get("rules")
        if not isinstance(children, list | tuple):
            raise InvalidRules(_at(path, "rules"), _("must be a list"))
        if depth > MAX_DEPTH:
            raise InvalidRules(path, _("groups may be nested %(limit)d deep"), limit=MAX_DEPTH)
        nodes = tuple(self._node(child, f"{_at(path, 'rules')}[{i}]", depth) for i, child in enumerate(children))
        return Group(cast(Match, match), nodes)

    def _node(self, node: object, path: str, depth: int) -> Rule | Group:
        self.size.nodes += 1
        if self.size.nodes > MAX_EXPANDED:
            limit = _("must hold at most %(limit)d rules, those of the segments it names included")
            raise InvalidRules(path, limit, limit=MAX_EXPANDED)
        if isinstance(node, Mapping) and "match" in node:
            return self.group(node, path, depth + 1)
        return self._rule(node, path)

    def _rule(self, node: object, path: str) -> Rule | Group:
        if not isinstance(node, Mapping):
            raise InvalidRules(path, _('must be a rule, {"type": …}, or a group, {"match": …, "rules": […]}'))
        code = node.get("type")
        rule_type = get_rule_type(code) if isinstance(code, str) else None
        if rule_type is None:
            raise InvalidRules(_at(path, "type"), _("“%(code)s” is not a registered rule type"), code=code)
        try:
            values = rule_type.clean(node)
        except FieldErrors as error:
            name, wrong = next(iter(error.errors.items()))
            raise InvalidRules(_at(path, name), wrong.message, **wrong.params) from error
        if isinstance(rule_type, AnotherSegment):
            return self._segment(_at(path, "segment"), **values)
        return Rule(rule_type, values, rule_type.resolve(values, self.references))

    def _segment(self, path: str, operator: str, segment: int) -> Group:
        """The other segment's rules, in its place."""
        match: Match = "all" if operator == "in" else "none"
        known = self.references.segments.get(segment)
        if segment in self.trail:
            names = self._names((*self.trail[self.trail.index(segment) :], segment))
            raise CircularRules(path, _("leads back to where it began: %(names)s"), names=names)
        if known is None or not known.is_enabled:
            return Group(match, (Group("any"),))
        try:
            rules = replace(self, trail=(*self.trail, segment)).group(known.rules, "", 1)
        except CircularRules as error:
            raise CircularRules(path, error.message, **error.params) from error
        except InvalidRules as error:
            wrong = _("names the segment “%(name)s”, which cannot be used: %(error)s")
            raise InvalidRules(path, wrong, name=known.name, error=str(error)) from error
        return Group(match, (rules,))

    def _names(self, trail: tuple[int, ...]) -> str:
        known = self.references.segments
        return " → ".join(known[pk].name if pk in known else str(pk) for pk in trail)


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
