"""The page about a segment's visitors: right, useful, and silent about small groups."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from personalization.models import Event, Placement, PlacementRule, Profile, Segment, SegmentSize, ServedSlate, Visitor
from personalization.visitors import crowds
from personalization.visitors.crowds import census
from tests.factories import make_article, make_editor, make_private, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def segment() -> Segment:
    return Segment.objects.create(name="Cyclists", description="People on bicycles.")


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def make_visitors(n: int, segments: Iterable[Segment] = (), *, days: int = 0, **profile: Any) -> list[Visitor]:
    visitors = Visitor.objects.bulk_create([Visitor() for _ in range(n)])
    belongs, seen = [segment.pk for segment in segments], timezone.now() - timedelta(days=days)
    Profile.objects.bulk_create(
        [Profile(visitor=visitor, segments=belongs, last_seen=seen, **profile) for visitor in visitors]
    )
    return visitors


def read(visitors: Iterable[Visitor], *pages: Any, minutes: int = 3) -> None:
    """Each of the visitors read the pages one after the other, two days ago."""
    start = timezone.now() - timedelta(days=2)
    Event.objects.bulk_create(
        [
            Event(
                event_id=uuid.uuid4(),
                visitor=visitor,
                kind="view",
                page=page,
                at=start + timedelta(minutes=i * minutes, seconds=10),
            )
            for visitor in visitors
            for i, page in enumerate(pages)
        ]
    )


def serve(visitors: list[Visitor], page: Any, segments: Iterable[Segment], *, clicks: int) -> None:
    """Each saw a recommendation, the first of them clicked."""
    belongs = [segment.pk for segment in segments]
    for i, visitor in enumerate(visitors):
        slate = ServedSlate.objects.create(visitor=visitor, placement="sidebar", segments=belongs)
        for kind in ("impression", "click") if i < clicks else ("impression",):
            Event.objects.create(
                event_id=uuid.uuid4(),
                visitor=visitor,
                kind=kind,
                page=page,
                at=timezone.now(),
                placement="sidebar",
                slate_id=slate.pk,
            )


def shown(client: Client, segment: Segment) -> Any:
    response = client.get(reverse("personalization_segments:inspect", args=[segment.pk]))
    assert response.status_code == 200
    return response


def text(client: Client, segment: Segment) -> str:
    return " ".join(shown(client, segment).content.decode().replace("\xa0", " ").replace("&nbsp;", " ").split())


def test_the_size_is_of_thirty_days_and_beside_all_visitors(editor: Client, segment: Segment) -> None:
    make_visitors(20, [segment])
    make_visitors(60)
    make_visitors(15, [segment], days=31)
    assert "of 80 visitors, 25 %" in text(editor, segment)


def test_nobody_yet_is_explained(editor: Client, segment: Segment) -> None:
    assert "Nobody belongs yet" in text(editor, segment)
    segment.rules = {"match": "all", "rules": [{"type": "device", "value": ["mobile"]}]}
    segment.save()
    campaign = {"type": "utm", "parameter": "source", "operator": "is", "value": "mail"}
    segment.rules = {"match": "all", "rules": [campaign]}
    segment.save()
    assert "decided anew at each visit" in text(editor, segment)
    segment.rules = {"match": "all", "rules": [{"type": "last_seen", "operator": "over", "value": 30}]}
    segment.save()
    assert "looked at when they come back" in text(editor, segment)


def test_a_small_segment_shows_nothing_of_its_visitors(editor: Client, segment: Segment, site) -> None:
    page = make_article(site, "On chains")
    topic = make_topic("Cycling")
    read(make_visitors(9, [segment], topics={str(topic.pk): 0.9}), page, make_article(site))
    make_visitors(50)
    content = text(editor, segment)
    assert "Hidden: fewer than 10 visitors" in content
    assert "On chains" not in content
    assert "Cycling" not in content


def test_a_segment_of_nearly_everybody_does_not_tell_of_the_others(segment: Segment) -> None:
    make_visitors(50, [segment])
    make_visitors(4)
    assert census().size() == 54
    assert census().size(segment.pk) is None


def test_the_nightly_task_writes_sizes_once_a_day_and_the_page_draws_them(editor: Client, segment: Segment) -> None:
    make_visitors(20, [segment])
    make_visitors(60)
    crowds.measure_segments()
    make_visitors(5, [segment])
    crowds.measure_segments()
    sizes = SegmentSize.objects.values_list("segment", "size", "is_shown")
    assert set(sizes) == {(segment.pk, 25, True), (None, 85, True)}
    for back, size, is_shown in ((1, 24, True), (2, 3, False), (3, 12, True)):
        day = timezone.localdate() - timedelta(days=back)
        SegmentSize.objects.create(segment=segment, day=day, size=size, is_shown=is_shown)
    chart = shown(editor, segment).context["history"]
    assert [each.value for each in chart.days] == [12, None, 24, 25]
    assert chart.top == 30
    assert chart.line == "M0.00 60.00 h0 M66.67 20.00 L100.00 16.67"
    assert "<td>hidden</td>" in text(editor, segment)


def test_topics_are_those_of_ten_visitors_beside_all(editor: Client, segment: Segment) -> None:
    cycling, knitting = make_topic("Cycling"), make_topic("Knitting")
    make_visitors(10, [segment], topics={str(cycling.pk): 0.8})
    make_visitors(5, [segment], topics={str(knitting.pk): 0.9})
    make_visitors(25)
    content = text(editor, segment)
    assert "53.3 %" in content  # 0.8 of ten of fifteen
    assert "20.0 %" in content  # of ten of forty
    assert "Knitting" not in content


def test_pages_are_those_that_ten_visitors_read(editor: Client, segment: Segment, site) -> None:
    chains, gears, rare = (make_article(site, title) for title in ("On chains", "On gears", "On rust"))
    members = make_visitors(30, [segment])
    read(members[:20], chains)
    read(members[:9], rare)
    read(members[:28], gears)
    read(make_visitors(40), rare)
    content = text(editor, segment)
    assert "67 %" in content
    assert "nearly all" in content  # 28 of 30: how few did not is not told
    assert "On rust" not in content


def test_who_did_not_agree_to_statistics_is_in_no_count_of_what_was_read(
    editor: Client, segment: Segment, site
) -> None:
    first, second = make_article(site, "On chains"), make_article(site, "On gears")
    members = make_visitors(20, [segment])
    read(members, first, second)
    serve(members, first, [segment], clicks=20)
    Visitor.objects.update(purposes=["personalization"])
    found = shown(editor, segment).context
    assert (found["size"], found["pages"], found["journeys"], found["rates"]) == (20, [], [], ())


def test_titles_of_pages_that_the_user_may_not_see_are_left_out(client: Client, segment: Segment, site) -> None:
    secret, public = make_article(site, "Secret plans"), make_article(site, "On chains")
    make_private(secret)
    members = make_visitors(20, [segment])
    read(members, public, secret)
    analysts = Group.objects.create(name="Analysts")
    analysts.permissions.add(Permission.objects.get(codename="view_segment"))
    client.force_login(make_user(analysts))
    content = text(client, segment)
    assert "On chains" in content
    assert "Secret plans" not in content
    assert reverse("wagtailadmin_pages:edit", args=[public.pk]) not in content
    client.force_login(make_editor())
    assert "Secret plans" in text(client, segment)


def test_clicks_are_compared_with_everybodys_within_an_interval(editor: Client, segment: Segment, site) -> None:
    page = make_article(site)
    members, others = make_visitors(40, [segment]), make_visitors(40)
    serve(members, page, [segment], clicks=20)
    serve(others, page, [], clicks=0)
    ours, everybody = (bar.rate for bar in shown(editor, segment).context["rates"])
    assert (ours.share, everybody.share) == (0.5, 0.25)
    assert (ours.low, ours.high) == pytest.approx((0.352, 0.648), abs=0.003)  # Wilson's of 20 of 40
    assert "50.0 %" in text(editor, segment)


def test_clicks_of_few_are_not_told(editor: Client, segment: Segment, site) -> None:
    page = make_article(site)
    serve(make_visitors(40, [segment]), page, [segment], clicks=5)
    serve(make_visitors(40), page, [], clicks=20)
    assert "Too few of the segment’s visitors" in text(editor, segment)


def test_overlaps_are_told_where_no_rest_is_small(editor: Client, segment: Segment) -> None:
    walkers, twins = Segment.objects.create(name="Walkers"), Segment.objects.create(name="Twins")
    make_visitors(30, [segment])
    make_visitors(15, [segment, walkers])
    make_visitors(20, [walkers])
    make_visitors(3, [segment, twins])
    make_visitors(20, [twins])
    make_visitors(100)
    found = census()
    assert found.overlap(segment.pk) == {walkers.pk: 15}
    content = text(editor, segment)
    assert "Walkers" in content
    assert "31 %" in content  # 15 of 48
    assert "Twins" not in content


def test_journeys_tell_pages_and_minutes_and_nobody(editor: Client, segment: Segment, site) -> None:
    first, second, rare = (make_article(site, title) for title in ("On chains", "On gears", "On rust"))
    members = make_visitors(12, [segment])
    read(members, first, second, minutes=2)
    read(members[:3], rare, first, second)
    (journey,) = shown(editor, segment).context["journeys"]
    assert [(link.title, minutes) for link, minutes in journey] == [("On chains", 0), ("On gears", 2)]
    content = text(editor, segment)
    assert "+2 min" in content
    assert not any(str(visitor.pk) in content for visitor in members)


def test_the_page_says_where_the_segment_is_used(editor: Client, segment: Segment, site) -> None:
    assert "No placement pins or excludes" in text(editor, segment)
    placement = Placement.objects.create(name="sidebar")
    PlacementRule.objects.create(placement=placement, page=make_article(site, "On chains"), segment=segment)
    rule = {"type": "segment", "segment": segment.pk, "operator": "is"}
    Segment.objects.create(name="Fast cyclists", rules={"match": "all", "rules": [rule]})
    content = text(editor, segment)
    assert "On chains" in content
    assert reverse("personalization_placements:edit", args=[placement.pk]) in content
    assert "Rule of the segment Fast cyclists" in content


def test_the_site_is_previewed_as_the_segment_sees_it(editor: Client, segment: Segment, site) -> None:
    page = make_article(site, "On chains")
    url = reverse("personalization_segments:preview", args=[segment.pk, site.root_page.pk])
    assert url in text(editor, segment)
    assert editor.get(url).status_code == 200
    assert (
        "On chains"
        in editor.get(reverse("personalization_segments:preview", args=[segment.pk, page.pk])).content.decode()
    )
    assert editor.get(reverse("personalization_segments:preview", args=[segment.pk, 987654])).status_code == 404
    assert not Event.objects.exists()
    assert not Visitor.objects.exists()


def test_more_visitors_and_segments_cost_no_query_more(editor: Client, segment: Segment, site) -> None:
    pages = [make_article(site) for _ in range(3)]
    read(make_visitors(20, [segment]), *pages[:1])
    shown(editor, segment)
    with CaptureQueriesContext(connection) as few:
        shown(editor, segment)
    others = [Segment.objects.create(name=f"Segment {i}") for i in range(5)]
    read(make_visitors(40, [segment, *others]), *pages)
    with CaptureQueriesContext(connection) as many:
        shown(editor, segment)
    assert len(many) <= len(few) + 1  # the names of the segments that overlap


def test_the_list_and_the_form_lead_there(editor: Client, segment: Segment) -> None:
    url = reverse("personalization_segments:inspect", args=[segment.pk])
    listing = editor.get(reverse("personalization_segments:index")).content.decode()
    assert "Visitors" in listing[listing.index(url) :][:600]
    assert "Inspect" not in listing
    assert url in editor.get(reverse("personalization_segments:edit", args=[segment.pk])).content.decode()


def test_only_people_with_segments_see_it(client: Client, segment: Segment, site) -> None:
    client.force_login(make_user())
    for url in (
        reverse("personalization_segments:inspect", args=[segment.pk]),
        reverse("personalization_segments:preview", args=[segment.pk, site.root_page.pk]),
    ):
        assert client.get(url).status_code == 302
