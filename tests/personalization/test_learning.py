"""Learning segments from stored profiles: versions, identity, refusals, and what visitors and editors get of it."""

from __future__ import annotations

import random
import subprocess
import sys
import uuid
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from wagtail.models import ModelLogEntry

from personalization import tasks
from personalization.models import (
    LearnedCluster,
    LearnedSegmentation,
    LearnedVersion,
    Placement,
    Profile,
    Segment,
    Visitor,
)
from personalization.operations import fitting, learning
from personalization.operations.learning import requests
from personalization.operations.learning.examples import examples
from personalization.types import EventRecord
from personalization.visitors import folding, store
from personalization.visitors.learned import forget_models
from tagging.models import EmbeddingModel
from tests.factories import make_article, make_editor, make_embedding_model, make_site, make_topic, make_vector

pytestmark = pytest.mark.django_db

MODEL = "tiny@test"


@pytest.fixture(autouse=True)
def few(settings):
    settings.WAGTAIL_PERSONALIZATION = {"LEARNED_MIN_VISITORS": 60}


@pytest.fixture
def topics():
    return [make_topic(name) for name in ("Mobility", "Climate", "Food")]


@pytest.fixture
def visitors(topics):
    make_embedding_model(MODEL, 8)
    return make_visitors(topics, 90)


def make_visitors(about, n, seed=0, **fields):
    """Visitors in equal crowds, one for each topic and direction; crowd by visitor id."""
    rng = np.random.default_rng(seed)
    rows = Visitor.objects.bulk_create([Visitor() for _ in range(n)])
    crowd = {visitor.pk: number % len(about) for number, visitor in enumerate(rows)}
    seen = timezone.now() - timedelta(days=1)
    Profile.objects.bulk_create(
        [make_profile(visitor, about[crowd[visitor.pk]], crowd[visitor.pk], rng, seen, **fields) for visitor in rows]
    )
    return crowd


def make_profile(visitor, topic, direction, rng, seen, **fields):
    vector = np.eye(8)[direction] + 0.1 * rng.standard_normal(8)
    habits = {"devices": {"mobile": 1.0}, "hours": {"8": 1.0}, "engagement": 0.5, "frequency": 1.0}
    return Profile(
        visitor=visitor,
        **{
            "vector": vector / np.linalg.norm(vector),
            "vector_model": MODEL,
            "mass": 3.0,
            "topics": {str(topic.pk): float(rng.uniform(0.5, 0.8))},
            "habits": habits,
            "views": int(rng.integers(2, 9)),
            "visits": 2,
            "first_seen": seen,
            "last_seen": seen,
        }
        | fields,
    )


def fit(segmentation):
    learning.ask(segmentation)
    assert learning.work_off() == 1
    segmentation.refresh_from_db()
    return segmentation


@pytest.fixture
def crowds(visitors):
    return fit(LearnedSegmentation.objects.create(name="Readers"))


def members():
    """Cluster id → the visitors who most likely are of it."""
    found = {}
    for visitor, chances in Profile.objects.values_list("pk", "clusters"):
        if chances:
            found.setdefault(int(max(chances, key=chances.get)), set()).add(visitor)
    return found


def test_crowds_become_segments_that_are_named_after_what_sets_them_apart(crowds, visitors):
    assert crowds.current.number == 1
    assert crowds.current.silhouette > 0.5
    assert crowds.outcome == {}
    assert set(Segment.objects.values_list("name", flat=True)) == {"Mobility", "Climate", "Food"}
    assert sorted(found["size"] for found in crowds.current.clusters) == [30, 30, 30]
    for cluster in LearnedCluster.objects.select_related("segment"):
        crowd = {visitors[visitor] for visitor in members()[cluster.pk]}
        assert [str(cluster)] == [["Mobility", "Climate", "Food"][number] for number in crowd]


def test_a_fit_of_the_same_visitors_changes_nothing_but_the_version(crowds):
    before, segments = members(), list(Segment.objects.order_by("pk").values("pk", "name", "rules"))
    fit(crowds)
    assert crowds.current.number == 2
    assert crowds.current.stability == pytest.approx(1)
    assert crowds.current.compared == 90
    assert members() == before
    assert list(Segment.objects.order_by("pk").values("pk", "name", "rules")) == segments


@pytest.mark.parametrize("seed", [1, 2])
def test_clusters_keep_their_ids_when_their_numbers_change(crowds, seed):
    """Another seed numbers the clusters otherwise, and new visitors have come meanwhile."""
    before = members()
    make_visitors([make_topic("Trains"), make_topic("Trees")], 4, seed=seed)
    LearnedSegmentation.objects.update(seed=seed)
    crowds.refresh_from_db()
    fit(crowds)
    after = members()
    assert all(before[cluster] <= after[cluster] for cluster in before)


def test_a_rename_survives_the_next_fit(crowds):
    cluster = LearnedCluster.objects.get(segment__name="Food")
    learning.rename(cluster, "Gourmets", make_editor())
    fit(crowds)
    assert set(Segment.objects.values_list("name", flat=True)) == {"Mobility", "Climate", "Gourmets"}
    assert ModelLogEntry.objects.filter(action="personalization.learned.rename").count() == 1


def test_a_segment_that_was_deleted_is_not_made_again(crowds):
    Segment.objects.get(name="Food").delete()
    fit(crowds)
    assert set(Segment.objects.values_list("name", flat=True)) == {"Mobility", "Climate"}


def collapse(topics):
    """The crowds of before fall apart into others that cut across them."""
    rng = np.random.default_rng(1)
    rows = list(Profile.objects.order_by("pk"))
    for number, row in enumerate(rows):
        vector = np.eye(8)[4 + number % 2] + 0.02 * np.eye(8)[number % 3] + 0.01 * rng.standard_normal(8)
        row.vector = vector / np.linalg.norm(vector)
        row.topics = {str(topics[0].pk): 0.3, str(topics[1].pk): 0.3, str(topics[2].pk): 0.3}
    Profile.objects.bulk_update(rows, ["vector", "topics"])


def test_a_fit_that_regroups_visitors_is_refused_and_says_why(crowds, topics):
    used, clusters = crowds.current_id, LearnedCluster.objects.count()
    collapse(topics)
    fit(crowds)
    assert crowds.current_id == used
    refused = crowds.versions.first()
    assert refused.number == 2
    assert refused.stability < 0.5
    assert "%(stability).2f" in refused.refusal["message"]
    assert crowds.outcome == refused.refusal
    assert crowds.outcome["message"] % crowds.outcome["params"]
    assert Segment.objects.count() == 3
    served = {int(cluster) for row in Profile.objects.all() for cluster in row.clusters}
    assert served <= {found["cluster"] for found in crowds.current.clusters}
    assert LearnedCluster.objects.count() >= clusters


def test_an_editor_may_use_a_refused_version_and_go_back(crowds, topics):
    first = crowds.current
    collapse(topics)
    fit(crowds)
    editor = make_editor()
    learning.use_version(crowds.versions.first(), editor)
    assert learning.work_off() == 1
    crowds.refresh_from_db()
    assert crowds.current.number == 2
    assert {found["cluster"] for found in crowds.current.clusters} >= set(members())
    learning.use_version(first, editor)
    assert learning.work_off() == 1
    crowds.refresh_from_db()
    assert crowds.current == first
    assert crowds.versions.count() == 2
    used = ModelLogEntry.objects.filter(action="personalization.learned.use", user=editor)
    assert [entry.data["number"] for entry in used.order_by("timestamp")] == [2, 1]


def test_other_settings_may_regroup_visitors(crowds):
    LearnedSegmentation.objects.update(most_clusters=2)
    crowds.refresh_from_db()
    fit(crowds)
    assert crowds.current.number == 2
    assert len(crowds.current.clusters) == 2


def test_crowds_that_merged_go_on_as_the_likest_one(crowds):
    before = members()
    LearnedSegmentation.objects.update(most_clusters=2)
    crowds.refresh_from_db()
    fit(crowds)
    after = members()
    assert any(before[cluster] == after.get(cluster) for cluster in before)


def test_too_few_visitors_are_said_and_nothing_is_fitted(visitors, settings):
    settings.WAGTAIL_PERSONALIZATION = {}
    segmentation = fit(LearnedSegmentation.objects.create(name="Readers"))
    assert segmentation.current is None
    assert not LearnedVersion.objects.exists()
    assert segmentation.outcome["params"] == {"known": 90, "needed": 200}
    assert "90 of the 200" in segmentation.outcome["message"] % segmentation.outcome["params"]
    assert segmentation.progress == 100
    assert segmentation.tried_at is not None


def test_too_few_visitors_keep_what_is_in_use(crowds, settings):
    settings.WAGTAIL_PERSONALIZATION = {"LEARNED_MIN_VISITORS": 500}
    served = members()
    fit(crowds)
    assert crowds.current.number == 1
    assert members() == served


def test_visitors_who_are_all_alike_are_no_crowds(topics):
    make_embedding_model(MODEL, 8)
    make_visitors(topics[:1], 80, vector=np.eye(8)[0], topics={str(topics[0].pk): 0.7}, views=3)
    segmentation = fit(LearnedSegmentation.objects.create(name="Readers"))
    assert segmentation.current is None
    assert "do not fall into" in segmentation.outcome["message"]


def test_another_embedding_model_keeps_the_crowds_by_what_they_read(crowds):
    """No visitor has a place in both spaces, so that topics decide which crowd is which."""
    before = members()
    EmbeddingModel.objects.update(is_live=False)
    EmbeddingModel.objects.create(name="new@test", dimensions=8, is_live=True)
    rows = list(Profile.objects.all())
    for row in rows:
        row.vector, row.vector_model = np.asarray(row.vector)[::-1], "new@test"
    Profile.objects.bulk_update(rows, ["vector", "vector_model"])
    fit(crowds)
    assert crowds.current.number == 2
    assert crowds.current.stability is None
    assert members() == before


def test_a_newcomer_with_two_events_gets_the_nearest_cluster(crowds, topics):
    site = make_site()
    pages = [make_article(site) for _ in range(2)]
    for page in pages:
        make_vector(page, 0, 1, 0, 0, 0, 0, 0, 0)
    newcomer = store.create_visitor("mobile")
    now = timezone.now()
    store.record_events(newcomer, [EventRecord(uuid.uuid4(), "view", page.pk, now) for page in pages])
    folding.fold_visitor(newcomer)
    climate = LearnedCluster.objects.get(segment__name="Climate")
    chances = store.load_profile(newcomer).clusters
    assert max(chances, key=chances.get) == climate.pk
    assert 0.5 < chances[climate.pk] <= 1
    assert sum(chances.values()) <= 1


def test_newcomers_are_told_with_as_much_doubt_as_their_first_pages_deserve(crowds, topics):
    """Everybody begins with the front page's stories, and only later reads what interests them."""
    site = make_site()
    front, own = make_article(site), [make_article(site) for _ in topics]
    make_vector(front, *np.ones(8))
    for direction, page in enumerate(own):
        make_vector(page, *np.eye(8)[direction])
    rows = list(Profile.objects.all())
    for row in rows:
        later = own[int(np.argmax(np.asarray(row.vector)))]
        start = timezone.now() - timedelta(days=1)
        pages = [later.pk, front.pk, later.pk, front.pk]
        row.recent = [[page, (start - timedelta(minutes=n)).isoformat()] for n, page in enumerate(pages)]
    Profile.objects.bulk_update(rows, ["recent"])
    fit(crowds)
    assert crowds.current.evaluation["newcomers"] == 90
    assert crowds.current.evaluation["right"] > 0.9
    for row in rows:
        row.recent = [[front.pk, at] for _page, at in row.recent]
    Profile.objects.bulk_update(rows, ["recent"])
    sure = crowds.current.parameters["mixture"]["doubt"]
    fit(crowds)
    assert crowds.current.evaluation["right"] < 0.6
    assert crowds.current.parameters["mixture"]["doubt"] > sure


def test_visitors_are_in_the_segment_of_their_cluster(crowds, visitors):
    segment = Segment.objects.get(name="Climate")
    inside = set(Profile.objects.filter(segments__contains=[segment.pk]).values_list("pk", flat=True))
    assert inside == {visitor for visitor, crowd in visitors.items() if crowd == 1}


def test_a_disabled_segmentation_matches_nobody(crowds):
    LearnedSegmentation.objects.update(is_enabled=False)
    learning.score_everybody()
    assert members() == {}
    learning.ask_nightly()
    assert learning.work_off() == 0


def test_old_versions_go_but_never_the_one_in_use(crowds, settings):
    settings.WAGTAIL_PERSONALIZATION = {"LEARNED_MIN_VISITORS": 60, "LEARNED_KEEP_VERSIONS": 2}
    first = crowds.current
    for _ in range(3):
        fit(crowds)
    assert [version.number for version in crowds.versions.all()] == [4, 3]
    learning.use_version(crowds.versions.last(), make_editor())
    learning.work_off()
    fit(crowds)
    assert not LearnedVersion.objects.filter(pk=first.pk).exists()


def test_clusters_of_refused_fits_go_with_them(crowds, topics, settings):
    settings.WAGTAIL_PERSONALIZATION = {"LEARNED_MIN_VISITORS": 60, "LEARNED_KEEP_VERSIONS": 1}
    collapse(topics)
    for _ in range(3):
        fit(crowds)
    kept = {found["cluster"] for version in crowds.versions.all() for found in version.clusters}
    assert set(LearnedCluster.objects.values_list("pk", flat=True)) == kept


def test_each_night_only_what_is_due_is_fitted(crowds, visitors):
    tasks.learn_nightly()
    crowds.refresh_from_db()
    assert crowds.current.number == 1
    LearnedSegmentation.objects.update(tried_at=timezone.now() - timedelta(hours=24))
    tasks.learn_nightly()
    crowds.refresh_from_db()
    assert crowds.current.number == 2


def test_two_workers_never_fit_the_same(crowds):
    learning.ask(crowds)
    assert fitting.claim(LearnedSegmentation) == crowds
    learning.ask(crowds)
    assert fitting.claim(LearnedSegmentation) is None
    LearnedSegmentation.objects.update(started_at=timezone.now() - 2 * fitting.LEASE)
    assert fitting.claim(LearnedSegmentation) == crowds


def test_a_fit_that_fails_says_so(crowds, monkeypatch):
    monkeypatch.setattr(requests, "fit_crowds", lambda *given: 1 / 0)
    fit(crowds)
    assert crowds.started_at is None
    assert "went wrong" in crowds.outcome["message"]
    assert crowds.current.number == 1


def test_the_command_fits_and_says_what_came_of_it(visitors):
    LearnedSegmentation.objects.create(name="Readers")
    LearnedSegmentation.objects.create(name="Off", is_enabled=False)
    out = StringIO()
    call_command("fit_segments", stdout=out)
    assert "Readers: version 1 of 90 visitors; silhouette 0." in out.getvalue()
    assert "Off" not in out.getvalue()
    with pytest.raises(CommandError, match="no learned segmentation Nobody"):
        call_command("fit_segments", "Nobody")


def test_serving_loads_no_scikit_learn():
    code = (
        "import django; django.setup(); import sys; import cms_site.urls, personalization.wagtail_hooks;"
        "import personalization.operations.learning, personalization.visitors.learned;"
        "print(*{'sklearn', 'scipy'} & set(sys.modules))"
    )
    env = {"DJANGO_SETTINGS_MODULE": "cms_site.settings", "DATABASE_URL": "postgres:///unused"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# Goals


def make_numbered_visitor(number):
    """By its id examples are put in order: the same ones each time, so that what is learned is the same, too."""
    chosen = uuid.UUID(int=random.Random(number).getrandbits(128), version=4)
    visitor = Visitor.objects.create(pk=chosen)
    Profile.objects.create(visitor=visitor, device="mobile")
    return visitor.pk


@pytest.fixture
def readers(topics, settings):
    """Visitors over four weeks: those who read about climate mostly subscribe the week after."""
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_MAX_AGE_HOURS": 10_000}
    site = make_site()
    make_embedding_model(MODEL, 8)
    pages = [make_article(site) for _ in range(4)]
    for direction, page in enumerate(pages[:3]):
        make_vector(page, *np.eye(8)[direction])
    rng, now = random.Random(5), timezone.now()
    for number in range(120):
        visitor, interest = make_numbered_visitor(number), number % 3
        start = now - timedelta(days=27 - 6.5 * (number % 4), seconds=number)
        read = [EventRecord(uuid.uuid4(), "view", pages[interest].pk, start + timedelta(hours=h)) for h in range(3)]
        if rng.random() < (0.8 if interest == 1 else 0.1):
            at = start + timedelta(days=rng.uniform(2, 5))
            read += [EventRecord(uuid.uuid4(), "view", page.pk, at) for page in (pages[3], pages[interest])]
        store.record_events(visitor, read)
        folding.fold_visitor(visitor)
    return pages


def goal(page, method="logistic", **fields):
    return LearnedSegmentation.objects.create(
        name="Likely to subscribe", method=method, goal="view", goal_page=page, **fields
    )


@pytest.mark.parametrize("method", ["logistic", "boosting"])
def test_visitors_likely_to_reach_a_goal_are_a_segment(readers, method):
    segmentation = fit(goal(readers[3], method, likeliest_percent=30))
    assert segmentation.outcome == {}
    found = segmentation.current.evaluation
    assert 0.5 < found["low"] < found["auc"] <= 1
    assert found["reached"] >= 20
    segment = Segment.objects.get(name="Likely to subscribe")
    (rule,) = segment.rules["rules"]
    assert rule["type"] == "cluster"
    inside = Profile.objects.filter(segments__contains=[segment.pk])
    assert 0.15 < inside.count() / 120 < 0.5
    fit(segmentation)
    assert Segment.objects.count() == 1


def test_a_goal_takes_no_crowds_place(readers):
    """The method of one that found crowds was changed."""
    segmentation = goal(readers[3])
    crowd = Segment.objects.create(name="Crowd")
    row = LearnedCluster.objects.create(segmentation=segmentation, segment=crowd, has_had_segment=True)
    clusters = [{"cluster": row.pk, "size": 50, "topics": {}, "distinctive": [], "silhouette": 0.5, "threshold": 0.5}]
    LearnedVersion.objects.create(
        segmentation=segmentation,
        number=1,
        settings={"method": "kmeans"},
        parameters={},
        clusters=clusters,
        visitors=50,
    )
    fit(segmentation)
    crowd.refresh_from_db()
    assert crowd.name == "Crowd"
    assert [found["cluster"] for found in segmentation.current.clusters] != [row.pk]
    assert Segment.objects.filter(name="Likely to subscribe").exists()


def test_nothing_from_after_a_moment_is_in_its_example(readers):
    """The page that is the goal has been read by nobody whose example says the goal was not yet reached."""
    found = list(examples(goal(readers[3])))
    assert sum(example.reached for example in found) >= 20
    for example in found:
        assert readers[3].pk not in example.profile.read_page_ids
        moment = timezone.now() - timedelta(days=7 * example.steps_ago)
        assert example.profile.last_seen < moment
        assert example.profile.last_seen >= moment - timedelta(days=7)


def test_an_example_is_the_profile_that_serving_had(readers):
    from personalization.models import Event
    from personalization.segmentation.learned import features, spec_for

    found = [example for example in examples(goal(readers[3])) if not example.reached and example.steps_ago == 1]
    served = [store.profile_of(row) for row in Profile.objects.all()]
    spec = spec_for(served, MODEL)
    alone = {}
    for row in Profile.objects.filter(views=3):
        if not Event.objects.filter(visitor=row.pk, page=readers[3]).exists():
            alone[row.last_seen] = features(store.profile_of(row), spec)
    assert alone
    compared = 0
    for example in found:
        if example.profile.last_seen in alone:
            np.testing.assert_allclose(features(example.profile, spec), alone[example.profile.last_seen], atol=2e-3)
            compared += 1
    assert compared > 5


def test_a_goal_that_too_few_reach_is_not_learned(readers):
    segmentation = fit(goal(make_article(make_site("other.example", is_default=False))))
    assert segmentation.current is None
    assert segmentation.outcome["params"] == {"reached": 0, "needed": 20}


def test_a_goal_that_nothing_foretells_is_refused(readers):
    rng, now = random.Random(1), timezone.now()
    placement = Placement.objects.create(name="sidebar")
    for visitor in Visitor.objects.order_by("pk"):
        if rng.random() < 0.5:
            at = now - timedelta(days=rng.uniform(0, 26))
            clicked = EventRecord(uuid.uuid4(), "click", readers[0].pk, at, placement="sidebar")
            store.record_events(visitor.pk, [clicked])
    segmentation = LearnedSegmentation.objects.create(
        name="Clickers", method="logistic", goal="click", goal_placement=placement
    )
    fit(segmentation)
    assert segmentation.current is None
    assert segmentation.versions.get().refusal
    assert "better than chance" in segmentation.outcome["message"] % segmentation.outcome["params"]
    forget_models()
