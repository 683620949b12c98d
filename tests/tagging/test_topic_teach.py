"""Teaching a topic: the pages that the model is least sure about, each answered by a decision."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import GroupPagePermission

from cms_site.models import ArticlePage
from tagging import operations, tasks
from tagging.models import Suggestion
from tagging.operations.setup import Setup
from tagging.operations.teaching import LESSON, lesson, undecided
from tests.factories import make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

WORDS = ["kitten", "river", "opera", "puppy", "bread", "mirror", "saddle", "lemon", "violin", "comet", "port", "loom"]


@pytest.fixture
def pages(embedder, recognizer):
    site = make_site()
    return [make_article(site, f"About {word}", body=f"A {word} and another {word}.") for word in WORDS]


@pytest.fixture
def broker(monkeypatch):
    """A worker that answers at once."""
    monkeypatch.setattr(tasks._broker, "send", lambda task, *args: task(*args) or True)


def analyze():
    operations.sweep()
    while operations.analyze_batch().claimed:
        pass


def live_pages():
    return ArticlePage.objects.all()


def ask(client, topic):
    return client.post(reverse("affinity_topics:teach_ask", args=[topic.pk]))


def test_the_least_sure_pages_come_first_and_decided_ones_not_at_all(pages):
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    operations.add(pages[2].pk, topic.pk, None)
    operations.reject(pages[3].pk, topic.pk, None)
    candidates = undecided(topic, live_pages())
    assert set(candidates) == {page.pk for page in pages} - {pages[2].pk, pages[3].pk}
    found = lesson({"topic": topic.pk, "pages": candidates})["pages"]
    doubts = [abs(row["score"] - 0.5) for row in found]
    assert len(found) == LESSON
    assert doubts == sorted(doubts)
    assert pages[0].pk in [row["id"] for row in found]
    assert all("another" in row["excerpt"] for row in found)


def test_the_probability_is_the_pipeline_s_own(pages):
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    stored = Suggestion.objects.get(topic=topic, page=pages[0])
    asked = lesson({"topic": topic.pk, "pages": [pages[0].pk]})["pages"]
    assert asked[0]["score"] == pytest.approx(stored.score, abs=1e-3)
    assert asked[0]["evidence"] == stored.evidence
    assert Setup.current().topics == [topic]


def test_pages_that_say_the_same_are_asked_about_once(embedder, recognizer):
    site = make_site()
    for _ in range(4):
        make_article(site, "About a kitten", body="A kitten and another kitten.")
    topic = make_topic("Cats")
    analyze()
    assert len(lesson({"topic": topic.pk, "pages": undecided(topic, live_pages())})["pages"]) == 1


def test_candidates_cost_the_same_for_few_and_many_pages(pages):
    topic = make_topic("Kitten")
    analyze()
    with CaptureQueriesContext(connection) as many:
        undecided(topic, live_pages())
    with CaptureQueriesContext(connection) as few:
        undecided(topic, live_pages().filter(pk=pages[0].pk))
    assert len(many) == len(few) == 3


def test_the_cards_and_their_answers(client, pages, broker):
    editor = make_editor()
    client.force_login(editor)
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    assert (
        "Ten pages that “Kitten” may or may not fit"
        in client.get(reverse("affinity_topics:teach", args=[topic.pk])).content.decode()
    )
    found = client.get(ask(client, topic).json()["url"]).json()
    assert found["html"].count("<article") == LESSON
    assert found["html"].count("About ") >= LESSON
    never = next(page for page in pages if not Suggestion.objects.filter(page=page, topic=topic).exists())
    for decision, state in (("add", "accepted"), ("undo", None), ("reject", "rejected"), ("undo", None)):
        url = reverse("affinity_analysis:decide", args=[never.pk, topic.pk, decision])
        assert client.post(url).status_code == 200
        row = Suggestion.objects.filter(page=never, topic=topic).first()
        assert (row.state if row else None) == state


def test_only_pages_that_the_user_may_edit_and_that_are_not_locked(client, pages, broker):
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    group = Group.objects.create(name="Section editors")
    group.permissions.add(Permission.objects.get(codename="change_topic"))
    change = Permission.objects.get(content_type__app_label="wagtailcore", codename="change_page")
    for page in pages[:2]:
        GroupPagePermission.objects.create(group=group, page=page, permission=change)
    ArticlePage.objects.filter(pk=pages[1].pk).update(locked=True, locked_by=make_editor())
    client.force_login(make_user(group))
    html = client.get(ask(client, topic).json()["url"]).json()["html"]
    assert html.count("<article") == 1
    assert "About kitten" in html


def test_nothing_to_ask_no_permission_no_topic(client, pages, broker):
    client.force_login(make_editor())
    topic = make_topic("Kitten")
    nothing = ask(client, topic)
    assert nothing.status_code == 409
    assert "no page left to ask about" in nothing.json()["detail"]
    client.force_login(make_user())
    assert ask(client, topic).status_code == 403
    assert client.get(reverse("affinity_topics:teach", args=[topic.pk])).status_code == 302
