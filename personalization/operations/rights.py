"""A visitor's rights over what is stored: a copy of all of it, and none of it left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from personalization.models import Event, Profile, Segment, ServedSlate, SessionRead, Visitor
from personalization.visitors.retention import deleted_after
from personalization.visitors.store import delete_visitor, numbers, profile_of
from tagging import index

EXPORT_ACTION = "personalization.export"
FORGET_ACTION = "personalization.forget"

Rows = list[dict[str, Any]]


def export(visitor_id: uuid.UUID) -> dict[str, Any] | None:
    """Everything stored about the visitor, ready for JSON, with names beside ids. None where there is nothing."""
    visitor = Visitor.objects.select_related("user").filter(pk=visitor_id).first()
    if visitor is None:
        return None
    return {
        "exported_at": timezone.now().isoformat(),
        "visitor": {
            "id": str(visitor.pk),
            "consented_at": visitor.consented_at.isoformat(),
            "purposes": sorted(visitor.purposes),
            "account": visitor.user.get_username() if visitor.user else None,
            "deleted_after": deleted_after(visitor).isoformat(),
        },
        **{name: rows_of(visitor) for name, (_model, rows_of) in EXPORTED.items()},
    }


def forget(visitor_id: uuid.UUID) -> bool:
    """Delete everything about the visitor, at once. False where there was nothing.

    Counts of pages, which hold no visitor, stay.
    """
    return delete_visitor(visitor_id)


def visitor_of_user(user: AbstractBaseUser) -> uuid.UUID | None:
    """The visitor of an account; None where nothing is stored about it."""
    return Visitor.objects.filter(user_id=user.pk).values_list("pk", flat=True).first()


def log_right(action: str, visitor_id: uuid.UUID, user: AbstractBaseUser | None = None) -> None:
    """Write to Wagtail's log that somebody exported or deleted a visitor, without saying which in clear.

    Whoever has the visitor's id can find the entry by `pseudonym`; nobody can get the id from the entry.
    """
    alias = pseudonym(visitor_id)
    title = gettext("Visitor %(alias)s") % {"alias": alias.hex[:8]}
    log(Visitor(pk=alias), action, user=user, title=title, deleted=action == FORGET_ACTION)


def register_log_actions(actions: Any) -> None:
    """For Wagtail's hook of this name."""
    actions.register_action(EXPORT_ACTION, _("Export a visitor's data"), _("Exported all that was stored"))
    actions.register_action(FORGET_ACTION, _("Delete a visitor's data"), _("Deleted all that was stored"))


def pseudonym(visitor_id: uuid.UUID) -> uuid.UUID:
    """Another id for the visitor, from which only the site's secret key and the id itself lead back."""
    digest = salted_hmac("personalization.rights", visitor_id.hex, algorithm="sha256").digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def _profile(visitor: Visitor) -> dict[str, Any] | None:
    row = Profile.objects.filter(pk=visitor.pk).first()
    if row is None:
        return None
    state = profile_of(row)
    topics = index.topic_names(state.topics.keys() | state.liked_topics | state.muted_topics | state.answers)
    return {
        "topics": [_named(topic, topics, weight=weight) for topic, weight in state.topics.items()],
        "liked_topics": [_named(topic, topics) for topic in sorted(state.liked_topics)],
        "muted_topics": [_named(topic, topics) for topic in sorted(state.muted_topics)],
        "answers": [_named(topic, topics) for topic in sorted(state.answers)],
        "answered_at": _iso(row.answered_at),
        "hidden_pages": sorted(state.hidden_pages),
        "segments": _segments(row),
        "learned_clusters": row.clusters,
        "clusters": row.clusters,
        "entities": {str(entity): weight for entity, weight in state.entities.items()},
        "habits": row.habits,
        "sums": row.sums,
        "recent": [{"page": page.page_id, "at": page.at.isoformat()} for page in state.recent],
        "views": state.views,
        "visits": state.visits,
        "first_seen": _iso(state.first_seen),
        "last_seen": _iso(state.last_seen),
        "updated_at": _iso(state.updated_at),
        "device": row.device,
        "vector_model": row.vector_model,
        "vector": _floats(row.vector),
        "shown": row.shown,
        "shown_vector": _floats(row.shown_vector),
        "liked_vector": _floats(row.liked_vector),
    }


def _segments(row: Profile) -> Rows:
    """All of them, by the names that editors use: a copy of what is stored leaves nothing out."""
    found = Segment.objects.filter(pk__in=row.segments).values("id", "name", "public_name", "description")
    return [dict(segment) for segment in found]


def _events(visitor: Visitor) -> Rows:
    return _plain(Event.objects.filter(visitor=visitor).order_by("at").values().iterator())


def _visits(visitor: Visitor) -> Rows:
    rows = SessionRead.objects.filter(visitor=visitor).order_by("at")
    return _plain(rows.values("page_id", "at", "session", "is_first", "last_at").iterator())


def _slates(visitor: Visitor) -> Rows:
    rows = _plain(ServedSlate.objects.filter(visitor=visitor).order_by("served_at").values().iterator())
    return [{**row, "features": _considered(row["features"])} for row in rows]


def _considered(features: Mapping[str, Any]) -> Rows:
    """What was considered for a list, page by page: what each source said of it, and what that came to."""
    if not features:
        return []
    pages = zip(features["pages"], features["raw"], features["blend"], strict=True)
    return [
        {
            "page": page_id,
            "score": score,
            "signals": {name: value for name, value in zip(features["names"], raw, strict=True) if value},
        }
        for page_id, raw, score in pages
    ]


EXPORTED: Mapping[str, tuple[type[Any], Callable[[Visitor], Any]]] = {
    "profile": (Profile, _profile),
    "events": (Event, _events),
    "visits": (SessionRead, _visits),
    "recommended": (ServedSlate, _slates),
}
"""The tables that hold rows about a visitor: under which name, and how they are read."""


def _plain(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows as JSON has them; the visitor's id is said once, above."""
    kept = ({key: value for key, value in row.items() if key not in ("id", "visitor_id")} for row in rows)
    return [{key: _json(value) for key, value in row.items()} for row in kept]


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else _iso(value) if hasattr(value, "isoformat") else value


def _named(topic: int, names: Mapping[int, str], **more: float) -> dict[str, Any]:
    return {"id": topic, "name": names.get(topic), **more}


def _floats(vector: Any) -> list[float] | None:
    return None if vector is None else [float(number) for number in numbers(vector)]


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
