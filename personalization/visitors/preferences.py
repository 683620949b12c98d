"""What visitors decide about their own profile: topics muted and liked, pages hidden, answers, a new start."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Literal, get_args

from django.db import transaction
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, Profile, ServedSlate, SessionRead
from personalization.profiles import Tally

from .folding import group
from .store import like_again, save_tally, weigh_topics

Preference = Literal["like", "mute", "none"]
PREFERENCES: tuple[Preference, ...] = get_args(Preference)

LONGEST = 500
"""So many topics or pages are kept in one list; the oldest go first."""


@transaction.atomic
def prefer_topic(visitor_id: uuid.UUID, topic_id: int, preference: Preference) -> bool:
    """Like or mute a topic, or neither. False where the visitor has no profile."""
    row = _locked(visitor_id)
    if row is None:
        return False
    row.liked_topics = _changed(row.liked_topics, topic_id, is_in=preference == "like")
    row.muted_topics = _changed(row.muted_topics, topic_id, is_in=preference == "mute")
    _save(row)
    return True


@transaction.atomic
def hide_page(visitor_id: uuid.UUID, page_id: int, is_hidden: bool) -> bool:
    """Never show this page to the visitor again, or again after all. False where there is no profile."""
    row = _locked(visitor_id)
    if row is None:
        return False
    row.hidden_pages = _changed(row.hidden_pages, page_id, is_in=is_hidden)
    row.save(update_fields=["hidden_pages"])
    return True


@transaction.atomic
def answer(visitor_id: uuid.UUID, topic_ids: Collection[int]) -> bool:
    """Take the topics that the visitor wants to read about, in place of an earlier answer's.

    They are liked, and no longer muted. False where there is no profile.
    """
    row = _locked(visitor_id)
    if row is None:
        return False
    earlier, now = set(row.answers), list(dict.fromkeys(topic_ids))[:LONGEST]
    row.liked_topics = [topic for topic in row.liked_topics if topic not in earlier | set(now)] + now
    row.muted_topics = [topic for topic in row.muted_topics if topic not in now]
    row.answers, row.answered_at = now, timezone.now()
    _save(row)
    return True


@transaction.atomic
def reset(visitor_id: uuid.UUID) -> bool:
    """Forget what was read, liked and answered. Consent, muted topics and hidden pages stay.

    False where there is no profile.
    """
    row = _locked(visitor_id)
    if row is None:
        return False
    Event.objects.filter(visitor_id=visitor_id).delete()
    SessionRead.objects.filter(visitor_id=visitor_id).delete()
    ServedSlate.objects.filter(visitor_id=visitor_id).delete()
    row.liked_topics, row.answers, row.answered_at = [], [], None
    save_tally(row, Tally(), "", timedelta(days=settings.PROFILE_HALF_LIFE_DAYS))
    _save(row)
    return True


def add_preferences(row: Profile, other: Profile) -> None:
    """Add to a profile what another one's visitor decided: a no beats a like. Weighing and saving is the caller's."""
    row.muted_topics = _joined(other.muted_topics, row.muted_topics)
    row.liked_topics = [i for i in _joined(other.liked_topics, row.liked_topics) if i not in row.muted_topics]
    row.hidden_pages = _joined(other.hidden_pages, row.hidden_pages)
    row.answers = _joined(other.answers, row.answers)
    row.answered_at = max(filter(None, (row.answered_at, other.answered_at)), default=None)


def _save(row: Profile) -> None:
    weigh_topics(row)
    like_again(row)
    group(row)
    row.save()


def _locked(visitor_id: uuid.UUID) -> Profile | None:
    return Profile.objects.select_for_update().filter(pk=visitor_id).first()


def _joined(earlier: Collection[int], later: Collection[int]) -> list[int]:
    return list(dict.fromkeys([*earlier, *later]))[-LONGEST:]


def _changed(ids: Collection[int], changed: int, *, is_in: bool) -> list[int]:
    others = [other for other in ids if other != changed]
    return [*others, changed][-LONGEST:] if is_in else others
