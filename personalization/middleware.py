"""Attaches the visitor to the request, lazily: nothing is read until somebody asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from personalization.visitors import Affinity

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class VisitorMiddleware:
    """Gives each request `request.affinity`. Comes after AuthenticationMiddleware.

    A response is touched only where a template rendered something for the visitor into it.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        affinity = request.affinity = Affinity(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if isinstance(response, HttpResponseBase):
            return _kept_private(response, affinity)
        return _awaited(response, affinity)


async def _awaited(response: Awaitable[HttpResponseBase], affinity: Affinity) -> HttpResponseBase:
    return _kept_private(await response, affinity)


def _kept_private(response: HttpResponseBase, affinity: Affinity) -> HttpResponseBase:
    """One visitor's page is never another's: no shared cache may keep it."""
    if affinity.is_in_response:
        patch_vary_headers(response, ("Cookie",))
        patch_cache_control(response, private=True)
    return response
