"""The site's own consent platform: asked, where there is one, what each request's reader allows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

from django.http import HttpRequest
from django.utils.module_loading import import_string

from personalization.conf import settings
from personalization.consent import PURPOSES
from personalization.types import Purpose

Backend = Callable[[HttpRequest], Collection[str] | None]


def platform_purposes(request: HttpRequest) -> frozenset[Purpose] | None:
    """The purposes that CONSENT_BACKEND allows for this request, of those that we know; None where it doesn't say."""
    if not settings.CONSENT_BACKEND:
        return None
    allowed = consent_backend(settings.CONSENT_BACKEND)(request)
    return None if allowed is None else frozenset(purpose for purpose in PURPOSES if purpose in allowed)


@lru_cache(maxsize=8)
def consent_backend(path: str) -> Backend:
    """The function at this dotted path, or the method `purposes` of one instance of the class. Raises ImportError."""
    found = import_string(path)
    if isinstance(found, type):
        found = getattr(found(), "purposes", None)
    if not callable(found):
        raise ImportError(f"{path} is neither a function nor a class with a method purposes(request).")
    backend: Backend = found
    return backend
