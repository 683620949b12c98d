"""Folds a visitor's new events into the profile row."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, Profile
from personalization.profiles import FoldSettings, Reading, Tally, fold, merge, profile_state, with_vectors
from personalization.signals import profile_updated
from personalization.types import ProfileState, RequestContext
from tagging import index

from . import learned, segments
from .sections import sections_of
from .store import like_again, profile_of, save_tally, tally_of

_EVENTS_AT_ONCE = 2000
_IMPRESSIONS_AT_ONCE = 500


@transaction.atomic
def fold_visitor(visitor_id: uuid.UUID) -> int:
    """Bring the profile up to date with the stored events; how many were folded, 0 where there is nothing to do.

    Safe to run twice or at the same time: the row is locked, and an event is folded once.
    """
    row = Profile.objects.select_for_update().filter(pk=visitor_id).first()
    if row is None:
        return 0
    events = list(Event.objects.filter(visitor_id=visitor_id, is_folded=False).order_by("at")[:_EVENTS_AT_ONCE])
    if not events:
        return 0
    _fold(row, [*events, *_impressions(row)])
    # The time says in which partitions to look.
    known = Event.objects.filter(pk__in=[event.pk for event in events], at__range=(events[0].at, events[-1].at))
    known.update(is_folded=True)
    transaction.on_commit(lambda: profile_updated.send(Profile, visitor_id=visitor_id), robust=True)
    return len(events)


def _impressions(row: Profile) -> list[Event]:
    """What the visitor was shown since the profile was last folded, the newest of it."""
    earliest = (row.updated_at or timezone.now()) - timedelta(hours=settings.EVENTS_MAX_AGE_HOURS)
    shown = Event.objects.filter(
        visitor_id=row.pk, kind=Event.Kind.IMPRESSION, at__gte=earliest, pk__gt=row.last_impression
    )
    found = list(shown.order_by("-pk")[:_IMPRESSIONS_AT_ONCE])
    row.last_impression = found[0].pk if found else row.last_impression
    return found


def profile_from(events: Iterable[Event]) -> ProfileState:
    """The profile that these events of one visitor make: what serving had then, for those who learn from logs."""
    chosen = fold_settings()
    return profile_state(fold(Tally(), readings(list(events)), chosen), chosen.half_life)


def visitors_to_fold(waiting: timedelta | None, limit: int) -> list[uuid.UUID]:
    """Visitors whose events have waited longer than that, if only because their task was lost; None: at all."""
    events = Event.objects.filter(is_folded=False)
    if waiting is not None:
        events = events.filter(received_at__lt=timezone.now() - waiting)
    return list(events.order_by().values_list("visitor", flat=True).distinct()[:limit])


def fold_settings() -> FoldSettings:
    """The site's settings as the pure folding takes them."""
    return FoldSettings(
        half_life=timedelta(days=settings.PROFILE_HALF_LIFE_DAYS),
        visit_gap=timedelta(minutes=settings.VISIT_GAP_MINUTES),
        recent_pages=settings.PROFILE_RECENT_PAGES,
    )


def fold_together(row: Profile, other: Profile) -> None:
    """Add to a profile what another one has read, as if one visitor had read it all; saving it is the caller's."""
    chosen = fold_settings()
    tally = merge(_live_tally(row), _live_tally(other), chosen)
    row.last_impression = max(row.last_impression, other.last_impression)
    save_tally(row, tally, index.live_model_name() or "", chosen.half_life)


def _fold(row: Profile, events: Sequence[Event]) -> None:
    model, earlier, chosen = index.live_model_name() or "", row.vector_model, fold_settings()
    save_tally(row, fold(_live_tally(row), readings(events), chosen), model, chosen.half_life)
    if row.liked_topics and (row.liked_vector is None or earlier != model):
        like_again(row)
    group(row)
    row.save()


def readings(events: Sequence[Event]) -> list[Reading]:
    """Events with what their pages are about now, as folding takes them. A fixed number of queries."""
    page_ids = {event.page_id for event in events}
    vectors, sections = index.vectors(page_ids), sections_of(page_ids)
    topics = {
        page_id: {topic.topic_id: topic.score for topic in found}
        for page_id, found in index.topics_of(page_ids).items()
    }
    entities = index.entity_weights(page_ids)
    return [
        Reading(
            page_id=event.page_id,
            kind=event.kind,  # type: ignore[arg-type]  # the column's choices are the type's values
            at=timezone.localtime(event.at),
            value=event.value,
            vector=vectors.get(event.page_id),
            topics=topics.get(event.page_id, {}),
            entities=entities.get(event.page_id, {}),
            sections=sections.get(event.page_id, ()),
            device=event.device,
        )
        for event in events
    ]


def group(row: Profile) -> None:
    """Write into the row which learned clusters and segments the visitor is of now; saving it is the caller's."""
    row.clusters = {str(cluster): chance for cluster, chance in learned.memberships(profile_of(row)).items()}
    row.segments = sorted(segments_of(profile_of(row), row))


def _live_tally(row: Profile) -> Tally:
    """The row's sums. Vectors of two models cannot be added: after a change, from the pages that were read lately."""
    tally = tally_of(row)
    if row.vector_model == (index.live_model_name() or ""):
        return tally
    vectors = index.vectors({page.page_id for page in tally.recent})
    return with_vectors(tally, vectors, fold_settings().half_life)


def segments_of(state: ProfileState, row: Profile) -> frozenset[int]:
    """For reports: the segments that match away from any one request, knowing only the profile and device."""
    return segments.matching(state, RequestContext(at=timezone.localtime(), device=row.device or "other"))  # type: ignore[arg-type]
