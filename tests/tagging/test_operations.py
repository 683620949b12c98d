"""Analysing batches: nothing twice, nothing lost, and no page drags another one down."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tagging import index, operations
from tagging.exceptions import ModelUnavailable, ServerUnavailable
from tagging.models import EmbeddingModel, Entity, PageAnalysis, PageVector, Suggestion, Topic, TopicVector
from tagging.operations import analysis, outbox
from tagging.signals import page_analyzed
from tests.factories import make_article, make_locale, make_private, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

State = PageAnalysis.State
RIVERS = "The river Danube rose. UNESCO and Ada Lovelace looked at the river and its bridges."


@pytest.fixture
def site():
    return make_site()


def analysis_of(page):
    return PageAnalysis.objects.get(page=page)


def drain():
    reports = [operations.analyze_batch()]
    while reports[-1].claimed:
        reports.append(operations.analyze_batch())
    return reports


def republish(page, body):
    page = page.specific
    page.body = [("paragraph", f"<p>{body}</p>")]
    page.save_revision().publish()


def expire_lease(page):
    PageAnalysis.objects.filter(page=page).update(claimed_at=timezone.now() - timedelta(days=1))


def test_a_published_page_gets_vector_entities_and_topics(site):
    river = make_topic("River", description="Rivers and floods.")
    page = make_article(site, "The river", body=RIVERS)
    heard = []
    page_analyzed.connect(listener := lambda page_id, **kwargs: heard.append(page_id))
    report = operations.analyze_batch()
    page_analyzed.disconnect(listener)

    assert (report.claimed, report.analyzed, report.failures) == (1, 1, [])
    assert heard == [page.pk]
    done = analysis_of(page)
    assert done.state == State.DONE
    assert done.analyzed_at
    assert (done.recognizer, done.embedder) == ("fake@1", "fake@words@fp32")
    vector = index.vectors([page.pk])[page.pk]
    assert (vector @ vector) == pytest.approx(1, abs=0.01)
    row = PageVector.objects.get(page=page)
    assert (row.is_live, row.is_public, row.site, row.locale) == (True, True, site, page.locale)
    assert {entity.name for entity in index.entities_of([page.pk])[page.pk]} == {"Danube", "UNESCO", "Ada Lovelace"}
    suggestion = Suggestion.objects.get(page=page, topic=river)
    assert suggestion.model == "fake@words@fp32"
    assert "river" in suggestion.evidence.lower()
    assert index.live_model_name() == "fake@words@fp32"


def test_nothing_is_embedded_again_for_an_unchanged_page(site, embedder, recognizer):
    page = make_article(site, body=RIVERS)
    drain()
    calls = len(embedder.calls), len(recognizer.calls)
    page.save_revision().publish()
    report = operations.analyze_batch()
    assert (report.claimed, report.unchanged, report.analyzed) == (1, 1, 0)
    assert (len(embedder.calls), len(recognizer.calls)) == calls
    assert analysis_of(page).state == State.DONE


def test_analyse_again_does_the_whole_work_again(site, embedder):
    page = make_article(site, body=RIVERS)
    drain()
    calls = len(embedder.calls)
    assert operations.mark_stale([page.pk], again=True) == 1
    assert operations.analyze_batch().analyzed == 1
    assert len(embedder.calls) > calls


def test_freshness_is_keyed_on_the_model_too(site, embedder):
    """An analysis of another model than the live one is done again; test_model_swap has the rest."""
    page = make_article(site, body=RIVERS)
    drain()
    PageAnalysis.objects.update(embedder="other@words@fp32", analyzed_at=timezone.now() - timedelta(hours=1))
    embedder.calls.clear()
    assert operations.sweep()
    assert operations.analyze_batch().analyzed == 1
    assert embedder.calls
    assert analysis_of(page).embedder == "fake@words@fp32"


@pytest.fixture
def eager(settings):
    """Topics are suggested on the slightest ground: the fake embedder knows no meaning."""
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 9.5}


@pytest.mark.usefixtures("eager")
def test_a_changed_topic_rescores_pages_without_reading_them_again(site, embedder, recognizer):
    page = make_article(site, "Bridges", body=RIVERS)
    drain()
    embedder.calls.clear()
    recognizer.calls.clear()
    topic = make_topic("Bridges", description="Bridges over a river.")
    PageAnalysis.objects.update(analyzed_at=timezone.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        assert operations.sweep()
    assert sum(query["sql"].startswith("UPDATE") for query in queries) == 1
    assert operations.analyze_batch().analyzed == 1
    assert Suggestion.objects.filter(page=page, topic=topic).exists()
    assert recognizer.calls == []
    assert [text for call in embedder.calls for text in call] == ["Bridges. Bridges over a river", "Bridges"]
    assert index.entities_of([page.pk])[page.pk]


def test_a_moved_topic_and_a_deleted_one_count_as_changes(site):
    make_article(site, body=RIVERS)
    parent, child = make_topic("Water"), make_topic("Rivers")
    drain()
    assert not PageAnalysis.objects.filter(state=State.STALE).exists()
    Topic.objects.get(pk=child.pk).move(Topic.objects.get(pk=parent.pk), "sorted-child")
    operations.sweep()
    assert PageAnalysis.objects.filter(state=State.STALE).exists()
    drain()
    Topic.objects.get(pk=child.pk).delete()
    operations.sweep()
    assert PageAnalysis.objects.filter(state=State.STALE).exists()


def test_a_topic_is_embedded_once_and_again_when_its_words_change(site, embedder):
    topic = make_topic("Rivers")
    make_article(site)
    make_article(site)
    drain()
    vector = list(TopicVector.objects.get(topic=topic).embedding)
    topic.synonyms = ["streams"]
    topic.save()
    operations.sweep()
    drain()
    assert list(TopicVector.objects.get(topic=topic).embedding) != vector


@pytest.mark.parametrize(("body", "reason"), [("", "no text"), ("<b></b>", "no text")])
def test_a_page_without_text_is_skipped_with_the_reason(site, body, reason):
    page = make_article(site, body=body)
    report = operations.analyze_batch()
    assert report.skipped == 1
    row = analysis_of(page)
    assert row.state == State.SKIPPED
    assert reason in row.reason


def test_a_page_that_lost_its_text_keeps_only_what_editors_decided(site):
    page = make_article(site, body=RIVERS)
    drain()
    kept, dropped = make_topic("Kept"), make_topic("Dropped")
    Suggestion.objects.create(page=page, topic=kept, state="rejected", score=0.5, source="vector")
    Suggestion.objects.create(page=page, topic=dropped, state="applied", score=0.9, source="vector")
    page.body = []
    page.save_revision().publish()
    drain()
    assert not PageVector.objects.exists()
    assert index.entities_of([page.pk]) == {}
    assert [row.topic for row in Suggestion.objects.all()] == [kept]


def test_a_page_that_was_unpublished_meanwhile_is_left_as_it_is(site):
    page = make_article(site, body=RIVERS)
    drain()
    republish(page, "Something else altogether, quite new and different.")
    page.refresh_from_db()
    page.unpublish()
    operations.analyze_batch()
    assert analysis_of(page).state == State.SKIPPED
    assert PageVector.objects.filter(page=page, is_live=False).exists()


def test_one_bad_page_does_not_stop_the_batch(site, embedder):
    bad = make_article(site, body="This one is poison for the model.")
    good = [make_article(site, body=f"{RIVERS} {number}") for number in range(3)]
    embedder._fails_on = "poison"
    report = operations.analyze_batch()
    assert report.analyzed == 3
    assert [failure.page_id for failure in report.failures] == [bad.pk]
    assert analysis_of(bad).state == State.FAILED
    assert "poison" in analysis_of(bad).reason
    assert {analysis_of(page).state for page in good} == {State.DONE}
    assert operations.analyze_batch().claimed == 0, "a failed page waits for its next change"

    embedder._fails_on = ""
    republish(bad, "This one is fine now, and has a river.")
    assert operations.analyze_batch().analyzed == 1
    assert analysis_of(bad).reason == ""


def test_a_page_whose_text_cannot_be_read_fails_alone(site, settings):
    settings.WAGTAIL_TAGGING = {
        **settings.WAGTAIL_TAGGING,
        "TEXT": {"cms_site.ArticlePage": "tests.tagging.test_operations.broken_text"},
    }
    bad = make_article(site, "Broken")
    good = make_article(site, "Whole")
    report = operations.analyze_batch()
    assert report.analyzed == 1
    assert "no such field" in analysis_of(bad).reason
    assert analysis_of(good).state == State.DONE


def broken_text(page):
    if page.title == "Broken":
        raise ValueError("no such field")
    return "Some text about rivers."


def test_missing_models_give_the_pages_back(site, embedder, monkeypatch):
    page = make_article(site)

    def missing(texts):
        raise ModelUnavailable("Install wagtail-affinity[models].")

    monkeypatch.setattr(embedder, "embed", missing)
    with pytest.raises(ModelUnavailable):
        operations.analyze_batch()
    assert (analysis_of(page).state, analysis_of(page).attempts) == (State.STALE, 0)


def test_a_worker_that_dies_while_it_loads_its_models_takes_no_page_with_it(site, embedder, monkeypatch):
    make_article(site)
    done = []
    embed, claim = embedder.embed, analysis.claim
    monkeypatch.setattr(embedder, "embed", lambda texts: done.append("embed") or embed(texts))
    monkeypatch.setattr(analysis, "claim", lambda *asked: done.append("claim") or claim(*asked))
    operations.analyze_batch()
    assert done == ["embed", "claim", "embed"]


def test_ctrl_c_in_the_middle_gives_the_pages_back(site, embedder, monkeypatch):
    make_article(site)
    drain()
    page = make_article(site)

    def interrupted(texts):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(embedder, "embed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            operations.analyze_batch()
    assert (analysis_of(page).state, analysis_of(page).attempts) == (State.STALE, 0)
    assert operations.analyze_batch().analyzed == 1


def test_what_was_read_before_a_server_went_away_is_stored_and_the_rest_given_back(site, embedder, monkeypatch):
    make_article(site)
    drain()
    pages = [make_article(site, body=f"{RIVERS} Number {number}.") for number in range(3)]
    monkeypatch.setattr(analysis, "READ_AT_ONCE", 1)
    embed = embedder.embed

    def reads_one_more(texts):
        if any("Number 1" in text for text in texts):
            raise ServerUnavailable("The server does not answer.")
        return embed(texts)

    monkeypatch.setattr(embedder, "embed", reads_one_more)
    with pytest.raises(ServerUnavailable):
        operations.analyze_batch()
    assert [analysis_of(page).state for page in pages] == [State.DONE, State.STALE, State.STALE]
    assert [analysis_of(page).attempts for page in pages] == [0, 0, 0]


def before_storing(monkeypatch, happens):
    """Once, when the first pages are read and none of them is stored."""
    real = analysis.batch_facts

    def facts(*given, **more):
        monkeypatch.setattr(analysis, "batch_facts", real)
        happens()
        return real(*given, **more)

    monkeypatch.setattr(analysis, "batch_facts", facts)


def test_a_change_while_the_page_is_being_analysed_is_not_lost(site, monkeypatch):
    make_article(site)
    drain()
    page = make_article(site, body="The old text of the page.")
    before_storing(monkeypatch, lambda: republish(page, "The new text, about UNESCO."))
    report = operations.analyze_batch()
    assert report.analyzed == 0
    assert analysis_of(page).state == State.STALE
    assert not PageVector.objects.filter(page=page).exists(), "the older text's result is thrown away"
    assert operations.analyze_batch().analyzed == 1
    assert [entity.name for entity in index.entities_of([page.pk])[page.pk]] == ["UNESCO"]


def test_a_page_deleted_while_it_is_being_analysed(site, monkeypatch):
    make_article(site)
    drain()
    page, other = make_article(site, body=RIVERS), make_article(site, body=f"{RIVERS} More.")
    before_storing(monkeypatch, page.delete)
    assert operations.analyze_batch().analyzed == 1
    assert analysis_of(other).state == State.DONE


def test_a_claimed_page_is_nobody_elses_until_its_lease_ends(site):
    page = make_article(site)
    first = outbox.claim(10)
    assert [claim.page_id for claim in first] == [page.pk]
    assert outbox.claim(10) == []
    expire_lease(page)
    second = outbox.claim(10)
    assert [claim.page_id for claim in second] == [page.pk]
    outbox.fail(first[0], "the slow worker comes back")
    assert analysis_of(page).state == State.RUNNING, "the slow worker's claim no longer stands"
    outbox.finish_unchanged(second[0])
    assert analysis_of(page).state == State.DONE


def test_after_a_crash_pages_are_taken_one_by_one_and_the_culprit_is_set_aside(site, settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "MAX_ATTEMPTS": 3}
    pages = [make_article(site) for _ in range(3)]
    culprit = pages[0]
    assert len(outbox.claim(10)) == 3  # and the worker dies
    PageAnalysis.objects.update(claimed_at=timezone.now() - timedelta(days=1))
    for _ in range(10):
        for claim in outbox.claim(10):
            if claim.page_id == culprit.pk:
                expire_lease(culprit)  # it dies again
            else:
                outbox.finish_unchanged(claim)
    assert analysis_of(culprit).state == State.FAILED
    assert "3 times" in analysis_of(culprit).reason
    assert {analysis_of(page).state for page in pages[1:]} == {State.DONE}


def test_fresh_pages_do_not_wait_behind_a_crashed_one(site):
    crashed = make_article(site)
    outbox.claim(10)
    expire_lease(crashed)
    fresh = make_article(site)
    assert [claim.page_id for claim in outbox.claim(10)] == [fresh.pk]
    assert [claim.page_id for claim in outbox.claim(10)] == [crashed.pk]


@pytest.mark.usefixtures("eager")
def test_a_decided_topic_is_never_suggested_again(site):
    river, bridge = make_topic("River"), make_topic("Bridges")
    page = make_article(site, "River and bridges", body=RIVERS)
    drain()
    Suggestion.objects.update_or_create(
        page=page, topic=river, defaults={"state": "rejected", "score": 0.9, "source": "vector"}
    )
    republish(page, f"{RIVERS} Even more about the river, the river and the bridges.")
    drain()
    assert Suggestion.objects.get(page=page, topic=river).state == "rejected"
    assert Suggestion.objects.get(page=page, topic=bridge).state in ("suggested", "applied")
    page.refresh_from_db()
    page.title = "Cooking"
    republish(page, "A recipe for soup.")
    drain()
    assert list(Suggestion.objects.filter(page=page).values_list("topic__name", "state")) == [("River", "rejected")]


def test_entities_are_shared_between_pages_and_go_with_the_text(site):
    first, second = make_article(site, body=RIVERS), make_article(site, body="Back to the Danube again.")
    drain()
    assert Entity.objects.filter(key="danube", label="LOC").count() == 1
    republish(first, "Nothing but Ada Lovelace.")
    drain()
    assert [entity.name for entity in index.entities_of([first.pk])[first.pk]] == ["Ada Lovelace"]
    assert [entity.name for entity in index.entities_of([second.pk])[second.pk]] == ["Danube"]


def test_a_page_made_private_while_the_batch_was_written_is_not_public(site, monkeypatch):
    make_article(site)
    drain()
    page = make_article(site, body=RIVERS)
    before_storing(monkeypatch, lambda: make_private(page))
    operations.analyze_batch()
    assert not PageVector.objects.get(page=page).is_public


def test_queries_grow_by_a_constant_a_page(site):
    make_topic("River")

    def queries(count):
        for number in range(count):
            make_article(site, body=f"{RIVERS} {count} {number}")
        with CaptureQueriesContext(connection) as captured:
            assert operations.analyze_batch().analyzed == count
        return len(captured)

    queries(1)
    one, five = queries(1), queries(5)
    assert (five - one) / 4 <= 16


def test_the_sweep_asks_for_a_worker_only_when_none_is_at_it(site):
    assert not operations.sweep()
    page = make_article(site)
    assert operations.sweep()
    outbox.claim(10)
    make_article(site)
    assert not operations.sweep()
    expire_lease(page)
    assert operations.sweep()


def test_an_unknown_language_is_analysed_too(site):
    make_locale("tlh")
    page = make_article(site, body="tlhIngan Hol Dajatlh'a' Danube")
    page.locale = make_locale("tlh")
    page.save()
    assert operations.analyze_batch().analyzed == 1


def test_filter_columns_are_put_right_after_bulk_updates(site):
    page = make_article(site, body=RIVERS)
    drain()
    type(page).objects.filter(pk=page.pk).update(live=False)
    operations.maintain()
    assert not PageVector.objects.get(page=page).is_live
    assert operations.refresh_filters() == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_models_run_outside_any_transaction_and_never_in_the_request(embedder, monkeypatch):
    seen = []
    real = embedder.embed
    monkeypatch.setattr(embedder, "embed", lambda texts: seen.append(connection.in_atomic_block) or real(texts))
    make_topic("River")
    page = make_article(make_site(), body=RIVERS)
    assert seen == [], "publishing embeds nothing"
    assert operations.analyze_batch().analyzed == 1
    assert seen
    assert not any(seen)
    with transaction.atomic():
        operations.state_of(page.pk)
        index.similar_to_page(page.pk, 3, index.SearchFilter())
    assert len(seen) == 4  # a first word that loads the model, the page, the topic, its name


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_vector_index_is_built_beside_the_running_site_and_used(settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "EXACT_SEARCH_ROWS": 2}
    site = make_site()
    pages = [make_article(site, body=f"{RIVERS} Page number {number}.") for number in range(6)]
    drain()
    model = EmbeddingModel.objects.get()
    assert operations.ensure_vector_index(model)
    assert operations.ensure_vector_index(model), "it may be asked for again"
    with connection.cursor() as cursor:
        # So few rows are sooner sorted than looked up. Whether the index can serve this query is what is asked.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_sort = off")
        with CaptureQueriesContext(connection) as queries:
            found = index.similar_to_page(pages[0].pk, 5, index.SearchFilter(site_id=site.pk))
        cursor.execute("EXPLAIN " + next(query["sql"] for query in queries if "<=>" in query["sql"]))
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
        cursor.execute("RESET enable_sort")
    assert {neighbour.page_id for neighbour in found} == {page.pk for page in pages[1:]}
    assert f"tagging_pagevector_hnsw_{model.pk}" in plan


def test_few_rows_need_no_index(site):
    make_article(site)
    drain()
    assert not operations.ensure_vector_index(EmbeddingModel.objects.get())
