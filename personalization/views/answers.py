"""Takes the answer to "What do you want to read about?" from a form in any page of the site."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from personalization.visitors import affinity_of, grants, preferences
from tagging import index

from .guard import own_data, posted_from_here

MOST = 100
"""A form shows fewer topics than this."""


@own_data
@posted_from_here
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Seed the profile with the chosen topics.

    Whoever has no profile yet says yes to it in the same form; without that nothing is kept.
    """
    response = HttpResponseRedirect(reverse("personalization_you:page"))
    visitor_id = _who(request, response)
    if visitor_id and preferences.answer(visitor_id, _topics(request)):
        response["Location"] += f"?{urlencode({'done': 'answered'})}"
    return response


def _who(request: HttpRequest, response: HttpResponse) -> uuid.UUID | None:
    """The visitor who has, or now allows, a profile; None without consent and against anybody's no."""
    affinity = affinity_of(request)
    if "personalization" in affinity.purposes:
        grants.renew(request, response)
        return affinity.known_id
    if "personalization" not in request.POST:
        return None
    return grants.grant(request, response, affinity.purposes | {"personalization"})


def _topics(request: HttpRequest) -> list[int]:
    chosen = [int(value) for value in request.POST.getlist("topics")[:MOST] if value.isascii() and value.isdecimal()]
    known = index.topic_names([topic for topic in chosen if topic < 2**63])
    return [topic for topic in chosen if topic in known]
