"""Attaches the visitor to the request, lazily: nothing is read until somebody asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from personalization.visitors import Affinity

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class VisitorMiddleware:
    """Gives each request `request.affinity`. Comes after AuthenticationMiddleware; never touches the response."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        request.affinity = Affinity(request)  # type: ignore[attr-defined]
        return self.get_response(request)
