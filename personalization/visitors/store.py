"""Visitors and their profiles in the database."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import numpy as np
from django.db import connection, transaction
from django.dispatch import Signal

from personalization.consent import PURPOSES
from personalization.models import Event, Profile, ServedSlate, Visitor
from personalization.profiles import LIKED, Sum, Tally, direction, profile_state, with_preferences
from personalization.signals import consent_given, consent_withdrawn
from personalization.types import Device, ProfileState, Purpose, ReadPage, Vector
from tagging import index

from . import statements
from .events import record_events

__all__ = [
    "KnownVisitor",
    "create_visitor",
    "delete_visitor",
    "load_profile",
    "load_standing",
    "load_visitor",
    "numbers",
    "profile_of",
    "record_events",
    "save_tally",
    "set_purposes",
    "tally_of",
]


@dataclass(frozen=True, slots=True)
class KnownVisitor:
    """A visitor who consented to at least one purpose; `profile` is None without personalization.

    `user_id` names the account whose visitor it is, None for a browser's own. Of the slates that were asked for, there
    are `own_slates` and those of others; the rest does not exist.
    """

    id: uuid.UUID
    purposes: frozenset[Purpose]
    profile: ProfileState | None
    user_id: Any = None
    own_slates: frozenset[uuid.UUID] = frozenset()
    others_slates: frozenset[uuid.UUID] = frozenset()


# What each batch of events asks, and therefore without the ORM, which takes longer over it than the database does.
_STANDING = """
    SELECT visitor.purposes, visitor.user_id,
           ARRAY(SELECT id FROM {slates} slate WHERE id = ANY(%(slates)s) AND slate.visitor_id = visitor.id),
           ARRAY(SELECT id FROM {slates} slate WHERE id = ANY(%(slates)s) AND slate.visitor_id <> visitor.id)
    FROM {visitors} visitor WHERE visitor.id = %(visitor)s
"""


@transaction.atomic
def create_visitor(
    device: Device | str = "", purposes: Collection[Purpose] = PURPOSES, user_id: Any = None
) -> uuid.UUID:
    """A new visitor who said yes to `purposes`, at least one. The id is random and means nothing elsewhere.

    With a `user_id`, the visitor that is that account's on all its browsers.
    """
    visitor = Visitor.objects.create(purposes=sorted(purposes), user_id=user_id)
    if "personalization" in purposes:
        Profile.objects.create(visitor=visitor, device=device)
    _announce(consent_given, visitor.pk, purposes)
    return visitor.pk


@transaction.atomic
def set_purposes(visitor_id: uuid.UUID, purposes: Collection[Purpose], device: Device | str = "") -> bool:
    """Let the visitor have said yes to these purposes and no others. False where there is no such visitor.

    What was stored for a purpose taken back is deleted at once; without any purpose left, so is the visitor.
    """
    visitor = _locked(visitor_id)
    if visitor is None or not purposes:
        return visitor is not None and delete_visitor(visitor_id)
    before, after = frozenset(visitor.purposes), frozenset(purposes)
    visitor.purposes = sorted(after)
    visitor.save(update_fields=["purposes"])
    if "personalization" in after - before:
        Profile.objects.create(visitor=visitor, device=device)
    if "personalization" in before - after:
        _forget_interests(visitor)
    if "analytics" in before - after:
        visitor.session_reads.all().delete()
    _announce(consent_given, visitor_id, after - before)
    _announce(consent_withdrawn, visitor_id, before - after)
    return True


@transaction.atomic
def delete_visitor(visitor_id: uuid.UUID) -> bool:
    """Delete the visitor and every row about them, at once. False where there was none."""
    visitor = _locked(visitor_id)
    if visitor is None:
        return False
    purposes = frozenset(visitor.purposes)
    visitor.delete()
    _announce(consent_withdrawn, visitor_id, purposes)
    return True


def load_visitor(visitor_id: uuid.UUID) -> KnownVisitor | None:
    """The visitor and what is known of them; None where there is no such visitor. One query."""
    row = Visitor.objects.select_related("profile").filter(pk=visitor_id).first()
    if row is None:
        return None
    profile = profile_of(row.profile) if hasattr(row, "profile") else None
    return KnownVisitor(row.pk, frozenset(cast("list[Purpose]", row.purposes)), profile, row.user_id)


def load_standing(visitor_id: uuid.UUID, slates: Iterable[uuid.UUID] = ()) -> KnownVisitor | None:
    """The visitor without what is known of them, and whose these slates are. One query."""
    for purposes, user_id, own, others in statements.fetch(
        _standing(), {"visitor": visitor_id, "slates": list(slates)}
    ):
        return KnownVisitor(visitor_id, frozenset(purposes), None, user_id, frozenset(own), frozenset(others))
    return None


@lru_cache(maxsize=1)
def _standing() -> str:
    quote = connection.ops.quote_name
    return _STANDING.format(slates=quote(ServedSlate._meta.db_table), visitors=quote(Visitor._meta.db_table))


def _locked(visitor_id: uuid.UUID) -> Visitor | None:
    """The visitor's row, kept from what a second tab sends at this very moment."""
    return Visitor.objects.select_for_update().filter(pk=visitor_id).first()


def _forget_interests(visitor: Visitor) -> None:
    """Delete what was learned and what was chosen by it. The events stay for the counts and are folded no more."""
    Profile.objects.filter(visitor=visitor).delete()
    visitor.slates.all().delete()
    Event.objects.filter(visitor=visitor, slate_id__isnull=False).update(slate_id=None)
    Event.objects.filter(visitor=visitor, is_folded=False).update(is_folded=True)


def _announce(signal: Signal, visitor_id: uuid.UUID, purposes: Collection[str]) -> None:
    if purposes:
        send = {"visitor_id": visitor_id, "purposes": frozenset(purposes)}
        transaction.on_commit(lambda: signal.send(Visitor, **send), robust=True)


def load_profile(visitor_id: uuid.UUID) -> ProfileState | None:
    """What is known of the visitor; None where there is no such visitor. One query."""
    row = Profile.objects.filter(pk=visitor_id).first()
    return None if row is None else profile_of(row)


def profile_of(row: Profile) -> ProfileState:
    """What a profile row says of the visitor. A row loaded without its vector says nothing of a direction."""
    habits: Mapping[str, Any] = row.habits
    return ProfileState(
        vector=_direction(row),
        vector_model=row.vector_model,
        shown_vector=None if "shown_vector" in row.get_deferred_fields() else _array(row.shown_vector),
        shown=max(0.0, row.shown),
        topics=_by_id(row.topics),
        entities=_by_id(row.entities),
        sections=_by_id(habits.get("sections")),
        devices=habits.get("devices", {}),
        hours=_by_id(habits.get("hours")),
        engagement=habits.get("engagement", 0.0),
        frequency=habits.get("frequency", 0.0),
        recent=_recent(row.recent),
        views=row.views,
        visits=row.visits,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        mass=max(0.0, row.mass) + LIKED * len(row.liked_topics),
        updated_at=row.updated_at,
        muted_topics=frozenset(row.muted_topics),
        liked_topics=frozenset(row.liked_topics),
        hidden_pages=frozenset(row.hidden_pages),
        answers=frozenset(row.answers),
        has_answered=row.answered_at is not None,
        clusters=_by_id(row.clusters),
    )


def tally_of(row: Profile) -> Tally:
    """The sums that a profile row keeps, ready to be folded on."""
    sums: Mapping[str, Any] = row.sums
    return Tally(
        vector_sum=_sum_of(row.vector, row.vector_length),
        shown_sum=_sum_of(row.shown_vector, row.shown_length),
        shown=row.shown,
        mass=row.mass,
        topic_sums=_by_id(sums.get("topics")),
        entity_sums=_by_id(sums.get("entities")),
        section_sums=_by_id(sums.get("sections")),
        device_sums=sums.get("devices", {}),
        hour_sums=_by_id(sums.get("hours")),
        read=sums.get("read", 0.0),
        attention=sums.get("attention", 0.0),
        returns=sums.get("returns", 0.0),
        recent=_recent(row.recent),
        views=row.views,
        visits=row.visits,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        as_of=row.updated_at,
    )


def save_tally(row: Profile, tally: Tally, vector_model: str, half_life: timedelta) -> ProfileState:
    """Write sums and what they amount to into the row; segments and the row's own saving are the caller's."""
    state = profile_state(tally, half_life)
    row.vector, row.vector_length = _unit_and_length(tally.vector_sum)
    row.shown_vector, row.shown_length = _unit_and_length(tally.shown_sum)
    row.shown, row.vector_model = tally.shown, vector_model
    row.mass = tally.mass
    row.entities = _by_text(state.entities)
    row.habits = {
        "sections": _by_text(state.sections),
        "devices": dict(state.devices),
        "hours": _by_text(state.hours),
        "engagement": state.engagement,
        "frequency": state.frequency,
    }
    row.sums = {
        "topics": _by_text(tally.topic_sums),
        "entities": _by_text(tally.entity_sums),
        "sections": _by_text(tally.section_sums),
        "devices": dict(tally.device_sums),
        "hours": _by_text(tally.hour_sums),
        "read": tally.read,
        "attention": tally.attention,
        "returns": tally.returns,
    }
    row.recent = [[page.page_id, page.at.isoformat()] for page in tally.recent]
    row.views, row.visits = tally.views, tally.visits
    row.first_seen, row.last_seen, row.updated_at = tally.first_seen, tally.last_seen, tally.as_of
    weigh_topics(row)
    return profile_of(row)


def weigh_topics(row: Profile) -> None:
    """Write the weights of topics into the row: what was read, and the visitor's own word on it."""
    muted = index.topics_below(row.muted_topics) if row.muted_topics else frozenset()
    row.topics = _by_text(with_preferences(_by_id(row.sums.get("topics")), row.liked_topics, muted))


def _direction(row: Profile) -> Vector | None:
    if "vector" in row.get_deferred_fields():
        return None
    read = None if row.mass <= 0 else _array(row.vector)
    if row.liked_vector is None:
        return read
    read_sum = None if read is None else read.astype(np.float64) * row.vector_length
    return direction(read_sum, np.asarray(numbers(row.liked_vector), dtype=np.float64))


def like_again(row: Profile) -> None:
    """Make the direction of the visitor's likes anew: they changed, or the embedding model did.

    There is none while the row's own vector is of a model that is no longer live.
    """
    model = index.live_model_name() or ""
    if row.vector is None:
        row.vector_model = model
    vectors = index.topic_vectors(row.liked_topics) if row.liked_topics and row.vector_model == model else {}
    row.liked_vector = np.sum(list(vectors.values()), axis=0) if vectors else None


def _by_id(stored: Mapping[str, float] | None) -> dict[int, float]:
    return {int(key): value for key, value in (stored or {}).items()}


def _by_text(values: Mapping[int, float]) -> dict[str, float]:
    """As JSON has it, whose keys are texts."""
    return {str(key): value for key, value in values.items()}


def _sum_of(stored: Any, length: float) -> Sum | None:
    vector = _array(stored)
    return None if vector is None else vector.astype(np.float64) * length


def _unit_and_length(vector_sum: Sum | None) -> tuple[Sum | None, float]:
    length = 0.0 if vector_sum is None else float(np.linalg.norm(vector_sum))
    return (None, 0.0) if vector_sum is None or length == 0 else (vector_sum / length, length)


def _array(stored: Any) -> Vector | None:
    if stored is None:
        return None
    vector = np.asarray(numbers(stored), dtype=np.float32)
    # Half precision does not keep the length at exactly 1.
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def numbers(stored: Any) -> Any:
    """What can be counted with: a halfvec as read from the database, or an array that is about to be written."""
    return stored.to_list() if hasattr(stored, "to_list") else stored


def _recent(stored: list[tuple[int, str]]) -> tuple[ReadPage, ...]:
    return tuple(ReadPage(page_id, datetime.fromisoformat(at)) for page_id, at in stored)
