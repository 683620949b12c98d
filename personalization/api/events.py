"""`events/`: what a consenting reader's browser saw and did, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from personalization import tasks
from personalization.conf import settings
from personalization.operations.placements import is_placement
from personalization.operations.queries import site_for
from personalization.types import EventRecord
from personalization.visibility import visible_ids
from personalization.visitors import Affinity, affinity_of, public_pages
from personalization.visitors.context import circumstances
from personalization.visitors.sinks import get_sink

from .base import PersonalizationView
from .event_batch import EventBatch, records_of, validated_events
from .openapi import described
from .origin import SameOrigin
from .throttling import ClientThrottle, JointThrottle, VisitorThrottle


class Recorded(serializers.Serializer[Any]):
    recorded = serializers.IntegerField(
        allow_null=True,
        help_text=gettext_lazy("How many of the events were new; null where they are stored a moment later."),
    )


class EventsView(PersonalizationView):
    """Takes a batch of events from a reader's browser."""

    rate_setting = "EVENTS_RATE"
    permission_classes = [SameOrigin]

    def get_throttles(self) -> list[BaseThrottle]:
        by_visitor = VisitorThrottle("EVENTS_RATE", settings.EVENTS_RATE)
        by_address = ClientThrottle("EVENTS_ADDRESS_RATE", settings.EVENTS_ADDRESS_RATE)
        return [JointThrottle(by_visitor, by_address)]

    @described(
        summary="Record what a reader did",
        request=EventBatch,
        responses={
            202: Recorded,
            204: OpenApiResponse(description="Well formed, but nothing was stored: no consent, a bot or an editor."),
        },
    )
    def post(self, request: Request) -> Response:
        """Record the whole batch, or none of it and say what is wrong. Sent again, it changes nothing."""
        events = validated_events(request.data)
        affinity = affinity_of(request._request)
        records = records_of(events, *circumstances(request._request))
        affinity.claimed_slates = {event.slate_id for event in records if event.slate_id}
        _check_existence(records, request)
        if not affinity.is_counted or affinity.counted_id is None:
            return Response(status=HTTPStatus.NO_CONTENT)
        recorded = get_sink().write(affinity.counted_id, _with_own_slates(records, affinity))
        if recorded and affinity.visitor_id:
            tasks.fold_soon(affinity.visitor_id)
        return Response({"recorded": recorded}, status=HTTPStatus.ACCEPTED)


def _check_existence(events: Sequence[EventRecord], request: Request) -> None:
    """Pages that don't exist and pages the public may not see get the same answer."""
    host = request.get_host()
    if pages := public_pages.doubtful(host, {event.page_id for event in events}):
        visible = visible_ids(pages, site_for(request._request))
        _refuse(events, "page", lambda event: event.page_id in pages - visible.keys(), _("There is no such page."))
        public_pages.remember(host, visible)
    unknown = {name for name in {event.placement for event in events} - {""} if not is_placement(name)}
    if unknown:
        _refuse(events, "placement", lambda event: event.placement in unknown, _("No placement has this name."))


def _with_own_slates(events: Sequence[EventRecord], affinity: Affinity) -> list[EventRecord]:
    """The events, without slates that were never stored, as of a page answered before consent.

    A slate that was served to somebody else is refused.
    """
    if affinity.others_slates:
        _refuse(events, "slate", lambda event: event.slate_id in affinity.others_slates, _("There is no such slate."))
    is_kept = {None, *affinity.own_slates}
    return [event if event.slate_id in is_kept else replace(event, slate_id=None) for event in events]


def _refuse(events: Sequence[EventRecord], field: str, is_wrong: Callable[[EventRecord], bool], message: str) -> None:
    errors = [{field: [message]} if is_wrong(event) else {} for event in events]
    if any(errors):
        raise NotFound({"events": errors})
