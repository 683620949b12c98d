"""The form of a batch of events: validation that names the event and the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from personalization.conf import settings
from personalization.models import Event
from personalization.referrers import kind_of
from personalization.types import Device, EventRecord

from .fields import JSONUUID, JSONChoice, JSONInteger, JSONNumber, JSONString, JSONText, Moment
from .plain_events import (
    LARGEST_PAGE_ID,
    LARGEST_POSITION,
    LONGEST_AGE_MS,
    PLACEMENT,
    VALUES,
    is_value_right,
    plain_batch,
    plain_event,
)

LONGEST_UTM = 100
LONGEST_HOST = 253


class Campaign(serializers.Serializer[Any]):
    """The utm_* parameters of the address that the reader followed; others than these are not kept."""

    # The field takes the name of an attribute that serializers have, too; Django REST framework keeps the two apart.
    # The API's name; REST framework takes declared fields off the class, where `source` is the serializer's own.
    source = JSONText(required=False, allow_blank=True, max_length=LONGEST_UTM)  # type: ignore[assignment]
    medium = JSONText(required=False, allow_blank=True, max_length=LONGEST_UTM)
    campaign = JSONText(required=False, allow_blank=True, max_length=LONGEST_UTM)


class EventSerializer(serializers.Serializer[Any]):
    event_id = JSONUUID(help_text=gettext_lazy("The client's own random id; the same event sent twice counts once."))
    kind = JSONChoice(choices=Event.Kind.choices)
    page = JSONInteger(
        min_value=1, max_value=LARGEST_PAGE_ID, help_text=gettext_lazy("The page that was read, shown or clicked.")
    )
    at = Moment(required=False, help_text=gettext_lazy("When, by the client's clock. Left out: now."))
    age_ms = JSONInteger(
        required=False,
        min_value=0,
        max_value=LONGEST_AGE_MS,
        help_text=gettext_lazy("Instead of `at`: how long ago, in milliseconds."),
    )
    value = JSONNumber(
        required=False,
        allow_null=True,
        help_text=gettext_lazy("Scroll depth 0 to 1, seconds of dwell, or feedback -1 or 1; else left out."),
    )
    slate = JSONUUID(required=False, allow_null=True, help_text=gettext_lazy("The list that the page was shown in."))
    placement = JSONString(PLACEMENT, required=False, max_length=80)
    position = JSONInteger(required=False, allow_null=True, min_value=0, max_value=LARGEST_POSITION)

    referrer = JSONText(
        required=False,
        allow_blank=True,
        max_length=LONGEST_HOST,
        help_text=gettext_lazy("Of a view: the host that the reader came from, empty for none. Only its kind is kept."),
    )
    utm = Campaign(required=False, help_text=gettext_lazy("Of a view: the campaign that brought the reader."))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        plain = plain_event(data)
        return super().run_validation(data) if plain is None else plain

    def validate(self, event: dict[str, Any]) -> dict[str, Any]:
        _check_value(event)
        if event["kind"] != "view" and (wrong := {"referrer", "utm"} & set(event)):
            raise serializers.ValidationError(
                {name: [_("Only a view says where a reader came from.")] for name in wrong}
            )
        if "at" in event and "age_ms" in event:
            raise serializers.ValidationError({"age_ms": [_("Give `at` or `age_ms`, not both.")]})
        return event


class EventBatch(serializers.Serializer[Any]):
    sent_at = Moment(
        required=False, help_text=gettext_lazy("The client's clock when it sent this; corrects the events' `at`.")
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # A field of the class would have frozen the setting at import.
        events = serializers.ListSerializer[Any](
            child=EventSerializer(), allow_empty=False, max_length=settings.EVENTS_MAX_BATCH
        )
        return {**super().get_fields(), "events": events}

    def validate(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Give each event its `at` by the server's clock."""
        now = timezone.now()
        offset = now - batch["sent_at"] if "sent_at" in batch else timedelta()
        errors: list[dict[str, list[str]]] = []
        for event in batch["events"]:
            event["at"], wrong = _moment(event, now, offset)
            errors.append(wrong)
        if any(errors):
            raise serializers.ValidationError({"events": errors})
        return batch


def validated_events(data: Any) -> list[dict[str, Any]]:
    """The events of a batch, each with its `at` by the server's clock. Raises ValidationError."""
    if (plain := plain_batch(data, timezone.now())) is not None:
        return plain
    batch = EventBatch(data=data)
    batch.is_valid(raise_exception=True)
    events: list[dict[str, Any]] = batch.validated_data["events"]
    return events


def records_of(events: Iterable[Mapping[str, Any]], device: Device, country: str, own_host: str) -> list[EventRecord]:
    """The validated events of a reader with that device in that country, on the site of that host.

    Their slates are as claimed, their pages may not exist.
    """
    return [
        EventRecord(
            event_id=event["event_id"],
            kind=event["kind"],
            page_id=event["page"],
            at=event["at"],
            value=event.get("value"),
            slate_id=event.get("slate"),
            placement=event.get("placement", ""),
            position=event.get("position"),
            device=device,
            country=country,
            referrer=kind_of(event["referrer"], own_host) if "referrer" in event else "",
            **{f"utm_{key}": value for key, value in event.get("utm", {}).items()},
        )
        for event in events
    ]


def _moment(event: Mapping[str, Any], now: datetime, offset: timedelta) -> tuple[datetime, dict[str, list[str]]]:
    """When the event happened, and what is wrong with that. A clock slightly ahead is taken for now."""
    if "age_ms" in event:
        field, age = "age_ms", timedelta(milliseconds=event["age_ms"])
    else:
        field, age = "at", now - event["at"] - offset if "at" in event else timedelta()
    if age < -timedelta(seconds=settings.EVENTS_MAX_SKEW_SECONDS):
        return now, {field: [_("This is in the future.")]}
    if age > timedelta(hours=settings.EVENTS_MAX_AGE_HOURS):
        limit = {"hours": settings.EVENTS_MAX_AGE_HOURS}
        return now, {field: [_("This is older than %(hours)d hours.") % limit]}
    return now - max(age, timedelta()), {}


def _check_value(event: Mapping[str, Any]) -> None:
    kind, value = event["kind"], event.get("value")
    if is_value_right(kind, value):
        return
    if kind not in VALUES:
        raise serializers.ValidationError({"value": [_("An event of this kind has no value.")]})
    low, high = VALUES[kind]
    form = _("Expected %(low)d or %(high)d.") if kind == "feedback" else _("Expected %(low)d to %(high)d.")
    raise serializers.ValidationError({"value": [form % {"low": low, "high": high}]})
