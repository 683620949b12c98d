"""The outbox follows what editors do in Wagtail, in the same transaction, whatever the broker does."""

import time
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from wagtail.models import Page, PageViewRestriction

from tagging import tasks
from tagging.models import EmbeddingModel, PageAnalysis, PageVector, Suggestion
from tests.factories import (
    article_index,
    make_article,
    make_locale,
    make_private,
    make_site,
    make_topic,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def model():
    return EmbeddingModel.objects.create(name="tiny@test", dimensions=3, is_live=True)


def vector_of(page, model):
    """A vector as the worker leaves it: its filter columns say what was true then."""
    return PageVector.objects.create(
        page=page,
        model=model,
        embedding=[1, 0, 0],
        is_live=True,
        is_public=True,
        locale=page.locale,
        site=page.get_site(),
        content_type=page.content_type,
        first_published_at=page.first_published_at,
    )


def analysis_of(page):
    return PageAnalysis.objects.filter(page=page).first()


def all_done():
    PageAnalysis.objects.update(state=PageAnalysis.State.DONE)


def is_stale(page):
    return analysis_of(page).state == PageAnalysis.State.STALE


def test_a_draft_gets_no_analysis_until_it_is_published(site):
    page = make_article(site, publish=False)
    assert analysis_of(page) is None
    page.get_latest_revision().publish()
    assert is_stale(page)


def test_excluded_types_are_not_queued(site):
    assert analysis_of(site.root_page) is None
    assert analysis_of(article_index(site)) is None


def test_every_publish_makes_the_page_stale_again_with_a_new_revision(site):
    page = make_article(site)
    all_done()
    before = analysis_of(page).revision
    page.title = "Another title"
    page.save_revision().publish()
    assert is_stale(page)
    assert analysis_of(page).revision > before


def test_saving_a_draft_of_a_live_page_leaves_its_analysis_alone(site):
    page = make_article(site)
    all_done()
    page.title = "Not yet"
    page.save_revision()
    assert not is_stale(page)


def test_a_mark_is_lost_with_the_publish_that_it_stands_for(site):
    page = make_article(site)
    all_done()
    with transaction.atomic():
        page.save_revision().publish()
        assert is_stale(page)
        transaction.set_rollback(True)
    assert not is_stale(page)


def test_a_process_killed_right_after_the_publish_loses_no_page(site, monkeypatch):
    """`publish_scheduled` runs in no transaction of its own: the mark must be inside Page.save's."""
    page = make_article(site, publish=False)

    def killed(**kwargs):
        raise SystemExit

    monkeypatch.setattr("wagtail.actions.publish_page_revision.page_published.send", killed)
    with pytest.raises(SystemExit):
        page.get_latest_revision().publish()
    page.refresh_from_db()
    assert page.live
    assert is_stale(page)


def test_unpublishing_takes_the_page_out_of_searches_and_keeps_what_is_known(site, model):
    page = make_article(site)
    vector_of(page, model)
    page.unpublish()
    assert not PageVector.objects.get(page=page).is_live
    page.save_revision().publish()
    assert PageVector.objects.get(page=page).is_live


def test_scheduled_publishing_and_expiry(site, model):
    page = make_article(site, publish=False)
    page.go_live_at = timezone.now() + timedelta(hours=1)
    page.save_revision().publish()
    assert analysis_of(page) is None

    revision = page.get_latest_revision()
    past = timezone.now() - timedelta(minutes=1)
    revision.approved_go_live_at = past
    revision.content["go_live_at"] = past.isoformat()
    revision.save()
    call_command("publish_scheduled")
    assert is_stale(page)

    vector_of(page, model)
    Page.objects.filter(pk=page.pk).update(expire_at=past)
    call_command("publish_scheduled")
    assert not PageVector.objects.get(page=page).is_live


def test_privacy_covers_everything_below_and_aliases(site, model):
    page = make_article(site)
    elsewhere = make_site("other.example", is_default=False)
    alias = page.create_alias(parent=article_index(elsewhere), update_slug="alias")
    free = make_article(elsewhere)
    for each in (page, alias, free):
        vector_of(each, model)

    def public():
        return set(PageVector.objects.filter(is_public=True).values_list("page_id", flat=True))

    restriction = make_private(article_index(site))
    assert public() == {alias.pk, free.pk}  # as Wagtail serves it: the restriction is not on the source itself
    restriction.delete()
    assert public() == {page.pk, alias.pk, free.pk}
    make_private(page)
    assert public() == {free.pk}
    PageViewRestriction.objects.all().delete()
    assert public() == {page.pk, alias.pk, free.pk}


def test_a_moved_branch_takes_on_the_privacy_and_the_site_of_its_new_place(site, model):
    page = make_article(site)
    vector_of(page, model)
    other = make_site("other.example", is_default=False)
    make_private(other.root_page)
    branch = article_index(site)
    branch.slug = "moved"
    branch.save()
    branch.move(other.root_page, pos="last-child")
    row = PageVector.objects.get(page=page)
    assert row.site == other
    assert not row.is_public


def test_a_new_slug_queues_the_page(site):
    page = make_article(site)
    all_done()
    page.slug = "another-slug"
    page.save()
    assert is_stale(page)


def test_deleting_a_page_deletes_all_that_is_known_of_it(site, model):
    page = make_article(site)
    vector_of(page, model)
    page.delete()
    assert not PageAnalysis.objects.exists()
    assert not PageVector.objects.exists()


def test_a_live_alias_is_queued_though_wagtail_sends_no_publish_for_it(site):
    page = make_article(site)
    alias = page.create_alias(update_slug="alias")
    assert is_stale(alias)


def test_a_translation_begins_with_the_decisions_made_on_its_source(site):
    french = make_locale("fr")
    page = make_article(site)
    yes, no, maybe = make_topic("Rivers"), make_topic("Press"), make_topic("Bridges")
    for topic, state in ((yes, "accepted"), (no, "rejected"), (maybe, "suggested")):
        Suggestion.objects.create(page=page, topic=topic, state=state, score=0.6, source="vector")
    copy = page.copy_for_translation(french, copy_parents=True)
    assert analysis_of(copy) is None  # a draft
    assert dict(Suggestion.objects.filter(page=copy).values_list("topic__name", "state")) == {
        "Rivers": "accepted",
        "Press": "rejected",
    }
    copy.get_latest_revision().publish()
    assert is_stale(copy)


def test_a_new_site_takes_over_the_pages_below_its_root(site, model):
    page = make_article(site)
    row = vector_of(page, model)
    sub = type(site).objects.create(hostname="sub.example", root_page=article_index(site))
    row.refresh_from_db()
    assert row.site == sub
    sub.delete()
    row.refresh_from_db()
    assert row.site == site


@pytest.fixture
def sent(monkeypatch):
    tasks_sent = []
    monkeypatch.setattr(tasks._broker, "send", lambda task: tasks_sent.append((task.name, connection.in_atomic_block)))
    return tasks_sent


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_worker_is_asked_after_the_commit_and_not_for_a_rollback(sent):
    page = make_article(make_site(), publish=False)
    sent.clear()
    with transaction.atomic():
        page.get_latest_revision().publish()
        assert sent == []
    assert sent == [("tagging.analyze_stale", False)]
    sent.clear()
    with transaction.atomic():
        page.save_revision().publish()
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//"])
def test_publishing_works_at_once_with_the_broker_down(site, url, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(tasks, "_broker", broker := tasks._Broker())
    app = current_app
    # This one first: unset, it says what broker_url says, and what it says now is what is put back.
    monkeypatch.setattr(app.conf, "broker_write_url", url)
    monkeypatch.setattr(app.conf, "broker_url", url)
    started = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        page = make_article(site)
    assert callbacks
    assert is_stale(page)
    assert broker._paused_until > 0, "the broker was reached after all"
    assert time.monotonic() - started < 3
