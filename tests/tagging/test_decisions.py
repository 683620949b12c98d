"""Decisions are kept for ever, are in the page's history, and become tags the way an editor would tag."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from taggit.models import Tag
from taggit.utils import edit_string_for_tags, parse_tags
from wagtail.models import Page, PageLogEntry

from tagging import operations
from tagging.exceptions import EditConflict
from tagging.models import Suggestion
from tagging.signals import page_topics_decided
from tests.factories import make_article, make_editor, make_locale, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

State = Suggestion.State


@pytest.fixture
def user():
    return make_editor()


@pytest.fixture
def page():
    return make_article(make_site())


def suggest(page, name="Rivers", state="suggested", score=0.6):
    topic = make_topic(name)
    Suggestion.objects.create(page=page, topic=topic, state=state, score=score, source="vector")
    return topic


def live_tags(page):
    return sorted(type(page).objects.get(pk=page.pk).tags.names())


def draft_tags(page):
    return sorted(tag.name for tag in Page.objects.get(pk=page.pk).get_latest_revision_as_object().tags.all())


def test_accepting_tags_the_live_page_through_a_revision(page, user):
    topic = suggest(page)
    revisions = page.revisions.count()
    suggestion = operations.accept(page.pk, topic.pk, user)
    assert (suggestion.state, suggestion.decided_by) == (State.ACCEPTED, user)
    assert suggestion.decided_at
    page.refresh_from_db()
    assert live_tags(page) == ["Rivers"]
    assert page.revisions.count() == revisions + 1
    assert (page.live, page.has_unpublished_changes) == (True, False)
    assert page.live_revision == page.get_latest_revision()
    assert page.get_latest_revision().user == user


def test_the_tag_survives_later_drafts_and_publishes(page, user):
    operations.accept(page.pk, suggest(page).pk, user)
    draft = Page.objects.get(pk=page.pk).get_latest_revision_as_object()
    draft.title = "Edited later"
    draft.save_revision().publish()
    assert live_tags(page) == ["Rivers"]


def test_an_unfinished_draft_is_tagged_but_not_published(page, user):
    draft = page.get_latest_revision_as_object()
    draft.title = "Half a thought"
    draft.save_revision()
    operations.accept(page.pk, suggest(page).pk, user)
    page.refresh_from_db()
    assert page.title != "Half a thought"
    assert page.has_unpublished_changes
    assert (live_tags(page), draft_tags(page)) == (["Rivers"], ["Rivers"])
    assert page.get_latest_revision().as_object().title == "Half a thought"
    page.get_latest_revision().publish()
    page.refresh_from_db()
    assert page.title == "Half a thought"
    assert live_tags(page) == ["Rivers"]


def test_a_page_that_is_not_live_is_tagged_in_its_draft_and_stays_offline(page, user):
    page.unpublish()
    operations.accept(page.pk, suggest(page).pk, user)
    page.refresh_from_db()
    assert not page.live
    assert draft_tags(page) == ["Rivers"]


def test_a_tag_that_differs_only_by_case_is_the_same_tag(page, user):
    Tag.objects.create(name="rivers", slug="rivers")
    operations.accept(page.pk, suggest(page).pk, user)
    assert live_tags(page) == ["rivers"]
    assert Tag.objects.count() == 1
    other = make_topic("RIVERS")
    revisions = page.revisions.count()
    assert not operations.add(page.pk, other.pk, user).wrote_tag
    assert page.revisions.count() == revisions


def test_a_tag_an_editor_removes_stays_removed(page, user):
    operations.accept(page.pk, suggest(page).pk, user)
    draft = Page.objects.get(pk=page.pk).specific
    draft.tags.remove("Rivers")
    draft.save_revision().publish()
    operations.analyze_batch()
    assert live_tags(page) == []


def test_rejecting_writes_no_revision_and_undo_brings_the_suggestion_back(page, user):
    topic = suggest(page, score=0.6)
    revisions = page.revisions.count()
    assert operations.reject(page.pk, topic.pk, user).state == State.REJECTED
    assert page.revisions.count() == revisions
    undone = operations.undo(page.pk, topic.pk, user)
    assert (undone.state, undone.decided_by, undone.decided_at) == (State.SUGGESTED, None, None)


def test_undo_of_an_applied_topics_rejection_applies_it_again(page, user):
    topic = suggest(page, state="applied", score=0.95)
    operations.reject(page.pk, topic.pk, user)
    assert operations.undo(page.pk, topic.pk, user).state == State.APPLIED


@pytest.mark.parametrize("take_back", [operations.undo, operations.reject])
def test_taking_an_accept_back_takes_its_tag_back(page, user, take_back):
    topic = suggest(page)
    operations.accept(page.pk, topic.pk, user)
    take_back(page.pk, topic.pk, user)
    assert (live_tags(page), draft_tags(page)) == ([], [])


def test_a_tag_that_somebody_typed_is_not_taken_back(page, user):
    page.tags.add("Rivers")
    page.save_revision().publish()
    topic = suggest(page)
    assert not operations.accept(page.pk, topic.pk, user).wrote_tag
    operations.undo(page.pk, topic.pk, user)
    assert live_tags(page) == ["Rivers"]


def test_an_editor_adds_a_topic_and_takes_it_back(page, user):
    topic = make_topic("Bridges")
    added = operations.add(page.pk, topic.pk, user)
    assert (added.state, added.source) == (State.ACCEPTED, Suggestion.Source.EDITOR)
    assert live_tags(page) == ["Bridges"]
    assert operations.undo(page.pk, topic.pk, user).pk is None
    assert not Suggestion.objects.exists()
    assert live_tags(page) == []


def test_adding_a_rejected_topic_accepts_it(page, user):
    topic = suggest(page)
    operations.reject(page.pk, topic.pk, user)
    assert operations.add(page.pk, topic.pk, user).state == State.ACCEPTED


def test_deciding_twice_is_deciding_once(page, user):
    topic = suggest(page)
    operations.accept(page.pk, topic.pk, user)
    revisions = page.revisions.count()
    operations.accept(page.pk, topic.pk, user)
    assert page.revisions.count() == revisions
    assert PageLogEntry.objects.filter(action="tagging.accept").count() == 1


def test_what_was_never_suggested_cannot_be_accepted(page, user):
    with pytest.raises(Suggestion.DoesNotExist):
        operations.accept(page.pk, make_topic("Unheard of").pk, user)
    with pytest.raises(Page.DoesNotExist):
        operations.accept(0, 0, user)


def test_history_tells_who_decided_what(page, user):
    topic = suggest(page)
    operations.accept(page.pk, topic.pk, user)
    operations.undo(page.pk, topic.pk, user)
    operations.reject(page.pk, topic.pk, user)
    entries = PageLogEntry.objects.filter(page=page.pk, action__startswith="tagging.").order_by("pk")
    assert [entry.user for entry in entries] == [user] * 3
    assert [entry.message for entry in entries] == [
        "Accepted the topic “Rivers”",
        "Took back the decision on the topic “Rivers”",
        "Rejected the topic “Rivers”",
    ]


def test_others_hear_of_a_decision_after_the_commit(page, user, django_capture_on_commit_callbacks):
    topic = suggest(page)
    heard = []
    page_topics_decided.connect(listener := lambda page_id, topic_id, **kwargs: heard.append((page_id, topic_id)))
    with django_capture_on_commit_callbacks(execute=True):
        operations.reject(page.pk, topic.pk, user)
        assert heard == []
    page_topics_decided.disconnect(listener)
    assert heard == [(page.pk, topic.pk)]


def test_a_page_type_without_tags_keeps_the_decision_alone(user):
    home = make_site().root_page
    topic = suggest(home)
    suggestion = operations.accept(home.pk, topic.pk, user)
    assert (suggestion.state, suggestion.wrote_tag) == (State.ACCEPTED, False)


def test_the_tag_field_may_be_named_by_page_type(page, user, settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "TAG_FIELD": {"cms_site.Other": "tags"}}
    operations.accept(page.pk, suggest(page).pk, user)
    assert live_tags(page) == []
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "TAG_FIELD": {"cms_site.ArticlePage": "tags"}}
    operations.accept(page.pk, suggest(page, "Bridges").pk, user)
    assert live_tags(page) == ["Bridges"]


def test_an_alias_follows_its_source(page, user):
    alias = page.create_alias(update_slug="alias")
    topic = suggest(alias)
    assert operations.accept(alias.pk, topic.pk, user).state == State.ACCEPTED
    assert live_tags(alias) == []


@pytest.mark.parametrize("decide", [operations.accept, operations.reject, operations.add])
def test_a_locked_page_is_left_alone(page, user, decide):
    topic = suggest(page)
    Page.objects.filter(pk=page.pk).update(locked=True, locked_by=make_editor("other"))
    with pytest.raises(EditConflict):
        decide(page.pk, topic.pk, user)
    assert Suggestion.objects.get().state == State.SUGGESTED
    assert live_tags(page) == []


def test_a_scheduled_revision_is_not_overtaken(page, user):
    topic = suggest(page)
    page.go_live_at = timezone.now() + timedelta(days=1)
    page.save_revision().publish()
    with pytest.raises(EditConflict):
        operations.accept(page.pk, topic.pk, user)


def test_a_page_that_has_become_invalid_is_not_half_decided(page, user):
    topic = suggest(page)
    type(page).objects.filter(pk=page.pk).update(title="")
    with pytest.raises(EditConflict, match="corrected"):
        operations.accept(page.pk, topic.pk, user)
    assert Suggestion.objects.get().state == State.SUGGESTED


def test_an_accepted_tag_does_not_have_the_page_analysed_for_ever(page, user, embedder):
    topic = suggest(page, score=0.9)
    operations.analyze_batch()
    calls = len(embedder.calls)
    operations.add(page.pk, topic.pk, user)
    report = operations.analyze_batch()
    assert (report.claimed, report.unchanged) == (1, 1)
    assert len(embedder.calls) == calls
    assert operations.analyze_batch().claimed == 0


def test_draft_tag_tells_what_the_open_form_should_show(page, user):
    assert operations.draft_tag(page.pk, "rivers").present is False
    operations.accept(page.pk, suggest(page).pk, user)
    tag = operations.draft_tag(page.pk, "rivers")
    assert (tag.field, tag.name, tag.present) == ("tags", "Rivers", True)
    assert operations.draft_tag(page.get_parent().pk, "rivers") is None
    assert operations.draft_tag(0, "rivers") is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_editors_at_once_do_not_overwrite_each_other(user):
    page = make_article(make_site())
    topics = [suggest(page, name) for name in ("Rivers", "Bridges", "Floods", "Engineers")]
    errors = []

    def decide(topic):
        try:
            operations.accept(page.pk, topic.pk, user)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[topic]) for topic in topics]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert live_tags(page) == ["Bridges", "Engineers", "Floods", "Rivers"]
    assert Suggestion.objects.filter(state=State.ACCEPTED, wrote_tag=True).count() == 4


@pytest.mark.parametrize("name", ["Food, drink", 'The "new" Europe', "x" * 110, "Culture,media"])
def test_a_name_that_tags_cannot_hold_is_written_as_one_tag_that_a_form_keeps(page, user, name):
    topic = suggest(page, name)
    operations.accept(page.pk, topic.pk, user)
    (tag,) = draft_tags(page)
    assert parse_tags(edit_string_for_tags(page.get_latest_revision_as_object().tags.all())) == [tag]
    operations.undo(page.pk, topic.pk, user)
    assert (live_tags(page), draft_tags(page)) == ([], [])


def test_rejecting_what_was_never_suggested_is_remembered(page, user):
    topic = make_topic("Rivers")
    assert operations.reject(page.pk, topic.pk, user).state == State.REJECTED
    operations.analyze_batch()
    assert Suggestion.objects.get().state == State.REJECTED
    operations.undo(page.pk, topic.pk, user)
    assert not Suggestion.objects.exists()


def decided(page):
    return {row.topic.name: row.state for row in Suggestion.objects.filter(page=page).select_related("topic")}


def test_unpublishing_and_moving_keep_decisions(page, user):
    operations.accept(page.pk, suggest(page, "Rivers").pk, user)
    operations.reject(page.pk, suggest(page, "Bridges").pk, user)
    page.refresh_from_db()
    page.unpublish()
    elsewhere = make_site("other.example", is_default=False).root_page
    page.move(elsewhere.get_children().first(), pos="last-child")
    page = Page.objects.get(pk=page.pk)
    page.get_latest_revision().publish()
    operations.analyze_batch()
    assert decided(page)["Rivers"] == State.ACCEPTED
    assert decided(page)["Bridges"] == State.REJECTED
    assert live_tags(page.specific) == ["Rivers"]


def test_a_tree_that_is_copied_keeps_the_decisions_on_each_of_its_pages(page, user):
    other = make_article(page.get_site())
    operations.accept(page.pk, suggest(page, "Rivers").pk, user)
    operations.reject(other.pk, suggest(other, "Bridges").pk, user)
    home = page.get_site().root_page
    copy = home.copy(recursive=True, update_attrs={"slug": "copy"})
    copies = {below.slug: below for below in copy.get_descendants()}
    assert decided(copies[page.slug]) == {"Rivers": State.ACCEPTED}
    assert decided(copies[other.slug]) == {"Bridges": State.REJECTED}
    assert decided(page) == {"Rivers": State.ACCEPTED}
    row = Suggestion.objects.get(page=copies[page.slug])
    assert (row.decided_by, row.wrote_tag) == (user, True)
    operations.undo(row.page_id, row.topic_id, user)
    assert draft_tags(copies[page.slug]) == []
    assert draft_tags(page) == ["Rivers"]


def test_a_copy_without_what_is_below_takes_nothing_from_there(page, user):
    operations.reject(page.pk, suggest(page).pk, user)
    page.get_parent().specific.copy(recursive=False, update_attrs={"slug": "copy"})
    assert Suggestion.objects.count() == 1


@pytest.mark.parametrize("alias", [False, True])
def test_translations_begin_with_the_decisions_on_their_sources(page, user, alias):
    operations.reject(page.pk, suggest(page).pk, user)
    translation = page.copy_for_translation(make_locale("fr"), copy_parents=True, alias=alias)
    assert decided(translation) == {"Rivers": State.REJECTED}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_editors_who_disagree_at_once_leave_one_decision_and_both_in_history(user):
    page = make_article(make_site())
    topic = suggest(page)
    errors = []

    def decide(decision, editor):
        try:
            decision(page.pk, topic.pk, editor)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    other = make_editor("omar")
    threads = [
        threading.Thread(target=decide, args=args) for args in ((operations.accept, user), (operations.reject, other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    suggestion = Suggestion.objects.get()
    entries = PageLogEntry.objects.filter(page=page.pk, action__startswith="tagging.").order_by("pk")
    assert {entry.user for entry in entries} == {user, other}
    assert entries.last().user == suggestion.decided_by
    assert entries.last().timestamp
    assert live_tags(page) == (["Rivers"] if suggestion.state == State.ACCEPTED else [])
