"""The middleware on real pages: lazy, cookie-less and cacheable."""

from __future__ import annotations

import asyncio

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from personalization.middleware import VisitorMiddleware
from personalization.visitors import Affinity


def test_it_attaches_the_visitor_without_a_query_or_a_trace_in_the_response():
    request = RequestFactory().get("/")
    response = VisitorMiddleware(lambda request: HttpResponse("x"))(request)
    assert isinstance(request.affinity, Affinity)
    assert not response.cookies
    assert "Vary" not in response
    assert "Cache-Control" not in response


def test_what_was_made_for_the_visitor_is_kept_from_shared_caches():
    def view(request):
        request.affinity.is_in_response = True
        return HttpResponse("x")

    response = VisitorMiddleware(view)(RequestFactory().get("/"))
    assert response["Vary"] == "Cookie"
    assert "private" in response["Cache-Control"]


def test_it_serves_async_sites():
    async def view(request):
        return HttpResponse("x")

    request = RequestFactory().get("/")
    response = asyncio.run(VisitorMiddleware(view)(request))
    assert response.content == b"x"
    assert isinstance(request.affinity, Affinity)


@pytest.mark.django_db
def test_segments_of_an_anonymous_reader_leave_the_page_publicly_cacheable(client):
    """Asking who is signed in opens the session; without a session cookie it could only be nobody."""
    from django.contrib.auth.middleware import AuthenticationMiddleware
    from django.contrib.sessions.middleware import SessionMiddleware

    def view(request):
        return HttpResponse(str(request.affinity.context.is_authenticated) + str(request.affinity.segments))

    stack = SessionMiddleware(AuthenticationMiddleware(VisitorMiddleware(view)))
    response = stack(RequestFactory().get("/"))
    assert response.content.startswith(b"False")
    assert "Vary" not in response
