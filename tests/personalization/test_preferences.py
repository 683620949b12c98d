"""What visitors say of their own interests: likes, mutes, hidden pages, answers, a new start."""

from __future__ import annotations

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from personalization.models import Event, Placement, PlacementRule, Profile, Segment
from personalization.operations import query_for_request, recommend
from personalization.operations.topics import replace_topic
from personalization.profiles import LIKED, direction, weights, with_preferences
from personalization.types import EventRecord, RecQuery
from personalization.visitors import cookie, folding, preferences, segments, store
from tagging.models import TopicVector
from tests.factories import (
    make_article,
    make_embedding_model,
    make_site,
    make_topic,
    make_vector,
    make_views,
    tag_page,
)

SUMS = st.dictionaries(st.integers(1, 8), st.floats(-5, 20), max_size=8)
IDS = st.sets(st.integers(1, 8), max_size=4)


@given(sums=SUMS, liked=IDS, muted=IDS)
def test_likes_raise_and_mutes_remove(sums, liked, muted):
    plain, found = weights(sums), with_preferences(sums, liked, muted)
    assert not found.keys() & muted
    assert sum(found.values()) < 1
    for topic in liked - muted:
        others = {t: w for t, w in sums.items() if t != topic}
        assert found[topic] > with_preferences(others, liked - {topic}, muted).get(topic, 0)
    if not liked | (muted & sums.keys()):
        assert found == plain


def test_a_like_outweighs_dislikes():
    assert with_preferences({1: -10.0}, [1], [])[1] == pytest.approx(LIKED / (1 + LIKED))


def test_the_direction_is_of_reading_and_likes_together():
    assert direction(None, None) is None
    assert direction(None, np.array([0.0, 2.0])) == pytest.approx([0, 1])
    assert direction(np.array([3.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx([0.5**0.5] * 2)
    assert direction(np.array([3.0, 0.0]), np.array([0.0, 1.0, 0.0])) == pytest.approx([1, 0])


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def visitor(site):
    return store.create_visitor()


@pytest.fixture
def climate(site):
    return make_topic("Climate")


def read(visitor, *pages):
    now = timezone.now()
    store.record_events(
        visitor,
        [EventRecord(uuid.uuid4(), "view", page.pk, now - timedelta(minutes=n)) for n, page in enumerate(pages)],
    )
    folding.fold_visitor(visitor)


def slate_ids(visitor, placement="sidebar", n=5):
    query = query_for_request(None, placement, n=n)
    query = RecQuery(**{f: getattr(query, f) for f in RecQuery.__slots__} | {"profile": store.load_profile(visitor)})
    return [item.page_id for item in recommend(query).items]


def test_a_like_raises_the_topic_and_counts_for_segments(visitor, climate):
    rule = {"type": "topic", "topic": climate.pk, "operator": "at_least", "value": 0.5}
    fans = Segment.objects.create(name="Fans", rules={"match": "all", "rules": [rule]})
    segments.forget_compiled()
    assert preferences.prefer_topic(visitor, climate.pk, "like")
    profile = store.load_profile(visitor)
    assert profile.liked_topics == {climate.pk}
    assert profile.topics == {climate.pk: pytest.approx(0.75)}
    assert profile.mass == LIKED
    assert Profile.objects.get(pk=visitor).segments == [fans.pk]
    assert preferences.prefer_topic(visitor, climate.pk, "none")
    profile = store.load_profile(visitor)
    assert (profile.topics, profile.mass, profile.liked_topics) == ({}, 0, frozenset())
    assert Profile.objects.get(pk=visitor).segments == []


def test_a_like_points_to_pages_near_the_topic_and_outlives_folding(site, visitor, climate):
    TopicVector.objects.create(topic=climate, model=make_embedding_model(), embedding=[1, 0, 0], content_hash="x")
    near, far, read_one = (make_article(site) for _ in range(3))
    make_vector(near, 1, 0.1, 0)
    make_vector(far, 0, 0, 1)
    make_vector(read_one, 0, 1, 0)
    preferences.prefer_topic(visitor, climate.pk, "like")
    assert store.load_profile(visitor).vector == pytest.approx([1, 0, 0], abs=1e-3)
    Placement.objects.create(name="sidebar", n=5, strategy="profile")
    assert slate_ids(visitor)[0] == near.pk
    read(visitor, read_one)
    vector = store.load_profile(visitor).vector
    assert vector[0] > vector[1] > 0.2
    preferences.prefer_topic(visitor, climate.pk, "none")
    assert store.load_profile(visitor).vector == pytest.approx([0, 1, 0], abs=1e-3)


def test_a_muted_topic_and_those_below_it_are_gone_from_every_source_at_once(site, visitor, climate):
    below = make_topic("Sea level", parent=climate)
    muted, deeper, pinned, other = (make_article(site) for _ in range(4))
    for page, topic in ((muted, climate), (deeper, below), (pinned, climate)):
        tag_page(page, topic)
    for page in (muted, deeper, other):
        make_vector(page, 1, 0, 0)
        make_views(page, 5)
    placement = Placement.objects.create(name="sidebar", n=5, strategy="blend", when_read="keep")
    PlacementRule.objects.create(placement=placement, page=pinned, action="pin")
    read(visitor, muted, deeper)
    assert {muted.pk, deeper.pk, pinned.pk} <= set(slate_ids(visitor))
    preferences.prefer_topic(visitor, climate.pk, "mute")
    assert slate_ids(visitor) == [other.pk]
    assert store.load_profile(visitor).topics == {}
    preferences.prefer_topic(visitor, climate.pk, "none")
    assert {muted.pk, deeper.pk, pinned.pk} <= set(slate_ids(visitor))
    assert set(store.load_profile(visitor).topics) == {climate.pk, below.pk}


def test_the_list_stays_full_however_much_is_muted(site, visitor, climate):
    for number in range(45):
        page = make_article(site)
        make_vector(page, 1, number / 100, 0)
        tag_page(page, climate)
    wanted = [make_article(site).pk for _ in range(3)]
    Placement.objects.create(name="sidebar", n=3)
    preferences.prefer_topic(visitor, climate.pk, "mute")
    assert sorted(slate_ids(visitor, n=3)) == wanted


def test_not_even_the_fallback_shows_what_is_unwanted(site, visitor, climate):
    muted, hidden, other = (make_article(site) for _ in range(3))
    tag_page(muted, climate)
    preferences.prefer_topic(visitor, climate.pk, "mute")
    preferences.hide_page(visitor, hidden.pk, True)
    request = RequestFactory(headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"}).get("/")
    request.COOKIES["affinity_visitor"] = cookie._signer().sign(visitor.hex)
    tag = '{% load personalization_tags %}{% recommended "nowhere" personal=True as items %}'
    template = Template(tag + "{% for item in items %}{{ item.page.pk }} {% endfor %}{% endrecommended %}")
    assert template.render(Context({"request": request})).split() == [str(other.pk)]


def test_a_hidden_page_is_not_shown_until_it_is_unhidden(site, visitor):
    hidden, other = make_article(site), make_article(site)
    placement = Placement.objects.create(name="sidebar", n=5, strategy="recent")
    PlacementRule.objects.create(placement=placement, page=hidden, action="pin")
    assert preferences.hide_page(visitor, hidden.pk, True)
    assert slate_ids(visitor) == [other.pk]
    assert preferences.hide_page(visitor, hidden.pk, False)
    assert slate_ids(visitor) == [hidden.pk, other.pk]


def test_answers_are_likes_that_the_next_answer_replaces(visitor, climate):
    food, art = make_topic("Food"), make_topic("Art")
    preferences.prefer_topic(visitor, food.pk, "mute")
    preferences.prefer_topic(visitor, art.pk, "like")
    preferences.answer(visitor, [climate.pk, food.pk])
    profile = store.load_profile(visitor)
    assert profile.has_answered
    assert profile.answers == {climate.pk, food.pk}
    assert profile.liked_topics == {climate.pk, food.pk, art.pk}
    assert profile.muted_topics == frozenset()
    preferences.answer(visitor, [])
    profile = store.load_profile(visitor)
    assert (profile.has_answered, profile.answers, profile.liked_topics) == (True, frozenset(), {art.pk})


def test_a_new_start_forgets_what_was_read_but_not_what_is_unwanted(site, visitor, climate):
    page, hidden = make_article(site), make_article(site)
    make_vector(page, 1, 0, 0)
    tag_page(page, climate)
    read(visitor, page)
    preferences.prefer_topic(visitor, make_topic("Food").pk, "mute")
    preferences.hide_page(visitor, hidden.pk, True)
    preferences.answer(visitor, [climate.pk])
    before = store.load_profile(visitor)
    assert preferences.reset(visitor)
    after = store.load_profile(visitor)
    assert (after.vector, after.topics, after.recent, after.views, after.visits, after.mass) == (None, {}, (), 0, 0, 0)
    assert (after.liked_topics, after.answers, after.has_answered) == (frozenset(), frozenset(), False)
    assert (after.muted_topics, after.hidden_pages) == (before.muted_topics, before.hidden_pages)
    assert not Event.objects.filter(visitor_id=visitor).exists()


def test_without_a_profile_nothing_is_changed(db):
    nobody = uuid.uuid4()
    assert not preferences.prefer_topic(nobody, 1, "like")
    assert not preferences.hide_page(nobody, 1, True)
    assert not preferences.answer(nobody, [1])
    assert not preferences.reset(nobody)


def test_lists_are_bounded_and_the_oldest_go_first(visitor, monkeypatch):
    monkeypatch.setattr(preferences, "LONGEST", 2)
    for page_id in (1, 2, 3):
        preferences.hide_page(visitor, page_id, True)
    assert store.load_profile(visitor).hidden_pages == {2, 3}


def test_choices_follow_a_topic_that_gives_way(visitor, climate):
    weather = make_topic("Weather")
    preferences.prefer_topic(visitor, weather.pk, "mute")
    replace_topic(weather.pk, climate.pk)
    assert store.load_profile(visitor).muted_topics == {climate.pk}
