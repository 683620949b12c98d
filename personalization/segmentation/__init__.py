"""Segments: rule trees over a visitor's profile and request, compiled once into plain functions. Pure."""

from . import behavior, circumstances  # noqa: F401  (registers the built-in rule types)
from .compiler import MAX_DEPTH, MAX_RULES, compile_rules
from .registry import Matcher, RuleType, get_rule_type, register, rule_types
from .trees import visit_rules, wanted_topics, with_topic_replaced, without_visit_rules

__all__ = [
    "MAX_DEPTH",
    "MAX_RULES",
    "Matcher",
    "RuleType",
    "compile_rules",
    "get_rule_type",
    "register",
    "rule_types",
    "visit_rules",
    "wanted_topics",
    "with_topic_replaced",
    "without_visit_rules",
]
