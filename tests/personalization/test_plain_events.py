"""The quick way through validation takes nothing that the serializer would not take, and takes it as the same."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from personalization.api import event_batch
from personalization.api.event_batch import EventBatch, EventSerializer
from personalization.api.plain_events import plain_batch, plain_event

IDS = st.uuids().map(str)
WEIRD = st.sampled_from(
    [
        None,
        True,
        "",
        "x",
        -1,
        0,
        1,
        1.0,
        2.5,
        2**31,
        2**70,
        1e308,
        float("inf"),
        [],
        {},
        "\ud800",
        "sidebar\n",
        "0" * 36,
    ]
)
SEVERAL = st.sampled_from([uuid.UUID(int=7).hex, "{" + str(uuid.UUID(int=7)) + "}", str(uuid.UUID(int=10)).upper()])
EVENTS = st.fixed_dictionaries(
    {"event_id": IDS | SEVERAL, "kind": st.sampled_from(["view", "dwell", "scroll", "feedback", "click"]) | WEIRD},
    optional={
        "page": st.integers(1, 2**31 - 1) | WEIRD,
        "age_ms": st.integers(0, 10**6) | WEIRD,
        "at": st.sampled_from(["2026-01-01T00:00:00Z", "yesterday"]),
        "value": st.floats(0, 1) | st.sampled_from([-1, 1, 90000]) | WEIRD,
        "slate": IDS | WEIRD,
        "placement": st.from_regex(r"\A[a-z]{1,9}\Z") | WEIRD,
        "position": st.integers(0, 40000) | WEIRD,
        "referrer": st.just("example.org"),
        "more": WEIRD,
    },
)


@given(event=EVENTS)
def test_what_is_plain_is_what_the_serializer_makes_of_it(event):
    plain = plain_event(event)
    if plain is not None:
        assert plain == serializers.Serializer.run_validation(EventSerializer(), event)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "view", "age_ms": 0},
        {"kind": "impression", "age_ms": 5, "slate": str(uuid.uuid4()), "placement": "sidebar", "position": 0},
        {"kind": "dwell", "age_ms": 5, "value": 12.5},
        {"kind": "scroll", "value": 1},
        {"kind": "feedback", "value": -1},
    ],
)
def test_what_the_script_sends_is_plain(event):
    sent = json.loads(json.dumps({"event_id": str(uuid.uuid4()), "page": 12, **event}))
    assert plain_event(sent) is not None


NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BATCHES = st.fixed_dictionaries(
    {"events": st.lists(EVENTS, max_size=4) | WEIRD},
    optional={"sent_at": st.sampled_from(["2026-11-30T12:00:00Z", "yesterday"]), "more": WEIRD},
)


@given(data=BATCHES)
def test_a_batch_that_is_plain_is_what_the_serializer_makes_of_it(data):
    plain = plain_batch(data, NOW)
    if plain is not None:
        assert plain == by_serializer(data)


def by_serializer(data):
    batch = EventBatch(data=data)
    with mock.patch.object(event_batch.timezone, "now", return_value=NOW):
        assert batch.is_valid(), batch.errors
    return batch.validated_data["events"]


def test_a_batch_of_the_script_is_plain_and_has_its_times():
    sent = [{"event_id": str(uuid.uuid4()), "kind": "view", "page": 12, "age_ms": age} for age in (0, 1500)]
    plain = plain_batch({"events": sent}, NOW)
    assert [event["at"] for event in plain] == [NOW, NOW - timedelta(seconds=1.5)]
    assert plain == by_serializer({"events": sent})


def test_batches_beyond_the_limits_are_the_serializers_to_refuse(settings):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_MAX_BATCH": 2, "EVENTS_MAX_AGE_HOURS": 1}
    sent = {"event_id": str(uuid.uuid4()), "kind": "view", "page": 12, "age_ms": 3_600_000}
    assert plain_batch({"events": [sent] * 2}, NOW) is not None
    assert plain_batch({"events": [sent] * 3}, NOW) is None
    assert plain_batch({"events": [sent, {**sent, "age_ms": 3_600_001}]}, NOW) is None
    for data in ({"events": []}, {"events": {}}, {"events": [sent], "more": 1}, {}, [], None):
        assert plain_batch(data, NOW) is None


@pytest.mark.parametrize("data", [None, [], "event", 1, {}, {"event_id": str(uuid.uuid4())}])
def test_what_is_no_event_is_the_serializers_to_explain(data):
    assert plain_event(data) is None
