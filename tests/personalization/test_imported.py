"""Segments of wagtail-personalisation as rules, against a stand-in for that package: it is no dependency of ours.

The stand-in has what we use of version 1.0: `adapters.get_segment_adapter(request).get_segments()`.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from personalization.models import Segment
from personalization.segmentation import get_rule_type, registry
from personalization.visitors import Affinity, memberships


class StandIn:
    """Knows the readers' segments, and how often it was asked."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.asked = 0

    def get_segment_adapter(self, request: HttpRequest) -> Any:
        return self

    def get_segments(self) -> list[Any]:
        self.asked += 1
        return [SimpleNamespace(pk=pk) for pk in self.ids]


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    adapters = ModuleType("wagtail_personalisation.adapters")
    adapters.get_segment_adapter = stand_in.get_segment_adapter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wagtail_personalisation", ModuleType("wagtail_personalisation"))
    monkeypatch.setitem(sys.modules, "wagtail_personalisation.adapters", adapters)
    monkeypatch.setattr(memberships, "is_peer_installed", lambda: True)
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))
    memberships.connect()
    return stand_in


def visit(session: bool = True) -> Affinity:
    request = RequestFactory().get("/")
    if session:
        request.session = SessionStore()
    return Affinity(request)


def test_without_the_package_there_is_no_such_rule() -> None:
    memberships.connect()
    assert get_rule_type("wagtail_personalisation") is None
    assert visit().context.imported == set()


@pytest.mark.django_db
def test_its_own_segments_decide_and_are_asked_once_if_a_rule_asks(peer: StandIn) -> None:
    peer.ids = [7]
    affinity = visit()
    assert affinity.segments == set()
    assert peer.asked == 0
    for operator, number in (("in", 7), ("not_in", 7), ("in", 8), ("not_in", 8)):
        rule = {"type": "wagtail_personalisation", "operator": operator, "segment": number}
        Segment.objects.create(name=f"{operator} {number}", rules={"match": "all", "rules": [rule]})
    found = visit().segments
    assert set(Segment.objects.filter(pk__in=found).values_list("name", flat=True)) == {"in 7", "not_in 8"}
    assert peer.asked == 1


def test_where_there_is_no_session_nobody_is_in_its_segments(peer: StandIn) -> None:
    peer.ids = [7]
    assert visit(session=False).context.imported == set()
