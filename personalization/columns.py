"""Columns of admin tables for numbers about visitors, some of which are held back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext
from wagtail.admin.ui.tables import Column


def count_in_words(count: int | None) -> str:
    """A number of `visitors.traffic`, as people read it."""
    return gettext("hidden") if count is None else number_format(count, force_grouping=True)


def share_in_words(share: float | None) -> str:
    """A share in [0, 1] as a percentage; a dash where there is none."""
    return "–" if share is None else f"{number_format(round(share * 100, 1), 1)}\u00a0%"


def duration_in_words(seconds: float | None) -> str:
    """A time of seconds in minutes and seconds, as clocks show it; a dash where there is none."""
    return "–" if seconds is None else "{}:{:02}".format(*divmod(round(seconds), 60))


def number_in_words(number: float) -> str:
    """With as many of two decimals as it has."""
    return number_format(round(number, 2))


class WideColumn(Column):
    """A column that there is no room for on a phone."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, classname="affinity-wide", **kwargs)

    class Media:
        css = {"all": ["personalization/admin/affinity.css"]}


class CountColumn(Column):
    """A number of events or visitors, or that it is held back."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, sort_key=name, **kwargs)

    def get_value(self, instance: Any) -> str:
        return count_in_words(super().get_value(instance))


class FigureColumn(Column):
    """A mean or a share in words of one's own; those say, too, that there is none or that it is held back."""

    def __init__(self, name: str, in_words: Callable[[float | None], str], **kwargs: Any) -> None:
        super().__init__(name, sort_key=name, **kwargs)
        self.in_words = in_words

    def get_value(self, instance: Any) -> str:
        return self.in_words(super().get_value(instance))


class ShareColumn(Column):
    """Clicks per impression, or that one of the two is held back."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, sort_key=name, **kwargs)

    def get_value(self, instance: Any) -> str:
        is_hidden = instance.impressions is None or instance.clicks is None
        return gettext("hidden") if is_hidden else share_in_words(super().get_value(instance))


class HiddenLastMixin:
    """For listings: rows without a number come last, whichever way they are sorted by it."""

    def order_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # A mixin: the view it is mixed into has both.
        ordering = str(self.ordering)  # type: ignore[attr-defined]
        name = ordering.removeprefix("-")
        if name not in queryset.query.annotations:
            return super().order_queryset(queryset)  # type: ignore[misc,no-any-return]
        first = F(name).desc(nulls_last=True) if ordering != name else F(name).asc(nulls_last=True)
        return queryset.order_by(first, "pk")
