"""What a reader says to being remembered, by whichever way: the API, a form, the site's consent platform."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from personalization.types import Purpose

from . import accounts, cookie, store
from .lazy import affinity_of


def grant(request: HttpRequest, response: HttpResponseBase, purposes: Collection[Purpose]) -> uuid.UUID | None:
    """Let the reader have said yes to these purposes and no others, and let the response say so to the browser.

    The visitor. None, and nothing changes, for a browser that refuses, for bots, and where the site's consent
    platform allows none of the purposes. The response must be one that no cache keeps.
    """
    affinity = affinity_of(request)
    purposes = affinity.allowed(purposes)
    if affinity.refusal or affinity.is_bot or not purposes:
        return None
    visitor_id, device = affinity.known_id, affinity.context.device
    if visitor_id is None or not store.set_purposes(visitor_id, purposes, device):
        visitor_id = store.create_visitor(device, purposes)
    if affinity.account is None:
        cookie.write(request, response, visitor_id)
        return visitor_id
    # Who is signed in answers in the account's name, and no cookie may name its visitor.
    drop_cookie(request, response)
    if affinity.is_account:
        return visitor_id
    return accounts.enter(request, affinity.account, visitor_id, purposes)


def withdraw(request: HttpRequest, response: HttpResponseBase) -> None:
    """Delete everything about the visitor, and the cookie. A browser's own no does not keep what came before it."""
    accounts.forget(request, affinity_of(request).account)
    if visitor_id := cookie.read(request):
        store.delete_visitor(visitor_id)
    drop_cookie(request, response)


def renew(request: HttpRequest, response: HttpResponseBase) -> None:
    """Date an ageing cookie anew, and delete one that names nobody."""
    affinity = affinity_of(request)
    if affinity.known_id is None or affinity.is_account:
        drop_cookie(request, response)
    elif cookie.read(request, max_age=cookie.RENEW_AFTER) is None:
        cookie.write(request, response, affinity.known_id)


def drop_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    if cookie.is_present(request):
        cookie.drop(response)
