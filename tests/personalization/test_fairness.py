"""Exposure beside the share of the catalogue: pure, then measured at night and shown to editors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from wagtail.models import Page

from personalization.evaluation.fairness import age_group, exposures
from personalization.models import EventCount, ExposureGroup
from personalization.operations import exposure
from personalization.reports.exposure import group_name
from personalization.tasks import measure_exposure
from tests.factories import make_article, make_editor, make_site, make_user

TWO = {1: ["a"], 2: ["a"], 3: ["a"], 4: ["b"]}


def alerts(kind, labels, shown, before, factor=4.0):
    return {one.key: one.alert for one in exposures(kind, labels, shown, before, factor)}


def test_shares_of_pages_and_of_impressions() -> None:
    first, second = exposures("author", TWO, {1: 300, 4: 700}, {1: 500, 4: 500}, 4.0)
    assert (first.key, first.of_pages, first.of_impressions, first.before) == ("a", 0.75, 0.3, 0.5)
    assert second.ratio == pytest.approx(2.8)


def test_a_page_of_two_authors_counts_half_for_each() -> None:
    one, other = exposures("author", {1: ["a", "b"]}, {1: 10}, {}, 4.0)
    assert (one.pages, one.of_impressions) == (other.pages, other.of_impressions) == (0.5, 0.5)


def test_who_is_shown_far_off_the_share_is_worth_a_look() -> None:
    assert alerts("author", TWO, {1: 100, 4: 900}, {1: 100, 4: 900}, 3.0) == {"a": "less", "b": "more"}
    assert alerts("author", TWO, {1: 600, 4: 400}, {1: 600, 4: 400}, 3.0) == {"a": "", "b": ""}


def test_a_change_is_worth_a_look_even_of_ages() -> None:
    assert alerts("age", TWO, {1: 100, 4: 900}, {1: 900, 4: 100}) == {"a": "falling", "b": "rising"}
    assert alerts("age", TWO, {1: 100, 4: 900}, {1: 100, 4: 900}, 3.0) == {"a": "", "b": ""}


def test_with_few_impressions_chance_decides() -> None:
    assert set(alerts("author", TWO, {4: 90}, {1: 90}).values()) == {""}


@given(
    st.dictionaries(st.integers(0, 20), st.sets(st.sampled_from("abc"), min_size=1), min_size=1),
    st.dictionaries(st.integers(0, 25), st.integers(1, 500), min_size=1),
)
def test_shares_are_whole(labels, shown) -> None:
    found = exposures("section", labels, shown, {}, 4.0)
    assert sum(one.of_pages for one in found) == pytest.approx(1)
    assert sum(one.of_impressions for one in found) == pytest.approx(1 if labels.keys() & shown.keys() else 0)


def test_ages() -> None:
    assert [age_group(days) for days in (0, 6.9, 7, 30, 400)] == [0, 0, 1, 2, 3]


@pytest.fixture
def news(db):
    """Two authors with two pages each; one's were shown a thousand times each, the other's hardly."""
    site = make_site()
    one, other = (get_user_model().objects.create_user(name) for name in ("ann", "bob"))
    pages = [make_article(site) for _ in range(4)]
    for page, author in zip(pages, (one, one, other, other), strict=True):
        Page.objects.filter(pk=page.pk).update(owner=author)
    show(dict(zip(pages, (1000, 1000, 10, 10), strict=True)))
    return site


def show(times, placement="sidebar", days=1) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    EventCount.objects.bulk_create(
        EventCount(page=page, hour=hour, kind="impression", placement=placement, n=n) for page, n in times.items()
    )


def test_each_night_authors_sections_languages_and_ages_are_measured(news, caplog) -> None:
    measure_exposure()
    rows = {(row.kind, row.name): row for row in ExposureGroup.objects.all()}
    assert {kind for kind, _name in rows} == {"author", "section", "language", "age"}
    assert rows["author", "bob"].of_pages == 0.5
    assert rows["author", "bob"].alert == "less"
    assert rows["author", "ann"].alert == ""
    assert "author bob: less" in caplog.text
    measure_exposure()
    assert ExposureGroup.objects.count() == len(rows)


def test_only_what_was_recommended_in_the_last_weeks_counts(news) -> None:
    page = Page.objects.filter(owner__username="bob").first()
    show({page: 50_000}, placement="", days=2)
    show({page: 50_000}, days=exposure.DAYS + 5)
    exposure.measure()
    bob = ExposureGroup.objects.get(kind="author", name="bob")
    assert bob.of_impressions == pytest.approx(20 / 2020)
    assert bob.before == 1.0
    assert bob.alert == "falling"


def test_a_hidden_page_is_no_part_of_the_catalogue(news) -> None:
    Page.objects.filter(owner__username="bob").first().unpublish()
    exposure.measure()
    assert ExposureGroup.objects.get(kind="author", name="bob").pages == 1


def test_editors_see_alerts_first_and_read_ages_in_words(news) -> None:
    exposure.measure()
    client = Client()
    client.force_login(make_editor())
    text = client.get(reverse("personalization_exposure:index")).content.decode()
    assert "younger than 7 days" in text
    table = text[text.index("<tbody") :]
    assert table.index("bob") < table.index("ann")
    assert "Seldom shown" in table
    filtered = client.get(reverse("personalization_exposure:results"), {"kind": "language"}).content.decode()
    assert "bob" not in filtered


def test_before_the_first_night_the_page_says_when_there_will_be_something(db) -> None:
    client = Client()
    client.force_login(make_editor())
    assert "each night" in client.get(reverse("personalization_exposure:index")).content.decode()


def test_whoever_may_not_see_placements_sees_no_report(db) -> None:
    client = Client()
    client.force_login(make_user())
    assert client.get(reverse("personalization_exposure:index")).status_code == 302


def test_ages_have_names() -> None:
    with translation.override("en"):
        names = [group_name(ExposureGroup(kind="age", name=str(number))) for number in range(4)]
    assert names == ["younger than 7 days", "younger than 30 days", "younger than 365 days", "365 days and older"]
