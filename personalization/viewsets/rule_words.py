"""A rule tree in words, for lists and headings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from wagtail.coreutils import get_content_languages

from personalization.exceptions import InvalidRules
from personalization.segmentation import compile_rules, get_rule_type
from personalization.segmentation.fields import Choice, Field, InvalidValue, Locales, Share, TopicChoice


def describe(rules: Mapping[str, Any], topic_names: Mapping[int, str]) -> str:
    """What a tree asks for. `topic_names` are those of `topics_in`; one that is missing no longer exists."""
    try:
        compile_rules(rules)
    except InvalidRules as error:
        return _("Cannot be used: %(error)s") % {"error": placed_error_in_words(error)}
    return capfirst(_group(rules, topic_names)) or _("No rules: matches nobody")


def error_in_words(error: InvalidRules | InvalidValue) -> str:
    """What is expected instead, in the editor's language."""
    return _(error.message) % error.params


def placed_error_in_words(error: InvalidRules) -> str:
    """The same, after the place in the rule tree."""
    return f"{error.path}: {error_in_words(error)}"


def topics_in(rules: object) -> Iterator[int]:
    """Ids of the topics that a tree names, whether or not it compiles."""
    if isinstance(rules, Mapping):
        if isinstance(topic := rules.get("topic"), int):
            yield topic
        yield from topics_in(rules.get("rules"))
    elif isinstance(rules, list):
        for node in rules:
            yield from topics_in(node)


def _group(group: Mapping[str, Any], topic_names: Mapping[int, str]) -> str:
    parts = [_node(node, topic_names) for node in group["rules"]]
    match group["match"]:
        case "all":
            return _(" and ").join(parts)
        case "any":
            return _(" or ").join(parts)
    return _("none of: %(rules)s") % {"rules": "; ".join(parts)} if parts else ""


def _node(node: Mapping[str, Any], topic_names: Mapping[int, str]) -> str:
    if "match" in node:
        words = _group(node, topic_names) or _("nobody")
        return f"({words})"
    rule_type = get_rule_type(node["type"])
    if rule_type is None:
        return str(node["type"])
    values = {field.name: _value(field, node[field.name], topic_names) for field in rule_type.fields}
    return _(rule_type.summary).format(**values)


def _value(field: Field, value: Any, topic_names: Mapping[int, str]) -> str:
    if isinstance(value, list):
        return _(" or ").join(_value(field, one, topic_names) for one in value)
    match field:
        case TopicChoice():
            return topic_names.get(value) or _("a deleted topic")
        case Locales():
            return str(get_content_languages().get(value, value))
        case Choice():
            return _(dict(field.choices)[value])
        case Share():
            return f"{number_format(f'{value * 100:.10g}')}\u00a0%"
    return str(value)
