"""The segment form, whose rules are built from blocks and stored as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.blocks import StreamValue
from wagtail.blocks.base import BlockField
from wagtail.blocks.stream_block import StreamBlockValidationError
from wagtail.blocks.struct_block import StructBlockValidationError

from personalization.exceptions import InvalidRules
from personalization.segmentation import Group, References, parse_rules
from personalization.visitors.references import load_references

from .rule_blocks import MATCH_LABEL, MATCHES, from_blocks, rules_block, to_blocks
from .rule_words import error_in_words, placed_error_in_words


class RulesField(BlockField):
    """The rules of a tree's outermost group, edited as blocks. Cleaned, they are the group's list in JSON."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(block=rules_block(), label=_("Rules"), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A stored tree as blocks; what was posted is blocks already."""
        return value if isinstance(value, StreamValue) else self.block.to_python(to_blocks(value))

    def clean(self, value: Any) -> list[dict[str, Any]]:
        return from_blocks(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial["rules"])
        except ValidationError:
            return True


class RulesFormMixin:
    """Two fields, `match` and `rules`, that together make `cleaned_data["rules"]`: a tree that compiles."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]
    tree: Group
    references: References
    segment_id: int | None = None

    def add_rules_fields(self, rules: Mapping[str, Any]) -> None:
        self.fields["match"] = forms.ChoiceField(choices=MATCHES, label=MATCH_LABEL, initial=rules.get("match", "all"))
        self.fields["rules"] = RulesField(initial=rules)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()  # type: ignore[misc]
        if cleaned.keys() >= {"match", "rules"}:
            cleaned["rules"] = {"match": cleaned["match"], "rules": cleaned["rules"]}
            self.references = load_references(cleaned["rules"])
            try:
                self.tree = parse_rules(cleaned["rules"], self.references, self.segment_id)
            except InvalidRules as error:
                self.add_error("rules", error_at_its_rule(error))  # type: ignore[attr-defined]
        return cleaned


class SegmentForm(RulesFormMixin, WagtailAdminModelForm):
    """Name, description and rules of a segment."""

    match = forms.ChoiceField(choices=MATCHES, label=MATCH_LABEL)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.segment_id = self.instance.pk
        self.add_rules_fields(self.instance.rules)

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(
            css={"all": ["personalization/admin/affinity.css"]},
            js=["personalization/admin/while-edited.js", "personalization/admin/estimate.js"],
        )


class EstimateForm(RulesFormMixin, forms.Form):
    """The rules alone, as the segment form posts them while they are being edited; `segment_id` where it has one."""

    def __init__(self, *args: Any, segment_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.segment_id = segment_id
        self.add_rules_fields({})


def error_at_its_rule(error: InvalidRules) -> ValidationError:
    """The error as blocks place it: at the rule's field where the path leads to one, else for all rules."""
    steps = [int(step) if step.isdecimal() else step for step in re.findall(r"[^.\[\]]+", error.path)]
    if len(steps) < 3 or steps[0] != "rules":
        return ValidationError(placed_error_in_words(error))
    return _placed(steps[1:], ValidationError(error_in_words(error)))


def _placed(steps: list[Any], error: ValidationError) -> ValidationError:
    index, *rest = steps
    inner = {"rules": _placed(rest[1:], error)} if rest[:1] == ["rules"] else dict.fromkeys(rest, error)
    placed: ValidationError = StreamBlockValidationError({index: StructBlockValidationError(inner)})
    return placed
