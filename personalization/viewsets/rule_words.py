"""A rule tree in words, for lists and headings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from wagtail.coreutils import get_content_languages

from personalization.exceptions import InvalidRules
from personalization.segmentation import References, get_rule_type, parse_rules
from personalization.segmentation.fields import (
    Choice,
    Field,
    Id,
    Ids,
    InvalidValue,
    Locales,
    Number,
    Share,
    Text,
    TopicChoice,
)

from .rule_names import Names


def describe(rules: Mapping[str, Any], names: Names, references: References, segment_id: int | None = None) -> str:
    """What a stored tree asks for, or why it cannot be used. `names` are those of `names_in`."""
    try:
        parse_rules(rules, references, segment_id)
    except InvalidRules as error:
        return _("Cannot be used: %(error)s") % {"error": placed_error_in_words(error)}
    return capfirst(_group(rules, names)) or _("No rules: matches nobody")


def error_in_words(error: InvalidRules | InvalidValue) -> str:
    """What is expected instead, in the editor's language."""
    return _(error.message) % error.params


def placed_error_in_words(error: InvalidRules) -> str:
    """The same, after the place in the rule tree."""
    return f"{error.path}: {error_in_words(error)}"


def _group(group: Mapping[str, Any], names: Names) -> str:
    parts = [_node(node, names) for node in group["rules"]]
    match group["match"]:
        case "all":
            return _(" and ").join(parts)
        case "any":
            return _(" or ").join(parts)
    return _("none of: %(rules)s") % {"rules": "; ".join(parts)} if parts else ""


def _node(node: Mapping[str, Any], names: Names) -> str:
    if "match" in node:
        words = _group(node, names) or _("nobody")
        return f"({words})"
    rule_type = get_rule_type(node["type"])
    if rule_type is None:
        return str(node["type"])
    values = {field.name: _value(field, node.get(field.name), names) for field in rule_type.fields}
    return _(rule_type.summary).format(**values)


def _value(field: Field, value: Any, names: Names) -> str:
    if isinstance(value, list):
        return _(" or ").join(_value(field, one, names) for one in value)
    match field:
        case TopicChoice():
            return names[TopicChoice].get(value) or _("a deleted topic")
        case Id() | Ids() if type(field) in names:
            return names[type(field)].get(value) or _("(deleted)")
        case Locales():
            return str(get_content_languages().get(value, value))
        case Choice():
            return _(dict(field.choices)[value])
        case Share():
            return f"{number_format(f'{value * 100:.10g}')}\u00a0%"
        case Text() if field.is_optional and not value:
            return _("anything")
        case Number():
            return str(number_format(f"{value:.10g}"))
    return "" if value is None else str(value)
