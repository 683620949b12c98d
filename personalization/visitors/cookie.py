"""The visitor cookie: an opaque random id, signed, dated, and out of reach of scripts."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from personalization.conf import settings

_SALT: Final = "personalization.visitor"
RENEW_AFTER: Final = timedelta(days=7)
"""A cookie older than this is dated anew when the browser next asks for its consent."""


def read(request: HttpRequest, max_age: timedelta | None = None) -> uuid.UUID | None:
    """The visitor id that the cookie carries; None where it is absent, tampered with or older than `max_age`."""
    value = request.COOKIES.get(settings.COOKIE_NAME)
    if not value:
        return None
    try:
        return uuid.UUID(hex=_signer().unsign(value, max_age=max_age or _max_age()))
    except (BadSignature, ValueError):
        return None


def is_present(request: HttpRequest) -> bool:
    """Whether the browser sent the cookie at all, good or bad."""
    return settings.COOKIE_NAME in request.COOKIES


def write(request: HttpRequest, response: HttpResponseBase, visitor_id: uuid.UUID) -> None:
    """Set the cookie, dated now. Only for answers that no cache may keep."""
    response.set_cookie(
        settings.COOKIE_NAME,
        _signer().sign(visitor_id.hex),
        max_age=_max_age(),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def drop(response: HttpResponseBase) -> None:
    """Delete the cookie in the browser."""
    response.delete_cookie(settings.COOKIE_NAME, samesite="Lax")


def _signer() -> TimestampSigner:
    return TimestampSigner(salt=_SALT)


def _max_age() -> timedelta:
    return timedelta(days=settings.COOKIE_MAX_AGE_DAYS)
