"""StreamField blocks for a site's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from personalization.models import Placement
from personalization.operations.reason_words import topic_label
from tagging import index


def placement_choices() -> list[tuple[str, str]]:
    """Every placement by name, read when a form is shown."""
    rows = Placement.objects.order_by("name").values_list("name", "title")
    return [(name, f"{title} ({name})" if title else name) for name, title in rows]


MOST_TOPICS = 40
"""More boxes to tick than this nobody reads."""


class OnboardingBlock(blocks.StructBlock):
    """Asks readers once what they want to read about. Their answer seeds the profile; without consent it asks for it.

    The same for everybody, so that the page may be cached by anybody: visitor.js hides it from whoever answered.
    """

    heading = blocks.CharBlock(label=_("Question"), max_length=120, default=_("What do you want to read about?"))
    help = blocks.TextBlock(label=_("Explanation"), required=False)
    topics = blocks.MultipleChoiceBlock(
        label=_("Topics"),
        required=False,
        choices=index.topic_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What readers may choose from."),
    )
    branch = blocks.ChoiceBlock(
        label=_("Or all topics below"),
        required=False,
        choices=index.topic_choices,
        help_text=_("Used where no topic is ticked above. Neither: the main topics."),
    )
    button = blocks.CharBlock(label=_("Button"), max_length=60, default=_("That is what I want to read"))

    class Meta:
        icon = "help"
        label = _("Onboarding question")
        template = "personalization/blocks/onboarding.html"

    def get_context(self, value: Any, parent_context: Any = None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        return context | {"topics": offered_topics(value), "action": _address("personalization_you:answers")}

    def get_searchable_content(self, value: Any) -> list[str]:
        """Nothing: a question to the reader is not what the page says."""
        return []


def offered_topics(value: Any) -> list[tuple[int, str]]:
    """(id, name) of the topics to choose from, in the tree's order. Those that no longer exist are left out."""
    chosen = [int(topic) for topic in value.get("topics") or []]
    if not chosen:
        chosen = index.topics_under(int(value["branch"]) if value.get("branch") else None)
    names = index.topic_names(chosen[:MOST_TOPICS])
    return [(topic, topic_label(names[topic])) for topic in chosen if topic in names]


def _address(name: str) -> str:
    """ "" where the site does not include those URLs: then there is nobody to take the answer."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


class RecommendedBlock(blocks.StructBlock):
    """Recommendations in the middle of a page: the same as `{% recommended %}`."""

    heading = blocks.CharBlock(
        label=_("Heading"), required=False, max_length=120, help_text=_("Empty: the placement's own heading.")
    )
    placement = blocks.ChoiceBlock(label=_("Placement"), choices=placement_choices)
    n = blocks.IntegerBlock(
        label=_("Number of items"),
        required=False,
        min_value=1,
        max_value=24,
        help_text=_("Empty: the placement's own number."),
    )

    class Meta:
        icon = "pick"
        label = _("Recommendations")
        template = "personalization/blocks/recommended.html"

    def get_searchable_content(self, value: Any) -> list[str]:
        """Nothing: what is recommended here is not what the page says."""
        return []
