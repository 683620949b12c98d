"""Segments: rule trees over a visitor's profile and request, compiled once into plain functions. Pure."""

from . import behavior, circumstances, interests  # noqa: F401  (registers the built-in rule types)
from .compiler import compile_rules, compile_tree
from .parsing import MAX_DEPTH, MAX_RULES, Group, Rule, parse_rules
from .references import KnownSegment, References, descendants
from .registry import Matcher, RuleType, get_rule_type, register, rule_types
from .trees import concerns_absent, named_in, rules_in, visit_rules, wanted_topics, with_replaced, without_visit_rules

__all__ = [
    "MAX_DEPTH",
    "MAX_RULES",
    "Group",
    "KnownSegment",
    "Matcher",
    "References",
    "Rule",
    "RuleType",
    "compile_rules",
    "compile_tree",
    "concerns_absent",
    "descendants",
    "get_rule_type",
    "named_in",
    "parse_rules",
    "register",
    "rule_types",
    "rules_in",
    "visit_rules",
    "wanted_topics",
    "with_replaced",
    "without_visit_rules",
]
