"""What is stored about one visitor, as that visitor is told it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from personalization.models import Profile, Segment, Visitor
from personalization.types import ProfileState
from personalization.visibility import visible_pages
from personalization.visitors.retention import deleted_after
from personalization.visitors.store import profile_of
from tagging import index

from .queries import site_for
from .reason_words import topic_label

if TYPE_CHECKING:
    from django.http import HttpRequest

STRONG = 0.3
SOME = 0.1


@dataclass(frozen=True, slots=True)
class KnownTopic:
    """A topic and its weight in the profile, 0 to 1; `strength` says it in one word for programs."""

    id: int
    name: str
    weight: float = 0.0
    is_liked: bool = False
    is_muted: bool = False
    is_chosen: bool = False

    @property
    def strength(self) -> str:
        """ "strong", "some" or "little"."""
        return "strong" if self.weight >= STRONG else "some" if self.weight >= SOME else "little"


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page read or hidden. Title and address are "" where it is no longer public."""

    id: int
    title: str
    url: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Everything about a visitor in plain words; topics by weight, pages newest first.

    `choices` are the main topics and those chosen at onboarding. `segments` are the names that editors made for
    visitors, `other_segments` the number of those without.
    """

    id: uuid.UUID
    purposes: tuple[str, ...]
    since: datetime
    deleted_after: datetime
    events: int
    has_profile: bool = False
    topics: tuple[KnownTopic, ...] = ()
    muted_topics: tuple[KnownTopic, ...] = ()
    segments: tuple[str, ...] = ()
    other_segments: int = 0
    recent: tuple[KnownPage, ...] = ()
    hidden_pages: tuple[KnownPage, ...] = ()
    views: int = 0
    visits: int = 0
    has_answered: bool = False
    choices: tuple[KnownTopic, ...] = ()


def known_of(visitor_id: uuid.UUID, request: HttpRequest | None) -> Known | None:
    """What is stored about the visitor; None where there is none. Whatever was read, a fixed number of queries."""
    visitor = Visitor.objects.select_related("profile").filter(pk=visitor_id).first()
    if visitor is None:
        return None
    row: Profile | None = getattr(visitor, "profile", None)
    known = Known(
        id=visitor.pk,
        purposes=tuple(sorted(visitor.purposes)),
        since=visitor.consented_at,
        deleted_after=deleted_after(visitor),
        events=visitor.events.count(),
    )
    return known if row is None else _with_profile(known, row, request)


def _with_profile(known: Known, row: Profile, request: HttpRequest | None) -> Known:
    profile = profile_of(row)
    pages = _pages(profile.read_page_ids | profile.hidden_pages, request)
    names = segment_names(row.segments)
    return replace(
        _with_topics(known, profile),
        has_profile=True,
        segments=tuple(sorted(name for name in names.values() if name)),
        other_segments=sum(not name for name in names.values()),
        recent=tuple(_page(read.page_id, pages, read.at) for read in profile.recent),
        hidden_pages=tuple(_page(page_id, pages) for page_id in reversed(row.hidden_pages)),
        views=profile.views,
        visits=profile.visits,
        has_answered=profile.has_answered,
    )


def segment_names(segment_ids: Collection[int]) -> Mapping[int, str]:
    """Segment id → its name for visitors, "" where editors gave it none. Segments that are gone are absent."""
    return dict(Segment.objects.filter(pk__in=segment_ids).values_list("pk", "public_name"))


def _with_topics(known: Known, profile: ProfileState) -> Known:
    offered = list(dict.fromkeys([*index.topics_under(None), *sorted(profile.answers)]))
    names = index.topic_names(profile.topics.keys() | profile.liked_topics | profile.muted_topics | set(offered))

    def topics(topic_ids: Iterable[int]) -> list[KnownTopic]:
        return [_topic(topic_id, names[topic_id], profile) for topic_id in topic_ids if topic_id in names]

    def strongest(topic_ids: Iterable[int]) -> tuple[KnownTopic, ...]:
        return tuple(sorted(topics(topic_ids), key=lambda topic: (-topic.weight, topic.name)))

    return replace(
        known,
        topics=strongest((profile.topics.keys() | profile.liked_topics) - profile.muted_topics),
        muted_topics=strongest(profile.muted_topics),
        choices=tuple(topics(offered)),
    )


def _topic(topic_id: int, name: str, profile: ProfileState) -> KnownTopic:
    return KnownTopic(
        id=topic_id,
        name=topic_label(name),
        weight=profile.topics.get(topic_id, 0.0),
        is_liked=topic_id in profile.liked_topics,
        is_muted=topic_id in profile.muted_topics,
        is_chosen=topic_id in profile.answers,
    )


def _pages(page_ids: Collection[int], request: HttpRequest | None) -> dict[int, KnownPage]:
    pages = visible_pages(site_for(request)).filter(pk__in=page_ids)
    return {page.pk: KnownPage(page.pk, page.title, page.get_url(request) or "") for page in pages}


def _page(page_id: int, pages: Mapping[int, KnownPage], at: datetime | None = None) -> KnownPage:
    page = pages.get(page_id)
    return KnownPage(page_id, page.title if page else "", page.url if page else "", at)
