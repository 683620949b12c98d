"""Pages that are alike and that no topic fits are proposed as a topic, with their own words, until editors decide."""

from __future__ import annotations

import numpy as np
import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tagging import operations, tasks
from tagging.hygiene.clusters import distinctive_terms, find_clusters
from tagging.models import Inquiry, MissingTopic, Suggestion
from tests.factories import make_article, make_editor, make_site, make_topic, make_user, make_vector, tag_page

OPERA = "The soprano sang the aria and the orchestra rose."
RIVER = "Herons fished below the weir in cold water."
OTHERS = ("A budget was voted.", "Chess needs patience.", "The bakery moved.", "Trains were late.", "It snowed.")


def around(direction, count, seed=0):
    generator = np.random.default_rng(seed)
    vectors = np.eye(8)[direction] + generator.normal(0, 0.08, (count, 8))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_pages_that_are_alike_are_a_group_and_strangers_are_not():
    strangers = np.eye(8)[3:]
    vectors = np.vstack([around(0, 6), strangers, around(1, 4, seed=1)])
    groups = find_clusters(vectors, 4)
    assert [sorted(group.members) for group in groups] == [list(range(6)), [11, 12, 13, 14]]
    assert all(0.9 < group.coherence <= 1 for group in groups)
    middle = vectors[:6].mean(axis=0)
    assert groups[0].members[0] == int(np.argmax(vectors[:6] @ middle))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_pages_are_no_group(count):
    assert find_clusters(around(0, max(count, 1))[:count], 4) == []


def test_terms_are_words_of_the_group_that_others_lack():
    texts = [f"The National Gallery's {what}. We're sure of the weather." for what in ("roof", "shop", "cats", "hours")]
    texts += [f"Number {name} is about the weather." for name in ("one", "two", "three", "four", "five", "six")]
    (terms,) = distinctive_terms(texts, [range(4)], {"the", "we", "of", "is"}, 4)
    assert "National Gallery" in terms
    assert "weather" not in terms
    assert all(any(term in text for text in texts[:4]) for term in terms)
    words = [word for term in terms for word in term.lower().split()]
    assert len(words) == len(set(words))


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def pages(site):
    """Four pages on opera, five on rivers, five on nothing in common; one of the rivers' is suggested a topic."""
    opera = [article(site, f"Opera {n}", OPERA, around(0, 4)[n]) for n in range(4)]
    river = [article(site, f"River {n}", RIVER, around(1, 5)[n]) for n in range(5)]
    for number, words in enumerate(OTHERS):
        article(site, f"Other {number}", words, np.eye(8)[3 + number])
    return {"opera": opera, "river": river}


def article(site, title, body, vector):
    page = make_article(site, title, body=body)
    make_vector(page, *vector)
    return page


def found():
    return {frozenset(row.page_ids) for row in operations.missing_topics()}


def ids(pages):
    return frozenset(page.pk for page in pages)


def test_groups_are_found_with_their_words(pages):
    assert operations.find_missing_topics() == 2
    assert found() == {ids(pages["opera"]), ids(pages["river"])}
    rows = {len(row.page_ids): row for row in operations.missing_topics()}
    assert {"Opera", "soprano", "aria"} & {word for term in rows[4].terms for word in term.split()}
    assert "the" not in rows[4].terms
    assert 0 < rows[4].coherence <= 1


def test_pages_that_a_topic_fits_are_left_out(pages):
    topic = make_topic("Wetlands")
    for page in pages["river"][:2]:
        tag_page(page, topic)
    rejected = pages["opera"][0]
    Suggestion.objects.create(page=rejected, topic=topic, state="rejected", score=0.4, source="vector")
    assert operations.find_missing_topics() == 1
    assert found() == {ids(pages["opera"])}


def test_a_group_goes_away_as_soon_as_a_topic_fits_its_pages(pages):
    operations.find_missing_topics()
    topic = make_topic("Wetlands")
    for page in pages["river"]:
        Suggestion.objects.create(page=page, topic=topic, state="suggested", score=0.5, source="vector")
    assert found() == {ids(pages["opera"])}


def test_what_was_dismissed_stays_away_also_with_a_page_more(pages, site):
    operations.find_missing_topics()
    row = next(row for row in operations.missing_topics() if len(row.page_ids) == 4)
    operations.dismiss(row)
    assert found() == {ids(pages["river"])}
    article(site, "Opera again", OPERA, around(0, 1)[0])
    operations.find_missing_topics()
    assert found() == {ids(pages["river"])}
    operations.take_back_dismissal(row)
    assert len(found()) == 2


def test_it_is_looked_for_each_night(pages):
    operations.maintain()
    assert len(found()) == 2


@pytest.mark.django_db
def test_nothing_is_found_where_nothing_was_analysed():
    assert operations.find_missing_topics() == 0


def test_the_number_of_queries_does_not_depend_on_the_pages(pages, site):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            operations.find_missing_topics()
        return len(captured)

    operations.find_missing_topics()
    few = queries()
    for number in range(5):
        article(site, f"More {number}", RIVER, around(1, 10)[number + 5])
    assert queries() == few


def index(client):
    return client.get(reverse("affinity_missing:index"))


@pytest.fixture
def editor(client, db):
    user = make_editor()
    client.force_login(user)
    return user


def test_the_page_tells_when_there_is_nothing(client, editor, site):
    assert "No page has been analysed yet" in index(client).content.decode()
    article(site, "Alone", OPERA, around(0, 1)[0])
    assert "Nothing is missing" in index(client).content.decode()


def test_a_group_is_one_click_from_being_a_topic(client, editor, pages):
    operations.find_missing_topics()
    response = index(client)
    assert response.content.decode().count("Create topic") == 2
    group = response.context["groups"][0]
    form = client.get(group.create_url).context["form"]
    name = group.missing.terms[0]
    assert form.initial["name"] == name[0].upper() + name[1:]
    assert group.missing.terms[1] in form.initial["description"] or group.missing.terms[1].capitalize() in str(
        form.initial
    )
    assert [page.pk for page in group.examples] == group.missing.page_ids[:5]


def test_dismissing_has_an_undo(client, editor, pages):
    operations.find_missing_topics()
    row = operations.missing_topics()[0]
    response = client.post(reverse("affinity_missing:dismiss", args=[row.pk]), follow=True)
    html = response.content.decode()
    assert html.count("Create topic") == 1
    url = reverse("affinity_missing:bring_back", args=[row.pk])
    assert url in html
    client.post(url)
    assert not MissingTopic.objects.get(pk=row.pk).is_dismissed


def test_a_worker_is_asked_to_look_again(client, editor, pages, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks._broker, "send", lambda task, *arguments: bool(sent.append(arguments)) or True)
    asked = client.post(reverse("affinity_missing:refresh"))
    assert asked.status_code == 202
    url = asked.json()["url"]
    assert client.get(url).json() == {"done": False}
    operations.answer(Inquiry.objects.get().pk)
    answer = client.get(url).json()
    assert answer["done"]
    assert answer["message"] == "Found 2 groups of pages."
    assert answer["html"].count("Create topic") == 2


def test_only_those_who_may_add_topics_see_it_and_only_their_pages(client, pages):
    operations.find_missing_topics()
    group = Group.objects.create(name="Topics")
    user = make_user(group)
    client.force_login(user)
    assert index(client).status_code == 302
    assert client.post(reverse("affinity_missing:refresh")).status_code == 403
    group.permissions.add(Permission.objects.get(content_type__app_label="tagging", codename="add_topic"))
    html = index(client).content.decode()
    assert "Create topic" in html
    assert "Opera 0" not in html
