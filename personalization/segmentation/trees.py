"""Questions about a rule tree that compiles, beside whom it matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .registry import RuleType, get_rule_type


def visit_rules(rules: Mapping[str, Any]) -> tuple[RuleType, ...]:
    """The rule types in the tree that only a visit can answer, each once, in order."""
    found = (get_rule_type(rule["type"]) for rule in _rules(rules))
    return tuple(dict.fromkeys(rule_type for rule_type in found if rule_type and rule_type.depends_on_visit))


def without_visit_rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The tree that stored profiles can answer: rules that depend on the visit, and groups of only such, left out."""
    kept = []
    for node in rules["rules"]:
        if "match" in node:
            group = without_visit_rules(node)
            if group["rules"]:
                kept.append(group)
        elif (rule_type := get_rule_type(node["type"])) and not rule_type.depends_on_visit:
            kept.append(node)
    return {"match": rules["match"], "rules": kept}


def wanted_topics(rules: Mapping[str, Any]) -> dict[int, float]:
    """Topic id → the least weight in [0, 1] that the tree asks for; groups of "none" ask for nothing."""
    wanted: dict[int, float] = {}
    for rule in _rules(rules, skip_none=True):
        if rule["type"] == "topic" and rule["operator"] == "at_least":
            wanted[rule["topic"]] = max(rule["value"], wanted.get(rule["topic"], 0.0))
    return wanted


def with_topic_replaced(rules: Mapping[str, Any], old_id: int, new_id: int) -> dict[str, Any]:
    """The tree with one topic in the place of another."""
    nodes = []
    for node in rules["rules"]:
        if "match" in node:
            nodes.append(with_topic_replaced(node, old_id, new_id))
        else:
            nodes.append({**node, "topic": new_id} if node.get("topic") == old_id else node)
    return {**rules, "rules": nodes}


def _rules(group: Mapping[str, Any], skip_none: bool = False) -> Iterator[Mapping[str, Any]]:
    if skip_none and group["match"] == "none":
        return
    for node in group["rules"]:
        if "match" in node:
            yield from _rules(node, skip_none)
        else:
            yield node
