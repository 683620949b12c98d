"""The fields of an editors' rule, in its own form and in a placement's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, PageChooserPanel, Panel

from tagging import index


class TopicSelect(forms.Select):
    """The site's topics in tree order, read when the form is shown."""

    @property
    def choices(self) -> Iterable[tuple[Any, Any]]:
        return [("", "—"), *index.topic_choices()]

    @choices.setter
    def choices(self, value: Any) -> None:
        """Django sets them when a form is made; topics may have changed since."""


def what_panels() -> list[Panel]:
    """What is done with which pages."""
    return [
        FieldPanel("action"),
        PageChooserPanel("page"),
        FieldRowPanel([FieldPanel("topic", widget=TopicSelect), PageChooserPanel("section")]),
        FieldPanel("strength"),
    ]


def when_panels() -> list[Panel]:
    """For whom and when."""
    return [
        FieldRowPanel([FieldPanel("segment"), FieldPanel("locale")]),
        FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
    ]


def rule_panels() -> list[Panel]:
    """A rule's own form."""
    return [
        MultiFieldPanel(what_panels(), heading=_("What")),
        MultiFieldPanel([FieldPanel("placement"), *when_panels()], heading=_("Where, for whom and when")),
    ]
