"""Many decisions at once: each for itself, each taken back exactly, none over somebody else's."""

import pytest
from wagtail.models import Page, PageLogEntry
from wagtail.signals import page_published

from tagging import operations
from tagging.models import Suggestion
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

State = Suggestion.State


@pytest.fixture
def user():
    return make_editor()


@pytest.fixture
def site():
    return make_site()


def suggest(page, topic, state="suggested", score=0.6):
    return Suggestion.objects.create(page=page, topic=topic, state=state, score=score, source="vector")


@pytest.fixture
def rows(site):
    """Four open suggestions: two pages by two topics; the second topic is applied by machine."""
    topics = [make_topic("Rivers"), make_topic("Bridges")]
    pages = [make_article(site, title) for title in ("One", "Two")]
    return [
        suggest(page, topic, state)
        for page in pages
        for topic, state in zip(topics, ("suggested", "applied"), strict=True)
    ]


def pairs(rows):
    return [(row.page_id, row.topic_id) for row in rows]


def states(rows):
    return [Suggestion.objects.get(pk=row.pk).state for row in rows]


def tags(page_id):
    page = Page.objects.get(pk=page_id).specific
    draft = page.get_latest_revision_as_object()
    return sorted(page.tags.names()), sorted(tag.name for tag in draft.tags.all())


def test_a_batch_is_decided_and_in_the_history_page_by_page(rows, user):
    outcomes = operations.decide_many(pairs(rows), "accept", user)
    assert [outcome.pair for outcome in outcomes] == pairs(rows)
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert states(rows) == [State.ACCEPTED] * 4
    assert tags(rows[0].page_id) == (["Bridges", "Rivers"], ["Bridges", "Rivers"])
    assert PageLogEntry.objects.filter(action="tagging.accept", user=user).count() == 4


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_undo_restores_exactly_what_was(rows, user, decision):
    rows[1].score = 0.01  # applied under a threshold that is no longer set
    rows[1].save()
    typed = Page.objects.get(pk=rows[0].page_id).specific
    typed.tags.add("Rivers", "Typed")
    typed.save_revision().publish()
    before = [(row.state, row.score, row.wrote_tag) for row in Suggestion.objects.order_by("pk")]
    receipts = [outcome.receipt for outcome in operations.decide_many(pairs(rows), decision, user)]
    assert {outcome.status for outcome in operations.undo_many(receipts, user)} == {"done"}
    assert [(row.state, row.score, row.wrote_tag) for row in Suggestion.objects.order_by("pk")] == before
    assert not Suggestion.objects.filter(decided_by__isnull=False).exists()
    assert tags(rows[0].page_id) == (["Rivers", "Typed"], ["Rivers", "Typed"])
    assert tags(rows[2].page_id) == ([], [])


def test_one_that_fails_holds_up_no_other(rows, user):
    locked, broken = rows[0].page_id, rows[2].page_id
    third = suggest(make_article(make_site("other.example", is_default=False)), rows[0].topic)
    Page.objects.filter(pk=locked).update(locked=True, locked_by=make_editor())

    def explode(instance, **kwargs):
        if instance.pk == broken:
            raise RuntimeError("a receiver of the site's own")

    page_published.connect(explode)
    wanted = [*pairs(rows), (0, 0), *pairs([third])]
    outcomes = operations.decide_many(wanted, "accept", user)
    page_published.disconnect(explode)
    assert [outcome.status for outcome in outcomes] == ["conflict"] * 2 + ["failed"] * 2 + ["gone", "done"]
    assert "locked" in outcomes[0].problem
    assert [bool(outcome.receipt) for outcome in outcomes] == [False] * 5 + [True]
    assert states(rows) == ["suggested", "applied"] * 2
    assert tags(broken) == ([], [])
    assert Suggestion.objects.get(pk=third.pk).state == State.ACCEPTED


def test_what_somebody_else_decided_otherwise_is_left_alone(rows, user):
    other = make_editor("omar")
    operations.reject(*pairs(rows)[0], other)
    operations.accept(*pairs(rows)[1], other)
    against, alike = operations.decide_many(pairs(rows)[:2], "accept", user)
    assert (against.status, against.problem) == ("conflict", "omar has rejected it in the meantime.")
    assert (alike.status, alike.receipt) == ("done", None)
    assert states(rows)[:2] == [State.REJECTED, State.ACCEPTED]


def test_a_request_that_is_sent_twice_can_still_be_taken_back(rows, user):
    operations.decide_many(pairs(rows), "reject", user)
    again = operations.decide_many(pairs(rows), "reject", user)
    assert PageLogEntry.objects.filter(action="tagging.reject").count() == 4
    operations.undo_many([outcome.receipt for outcome in again], user)
    assert set(states(rows)) <= {State.SUGGESTED, State.APPLIED}


def test_undo_does_not_take_back_a_later_decision(rows, user):
    [outcome] = operations.decide_many(pairs(rows)[:1], "accept", user)
    operations.reject(*pairs(rows)[0], make_editor("omar"))
    [undone] = operations.undo_many([outcome.receipt], user)
    assert undone.status == "conflict"
    assert states(rows)[0] == State.REJECTED
