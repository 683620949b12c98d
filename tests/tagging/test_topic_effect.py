"""The effect of changed words, before they are saved: the pipeline's own answer, with nothing stored."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from tagging import operations, tasks
from tagging.models import Inquiry, PageVector, Suggestion, Topic, TopicVector
from tagging.operations.topic_effect import effect_of
from tests.factories import make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

BODIES = {
    "Cats": "The kitten purrs. A tabby kitten sleeps by the window, and the old kitten watches.",
    "Dogs": "The puppy barks. A brown puppy runs along the river, and the young puppy follows.",
    "Trains": "The railway opens a new line. Railway stations along the railway are rebuilt.",
}


@pytest.fixture
def pages(embedder, recognizer):
    site = make_site()
    made = {title: make_article(site, title, body=body) for title, body in BODIES.items()}
    make_topic("Weather", description="Rain, wind and sun.")
    return made


@pytest.fixture
def broker(monkeypatch):
    """A worker that answers at once."""
    monkeypatch.setattr(tasks._broker, "send", lambda task, *args: task(*args) or True)


def question(topic, **changes):
    words = {"name": topic.name, "description": topic.description, "synonyms": topic.synonyms}
    return {"topic": topic.pk, "parent": None, **words, **changes}


def stored():
    return {
        (row.page_id, row.topic_id): row.state for row in Suggestion.objects.filter(state__in=["applied", "suggested"])
    }


def analyze():
    operations.sweep()
    while operations.analyze_batch().claimed:
        pass


def has(topic):
    return {
        level: {page for (page, pk), state in stored().items() if pk == topic.pk and state == level}
        for level in ("applied", "suggested")
    }


def changed_sets(before, after):
    return {
        level: {"gained": sorted(after[level] - before[level]), "lost": sorted(before[level] - after[level])}
        for level in ("applied", "suggested")
    }


def test_the_preview_is_what_saving_then_does(pages):
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    before = has(topic)
    assert pages["Cats"].pk in before["applied"] | before["suggested"]
    found = effect_of(question(topic, name="Puppy", description="A puppy.", synonyms=["railway"]))
    vectors, words = PageVector.objects.count(), topic.name
    assert has(topic) == before
    topic.refresh_from_db()
    assert topic.name == words
    topic.name, topic.description, topic.synonyms = "Puppy", "A puppy.", ["railway"]
    topic.save()
    analyze()
    assert PageVector.objects.count() == vectors
    expected = changed_sets(before, has(topic))
    assert {level: found[level] for level in expected} == expected
    assert pages["Cats"].pk in found["applied"]["lost"] + found["suggested"]["lost"]
    assert found["compared"] == 3


def test_nothing_is_stored_of_words_that_are_only_tried(pages, embedder):
    topic = make_topic("Kitten")
    analyze()
    before = set(TopicVector.objects.values_list("topic", "content_hash"))
    embedder.calls.clear()
    effect_of(question(topic, description="A puppy."))
    assert set(TopicVector.objects.values_list("topic", "content_hash")) == before
    assert [text for call in embedder.calls for text in call] == ["Kitten. A puppy", "Kitten"]


def test_a_new_topic_is_previewed_with_its_words(pages):
    analyze()
    new = {"topic": None, "parent": None, "name": "Railway", "description": "Railway lines.", "synonyms": []}
    found = effect_of(new)
    assert found["applied"]["gained"] + found["suggested"]["gained"] == [pages["Trains"].pk]
    assert not found["applied"]["lost"] + found["suggested"]["lost"]
    topic = make_topic("Railway", description="Railway lines.")
    analyze()
    assert has(topic)["applied"] == set(found["applied"]["gained"])


def test_pages_that_an_editor_decided_on_do_not_change(pages):
    topic = make_topic("Kitten")
    analyze()
    operations.add(pages["Cats"].pk, topic.pk, None)
    found = effect_of(question(topic, name="Bridge"))
    assert found["compared"] == 2
    assert not any(found[level][way] for level in ("applied", "suggested") for way in ("gained", "lost"))


# Through the admin


def ask(client, topic=None, **changes):
    fields = {"name": "", "description": "", "synonyms": "", "parent": "", "slug": ""}
    if topic:
        fields |= {"name": topic.name, "description": topic.description, "topic": topic.pk}
    return client.post(reverse("affinity_topics:effect"), fields | changes)


def test_the_editor_asks_and_is_told(client, pages, broker):
    client.force_login(make_editor())
    analyze()
    asked = ask(client, name="Railway", description="Railway lines.")
    assert asked.status_code == 202
    assert asked.json()["message"] == "Comparing 3 pages…"
    found = client.get(asked.json()["url"]).json()
    assert found["message"] == "+1 page, −0"
    assert ">Trains</a>" in found["html"]
    assert "Newly" in found["html"]
    assert not Inquiry.objects.exists()
    assert not Topic.objects.filter(name="Railway").exists()
    assert client.get(asked.json()["url"]).status_code == 404


def test_pages_that_the_user_may_not_edit_are_counted_but_not_named(client, pages, broker):
    group = Group.objects.create(name="Librarians")
    group.permissions.add(Permission.objects.get(codename="add_topic"))
    client.force_login(make_user(group))
    analyze()
    found = client.get(ask(client, name="Railway", description="Railway lines.").json()["url"]).json()
    assert found["message"] == "+1 page, −0"
    assert "Trains" not in found["html"]
    assert "And 1 more page." in found["html"]


def test_waiting_errors_and_strangers_are_told_apart(client, pages, monkeypatch):
    client.force_login(make_editor())
    monkeypatch.setattr(tasks._broker, "send", lambda task, *args: True)
    asked = ask(client, name="Railway")
    assert client.get(asked.json()["url"]).json() == {"done": False}
    nameless = ask(client)
    assert nameless.status_code == 422
    assert json.loads(nameless.content)["detail"] == "This field is required."
    monkeypatch.setattr(tasks._broker, "send", lambda task, *args: False)
    unreachable = ask(client, name="Railway")
    assert unreachable.status_code == 503
    assert "CELERY_BROKER_URL" in unreachable.json()["detail"]
    client.force_login(make_user())
    assert ask(client, name="Railway").status_code == 403


def test_the_button_is_on_the_form_of_new_and_old_topics(client, pages):
    client.force_login(make_editor())
    add = reverse("affinity_topics:add")
    assert "Once published pages have been analysed" in client.get(add).content.decode()
    analyze()
    assert "Preview effect" in client.get(add).content.decode()
    topic = Topic.objects.get()
    html = client.get(reverse("affinity_topics:edit", args=[topic.pk])).content.decode()
    assert f'{{"topic": "{topic.pk}"}}' in html
