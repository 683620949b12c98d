"""Who belongs to a segment is stored true to its rules, for visitors who do not come back, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from personalization import tasks
from personalization.models import Profile, Segment, Visitor
from personalization.visitors import belonging
from tests.factories import make_topic

pytestmark = pytest.mark.django_db


def make_profile(*, days: int = 1, **fields: Any) -> Profile:
    seen = timezone.now() - timedelta(days=days)
    return Profile.objects.create(visitor=Visitor.objects.create(), last_seen=seen, **fields)


def make_segment(name: str, *rules: dict[str, Any], **fields: Any) -> Segment:
    return Segment.objects.create(name=name, rules={"match": "all", "rules": list(rules)}, **fields)


def stored(profile: Profile) -> list[int]:
    profile.refresh_from_db()
    return profile.segments


def test_a_new_segment_gets_the_visitors_who_match_and_lets_go_of_others() -> None:
    topic = make_topic("Cycling")
    cyclists = make_segment("Cyclists", {"type": "topic", "topic": topic.pk, "operator": "at_least", "value": 0.3})
    inside, outside = make_profile(topics={str(topic.pk): 0.5}), make_profile(segments=[cyclists.pk, 7])
    assert belonging.refresh(cyclists.pk) == 2
    assert stored(inside) == [cyclists.pk]
    assert stored(outside) == [7]
    assert belonging.refresh(cyclists.pk) == 0


def test_time_alone_moves_visitors() -> None:
    lately = make_segment("Lately", {"type": "last_seen", "operator": "within", "value": 7})
    gone = make_profile(days=8, segments=[lately.pk])
    belonging.refresh()
    assert stored(gone) == []


def test_visitors_of_long_ago_do_not_join() -> None:
    all_readers = make_segment("All", {"type": "views", "operator": "at_least", "value": 0})
    old = make_profile(days=40)
    belonging.refresh()
    assert stored(old) == []
    assert all_readers.pk not in stored(old)


def test_a_disabled_segment_is_empty() -> None:
    segment = make_segment("Off", {"type": "views", "operator": "at_least", "value": 0}, is_enabled=False)
    profile = make_profile(segments=[segment.pk])
    belonging.refresh()
    assert stored(profile) == []


def test_a_deleted_segment_leaves_nothing_behind() -> None:
    profile = make_profile(segments=[7, 8])
    belonging.refresh(7)
    assert stored(profile) == [8]


def test_rules_that_depend_on_the_visit_are_left_to_the_visit() -> None:
    mail = make_segment("Mail", {"type": "utm", "parameter": "source", "operator": "is", "value": "mail"})
    profile = make_profile(segments=[mail.pk])
    belonging.refresh()
    assert stored(profile) == [mail.pk]


def test_many_are_moved_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belonging, "CHUNK", 2)
    segment = make_segment("All", {"type": "views", "operator": "at_least", "value": 0})
    profiles = [make_profile() for _ in range(5)]
    assert belonging.refresh(segment.pk) == 5
    assert all(stored(profile) == [segment.pk] for profile in profiles)


def test_a_saved_segment_is_sent_to_a_worker(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks._broker, "send", lambda *arguments: sent.append(arguments))
    with django_capture_on_commit_callbacks(execute=True):
        segment = make_segment("All")
    assert sent == [(tasks.refresh_segment, segment.pk)]
