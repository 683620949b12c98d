"""The quick way through validation takes nothing that the serializer would not take, and takes it as the same."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from personalization.api.event_batch import EventSerializer
from personalization.api.plain_events import plain_event

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


@pytest.mark.parametrize("data", [None, [], "event", 1, {}, {"event_id": str(uuid.uuid4())}])
def test_what_is_no_event_is_the_serializers_to_explain(data):
    assert plain_event(data) is None
