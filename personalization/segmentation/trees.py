"""Questions about a rule tree, beside whom it matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .fields import Field
from .parsing import Group, Rule
from .registry import RuleType, get_rule_type


def rules_in(group: Group, skip_none: bool = False) -> Iterator[Rule]:
    """Every rule of a checked tree, in order; with `skip_none` without those of groups of "none"."""
    if skip_none and group.match == "none":
        return
    for node in group.nodes:
        if isinstance(node, Group):
            yield from rules_in(node, skip_none)
        else:
            yield node


def visit_rules(group: Group) -> tuple[RuleType, ...]:
    """The rule types in the tree that only a visit can answer, each once, in order."""
    return tuple(dict.fromkeys(rule.type for rule in rules_in(group) if rule.type.depends_on_visit))


def concerns_absent(group: Group) -> bool:
    """Whether some rule of the tree asks after visitors who have stayed away for long."""
    return any(rule.type.concerns_absent for rule in rules_in(group))


def without_visit_rules(group: Group) -> Group:
    """The tree that stored profiles can answer: rules that depend on the visit, and groups of only such, left out."""
    kept: list[Group | Rule] = []
    for node in group.nodes:
        if isinstance(node, Rule):
            if not node.type.depends_on_visit:
                kept.append(node)
            continue
        answerable = without_visit_rules(node)
        # A group that was empty before matches nobody, and says so with or without the others.
        if answerable.nodes or not node.nodes:
            kept.append(answerable)
    return replace(group, nodes=tuple(kept))


def wanted_topics(group: Group) -> dict[int, float]:
    """Topic id → the least weight in [0, 1] that the tree asks for; groups of "none" ask for nothing."""
    wanted: dict[int, float] = {}
    for rule in rules_in(group, skip_none=True):
        if rule.type.code == "topic" and rule.values["operator"] == "at_least":
            topic = rule.given["topic"]
            wanted[topic] = max(rule.given["value"], wanted.get(topic, 0.0))
    return wanted


def named_in(rules: object, kind: type[Field]) -> Iterator[int]:
    """The ids that a stored tree's fields of one kind hold, whether or not it compiles."""
    for rule, field in _fields_of(rules, kind):
        value = rule.get(field.name)
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int))


def with_replaced(rules: Mapping[str, Any], kind: type[Field], old_id: int, new_id: int) -> dict[str, Any]:
    """The stored tree with one topic, say, in the place of another."""
    nodes = []
    for node in rules["rules"]:
        if "match" in node:
            nodes.append(with_replaced(node, kind, old_id, new_id))
        else:
            names = [field.name for _rule, field in _fields_of({"rules": [node]}, kind)]
            nodes.append({**node, **{name: new_id for name in names if node.get(name) == old_id}})
    return {**rules, "rules": nodes}


def _fields_of(rules: object, kind: type[Field]) -> Iterator[tuple[Mapping[str, Any], Field]]:
    if isinstance(rules, list):
        for node in rules:
            yield from _fields_of(node, kind)
    elif isinstance(rules, Mapping):
        rule_type = get_rule_type(code) if isinstance(code := rules.get("type"), str) else None
        if rule_type:
            yield from ((rules, field) for field in rule_type.fields if isinstance(field, kind))
        yield from _fields_of(rules.get("rules"), kind)
