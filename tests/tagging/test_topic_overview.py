"""A topic's overview: counts, precision, history and drift, and the list of its pages."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from wagtail.models import GroupPagePermission, Page

from tagging.evaluation.share import Share
from tagging.models import Suggestion
from tagging.operations.topic_overview import history, precision, state_counts, topic_drift
from tagging.topics.drift import drift
from tagging.topics.terms import distinctive_terms
from tests.factories import make_article, make_editor, make_site, make_topic, make_user, make_vector

State = Suggestion.State
MAY = datetime(2025, 5, 10, tzinfo=UTC)


@pytest.fixture
def site(db):
    return make_site()


def on(topic, page, state=State.APPLIED, score=0.8, source="vector", **fields):
    return Suggestion.objects.create(page=page, topic=topic, state=state, score=score, source=source, **fields)


def publish(page, when):
    Page.objects.filter(pk=page.pk).update(first_published_at=when)
    page.refresh_from_db()
    return page


def overview(client, topic):
    return client.get(reverse("affinity_topics:inspect", args=[topic.pk]))


def text(response):
    return " ".join(response.content.decode().split())


# Pure parts


def test_the_issue_s_own_figures():
    share = Share(41, 50)
    assert (share.percent, share.margin_points) == (82, 11)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_never_leaves_0_to_1(counts):
    share = Share(*counts)
    low, high = share.interval
    assert 0 <= low <= share.value + 1e-9
    assert share.value - 1e-9 <= high <= 1
    assert low < high


def test_nothing_decided_says_nothing():
    assert Share(0, 0).interval == (0.0, 1.0)


def test_terms_tell_groups_apart_and_leave_out_the_topic_s_name():
    rovers = [{"rover", "space", "mars"}, {"rover", "space", "crater"}, {"rover", "space"}]
    moons = [{"moon", "space"}, {"moon", "space", "tide"}]
    assert distinctive_terms(rovers, moons, 3) == ("rover",)
    assert distinctive_terms(rovers, moons, 3, without="Rovers") == ()


def directions(angle, count, seed):
    random = np.random.default_rng(seed)
    centre = np.array([np.cos(angle), np.sin(angle), 0.0])
    rows = centre + random.normal(0, 0.2, (count, 3))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_pages_that_turned_elsewhere_have_moved_and_others_have_not():
    moved = drift(np.vstack([directions(1.2, 10, 1), directions(0, 20, 2)]))
    steady = drift(directions(0, 30, 3))
    assert moved.moved
    assert moved.newer == 10
    assert moved.cosine < steady.cosine
    assert not steady.moved
    assert drift(directions(0, 5, 4)) is None


# From the database


def test_counts_are_the_topic_s_own_and_of_all_below_it_a_page_once(site):
    culture = make_topic("Culture")
    film = make_topic("Film", culture)
    both = make_article(site)
    on(culture, both)
    on(film, both)
    on(film, make_article(site))
    on(culture, make_article(site), State.REJECTED)
    counts = {count.state: (count.own, count.with_below) for count in state_counts(culture)}
    assert counts == {State.ACCEPTED: (0, 0), State.APPLIED: (1, 2), State.SUGGESTED: (0, 0), State.REJECTED: (1, 1)}


def test_precision_is_of_what_the_machine_found_sure_and_unsure_apart(site):
    topic = make_topic("Film")
    for state, score in (
        ("accepted", 0.9),
        ("accepted", 0.8),
        ("rejected", 0.75),
        ("rejected", 0.4),
        ("accepted", 0.5),
    ):
        on(topic, make_article(site), state, score)
    on(topic, make_article(site), "accepted", 1.0, source="editor")
    found = precision(topic)
    assert found.overall == Share(3, 5)
    assert found.applied == Share(2, 3)
    assert found.suggested == Share(1, 2)


def test_history_counts_pages_when_published_and_decisions_when_made(site):
    topic = make_topic("Film")
    on(topic, publish(make_article(site), MAY))
    on(topic, publish(make_article(site), MAY), "rejected", decided_at=MAY + timedelta(days=62))
    on(topic, publish(make_article(site), MAY + timedelta(days=31)), "accepted", decided_at=MAY + timedelta(days=62))
    found = [(period.start.month, period.pages, period.decisions) for period in history(topic)]
    assert found == [(5, 1, Share(0, 0)), (6, 1, Share(0, 0)), (7, 0, Share(1, 2))]
    on(topic, publish(make_article(site), MAY - timedelta(days=900)))
    assert {period.months for period in history(topic)} == {3}
    on(topic, publish(make_article(site), MAY - timedelta(days=5000)))
    assert {period.months for period in history(topic)} == {12}


def accept_series(site, topic, turned):
    for number in range(15):
        title = f"Opera premiere {number}" if turned and number < 5 else f"Cinema review {number}"
        page = publish(make_article(site, title), MAY - timedelta(days=number))
        on(topic, page, State.ACCEPTED)
        make_vector(page, *((0.1, 1, 0.1 * number) if turned and number < 5 else (1, 0.1, 0.1)))


def test_drift_names_the_words_that_are_new(site):
    topic = make_topic("Stage")
    accept_series(site, topic, turned=True)
    found = topic_drift(topic)
    assert found.drift.moved
    assert found.newer_terms[0] in ("opera", "premiere")
    assert found.older_terms[0] in ("cinema", "review")
    assert found.since == (MAY - timedelta(days=4)).date()


# In the admin


def test_the_overview_says_it_all_in_words(client, site):
    client.force_login(make_editor())
    topic = make_topic("Stage")
    accept_series(site, topic, turned=True)
    on(topic, make_article(site), State.REJECTED)
    html = text(overview(client, topic))
    assert "editors kept 15 of 16; 94 % ±" in html
    assert "The topic has moved." in html
    assert "opera" in html
    assert "As a table" in html
    assert html.count("Cinema review") + html.count("Opera premiere") == 5


def test_an_unused_topic_explains_what_will_be_seen(client, site):
    client.force_login(make_editor())
    html = text(overview(client, make_topic("Film")))
    assert "No page that you may edit is on this topic yet" in html
    assert "No editor has accepted or rejected this topic yet" in html
    assert "Once editors have accepted the topic on a dozen pages" in html


def test_pages_by_probability_are_filtered_by_state_and_exported(client, site):
    client.force_login(make_editor())
    topic = make_topic("Film")
    for title, state, score in (("Maybe", "suggested", 0.6), ("Sure", "applied", 0.8), ("No", "rejected", 0.9)):
        on(topic, make_article(site, title), state, score)
    url = reverse("affinity_topics:pages", args=[topic.pk])
    html = text(client.get(url))
    assert html.index("No </a>") < html.index("Sure </a>") < html.index("Maybe </a>")
    assert "80%" in html
    html = text(client.get(url, {"state": "suggested"}))
    assert "Maybe" in html
    assert "Sure </a>" not in html
    csv = b"".join(client.get(url, {"export": "csv"})).decode()
    assert "Sure,en,0.8,Applied" in csv


def limited_editor(section):
    """Somebody who may change topics, and pages of one section only."""
    group = Group.objects.create(name="Section editors")
    group.permissions.add(Permission.objects.get(codename="change_topic"))
    change = Permission.objects.get(content_type__app_label="wagtailcore", codename="change_page")
    GroupPagePermission.objects.create(group=group, page=section, permission=change)
    return make_user(group)


def test_only_pages_that_the_user_may_edit_are_named(client, site):
    topic = make_topic("Film")
    mine, other = make_article(site, "Mine"), make_article(site, "Other")
    on(topic, mine)
    on(topic, other)
    client.force_login(limited_editor(mine))
    for url in ("inspect", "pages"):
        html = text(client.get(reverse(f"affinity_topics:{url}", args=[topic.pk])))
        assert "Mine" in html
        assert "Other" not in html


def test_strangers_see_nothing(client, site):
    topic = make_topic("Film")
    client.force_login(make_user())
    for url in ("inspect", "pages"):
        assert client.get(reverse(f"affinity_topics:{url}", args=[topic.pk])).status_code == 302


def test_the_overview_costs_the_same_for_few_and_many_pages(client, site):
    client.force_login(make_editor())
    topic = make_topic("Film")

    def queries(name):
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(f"affinity_topics:{name}", args=[topic.pk]))
        return len(captured)

    accept_series(site, topic, turned=False)
    counts = [queries(name) for name in ("inspect", "pages", "inspect", "pages")]
    for _ in range(5):
        on(topic, make_article(site), State.REJECTED)
    assert [queries("inspect"), queries("pages")] == counts[2:]
