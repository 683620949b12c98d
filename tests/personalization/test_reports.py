"""The report of what readers saw and clicked: right, of no small group, and noisy in files where the site says so."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from personalization.models import Event, Placement, Release, Segment, ServedSlate, Visitor
from tests.factories import make_article, make_editor, make_site, make_user

pytestmark = pytest.mark.django_db

URL = "personalization_report:index"
NOISY = {"DIFFERENTIAL_PRIVACY": {"epsilon": 0.5}}


@pytest.fixture
def page():
    return make_article(make_site())


def see(page, placement: str, segments: Iterable[Segment] = (), *, readers: int = 10, clicks: int = 0, days: int = 0):
    """So many new readers each see the placement once, in a slate served to those segments; some of them click."""
    served = [segment.pk for segment in segments]
    visitors = Visitor.objects.bulk_create([Visitor() for _ in range(readers)])
    at = timezone.now() - timedelta(days=days, minutes=1)
    for i, visitor in enumerate(visitors):
        slate = ServedSlate.objects.create(visitor=visitor, placement=placement, segments=served)
        for kind in ("impression", "click") if i < clicks else ("impression",):
            Event.objects.create(
                event_id=uuid.uuid4(),
                visitor=visitor,
                kind=kind,
                page=page,
                at=at,
                placement=placement,
                slate_id=slate.pk,
            )


@pytest.fixture
def segment(page) -> Segment:
    """A segment of which 20 readers saw the sidebar and 10 clicked; 20 others saw it."""
    segment = Segment.objects.create(name="Cyclists")
    Placement.objects.create(name="sidebar")
    Placement.objects.create(name="unseen")
    see(page, "sidebar", [segment], readers=20, clicks=10)
    see(page, "sidebar", readers=20)
    return segment


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def rows(client: Client, **query: object) -> dict[str, list[str]]:
    """Placement to its numbers in the CSV file."""
    response = client.get(reverse(URL), {"export": "csv", **query})
    lines = list(csv.reader(io.StringIO(response.getvalue().decode())))[1:]
    return {line[0]: line[2:] for line in lines}


def screen(client: Client, **query: object) -> str:
    return client.get(reverse(URL), query).content.decode()


def test_the_report_counts_by_placement_and_by_segment(editor: Client, segment: Segment) -> None:
    assert rows(editor) == {"sidebar": ["40", "10", "0.25"], "unseen": ["0", "0", ""]}
    assert rows(editor, segment=segment.pk)["sidebar"] == ["20", "10", "0.5"]
    assert "25.0\xa0%" in screen(editor)


def test_the_report_counts_by_period(editor: Client, segment: Segment, page) -> None:
    see(page, "sidebar", readers=10, days=20)
    see(page, "sidebar", readers=10, days=60)
    assert [rows(editor, days=days)["sidebar"][0] for days in (7, 30, 90)] == ["40", "50", "60"]
    assert rows(editor)["sidebar"][0] == "50"
    assert rows(editor, days=12)["sidebar"][0] == "50"


def test_who_did_not_agree_to_statistics_is_not_counted(editor: Client, segment: Segment, page, settings) -> None:
    see(page, "sidebar", readers=20)
    silent = Visitor.objects.order_by("-consented_at").values("pk")[:20]
    Visitor.objects.filter(pk__in=list(silent.values_list("pk", flat=True))).update(purposes=["personalization"])
    assert rows(editor)["sidebar"][0] == "40"
    settings.WAGTAIL_PERSONALIZATION = {"DIFFERENTIAL_PRIVACY": {"epsilon": 1000.0}}
    assert abs(int(rows(editor)["sidebar"][0]) - 40) <= 1


def test_the_report_comes_as_a_spreadsheet(editor: Client, segment: Segment) -> None:
    response = editor.get(reverse(URL), {"export": "xlsx"})
    sheet = load_workbook(io.BytesIO(response.getvalue())).active
    assert [cell.value for cell in sheet[1]] == [
        "Placement",
        "Strategy",
        "Impressions",
        "Clicks",
        "Clicks per impression",
    ]
    assert [cell.value for cell in sheet[2]] == ["sidebar", "blend", 40, 10, 0.25]


def test_fewer_than_ten_readers_are_hidden_however_much_they_saw(editor: Client, page) -> None:
    Placement.objects.create(name="sidebar")
    see(page, "sidebar", readers=9)
    Event.objects.bulk_create(
        [
            Event(
                event_id=uuid.uuid4(),
                visitor=visitor,
                kind="impression",
                page=page,
                at=timezone.now(),
                placement="sidebar",
            )
            for visitor in Visitor.objects.all()
            for _ in range(10)
        ]
    )
    assert rows(editor)["sidebar"] == ["", "0", ""]
    assert "fewer than 10 visitors" in screen(editor)
    see(page, "sidebar", readers=1)
    assert rows(editor)["sidebar"] == ["100", "0", "0.0"]


def test_the_site_says_how_small_is_too_small(editor: Client, page, settings) -> None:
    settings.WAGTAIL_PERSONALIZATION = {"K_ANONYMITY": 3}
    Placement.objects.create(name="sidebar")
    see(page, "sidebar", readers=3, clicks=2)
    assert rows(editor)["sidebar"] == ["3", "", ""]


def test_a_segment_that_nearly_everybody_is_in_does_not_give_the_others_away(editor: Client, segment, page) -> None:
    almost = Segment.objects.create(name="Almost all")
    Placement.objects.create(name="home")
    see(page, "home", [almost], readers=30)
    see(page, "home", readers=4)
    assert rows(editor)["home"][0] == "34"
    assert rows(editor, segment=almost.pk)["home"] == ["", "0", ""]


def test_a_longer_period_does_not_give_its_few_earlier_readers_away(editor: Client, segment, page) -> None:
    see(page, "sidebar", readers=3, days=20)
    shown = [rows(editor, days=days)["sidebar"][0] for days in (7, 30, 90)]
    assert shown == ["", "43", "43"]


def test_one_segment_of_a_partition_hidden_hides_another(editor: Client, page) -> None:
    Placement.objects.create(name="home")
    parts = [Segment.objects.create(name=name) for name in "abc"]
    for part, readers in zip(parts, (30, 20, 5), strict=True):
        see(page, "home", [part], readers=readers)
    assert rows(editor)["home"][0] == "55"
    assert sorted(rows(editor, segment=part.pk)["home"][0] for part in parts)[:2] == ["", ""]


def test_hidden_rows_are_sorted_as_if_they_had_no_number(editor: Client, segment, page) -> None:
    Placement.objects.create(name="few")
    see(page, "few", readers=9)
    for ordering in ("impressions", "-impressions"):
        assert list(rows(editor, ordering=ordering))[-1] == "few"


def test_files_carry_noise_that_is_drawn_once_a_day(editor: Client, segment, settings) -> None:
    settings.WAGTAIL_PERSONALIZATION = NOISY
    assert ">40<" in screen(editor).replace(" ", "").replace("\n", "")
    first = rows(editor)
    assert first == rows(editor)
    release = Release.objects.get()
    assert release.epsilon == pytest.approx(0.5)
    assert release.numbers["sidebar"]["impressions"] == int(first["sidebar"][0])
    drawn = set()
    for back in range(6):
        Release.objects.filter(day=timezone.localdate()).update(day=timezone.localdate() - timedelta(days=back + 1))
        drawn.add(rows(editor)["sidebar"][0])
    assert len(drawn) > 1


def test_each_choice_of_filters_is_booked_and_shown(editor: Client, segment, settings) -> None:
    settings.WAGTAIL_PERSONALIZATION = NOISY
    for query in ({}, {"segment": segment.pk}, {"days": 7}, {"days": 30}):
        rows(editor, **query)
    assert Release.objects.count() == 3
    account = editor.get(reverse("personalization_releases:index")).content.decode()
    assert "<strong>1.5</strong>" in account
    assert "Cyclists, last 30 days" in account
    assert reverse("personalization_releases:index") in editor.get(reverse("wagtailadmin_home")).content.decode()


def test_noise_hides_what_is_too_small_all_the_same(editor: Client, page, settings) -> None:
    settings.WAGTAIL_PERSONALIZATION = NOISY
    Placement.objects.create(name="sidebar")
    see(page, "sidebar", readers=9)
    assert rows(editor)["sidebar"][0] == ""


def test_of_each_visitor_only_so_many_events_count_in_a_noisy_file(editor: Client, page, settings, monkeypatch) -> None:
    settings.WAGTAIL_PERSONALIZATION = {"DIFFERENTIAL_PRIVACY": {"epsilon": 0.5, "per_visitor": 3}}
    Placement.objects.create(name="sidebar")
    see(page, "sidebar", readers=12)
    eager = Visitor.objects.first()
    for _ in range(50):
        Event.objects.create(
            event_id=uuid.uuid4(), visitor=eager, kind="impression", page=page, at=timezone.now(), placement="sidebar"
        )
    asked = {}
    monkeypatch.setattr(
        "personalization.visitors.releases.noisy",
        lambda counts, epsilon, contribution: asked.update(locals()) or (counts, epsilon),
    )
    assert rows(editor)["sidebar"][0] == str(11 + 3)
    assert (asked["epsilon"], asked["contribution"]) == (0.5, 3)


def test_an_empty_report_says_what_to_do(editor: Client) -> None:
    assert "Create one under Affinity" in screen(editor)
    Placement.objects.create(name="sidebar")
    assert "Nothing was seen in this time" in screen(editor)


def test_the_report_asks_no_query_more_for_more_placements(
    editor: Client, segment, page, django_assert_max_num_queries
) -> None:
    for i in range(10):
        Placement.objects.create(name=f"spot-{i}")
        Segment.objects.create(name=f"Segment {i}")
    screen(editor)
    with django_assert_max_num_queries(25):
        screen(editor)


def test_only_people_with_placements_see_the_report(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(reverse(URL)).status_code == 302
    assert client.get(reverse("personalization_releases:index")).status_code == 302
    readers = Group.objects.create(name="Analysts")
    readers.permissions.add(Permission.objects.get(codename="view_placement"))
    client.force_login(make_user(readers))
    assert client.get(reverse(URL)).status_code == 200
    home = client.get(reverse("wagtailadmin_home")).content.decode()
    assert reverse(URL) in home
    assert reverse("personalization_releases:index") not in home
