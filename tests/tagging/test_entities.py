"""What editors say about entities: kept through every analysis, seen by every reader, undone without a trace."""

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wagtail.models import ModelLogEntry

from tagging import index, operations
from tagging.exceptions import CannotMerge
from tagging.models import Entity, EntityMerge, GazetteerName, PageAnalysis, PageEntity, Suggestion
from tagging.operations import entities
from tagging.operations.topic_set import current_topics, topic_set_version
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

RIVERS = "The river Danube rose. UNESCO and Ada Lovelace looked at the river and its bridges."
State = PageAnalysis.State


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def every_topic(settings):
    """Every topic is suggested, so that what speaks for it can be looked at."""
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10}


@pytest.fixture
def editor():
    return make_editor("ines")


def make_entity(name, label="ORG", **fields):
    return Entity.objects.create(key=name.lower(), name=name, label=label, **fields)


def drain():
    while operations.analyze_batch().claimed:
        pass


def names_on(page):
    return {entity.name: entity for entity in index.entities_of([page.pk]).get(page.pk, [])}


def why(page, topic):
    """Whether a name speaks for the topic, and how well it fits."""
    found = Suggestion.objects.get(page=page, topic=topic)
    return found.source in ("entity", "mixed"), found.score


def entity_named(name):
    return Entity.objects.get(key=name.lower())


def test_a_merge_is_seen_by_every_reader_and_survives_every_analysis(site, editor):
    page = make_article(site, body=f"{RIVERS} UNESCO it was.")
    drain()
    entities.merge(entity_named("UNESCO"), entity_named("Danube"), editor)
    for again in (False, True):
        if again:
            operations.mark_stale([page.pk], again=True)
        drain()
        assert set(names_on(page)) == {"Danube", "Ada Lovelace"}
        danube = names_on(page)["Danube"]
        assert (danube.count, danube.aliases, danube.label) == (3, ("UNESCO",), "LOC")
        assert 0 <= danube.salience <= 1
        rows = {row.entity.name: row for row in operations.state_of(page.pk).entities}
        assert (rows["Danube"].count, rows["Danube"].aliases) == (3, ["UNESCO"])
    assert PageEntity.objects.filter(page=page).count() == 3  # as found


@pytest.mark.usefixtures("every_topic")
def test_only_editors_see_an_entity_that_is_doubtful(site, editor, recognizer):
    """Readers do not, and it is no reason for a topic, not even when it is scored again."""
    recognizer.score = 0.7
    topic, page = make_topic("Waterways"), make_article(site, body=f"{RIVERS} UNESCO it was.")
    drain()
    doubtful = {row.entity.name for row in operations.state_of(page.pk).entities if row.is_doubtful}
    assert doubtful == {"Danube", "Ada Lovelace"}
    assert names_on(page).keys() == {"UNESCO"}  # named twice
    entities.link(entity_named("Danube"), topic, editor)
    operations.sweep()
    drain()
    assert not why(page, topic)[0]
    recognizer.score = 0.9
    operations.mark_stale([page.pk], again=True)
    drain()
    assert names_on(page).keys() == {"UNESCO"} | doubtful
    assert why(page, topic)[0]


def test_undoing_a_merge_leaves_no_trace(site, editor):
    page = make_article(site, body=RIVERS)
    drain()
    before = names_on(page)
    entities.merge(entity_named("UNESCO"), entity_named("Danube"), editor)
    assert entities.split(entity_named("UNESCO"), editor)
    assert names_on(page) == before
    assert not entities.split(entity_named("UNESCO"), editor)


def test_merging_goes_to_the_root_and_never_in_a_ring(editor):
    a, b, c, d = (make_entity(name) for name in "ABCD")
    entities.merge(b, c, editor)
    entities.merge(a, b, editor)
    assert Entity.objects.get(pk=a.pk).canonical == c
    assert EntityMerge.objects.get(source=a).target == c
    with pytest.raises(CannotMerge, match="one already"):
        entities.merge(c, a, editor)
    with pytest.raises(CannotMerge, match="one already"):
        entities.merge(d, d, editor)
    with pytest.raises(CannotMerge, match="Split it off first"):
        entities.merge(a, d, editor)
    entities.merge(c, d, editor)
    assert {entity.canonical for entity in Entity.objects.exclude(pk=d.pk)} == {d}
    entities.split(c, editor)
    assert Entity.objects.get(pk=a.pk).canonical == c
    assert Entity.objects.get(pk=c.pk).canonical is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_canonical_is_always_a_root_and_undo_restores(editor, steps):
    Entity.objects.all().delete()
    rows = [make_entity(str(number)) for number in range(6)]

    def picture():
        return dict(Entity.objects.values_list("pk", "canonical")), set(EntityMerge.objects.values_list("source"))

    for is_merge, one, other in steps:
        source, target = (Entity.objects.get(pk=rows[number].pk) for number in (one, other))
        if not is_merge:
            entities.split(source, editor)
            continue
        before = picture()
        try:
            entities.merge(source, target, editor)
        except CannotMerge:
            assert picture() == before
            continue
        after = picture()
        entities.split(source, editor)
        assert picture() == before
        entities.merge(source, target, editor)
        assert picture() == after
        for entity in Entity.objects.select_related("canonical"):
            assert entity.canonical is None or entity.canonical.canonical_id is None
            assert (entity.canonical is None) == (not EntityMerge.objects.filter(source=entity).exists())


def test_a_new_name_survives_every_analysis(site, editor):
    page = make_article(site, body=RIVERS)
    drain()
    entities.rename(entity_named("Danube"), "River Danube", editor)
    drain()
    assert "River Danube" in names_on(page)
    operations.mark_stale([page.pk], again=True)
    drain()
    assert set(names_on(page)) == {"River Danube", "UNESCO", "Ada Lovelace"}
    assert Entity.objects.count() == 3


@pytest.mark.usefixtures("every_topic")
def test_a_hidden_entity_is_seen_nowhere_and_speaks_for_no_topic(site, editor):
    topic = make_topic("Danube")
    page = make_article(site, body=RIVERS)
    drain()
    first = why(page, topic)
    assert first[0]
    entities.hide(entity_named("Danube"), editor)
    drain()
    assert "Danube" not in names_on(page)
    assert "Danube" not in {row.entity.name for row in operations.state_of(page.pk).entities}
    assert why(page, topic)[1] < first[1]  # the word alone still counts
    operations.mark_stale([page.pk], again=True)
    drain()
    assert "Danube" not in names_on(page)
    entities.unhide(entity_named("Danube"), editor)
    drain()
    assert "Danube" in names_on(page)
    assert why(page, topic) == (first[0], pytest.approx(first[1], abs=0.001))


@pytest.mark.usefixtures("every_topic")
def test_a_page_that_names_a_linked_entity_gets_evidence_for_the_topic(site, editor, embedder, recognizer):
    topic = make_topic("Culture")
    page = make_article(site, body=f"{RIVERS} UNESCO it was, and UNESCO it will be.")
    drain()
    first = why(page, topic)
    assert not first[0]
    calls = len(recognizer.calls)
    entities.link(entity_named("UNESCO"), topic, editor)
    PageAnalysis.objects.update(analyzed_at=None)
    assert operations.sweep()
    embedder.calls.clear()
    drain()
    linked = Suggestion.objects.get(page=page, topic=topic)
    assert linked.source in ("entity", "mixed")
    assert linked.score > first[1]
    assert "UNESCO" in linked.evidence
    assert len(recognizer.calls) == calls  # names were not read again
    assert not any("river Danube" in text for call in embedder.calls for text in call)
    entities.link(entity_named("UNESCO"), None, editor)
    operations.sweep()
    drain()
    assert why(page, topic) == (first[0], pytest.approx(first[1], abs=0.001))


@pytest.mark.usefixtures("every_topic")
def test_names_merged_into_a_linked_entity_speak_for_its_topic(site, editor):
    topic = make_topic("Culture")
    page = make_article(site, body=RIVERS)
    drain()
    target = make_entity("United Nations", topic=topic)
    entities.merge(entity_named("UNESCO"), target, editor)
    drain()
    assert why(page, topic)[0]
    # The other way round, the link of the merged name counts, too.
    entities.link(target, None, editor)
    operations.sweep()
    drain()
    assert not why(page, topic)[0]
    entities.link(entity_named("UNESCO"), topic, editor)
    operations.sweep()
    drain()
    assert why(page, topic)[0]


@pytest.mark.usefixtures("every_topic")
def test_another_kind_of_the_same_name_is_not_meant(site, editor):
    topic = make_topic("Culture")
    make_entity("UNESCO", "PER", topic=topic)
    page = make_article(site, body=RIVERS)
    drain()
    assert not why(page, topic)[0]


def test_only_pages_that_name_the_entity_are_scored_again(site, editor):
    pages = [make_article(site, body=body) for body in (RIVERS, "Nothing is named here at all.")]
    drain()
    entities.hide(entity_named("Danube"), editor)
    assert [PageAnalysis.objects.get(page=page).state for page in pages] == [State.STALE, State.DONE]


def test_every_word_is_in_the_history(editor):
    nasa, esa, topic = make_entity("NASA"), make_entity("ESA"), make_topic("Space")
    entities.merge(nasa, esa, editor)
    entities.split(nasa, editor)
    entities.hide(nasa, editor)
    entities.unhide(nasa, editor)
    entities.rename(nasa, "N.A.S.A.", editor)
    entities.link(nasa, topic, editor)
    entities.link(nasa, None, editor)
    entities.identify(nasa, "Q23548", editor)
    log = ModelLogEntry.objects.for_instance(nasa).order_by("pk")
    assert {entry.user for entry in log} == {editor}
    assert [str(entry.message) for entry in log] == [
        "Merged “NASA” into “ESA”",
        "Split “NASA” off “ESA”",
        "Hidden: shown nowhere, and no reason for a topic",
        "Shown again",
        "Renamed “NASA” to “N.A.S.A.”",
        "Linked to the topic “Space”",
        "Unlinked from the topic “Space”",
        "Set the Wikidata id to Q23548",
    ]
    assert ModelLogEntry.objects.for_instance(esa).count() == 2
    entities.identify(nasa, "Q23548", editor)
    assert log.count() == 8


class TestGazetteer:
    def test_it_overrides_the_recogniser_and_re_reads_names_only(self, site, embedder):
        page = make_article(site, body=f"{RIVERS} Acme Ltd built them.")
        drain()
        assert set(names_on(page)) == {"Danube", "UNESCO", "Ada Lovelace"}
        assert PageAnalysis.objects.get(page=page).recognizer == "fake@1"
        GazetteerName.objects.create(name="Acme", label="ORG", aliases=["Acme Ltd"])
        GazetteerName.objects.create(name="Danube Commission", label="ORG", aliases=["Danube"])
        PageAnalysis.objects.update(analyzed_at=None)
        assert operations.sweep()
        embedder.calls.clear()
        drain()
        found = names_on(page)
        assert set(found) == {"Danube Commission", "UNESCO", "Ada Lovelace", "Acme"}
        assert found["Danube Commission"].label == "ORG"
        assert found["Acme"].aliases == ("Acme Ltd",)
        assert not any("Acme" in text for call in embedder.calls for text in call)
        assert PageAnalysis.objects.get(page=page).recognizer.startswith("fake@1+")
        assert not operations.sweep()

    def test_a_removed_name_is_forgotten(self, site):
        page = make_article(site, body=RIVERS)
        name = GazetteerName.objects.create(name="bridges", label="MISC")
        drain()
        assert "bridges" in names_on(page)
        name.delete()
        operations.sweep()
        drain()
        assert "bridges" not in names_on(page)

    @pytest.mark.usefixtures("every_topic")
    def test_the_entity_gets_topic_and_wikidata_id_but_an_editors_own_stay(self, site, editor):
        space, rivers = make_topic("Space"), make_topic("Rivers")
        entities.identify(make_entity("UNESCO"), "Q7809", editor)
        name = GazetteerName.objects.create(name="UNESCO", label="ORG", wikidata_id="Q1", topic=space)
        unesco = entity_named("UNESCO")
        assert (unesco.wikidata_id, unesco.topic) == ("Q7809", space)
        page = make_article(site, body=RIVERS)
        drain()
        assert why(page, space)[0]
        before = {name.pk: GazetteerName.objects.get(pk=name.pk)}
        name.topic = rivers
        operations.pass_on([name], before)
        assert entity_named("UNESCO").topic == rivers
        entities.link(entity_named("UNESCO"), space, editor)
        operations.pass_on([name], {name.pk: name})
        assert entity_named("UNESCO").topic == space

    def test_the_matcher_is_made_once_a_version(self):
        GazetteerName.objects.create(name="Acme", label="ORG")
        first = operations.current_gazetteer()
        assert operations.current_gazetteer() is first
        GazetteerName.objects.create(name="Bcme", label="ORG")
        second = operations.current_gazetteer()
        assert second.version != first.version
        GazetteerName.objects.filter(name="Bcme").delete()
        assert operations.current_gazetteer().version == first.version


def test_the_topic_set_follows_links_alone(editor):
    cache.clear()
    topic, nasa = make_topic("Space"), make_entity("NASA")
    plain = topic_set_version(current_topics(), None)
    entities.identify(nasa, "Q23548", editor)
    assert topic_set_version(current_topics(), None) == plain
    entities.link(nasa, topic, editor)
    linked = topic_set_version(current_topics(), None)
    assert linked != plain
    entities.hide(nasa, editor)
    assert topic_set_version(current_topics(), None) == plain
