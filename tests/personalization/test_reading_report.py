"""The report of how pages were read: right, of no small group, and noisy in files where the site says so."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from personalization.models import Event, Release, Visitor
from tests.factories import make_article, make_editor, make_site, make_user

pytestmark = pytest.mark.django_db

URL = "personalization_reading:index"


@pytest.fixture
def pages():
    site = make_site()
    return [make_article(site, title) for title in ("The bridge", "The river")]


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def read(*pages, readers: int = 10, days: float = 0, dwell: float | None = None, depth: float | None = None):
    """So many new readers each read the pages, in this order, within one visit."""
    visitors = Visitor.objects.bulk_create([Visitor() for _ in range(readers)])
    start = timezone.now() - timedelta(days=days, hours=1)
    values = [(kind, value) for kind, value in (("view", None), ("dwell", dwell), ("scroll", depth))]
    Event.objects.bulk_create(
        Event(event_id=uuid.uuid4(), visitor=visitor, kind=kind, page=page, value=value, at=at + timedelta(seconds=n))
        for visitor in visitors
        for number, page in enumerate(pages)
        for at in [start + timedelta(minutes=number)]
        for n, (kind, value) in enumerate(values)
        if kind == "view" or value is not None
    )


def rows(client: Client, **query: object) -> dict[str, list[str]]:
    """Page to views, readers, reading time, depth, entries, bounces and their share in the CSV file."""
    response = client.get(reverse(URL), {"export": "csv", **query})
    lines = list(csv.reader(io.StringIO(response.getvalue().decode())))[1:]
    return {line[0]: line[2:] for line in lines}


def screen(client: Client, **query: object) -> str:
    return " ".join(client.get(reverse(URL), query).content.decode().split())


def test_each_page_has_its_figures_the_most_viewed_first(editor: Client, pages) -> None:
    bridge, river = pages
    read(bridge, readers=12, dwell=75, depth=0.5)
    read(bridge, river, readers=28)
    read(bridge, dwell=105, depth=1.0, readers=12)
    assert list(rows(editor).items()) == [
        ("The bridge", ["52", "52", "90.0", "0.75", "52", "24", str(24 / 52)]),
        ("The river", ["28", "28", "", "", "0", "0", ""]),
    ]
    html = screen(editor)
    assert ">1:30<" in html.replace(" ", "")
    assert "75.0 %" in html
    assert "46.2 %" in html
    assert list(rows(editor, ordering="views")) == ["The river", "The bridge"]


def test_a_period_counts_what_it_holds(editor: Client, pages) -> None:
    for days, readers in ((0, 10), (20, 11), (60, 12)):
        read(pages[0], readers=readers, days=days)
    assert [rows(editor, days=days)["The bridge"][0] for days in (7, 30, 90)] == ["10", "21", "33"]
    assert rows(editor)["The bridge"][0] == "21"
    assert rows(editor, days=12)["The bridge"][0] == "21"


def test_fewer_than_ten_readers_are_hidden_however_often_they_came(editor: Client, pages) -> None:
    for _ in range(3):
        read(pages[0], pages[0], readers=3, dwell=30, depth=0.5)
    assert rows(editor)["The bridge"] == [""] * 7
    html = screen(editor)
    assert "fewer than 10 visitors" in html
    assert html.count("hidden") >= 2
    assert "0:30" not in html


def test_a_longer_period_does_not_give_its_few_earlier_readers_away(editor: Client, pages) -> None:
    read(pages[0], readers=20)
    read(pages[0], readers=3, days=20)
    shown = [rows(editor, days=days)["The bridge"][0] for days in (7, 30, 90)]
    assert shown == ["", "23", "23"]


def test_the_few_who_stayed_are_not_told_by_those_who_left(editor: Client, pages) -> None:
    read(pages[0], readers=30)
    read(*pages, readers=4)
    assert rows(editor)["The bridge"] == ["34", "34", "", "", "34", "", ""]


def test_means_of_few_are_hidden_beside_counts_of_many(editor: Client, pages) -> None:
    read(pages[0], readers=30)
    read(pages[0], readers=9, dwell=500, depth=0.9)
    assert rows(editor)["The bridge"][:4] == ["39", "39", "", ""]


def test_who_did_not_agree_to_statistics_is_not_counted(editor: Client, pages) -> None:
    read(pages[0], readers=20)
    Visitor.objects.update(purposes=["personalization"])
    read(pages[0], readers=12)
    assert rows(editor)["The bridge"][0] == "12"


def test_counts_in_files_carry_noise_and_means_are_left_out(editor: Client, pages, settings, monkeypatch) -> None:
    settings.WAGTAIL_PERSONALIZATION = {"DIFFERENTIAL_PRIVACY": {"epsilon": 0.5, "per_visitor": 4}}
    read(pages[0], readers=20, dwell=60, depth=0.5)
    read(pages[1], readers=9)
    eager = Event.objects.filter(page=pages[0]).first().visitor
    for minutes in range(1, 40):
        at = timezone.now() - timedelta(minutes=minutes)
        Event.objects.create(event_id=uuid.uuid4(), visitor=eager, kind="view", page=pages[0], at=at)
    asked = {}
    monkeypatch.setattr(
        "personalization.visitors.releases.noisy",
        lambda counts, epsilon, contribution: asked.update(locals()) or ([n + 1 for n in counts], epsilon),
    )
    told = rows(editor)
    assert (asked["epsilon"], asked["contribution"]) == (0.5, 4)
    # Of the eager reader's 42 contributions four count. The bounces of the others are hidden: one reader stayed.
    assert sum(asked["counts"]) == 19 * 3 + 4
    assert told["The bridge"][2:4] == ["", ""]
    assert told["The bridge"][0] == str(asked["counts"][0] + 1)
    assert told["The river"] == [""] * 7
    assert rows(editor) == told
    assert Release.objects.get().report == "reading"
    assert "Reading report" in editor.get(reverse("personalization_releases:index")).content.decode()


def test_the_report_asks_no_query_more_for_more_pages(editor: Client, pages, django_assert_max_num_queries) -> None:
    for _ in range(6):
        read(make_article(pages[0].get_site()), readers=10)
    screen(editor)
    with django_assert_max_num_queries(25):
        screen(editor)


def test_an_empty_report_says_what_it_waits_for(editor: Client) -> None:
    assert "No page was read in this time" in screen(editor)


def test_it_is_in_the_menu_of_those_who_may_see_it(editor: Client, pages) -> None:
    assert reverse(URL) in editor.get(reverse("wagtailadmin_home")).content.decode()
    editor.force_login(make_user())
    assert editor.get(reverse(URL)).status_code == 302
