"""Folding with real pages, vectors, topics and segments."""

from __future__ import annotations

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from personalization import tasks
from personalization.models import Event, Profile, Segment
from personalization.recommendation.placement import PlacementConfig
from personalization.sources.base import SourceRequest
from personalization.sources.profile import ProfileSource
from personalization.types import EventRecord, RecQuery, RequestContext
from personalization.visitors import folding, store
from tagging import index
from tagging.models import EmbeddingModel, Entity, PageEntity, PageVector, Suggestion
from tagging.types import SearchFilter
from tests.factories import make_article, make_site, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def model():
    return EmbeddingModel.objects.create(name="fake@test", dimensions=2, is_live=True)


@pytest.fixture
def visitor():
    return store.create_visitor("mobile")


def place(page, model, *vector):
    PageVector.objects.create(
        page=page,
        model=model,
        embedding=list(np.array(vector) / np.linalg.norm(vector)),
        is_live=True,
        is_public=True,
        locale=page.locale,
        content_type=page.content_type,
    )


def read(visitor, *pages, kind="view", value=None):
    now = timezone.now()
    events = [
        EventRecord(uuid.uuid4(), kind, page.pk, now - timedelta(seconds=len(pages) - number), value)
        for number, page in enumerate(pages)
    ]
    store.record_events(visitor, events)
    return folding.fold_visitor(visitor)


def test_reading_moves_the_profile_to_what_was_read(site, model, visitor):
    pages = [make_article(site) for _ in range(3)]
    topic = make_topic("Trains")
    for page in pages:
        place(page, model, 1, 0.1)
        Suggestion.objects.create(
            page=page, topic=topic, score=0.9, state=Suggestion.State.APPLIED, source=Suggestion.Source.VECTOR
        )
    assert read(visitor, *pages) == 3
    profile = store.load_profile(visitor)
    assert profile.vector @ np.array([1, 0.1]) > 0.99
    assert profile.topics == {topic.pk: pytest.approx(2.7 / 3.7, abs=1e-3)}
    assert [page.page_id for page in profile.recent] == [page.pk for page in reversed(pages)]
    assert Profile.objects.get().vector_model == "fake@test"


def test_a_rejected_topic_says_nothing_of_its_readers(site, model, visitor):
    page = make_article(site)
    Suggestion.objects.create(
        page=page,
        topic=make_topic("Wrong"),
        score=0.9,
        state=Suggestion.State.REJECTED,
        source=Suggestion.Source.VECTOR,
    )
    read(visitor, page)
    assert store.load_profile(visitor).topics == {}


def test_a_page_without_a_vector_is_read_all_the_same(site, visitor):
    read(visitor, make_article(site))
    profile = store.load_profile(visitor)
    assert profile.vector is None
    assert (profile.views, profile.visits) == (1, 1)


def test_folding_in_pieces_keeps_what_was_before(site, model, visitor):
    east, north = make_article(site), make_article(site)
    place(east, model, 1, 0)
    place(north, model, 0, 1)
    read(visitor, east)
    read(visitor, north)
    np.testing.assert_allclose(store.load_profile(visitor).vector, [0.707, 0.707], atol=2e-3)


def test_a_new_embedding_model_starts_from_the_recent_pages(site, model, visitor):
    page, other = make_article(site), make_article(site)
    place(page, model, 1, 0)
    read(visitor, page)
    EmbeddingModel.objects.update(is_live=False)
    new = EmbeddingModel.objects.create(name="new@test", dimensions=3, is_live=True)
    place(page, new, 0, 0, 1)
    place(other, new, 0, 1, 0)
    read(visitor, other)
    np.testing.assert_allclose(store.load_profile(visitor).vector, [0, 0.707, 0.707], atol=2e-3)
    assert Profile.objects.get().vector_model == "new@test"


def test_a_profile_of_the_model_before_is_compared_with_no_page(site, model, visitor):
    """The same number of dimensions, and yet another space: what it is near to there means nothing here."""
    page, other = make_article(site), make_article(site)
    place(page, model, 1, 0)
    read(visitor, page)
    profile = store.load_profile(visitor)
    place(other, model, 1, 0.1)
    assert index.nearest(profile.vector, 5, SearchFilter(), model_name=profile.vector_model)
    EmbeddingModel.objects.update(is_live=False)
    new = EmbeddingModel.objects.create(name="new@test", dimensions=2, is_live=True)
    place(other, new, 1, 0)
    query = RecQuery("", 3, site.pk, page.locale_id, RequestContext(at=timezone.now()), profile=profile)
    assert index.nearest(profile.vector, 5, SearchFilter(), model_name=profile.vector_model) == []
    placement = PlacementConfig("", "", 3, "blend")
    assert ProfileSource().candidates(SourceRequest(query, placement, 5)) == []


def test_matching_segments_are_kept_for_reports(site, visitor):
    rules = {"match": "all", "rules": [{"type": "device", "value": ["mobile"]}]}
    mobile = Segment.objects.create(name="Phones", rules=rules)
    Segment.objects.create(name="Nobody")
    read(visitor, make_article(site))
    assert Profile.objects.get().segments == [mobile.pk]


def test_the_sweep_leaves_fresh_events_to_their_own_task(site, visitor):
    page = make_article(site)
    store.record_events(visitor, [EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())])
    tasks.fold_leftovers()
    assert store.load_profile(visitor).views == 0
    assert folding.visitors_to_fold(timedelta(seconds=-5), 10) == [visitor]


def test_the_sweep_is_on_beats_schedule():
    from cms_site.celery import app

    app.loader.import_default_modules()
    assert "personalization.fold_leftovers" in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_habits_come_from_where_when_and_on_what_pages_were_read(site, visitor):
    page = make_article(site)
    at = timezone.now().replace(minute=0)
    store.record_events(visitor, [EventRecord(uuid.uuid4(), "view", page.pk, at, device="tablet")])
    folding.fold_visitor(visitor)
    profile = store.load_profile(visitor)
    assert profile.devices == {"tablet": 1.0}
    assert profile.hours == {timezone.localtime(at).hour: 1.0}
    assert profile.sections == {page.get_parent().pk: 1.0}


def test_names_on_a_page_are_interests_and_merged_ones_are_one(site, visitor):
    page, other = make_article(site), make_article(site)
    agency = Entity.objects.create(key="nasa", name="NASA", label="ORG")
    spelled = Entity.objects.create(key="space agency", name="Space Agency", label="ORG", canonical=agency)
    for row, entity in ((page, agency), (other, spelled)):
        PageEntity.objects.create(page=row, entity=entity, count=1, salience=0.8)
    read(visitor, page, other)
    assert set(store.load_profile(visitor).entities) == {agency.pk}


def test_folding_asks_the_same_number_of_queries_for_any_number_of_events(site, model, visitor):
    def queries(pages):
        with CaptureQueriesContext(connection) as found:
            read(visitor, *pages)
        return len(found)

    queries([make_article(site)])  # fills what the process keeps
    few = queries([make_article(site)])
    assert queries([make_article(site) for _ in range(6)]) == few


def test_training_sees_the_profile_that_serving_had(site, model, visitor):
    pages = [make_article(site) for _ in range(3)]
    for number, page in enumerate(pages):
        place(page, model, 1, number)
    for page in pages:
        read(visitor, page)
        read(visitor, page, kind="dwell", value=60.0)
    served = store.load_profile(visitor)
    trained = folding.profile_from(Event.objects.filter(visitor=visitor).order_by("at"))
    np.testing.assert_allclose(served.vector, trained.vector, atol=2e-3)
    for name in ("engagement", "frequency", "mass", "topics", "sections", "devices", "hours"):
        assert getattr(served, name) == pytest.approx(getattr(trained, name), rel=1e-6)
    for name in ("recent", "views", "visits"):
        assert getattr(served, name) == getattr(trained, name)


def test_what_was_shown_and_not_clicked_turns_the_profile_away(site, model, visitor):
    cycling, baking, trains, other = (make_article(site) for _ in range(4))
    for page, vector in ((cycling, (1, 0)), (baking, (0.8, 0.6)), (trains, (0.8, -0.6)), (other, (0.6, 0.8))):
        place(page, model, *vector)
    PageVector.objects.update(site=site)
    for _ in range(2):
        read(visitor, *[baking] * 10, kind="impression")
        read(visitor, cycling)
        folding.fold_visitor(visitor)
    profile = store.load_profile(visitor)
    assert profile.shown == pytest.approx(20, rel=0.01)
    np.testing.assert_allclose(profile.vector, [1, 0], atol=1e-3)
    found = ProfileSource().candidates(
        SourceRequest(
            RecQuery("x", 3, site.pk, site.root_page.locale_id, RequestContext(at=timezone.now()), profile=profile),
            PlacementConfig("x", "", 3, "profile"),
            10,
        )
    )
    scores = {candidate.page_id: candidate.score for candidate in found}
    assert scores[trains.pk] > scores[baking.pk]  # as near to what was read, but never turned down
    folding.fold_visitor(visitor)
    assert store.load_profile(visitor).shown == pytest.approx(20, rel=0.01)


def test_in_quiet_times_a_visitor_is_folded_at_once_and_else_all_together(monkeypatch):
    sent, clock = [], [1000.0]
    monkeypatch.setattr(tasks.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(
        tasks._broker, "send", lambda task, *arguments, **options: sent.append((task.name, arguments, options))
    )
    requests, visitors = tasks._FoldRequests(), [uuid.uuid4() for _ in range(200)]
    requests.ask(visitors[0])
    assert sent == [(tasks.fold_profile.name, (str(visitors[0]),), {})]
    for visitor in visitors[1:]:
        requests.ask(visitor)
        clock[0] += 0.05
    together = [entry for entry in sent[1:] if entry[:2] == (tasks.fold_waiting.name, ())]
    assert len(together) == len(sent) - 1 <= 200 * 0.05 / tasks.FOLD_EVERY_SECONDS + 1
    assert all(options["countdown"] >= tasks.FOLD_EVERY_SECONDS for _name, _arguments, options in together)
    clock[0] += 2 * tasks.FOLD_EVERY_SECONDS
    requests.ask(visitors[0])
    assert sent[-1][0] == tasks.fold_profile.name


def test_what_waits_is_folded_though_one_of_them_cannot_be(site, model, monkeypatch):
    page, visitors = make_article(site), [store.create_visitor() for _ in range(3)]
    for visitor in visitors:
        store.record_events(visitor, [EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())])
    fold = folding.fold_visitor

    def fold_but_one(visitor):
        if visitor == visitors[1]:
            raise ValueError("no")
        return fold(visitor)

    monkeypatch.setattr(folding, "fold_visitor", fold_but_one)
    with pytest.raises(ValueError, match="no"):
        tasks.fold_waiting()
    assert set(Profile.objects.filter(views=1).values_list("pk", flat=True)) == {visitors[0], visitors[2]}
