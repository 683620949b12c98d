"""The rows of the review queue as its templates show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from django.utils.text import capfirst

from tagging.models import Suggestion

from .permissions import editable_pages
from .trails import page_trails, topic_trails

Grouping = Literal["page", "topic"]
SIMILAR = 3


@dataclass(frozen=True)
class Row:
    """One open suggestion, with where its page and its topic stand, and pages like it that have the topic."""

    suggestion: Suggestion
    section: str
    topic_trail: str
    similar: list[Any]

    @property
    def pair(self) -> str:
        """Which suggestion it is, as the browser sends it back."""
        return f"{self.suggestion.page_id}-{self.suggestion.topic_id}"

    @property
    def page(self) -> Any:
        return self.suggestion.page

    @property
    def topic(self) -> Any:
        return self.suggestion.topic

    @property
    def page_type(self) -> str:
        return str(capfirst(self.page.cached_content_type.name))

    @property
    def title(self) -> str:
        return str(self.page.get_admin_display_title())


@dataclass(frozen=True)
class Group:
    """The rows of one page or of one topic, as they stand together in the list."""

    rows: list[Row]

    @property
    def first(self) -> Row:
        return self.rows[0]


def grouped(suggestions: Sequence[Suggestion], grouping: Grouping, user: Any) -> list[Group]:
    """Suggestions, in their order, as groups of rows. Three queries, however many there are."""
    rows = _rows(suggestions, user)
    return [Group(list(group)) for _, group in groupby(rows, key=lambda row: getattr(row.suggestion, f"{grouping}_id"))]


def _rows(suggestions: Sequence[Suggestion], user: Any) -> Iterator[Row]:
    sections = page_trails(row.page for row in suggestions)
    trails = topic_trails(row.topic for row in suggestions)
    similar = _pages({pk for row in suggestions for pk in row.similar[:SIMILAR]}, user)
    for row in suggestions:
        pages = [similar[pk] for pk in row.similar[:SIMILAR] if pk in similar]
        yield Row(row, sections[row.page_id], trails[row.topic_id], pages)


def _pages(ids: Iterable[int], user: Any) -> dict[int, Any]:
    """The pages among these that the user may edit: their titles may be shown, and they can be opened."""
    return dict(editable_pages(user).in_bulk(list(ids)))
