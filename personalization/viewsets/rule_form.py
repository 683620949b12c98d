"""The segment form, whose rules are built from blocks and stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.blocks import StreamValue
from wagtail.blocks.base import BlockField

from personalization.exceptions import InvalidRules
from personalization.segmentation import compile_rules

from .rule_blocks import MATCH_LABEL, MATCHES, from_blocks, rules_block, to_blocks
from .rule_words import placed_error_in_words


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

    def add_rules_fields(self, rules: Mapping[str, Any]) -> None:
        self.fields["match"] = forms.ChoiceField(choices=MATCHES, label=MATCH_LABEL, initial=rules.get("match", "all"))
        self.fields["rules"] = RulesField(initial=rules)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()  # type: ignore[misc]
        if cleaned.keys() >= {"match", "rules"}:
            cleaned["rules"] = {"match": cleaned["match"], "rules": cleaned["rules"]}
            try:
                compile_rules(cleaned["rules"])
            except InvalidRules as error:
                self.add_error("rules", placed_error_in_words(error))  # type: ignore[attr-defined]
        return cleaned


class SegmentForm(RulesFormMixin, WagtailAdminModelForm):
    """Name, description and rules of a segment."""

    match = forms.ChoiceField(choices=MATCHES, label=MATCH_LABEL)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_rules_fields(self.instance.rules)

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(
            css={"all": ["personalization/admin/affinity.css"]}, js=["personalization/admin/estimate.js"]
        )


class EstimateForm(RulesFormMixin, forms.Form):
    """The rules alone, as the segment form posts them while they are being edited."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_rules_fields({})
