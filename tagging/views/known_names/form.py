"""The form of a known name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminAutoHeightTextInput

from tagging.models import GazetteerName, Topic
from tagging.operations.gazetteer import pass_on
from tagging.operations.gazetteer_csv import MAX_LENGTH, alias_clash
from tagging.views.topic_form import ParentField
from tagging.views.wikidata import WikidataField


class LinesField(forms.CharField):
    """One name a line; gives a list without blanks and repetitions."""

    widget = AdminAutoHeightTextInput

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = (" ".join(line.split()) for line in str(super().clean(value)).splitlines())
        found = list(dict.fromkeys(filter(None, lines)))
        too_long = next((line for line in found if len(line) > MAX_LENGTH), None)
        if too_long:
            message = gettext("“%(word)s…” is longer than %(limit)d characters.")
            raise forms.ValidationError(message % {"word": too_long[:40], "limit": MAX_LENGTH})
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class KnownNameForm(WagtailAdminModelForm):
    """A name, what it is, and other ways to write it."""

    aliases = LinesField(
        label=_("Also known as"),
        required=False,
        help_text=_("Other ways to write it, one a line. Found as whole words only."),
    )
    topic = ParentField(
        label=_("Topic"),
        queryset=Topic.objects.none(),
        required=False,
        empty_label=_("— None —"),
        help_text=_("Pages that name this are likely to be on this topic."),
    )
    wikidata_id = WikidataField()

    class Meta:
        model = GazetteerName
        fields = ["name", "label", "aliases", "match_case", "topic", "wikidata_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset = Topic.objects.order_by("path")

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not any(char.isalnum() for char in name):
            raise forms.ValidationError(gettext("A name needs at least one word."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if "name" in cleaned and "aliases" in cleaned:
            cleaned["aliases"] = [alias for alias in cleaned["aliases"] if alias != cleaned["name"]]
            owner = alias_clash(cleaned["name"], cleaned["aliases"], but=self.instance.pk)
            if owner and owner != cleaned["name"]:  # the name itself is unique, and says so by itself
                message = gettext("“%(name)s” has this name, or one of these, already. A name can stand for one only.")
                self.add_error("aliases", message % {"name": owner})
        return cleaned

    def save(self, commit: bool = True) -> GazetteerName:
        """Save, and let the entity of that name follow where its topic and Wikidata id came from here."""
        before = GazetteerName.objects.in_bulk([self.instance.pk]) if self.instance.pk else {}
        known: GazetteerName = super().save(commit)
        if commit:
            pass_on([known], before)
        return known
