"""The rule builder: rule trees as Wagtail blocks, which bring adding, moving, nesting and errors in place.

A block's value is the rule's JSON but for the wrapping: `to_blocks` and `from_blocks` convert between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.coreutils import get_content_languages

from personalization.segmentation import MAX_DEPTH, RuleType, rule_types
from personalization.segmentation.behavior import READING
from personalization.segmentation.circumstances import MEANS, MOMENT, ORIGIN
from personalization.segmentation.fields import (
    Choice,
    ClusterChoice,
    Codes,
    EntityChoice,
    Field,
    GroupChoice,
    Id,
    ImportedSegmentChoice,
    Integer,
    Locales,
    MultipleChoice,
    Number,
    PageChoice,
    SegmentChoice,
    Share,
    Text,
    TopicChoice,
)
from personalization.segmentation.interests import INTERESTS
from personalization.segmentation.registry import FieldErrors
from personalization.visitors.memberships import imported_segment_names
from tagging.views.entities.chooser import entity_chooser_viewset

from .choosers import segment_chooser, topic_chooser
from .rule_names import cluster_names
from .rule_words import error_in_words

_TopicBlock = topic_chooser.get_block_class()
_EntityBlock = entity_chooser_viewset.get_block_class()
_SegmentBlock = segment_chooser.get_block_class()

Texts = Mapping[str, Any]

GROUP = "group"
GROUPS = (INTERESTS, READING, ORIGIN, MEANS, MOMENT)
"""The order in which the builder offers them, those that most segments are made of first."""

MATCH_LABEL = _("Visitors belong if they meet")
MATCHES = [("all", _("all of these rules")), ("any", _("any of these rules")), ("none", _("none of these rules"))]


class ShareBlock(blocks.FloatBlock):
    """A number in [0, 1], which the editor sees and types as a percentage."""

    def value_from_form(self, value: Any) -> Any:
        try:
            return round(float(value) / 100, 6)
        except (TypeError, ValueError):
            return value

    def value_for_form(self, value: Any) -> Any:
        return f"{value * 100:.10g}" if isinstance(value, int | float) else value


class CodesBlock(blocks.CharBlock):
    """A list of codes, typed with commas between."""

    def value_from_form(self, value: Any) -> Any:
        return [code for part in value.split(",") if (code := part.strip())] if isinstance(value, str) else value

    def value_for_form(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value


class IdBlock(blocks.ChoiceBlock):
    """The id of one of few things, chosen from a list."""

    def value_from_form(self, value: Any) -> Any:
        return _id(value)

    def value_for_form(self, value: Any) -> Any:
        return value if value is None else str(value)


class IdsBlock(blocks.MultipleChoiceBlock):
    """The ids of some of few things, ticked in a list."""

    def value_from_form(self, value: Any) -> Any:
        return [_id(one) for one in value] if isinstance(value, list) else value

    def value_for_form(self, value: Any) -> Any:
        return [str(one) for one in value] if isinstance(value, list | tuple) else value


class RuleBlock(blocks.StructBlock):
    """One rule of one type, with the type's own validation."""

    def __init__(self, rule_type: RuleType, **kwargs: Any) -> None:
        self.rule_type = rule_type
        super().__init__(
            [(field.name, _field_block(field)) for field in rule_type.fields],
            label=_(rule_type.label),
            group=_(rule_type.group) if rule_type.group else "",
            icon=rule_type.icon,
            help_text=_(rule_type.help) if rule_type.help else None,
            form_classname="struct-block affinity-rule",
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        try:
            self.rule_type.clean(plain(cleaned))
        except FieldErrors as error:
            raise StructBlockValidationError(
                {field: ValidationError(error_in_words(wrong)) for field, wrong in error.errors.items()}
            ) from error
        return cleaned


def rules_block() -> blocks.StreamBlock:
    """The rules of the outermost group, made anew for each form: topics, languages and rule types may have changed."""
    # Sorting keeps the order of registration within a group; a site's own groups come last.
    ordered = sorted(
        rule_types(), key=lambda rule_type: GROUPS.index(rule_type.group) if rule_type.group in GROUPS else len(GROUPS)
    )
    rule_blocks = [(rule_type.code, RuleBlock(rule_type)) for rule_type in ordered]
    stream = blocks.StreamBlock(rule_blocks, label=_("Rules"))
    for _depth in range(1, MAX_DEPTH):
        stream = blocks.StreamBlock([*rule_blocks, (GROUP, _group_block(stream))], label=_("Rules"))
    return stream


def _group_block(stream: blocks.StreamBlock) -> blocks.StructBlock:
    return blocks.StructBlock(
        [("match", blocks.ChoiceBlock(choices=MATCHES, default="all", label=MATCH_LABEL)), ("rules", stream)],
        label=_("Group of rules"),
        group=_("Combine"),
        icon="folder-open-inverse",
    )


def to_blocks(rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a stored group in the stream's raw form. Rules of unknown types are left out by the stream."""
    return [_to_child(node) for node in rules.get("rules", ())]


def from_blocks(stream: Iterable[Any]) -> list[dict[str, Any]]:
    """The rules of a cleaned stream, for a group's JSON."""
    return [_from_child(child) for child in stream]


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A block's values as JSON has them: of what was chosen, the id."""
    return {name: value.pk if isinstance(value, Model) else value for name, value in values.items()}


def _id(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _to_child(node: Mapping[str, Any]) -> dict[str, Any]:
    if "match" in node:
        return {"type": GROUP, "value": {"match": node["match"], "rules": to_blocks(node)}}
    return {"type": node["type"], "value": {name: value for name, value in node.items() if name != "type"}}


def _from_child(child: Any) -> dict[str, Any]:
    if child.block_type == GROUP:
        return {"match": child.value["match"], "rules": from_blocks(child.value["rules"])}
    return {"type": child.block_type, **plain(child.value)}


def _field_block(field: Field) -> blocks.FieldBlock:
    texts = {"label": _(field.label), "help_text": _(field.help) if field.help else None}
    for kind in type(field).__mro__:
        if kind in _BLOCKS:
            return _BLOCKS[kind](field, texts)
    raise TypeError(f"The rule builder has no block for {type(field).__name__}; use a field of segmentation.fields.")


def _ticked(field: Any, texts: Texts) -> blocks.FieldBlock:
    return blocks.MultipleChoiceBlock(choices=_labels(field), widget=forms.CheckboxSelectMultiple, **texts)


def _languages(field: Any, texts: Texts) -> blocks.FieldBlock:
    languages = list(get_content_languages().items())
    return blocks.MultipleChoiceBlock(choices=languages, widget=forms.CheckboxSelectMultiple, **texts)


def _groups(field: Any, texts: Texts) -> blocks.FieldBlock:
    groups = list(Group.objects.order_by("name").values_list("pk", "name"))
    return IdsBlock(choices=groups, widget=forms.CheckboxSelectMultiple, **texts)


_BLOCKS: dict[type, Callable[[Any, Texts], blocks.FieldBlock]] = {
    TopicChoice: lambda field, texts: _TopicBlock(**texts),
    EntityChoice: lambda field, texts: _EntityBlock(**texts),
    SegmentChoice: lambda field, texts: _SegmentBlock(**texts),
    PageChoice: lambda field, texts: blocks.PageChooserBlock(**texts),
    ImportedSegmentChoice: lambda field, texts: IdBlock(choices=list(imported_segment_names().items()), **texts),
    ClusterChoice: lambda field, texts: IdBlock(choices=list(cluster_names().items()), **texts),
    Id: lambda field, texts: blocks.IntegerBlock(min_value=1, **texts),
    GroupChoice: _groups,
    Locales: _languages,
    Codes: lambda field, texts: CodesBlock(**texts),
    MultipleChoice: _ticked,
    Choice: lambda field, texts: blocks.ChoiceBlock(choices=_labels(field), default=field.choices[0][0], **texts),
    Integer: lambda field, texts: blocks.IntegerBlock(min_value=field.minimum, max_value=field.maximum, **texts),
    Number: lambda field, texts: blocks.FloatBlock(min_value=field.minimum, max_value=field.maximum, **texts),
    Share: lambda field, texts: ShareBlock(min_value=0, max_value=100, **texts),
    Text: lambda field, texts: blocks.CharBlock(
        max_length=field.maximum_length, required=not field.is_optional, **texts
    ),
}
"""Kind of field → what makes its block. A field of a site's own is served by the nearest kind above it."""


def _labels(field: Choice) -> list[tuple[str, Any]]:
    return [(code, _(label)) for code, label in field.choices]
