"""Topics are merged and split: no page loses a topic, no decision is lost, and drafts do not bring the old tag back."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wagtail.models import ModelLogEntry, PageLogEntry

from cms_site.models import ArticlePage, TopicPage
from personalization.models import Profile, Segment, Visitor
from tagging import operations
from tagging.exceptions import TopicInUse
from tagging.models import Entity, GazetteerName, Suggestion, Topic
from tagging.operations.topic_merge import preview_merge
from tagging.operations.topic_split import propose_split
from tagging.topics.halves import halves
from tests.factories import article_index, make_article, make_editor, make_site, make_topic, make_vector

State = Suggestion.State
DECIDED = (State.ACCEPTED, State.REJECTED)
DAY = datetime(2025, 5, 1, tzinfo=UTC)


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def editor(db):
    return make_editor()


@pytest.fixture
def movies(db):
    return make_topic("Movies", synonyms=["motion pictures"])


@pytest.fixture
def film(db):
    return make_topic("Film", synonyms=["cinema"])


def on(page, topic, state, **fields):
    fields = {"score": 0.6, "source": "vector", **fields}
    return Suggestion.objects.create(page=page, topic=topic, state=state, **fields)


def tags(page):
    """(as readers see the page, as the next draft begins)"""
    live = ArticlePage.objects.get(pk=page.pk)
    return sorted(live.tags.names()), sorted(tag.name for tag in live.get_latest_revision_as_object().tags.all())


def row(page, topic):
    return Suggestion.objects.get(page=page, topic=topic)


# Merge


def test_an_accepted_tag_is_replaced_for_readers_and_in_the_next_draft(site, editor, movies, film):
    page = make_article(site)
    operations.add(page.pk, movies.pk, editor)
    assert tags(page) == (["Movies"], ["Movies"])
    assert operations.merge_topics(movies, film, editor).is_finished
    assert tags(page) == (["Film"], ["Film"])
    found = row(page, film)
    assert (found.state, found.decided_by, found.wrote_tag) == (State.ACCEPTED, editor, True)
    operations.reject(page.pk, film.pk, editor)
    assert tags(page) == ([], [])


def test_an_unfinished_draft_does_not_bring_the_old_tag_back(site, editor, movies, film):
    page = make_article(site)
    operations.add(page.pk, movies.pk, editor)
    draft = ArticlePage.objects.get(pk=page.pk)
    draft.title = "Not finished"
    draft.save_revision()
    operations.merge_topics(movies, film, editor)
    assert tags(page) == (["Film"], ["Film"])
    live = ArticlePage.objects.get(pk=page.pk)
    assert live.title != "Not finished"
    assert live.get_latest_revision_as_object().title == "Not finished"
    live.get_latest_revision().publish()
    assert tags(page) == (["Film"], ["Film"])


def test_a_tag_that_somebody_typed_is_replaced_but_stays_theirs(site, editor, movies, film):
    page = make_article(site)
    page.tags.add("movies")
    page.save_revision().publish()
    operations.add(page.pk, movies.pk, editor)
    operations.merge_topics(movies, film, editor)
    assert tags(page) == (["Film"], ["Film"])
    operations.reject(page.pk, film.pk, editor)
    assert tags(page) == (["Film"], ["Film"])


def test_a_page_with_both_keeps_one_tag(site, editor, movies, film):
    page = make_article(site)
    for topic in (movies, film):
        operations.add(page.pk, topic.pk, editor)
    operations.merge_topics(movies, film, editor)
    assert tags(page) == (["Film"], ["Film"])
    assert row(page, film).wrote_tag


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("accepted", "suggested", "accepted"),
        ("suggested", "accepted", "accepted"),
        ("rejected", "suggested", "rejected"),
        ("applied", "suggested", "applied"),
        ("suggested", "applied", "applied"),
        ("suggested", None, "suggested"),
    ],
)
def test_a_decision_wins_over_the_machine_and_applied_over_suggested(site, editor, movies, film, old, new, expected):
    page = make_article(site)
    for topic, state in ((movies, old), (film, new)):
        if state:
            on(page, topic, state, decided_at=DAY if state in DECIDED else None)
    operations.merge_topics(movies, film, editor)
    assert row(page, film).state == expected


def test_of_two_decisions_the_newest_wins_and_the_page_s_tag_follows(site, editor, movies, film):
    first, second = make_article(site), make_article(site)
    operations.add(first.pk, movies.pk, editor)
    operations.reject(first.pk, film.pk, editor)
    operations.reject(second.pk, film.pk, editor)
    operations.add(second.pk, movies.pk, editor)
    assert preview_merge(movies, film).conflicts == 2
    operations.merge_topics(movies, film, editor)
    assert (row(first, film).state, tags(first)) == (State.REJECTED, ([], []))
    assert (row(second, film).state, tags(second)) == (State.ACCEPTED, (["Film"], ["Film"]))


STATES = st.sampled_from([None, *State.values])
MOMENTS = st.integers(0, 3)


@given(st.lists(st.tuples(STATES, MOMENTS, STATES, MOMENTS), min_size=1, max_size=4), st.integers(1, 3))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_page_loses_a_topic_and_no_decision_is_lost(site, editor, pages_drawn, steps):
    movies, film = make_topic("Movies"), make_topic("Film")
    pages = {}
    for old, old_day, new, new_day in pages_drawn:
        page = make_article(site)
        pages[page] = [(state, day) for state, day in ((old, old_day), (new, new_day)) if state]
        for topic, state, day in ((movies, old, old_day), (film, new, new_day)):
            if state:
                on(page, topic, state, decided_at=DAY + timedelta(days=day) if state in DECIDED else None)
    for _ in range(steps):  # broken off after each page, and taken up again
        operations.merge_topics(movies, film, editor, seconds=-1)
    assert operations.merge_topics(movies, film, editor).is_finished
    assert not Topic.objects.filter(pk=movies.pk).exists()
    for page, had in pages.items():
        found = Suggestion.objects.filter(page=page).first()
        states = {state for state, _day in had}
        decided = [(day, state) for state, day in had if state in DECIDED]
        if not had:
            assert found is None
        elif decided:
            newest = max(day for day, _state in decided)
            assert found.decided_at == DAY + timedelta(days=newest)
            assert found.state in {state for day, state in decided if day == newest}
        else:
            assert found.state == (State.APPLIED if State.APPLIED in states else State.SUGGESTED)
        assert found is None or found.topic_id == film.pk
    film.delete()


def test_words_topics_below_and_names_go_along(site, editor, movies, film):
    crime = make_topic("Crime films", movies)
    make_topic("Noir", crime)
    entity = Entity.objects.create(key="cannes", name="Cannes", label="LOC", topic=movies)
    name = GazetteerName.objects.create(name="Oscar", label="MISC", topic=movies)
    operations.merge_topics(movies, film, editor)
    film.refresh_from_db()
    assert film.synonyms == ["cinema", "Movies", "motion pictures"]
    assert [(topic.depth, topic.name) for topic in Topic.objects.order_by("path")] == [
        (1, "Film"),
        (2, "Crime films"),
        (3, "Noir"),
    ]
    assert Topic.find_problems() == ([], [], [], [], [])
    entity.refresh_from_db()
    name.refresh_from_db()
    assert (entity.topic, name.topic) == (film, film)


def test_words_are_left_behind_where_the_editor_says_so(site, editor, movies, film):
    operations.merge_topics(movies, film, editor, keep_words=False)
    film.refresh_from_db()
    assert film.synonyms == ["cinema"]


@pytest.mark.parametrize("up", [True, False])
def test_a_topic_merges_with_the_one_above_or_below_it(site, editor, film, up):
    noir = make_topic("Noir", film)
    for name in ("Crime", "Western"):
        make_topic(name, film)
    make_topic("French noir", noir)
    source, target = (noir, film) if up else (film, noir)
    operations.merge_topics(source, target, editor)
    assert Topic.find_problems() == ([], [], [], [], [])
    kept = Topic.objects.get(depth=1)
    assert kept.pk == target.pk
    assert sorted(kept.get_children().values_list("name", flat=True)) == ["Crime", "French noir", "Western"]


def test_segments_and_readers_follow(site, editor, movies, film):
    rule = {"type": "topic", "topic": movies.pk, "operator": "at_least", "value": 0.2}
    rules = {"match": "any", "rules": [rule, {"match": "all", "rules": [rule]}]}
    segment = Segment.objects.create(name="Cineasts", rules=rules)
    weights = {str(movies.pk): 0.25, str(film.pk): 0.5, "999999": 0.1}
    profile = Profile.objects.create(
        visitor=Visitor.objects.create(), topics=weights, sums={"topics": {str(movies.pk): 2}, "read": 3}
    )
    operations.merge_topics(movies, film, editor)
    segment.refresh_from_db()
    profile.refresh_from_db()
    asked = [segment.rules["rules"][0]["topic"], segment.rules["rules"][1]["rules"][0]["topic"]]
    assert asked == [film.pk, film.pk]
    assert profile.topics == {str(film.pk): 0.75, "999999": 0.1}
    assert profile.sums == {"topics": {str(film.pk): 2}, "read": 3}


def test_what_points_to_a_topic_keeps_it_and_is_named(site, editor, movies, film):
    page = make_article(site)
    on(page, movies, State.APPLIED)
    site.root_page.add_child(instance=TopicPage(title="All about movies", slug="movies", topic=movies))
    assert preview_merge(movies, film).users == ("All about movies",)
    with pytest.raises(TopicInUse, match="All about movies"):
        operations.merge_topics(movies, film, editor)
    assert row(page, movies)


def test_a_locked_page_waits_and_the_others_move(site, editor, movies, film):
    locked, free = make_article(site), make_article(site)
    for page in (locked, free):
        operations.add(page.pk, movies.pk, editor)
    ArticlePage.objects.filter(pk=locked.pk).update(locked=True, locked_by=make_editor())
    step = operations.merge_topics(movies, film, editor)
    assert (step.left, list(step.blocked), step.is_finished) == (1, [locked.pk], False)
    assert "locked" in step.blocked[locked.pk]
    assert row(free, film).state == row(locked, movies).state == State.ACCEPTED
    ArticlePage.objects.filter(pk=locked.pk).update(locked=False)
    assert operations.merge_topics(movies, film, editor).is_finished


def test_a_merge_goes_on_where_it_was_broken_off(site, editor, movies, film):
    pages = [make_article(site) for _ in range(3)]
    for page in pages:
        operations.add(page.pk, movies.pk, editor)
    lefts = []
    while not (step := operations.merge_topics(movies, film, editor, seconds=-1)).is_finished:
        lefts.append(step.left)
    assert lefts == [2, 1]
    assert all(tags(page) == (["Film"], ["Film"]) for page in pages)


def test_histories_tell_of_it(site, editor, movies, film):
    page = make_article(site)
    operations.add(page.pk, movies.pk, editor)
    operations.merge_topics(movies, film, editor)
    entry = PageLogEntry.objects.get(page=page.pk, action="tagging.retag")
    assert entry.user == editor
    assert entry.formatter.format_message(entry) == "The topic “Movies” became “Film”"
    merged = ModelLogEntry.objects.for_instance(film).get(action="tagging.merge")
    assert merged.formatter.format_message(merged) == "Merged the topic “Movies” into “Film”"


# Split


def test_halves_are_found_by_what_pages_are_about():
    random = np.random.default_rng(0)
    rows = np.repeat([[1.0, 0, 0], [0, 1.0, 0]], [12, 5], axis=0) + random.normal(0, 0.1, (17, 3))
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    assert halves(unit).tolist() == [False] * 12 + [True] * 5
    same = np.tile(unit[:1], (4, 1))
    assert 0 < halves(same).sum() < 4


def test_a_split_is_proposed_with_the_words_that_tell_the_halves_apart(site, editor, film):
    for number in range(8):
        page = make_article(site, f"Opera premiere {number}" if number < 3 else f"Western review {number}")
        on(page, film, State.ACCEPTED, decided_at=DAY)
        make_vector(page, *((0.1, 1, 0) if number < 3 else (1, 0.1, 0)))
    without = make_article(site, "Not analysed yet")
    on(without, film, State.ACCEPTED, decided_at=DAY)
    found = propose_split(film, ArticlePage.objects.all())
    assert [title for _pk, title in found.leaving.pages] == [f"Opera premiere {n}" for n in range(3)]
    assert set(found.leaving.terms) == {"opera", "premiere"}
    assert set(found.staying.terms) == {"western", "review"}
    assert found.unknown == ((without.pk, "Not analysed yet"),)
    assert propose_split(film, ArticlePage.objects.none()) is None
    assert article_index(site)


def test_chosen_pages_go_to_the_new_topic_with_their_tags(site, editor, film):
    going, staying = make_article(site), make_article(site)
    for page in (going, staying):
        operations.add(page.pk, film.pk, editor)
    opera = make_topic("Opera")
    report = operations.retag([going.pk], film, opera, editor, seconds=5)
    assert report.moved == [going.pk]
    assert tags(going) == (["Opera"], ["Opera"])
    assert tags(staying) == (["Film"], ["Film"])
    assert row(going, opera).decided_by == editor
