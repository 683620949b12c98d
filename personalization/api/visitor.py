"""`visitor/`: what is stored about whoever asks, to see, change, take along and delete."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from personalization.conf import settings
from personalization.operations.known import known_of
from personalization.operations.queries import site_for
from personalization.operations.rights import export
from personalization.visibility import visible_ids
from personalization.visitors import affinity_of, grants, preferences, store
from tagging import index

from .base import PersonalizationView
from .openapi import described
from .origin import SameOrigin
from .parameters import WHOLE_NUMBER
from .plain_events import LARGEST_PAGE_ID
from .problem import NotFoundField
from .throttling import VisitorThrottle
from .visitor_shapes import (
    Answers,
    Export,
    OnboardingState,
    PagePreference,
    TopicPreference,
    VisitorState,
)

READ = (429, 503)
CHANGE = (400, 403, 404, 409, 413, 415, 429, 503)
BARE_CHANGE = (403, 409, 429, 503)
PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Cookie"}


class NoProfile(APIException):
    """There is no profile to change. Ask for consent to personalization first."""

    status_code = HTTPStatus.CONFLICT
    default_code = "no_profile"


class OwnView(PersonalizationView):
    """An endpoint about the visitor that the cookie names, whoever looks: an editor has the same rights."""

    rate_setting = "VISITOR_RATE"
    permission_classes = [SameOrigin]
    problems: dict[str, tuple[int, ...]] = {"GET": READ}

    def get_throttles(self) -> list[BaseThrottle]:
        return [VisitorThrottle(self.rate_setting, settings.VISITOR_RATE)]


class VisitorView(OwnView):
    """All that is stored, in short."""

    problems = {"GET": READ, "DELETE": (403, 429, 503)}

    @described(operation_id="visitor_retrieve", summary="What is stored about this reader", responses=VisitorState)
    def get(self, request: Request) -> Response:
        """Say what is stored, and for what: topics with weights, groups, pages read. Empty without consent."""
        return _told(request)

    @described(operation_id="visitor_destroy", summary="Delete all of it", responses={200: VisitorState})
    def delete(self, request: Request) -> Response:
        """Delete everything about this reader at once, and the cookie: the same as taking every yes back."""
        response = _answer(VisitorState({"purposes": []}).data)
        grants.withdraw(request._request, response)
        return response


class TopicView(OwnView):
    """What the reader thinks of a topic."""

    problems = {"POST": CHANGE}

    @described(
        operation_id="visitor_topic",
        summary="Like or mute a topic",
        parameters=[OpenApiParameter("topic", int, "path", description="The id of a topic.")],
        request=TopicPreference,
        responses=VisitorState,
    )
    def post(self, request: Request, topic: str) -> Response:
        """Like a topic, mute it, or neither. Pages on a muted topic are no longer recommended, from now on."""
        wanted = TopicPreference(data=request.data)
        wanted.is_valid(raise_exception=True)
        topic_id = _number(topic)
        _check_topics([topic_id])
        preferences.prefer_topic(_with_profile(request), topic_id, wanted.validated_data["preference"])
        return _told(request)


class PageView(OwnView):
    """Whether a page is shown to the reader."""

    problems = {"POST": CHANGE}

    @described(
        operation_id="visitor_page",
        summary="Hide a page",
        parameters=[OpenApiParameter("page", int, "path", description="The id of a page.")],
        request=PagePreference,
        responses=VisitorState,
    )
    def post(self, request: Request, page: str) -> Response:
        """Never recommend this page to this reader again, or do so again."""
        wanted = PagePreference(data=request.data)
        wanted.is_valid(raise_exception=True)
        page_id, is_hidden = _number(page), wanted.validated_data["hidden"]
        is_known = 0 < page_id <= LARGEST_PAGE_ID
        if not is_known or (is_hidden and not visible_ids([page_id], site_for(request._request))):
            raise NotFoundField("page", _("There is no such page."))
        preferences.hide_page(_with_profile(request), page_id, is_hidden)
        return _told(request)


class OnboardingView(OwnView):
    """What the reader wants to read about, by their own word."""

    problems = {"GET": READ, "POST": CHANGE}

    @described(operation_id="onboarding_retrieve", summary="Whether onboarding was answered", responses=OnboardingState)
    def get(self, request: Request) -> Response:
        """Say whether to ask: not without consent to personalization, and not again after an answer."""
        return _onboarding(request)

    @described(operation_id="onboarding_create", summary="Answer it", request=Answers, responses=OnboardingState)
    def post(self, request: Request) -> Response:
        """Take the topics as liked, in place of an earlier answer's. Recommendations follow at once."""
        answers = Answers(data=request.data)
        answers.is_valid(raise_exception=True)
        topics = answers.validated_data["topics"]
        _check_topics(topics)
        preferences.answer(_with_profile(request), topics)
        return _onboarding(request)


class ResetView(OwnView):
    """A new start."""

    problems = {"POST": BARE_CHANGE}

    @described(operation_id="visitor_reset", summary="Forget what was read", request=None, responses=VisitorState)
    def post(self, request: Request) -> Response:
        """Forget the pages read, likes and answers. The consent, muted topics and hidden pages stay."""
        preferences.reset(_with_profile(request))
        return _told(request)


class ExportView(OwnView):
    """A copy of everything."""

    @described(operation_id="visitor_export", summary="Export all of it", responses=Export)
    def get(self, request: Request) -> Response:
        """Everything that is stored about this reader, events and groups included, as JSON to keep."""
        visitor_id = affinity_of(request._request).known_id
        found = export(visitor_id) if visitor_id else None
        response = _answer(found or {"exported_at": timezone.now().isoformat(), "visitor": None})
        response["Content-Disposition"] = 'attachment; filename="my-data.json"'
        return response


def _with_profile(request: Request) -> uuid.UUID:
    affinity = affinity_of(request._request)
    if affinity.known_id is None or "personalization" not in affinity.purposes:
        raise NoProfile(_("There is no profile to change: this reader did not consent to personalization."))
    return affinity.known_id


def _number(text: str) -> int:
    """The id in an address; 0, which nothing has, where it is none."""
    return int(text) if WHOLE_NUMBER.match(text) else 0


def _check_topics(topic_ids: list[int]) -> None:
    known = index.topic_names(topic_ids)
    if set(topic_ids) - known.keys():
        raise NotFoundField("topic", _("There is no such topic."))


def _told(request: Request) -> Response:
    visitor_id = affinity_of(request._request).known_id
    known = known_of(visitor_id, request._request) if visitor_id else None
    return _answer(VisitorState(known if known else {"purposes": []}).data)


def _onboarding(request: Request) -> Response:
    visitor_id = affinity_of(request._request).known_id
    profile = store.load_profile(visitor_id) if visitor_id else None
    state = {
        "personalization": profile is not None,
        "answered": profile is not None and profile.has_answered,
        "topics": sorted(profile.answers) if profile else [],
    }
    return _answer(OnboardingState(state).data)


def _answer(body: Any) -> Response:
    return Response(body, headers=PRIVATE)
