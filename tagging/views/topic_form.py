"""The form of a topic: its words, and its place in the tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminAutoHeightTextInput

from tagging.models import Topic
from tagging.topics.words import forms as word_forms
from tagging.topics.words import tokens

MAX_LENGTH = 120
INDENT = "\u2003"  # an em space: browsers keep it in a list of options


class SynonymsField(forms.CharField):
    """One synonym a line (or between commas); gives a list without blanks and repetitions."""

    widget = AdminAutoHeightTextInput

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = str(super().clean(value)).replace(",", "\n").splitlines()
        words: dict[str, str] = {}
        for word in filter(None, (" ".join(line.split()) for line in lines)):
            words.setdefault(word.casefold(), word)
        too_long = next((word for word in words.values() if len(word) > MAX_LENGTH), None)
        if too_long:
            message = gettext("“%(word)s…” is longer than %(limit)d characters.")
            raise forms.ValidationError(message % {"word": too_long[:40], "limit": MAX_LENGTH})
        return list(words.values())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class ParentField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A topic of the tree, indented by its depth; none is the top level."""

    def label_from_instance(self, obj: Topic) -> str:
        return f"{INDENT * (obj.depth - 1)}{obj.name}"


class TopicForm(WagtailAdminModelForm):
    """Creates, changes and moves a topic. Saving keeps siblings in alphabetical order."""

    parent = ParentField(
        label=_("Parent"),
        queryset=Topic.objects.none(),
        required=False,
        empty_label=_("— Top level —"),
        help_text=_("The topic above this one. Topics below it move along."),
        error_messages={"invalid_choice": _("Choose another parent: a topic cannot be placed below itself.")},
    )
    synonyms = SynonymsField(
        label=_("Synonyms"),
        required=False,
        help_text=_("Other words for the topic, in any language, one a line. Found as whole words only."),
    )

    class Meta:
        model = Topic
        fields = ["name", "parent", "slug", "description", "synonyms"]
        widgets = {"description": AdminAutoHeightTextInput(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        parents = Topic.objects.order_by("path")
        if self.instance.pk:
            parents = parents.exclude(path__startswith=self.instance.path)
            self.initial["parent"] = self._old_parent = self.instance.get_parent()
        self.fields["parent"].queryset = parents

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not tokens(name):
            raise forms.ValidationError(gettext("A name needs at least one word."))
        return name

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"] or self._free_slug()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if "name" in cleaned and "parent" in cleaned and (twin := self._twin(cleaned["name"], cleaned["parent"])):
            message = gettext(
                "“%(name)s” stands here already. Two topics side by side may not differ by case or plural only: "
                "give this one another name, or add the word to the synonyms of “%(name)s”."
            )
            self.add_error("name", message % {"name": twin})
        return cleaned

    def save(self, commit: bool = True) -> Topic:
        """Save the topic at its place in the tree. `commit=False` leaves the tree alone, as in any model form."""
        parent: Topic | None = self.cleaned_data["parent"]
        topic: Topic = self.instance
        is_new = topic.pk is None
        if not (commit and is_new):
            super().save(commit)
        elif parent:
            parent.add_child(instance=topic)
        else:
            Topic.add_root(instance=topic)
        if commit and not is_new and {"parent", "name"} & set(self.changed_data):
            place(topic, parent)
        return topic

    def _twin(self, name: str, parent: Topic | None) -> str | None:
        siblings: Iterable[Topic] = parent.get_children() if parent else Topic.get_root_nodes()
        return next((s.name for s in siblings if s.pk != self.instance.pk and same_words(s.name, name)), None)

    def _free_slug(self) -> str:
        base = slugify(self.cleaned_data.get("name", ""), allow_unicode=True)[: MAX_LENGTH - 4] or "topic"
        taken = set(
            Topic.objects.filter(slug__startswith=base).exclude(pk=self.instance.pk).values_list("slug", flat=True)
        )
        candidates = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
        return next(slug for slug in candidates if slug not in taken)


def same_words(one: str, other: str) -> bool:
    """Whether two names differ by nothing but case, punctuation and singular or plural."""
    left, right = tokens(one), tokens(other)
    return len(left) == len(right) and all(
        a.folded in word_forms(b.folded) and b.folded in word_forms(a.folded) for a, b in zip(left, right, strict=True)
    )


def place(topic: Topic, parent: Topic | None) -> None:
    """Move a topic below `parent` (None: to the top level), where its name belongs in the alphabet."""
    if parent:
        topic.move(parent, "sorted-child")
    else:
        topic.move(Topic.get_first_root_node(), "sorted-sibling")
    topic.refresh_from_db()
