"""Signed-in visitors: what an anonymous browser read becomes part of its reader's account, where the site says so.

The browser's session names the account's visitor, and no cookie does: with the session, at logout, all of it is out
of the browser's reach.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Final

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from personalization.conf import settings
from personalization.consent import PURPOSES
from personalization.models import Event, Profile, ServedSlate, Visitor
from personalization.signals import visitor_merged
from personalization.types import Purpose

from . import pairs, store
from .folding import fold_together, group
from .preferences import add_preferences

SESSION_KEY: Final = "affinity_visitor"


def claimed_by_session(request: HttpRequest) -> uuid.UUID | None:
    """The account's visitor that this browser's session names. No query of ours; a session is opened only if sent."""
    session = getattr(request, "session", None)
    if session is None or not settings.LOGIN_MERGE:
        return None
    if django_settings.SESSION_COOKIE_NAME not in request.COOKIES and not session.modified:
        return None
    claimed = session.get(SESSION_KEY)
    return uuid.UUID(hex=claimed) if claimed else None


def enter(
    request: HttpRequest, user: Any, visitor_id: uuid.UUID, purposes: Collection[Purpose] | None = None
) -> uuid.UUID | None:
    """`join`, and let this browser be the account's for as long as its session lasts."""
    account_id = join(user, visitor_id, purposes)
    if account_id is not None:
        request.session[SESSION_KEY] = account_id.hex
    return account_id


def forget(request: HttpRequest, user: Any) -> None:
    """Take back every yes of the account that is signed in, and delete its visitor, if this browser joined it."""
    claimed = claimed_by_session(request)
    if user is None or claimed is None:
        return
    if Visitor.objects.filter(pk=claimed, user_id=user.pk).exists():
        store.delete_visitor(claimed)
    del request.session[SESSION_KEY]


@transaction.atomic
def join(user: Any, visitor_id: uuid.UUID, purposes: Collection[Purpose] | None = None) -> uuid.UUID | None:
    """Make all that is known of an anonymous visitor part of the account's visitor, whose id this returns.

    `purposes` is what its reader says now, in the account's name; where nobody is asked, only that is granted
    afterwards which both have granted. Where nothing is, or the visitor is gone, nothing changes, and this is None.
    """
    found = Visitor.objects.select_for_update().filter(Q(pk=visitor_id) | Q(user_id=user.pk)).order_by("pk")
    anonymous = next((row for row in found if row.pk == visitor_id and row.user_id is None), None)
    account = next((row for row in found if row.user_id == user.pk), None)
    if anonymous is None:
        return None
    granted = set(anonymous.purposes) if account is None else set(anonymous.purposes) & set(account.purposes)
    allowed = frozenset(purpose for purpose in PURPOSES if purpose in (granted if purposes is None else purposes))
    if not allowed:
        return None
    account_id = store.create_visitor(purposes=allowed, user_id=user.pk) if account is None else account.pk
    for narrowed in (account_id, visitor_id):
        store.set_purposes(narrowed, allowed)
    _move(visitor_id, account_id)
    return account_id


def _move(visitor_id: uuid.UUID, into_id: uuid.UUID) -> None:
    """Give one visitor's rows to another, and delete it. Both have granted the same."""
    known = Event.objects.filter(visitor=into_id).values("event_id")
    Event.objects.filter(visitor=visitor_id).exclude(event_id__in=known).update(visitor=into_id)
    ServedSlate.objects.filter(visitor=visitor_id).update(visitor=into_id)
    pairs.move(visitor_id, into_id)
    rows = {row.pk: row for row in Profile.objects.select_for_update().filter(pk__in=(visitor_id, into_id))}
    if len(rows) == 2:
        _merge(rows[into_id], rows[visitor_id])
    Visitor.objects.filter(pk=visitor_id).delete()
    sent = {"visitor_id": visitor_id, "into_id": into_id}
    transaction.on_commit(lambda: visitor_merged.send(Visitor, **sent), robust=True)


def _merge(row: Profile, other: Profile) -> None:
    row.device = row.device or other.device
    add_preferences(row, other)
    fold_together(row, other)
    store.like_again(row)
    group(row)
    row.save()
