"""Going over to another embedding model: beside the one before, all at once, and back."""

import sys
import threading
from collections.abc import Sequence

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection

from tagging import embedding, index, operations
from tagging.checks import check_live_model
from tagging.exceptions import ModelUnavailable
from tagging.models import EmbeddingModel, PageAnalysis, PageVector, TopicVector
from tagging.testing import FakeEmbedder
from tagging.types import SearchFilter
from tests.factories import make_article, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("recognizer")]

FAKE, SHORT = "tagging.testing.FakeEmbedder", f"{__name__}.ShortEmbedder"


class ShortEmbedder(FakeEmbedder):
    """Vectors of 32 numbers; calls `meanwhile` with the texts before each batch."""

    meanwhile = staticmethod(lambda texts: None)

    def __init__(self, model: str) -> None:
        super().__init__(model, dimensions=32)

    def embed(self, texts: Sequence[str]):
        self.meanwhile(texts)
        return super().embed(texts)


@pytest.fixture(autouse=True)
def _fakes(settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "EMBEDDING_BACKEND": FAKE, "EMBEDDING_MODEL": "old"}
    settings.WAGTAIL_TAGGING |= {"BATCH_SIZE": 2}
    for embedder in (old(), new()):
        embedder.calls.clear()


@pytest.fixture
def meanwhile(monkeypatch):
    """Have a function called while the new model embeds, each time."""
    return lambda act: monkeypatch.setattr(ShortEmbedder, "meanwhile", staticmethod(act))


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def pages(site):
    make_topic("Rivers")
    pages = [make_article(site, body=f"The river number {number} and its bridges.") for number in range(5)]
    drain()
    return pages


def old():
    return embedding.get_embedder(FAKE, "old")


def new():
    return embedding.get_embedder(SHORT, "new")


def drain():
    while operations.analyze_batch().claimed:
        pass


def swap():
    call_command("swap_embedding_model", "new", "--backend", SHORT)


def found_from(page):
    return {near.page_id for near in index.similar_to_page(page.pk, 50, SearchFilter())}


def lengths():
    return {len(vector) for vector in index.vectors(list(PageAnalysis.objects.values_list("pk", flat=True))).values()}


def republish(page, body):
    page = page.specific
    page.body = [("paragraph", f"<p>{body}</p>")]
    page.save_revision().publish()


def embedded(embedder):
    return " ".join(text for call in embedder.calls for text in call)


def test_every_page_is_embedded_beside_its_old_vector_and_the_site_switched(pages, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    swap()
    live = EmbeddingModel.objects.get(is_live=True)
    assert (live.name, live.backend, live.model, live.dimensions) == ("new@words@fp32", SHORT, "new", 32)
    assert live.switched_at
    assert lengths() == {32}
    assert PageVector.objects.count() == 10
    assert TopicVector.objects.filter(model=live).count() == 1
    output = capsys.readouterr()
    assert "new@words@fp32 is live" in output.out
    assert f"EMBEDDING_MODEL = 'new', EMBEDDING_BACKEND = '{SHORT}'" in output.out
    assert "5/5" in output.err


def test_switched_pages_are_scored_anew_and_not_embedded_again(pages):
    swap()
    assert set(PageAnalysis.objects.values_list("embedder", "topic_set")) == {("new@words@fp32", "")}
    new().calls.clear()
    PageAnalysis.objects.update(analyzed_at=None)
    assert operations.sweep()
    drain()
    assert "number 1" not in embedded(new())
    assert "" not in set(PageAnalysis.objects.values_list("topic_set", flat=True))
    assert set(PageAnalysis.objects.values_list("state", flat=True)) == {"done"}


def test_workers_embed_with_the_live_model_whatever_the_settings_say(site, pages):
    swap()
    page = make_article(site, body="A canal between two rivers.")
    old().calls.clear()
    drain()
    assert old().calls == []
    assert set(PageVector.objects.filter(page=page).values_list("model__name", flat=True)) == {"new@words@fp32"}
    assert operations.current_embedder() is new()


def test_a_page_published_or_changed_meanwhile_gets_its_vector_of_the_new_model(site, pages, meanwhile):
    published = []

    def publish(texts):
        if not published and "number 2" in " ".join(texts):
            published.append(make_article(site, body="A late page on ferries."))
            republish(pages[0], "It became a page on lighthouses.")
            drain()  # a worker, which embeds with the model that is live now

    meanwhile(publish)
    swap()
    assert "lighthouses" in embedded(new())
    assert "ferries" in embedded(new())
    (late,) = published
    assert found_from(pages[1]) == {page.pk for page in [*pages, late]} - {pages[1].pk}
    rows = PageVector.objects.filter(model__is_live=True)
    hashes = dict(PageAnalysis.objects.values_list("page_id", "content_hash"))
    assert dict(rows.values_list("page_id", "content_hash")) == hashes


def test_a_page_that_still_waits_at_the_switch_is_analysed_with_the_new_model(site, pages, meanwhile):
    late = []
    meanwhile(lambda texts: late or late.append(make_article(site, body="A late page on ferries.")))
    swap()
    drain()
    assert late[0].pk in found_from(pages[0])
    assert lengths() == {32}


def test_the_site_answers_from_one_model_or_the_other_all_the_while(pages, meanwhile):
    seen = []
    everything = {page.pk for page in pages}

    def visit(texts):
        seen.append((index.live_model_name(), found_from(pages[0]) | {pages[0].pk}))

    visit([])
    meanwhile(visit)
    swap()
    visit([])
    assert {name for name, _found in seen[:-1]} == {"old@words@fp32"}
    assert seen[-1][0] == "new@words@fp32"
    assert len(seen) > 4
    assert all(found == everything for _name, found in seen)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_readers_get_full_answers_while_the_index_is_built_and_the_model_switched(settings, site, pages):
    settings.WAGTAIL_TAGGING |= {"EXACT_SEARCH_ROWS": 2}
    cache.clear()
    stop, answers = threading.Event(), []

    def read():
        while not stop.is_set():
            answers.append(found_from(pages[0]))
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        swap()
        call_command("swap_embedding_model", "--undo")
    finally:
        stop.set()
        reader.join()
    assert len(answers) > 3
    assert {frozenset(found) for found in answers} == {frozenset(page.pk for page in pages[1:])}
    wanted = {f"tagging_pagevector_hnsw_{model.pk}" for model in EmbeddingModel.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes")
        assert len(wanted) == 2
        assert wanted <= {name for (name,) in cursor.fetchall()}


def test_undo_goes_back_and_embeds_only_what_changed_since(pages):
    swap()
    republish(pages[0], "It became a page on lighthouses.")
    drain()
    old().calls.clear()
    call_command("swap_embedding_model", "--undo")
    assert index.live_model_name() == "old@words@fp32"
    assert lengths() == {64}
    assert "lighthouses" in embedded(old())
    assert "number 1" not in embedded(old())
    assert found_from(pages[1]) == {page.pk for page in pages} - {pages[1].pk}
    call_command("swap_embedding_model", "--undo")
    assert index.live_model_name() == "new@words@fp32"


def test_a_stopped_swap_changes_nothing_and_goes_on_where_it_was(pages, meanwhile):
    def stop(texts):
        if "number 3" in " ".join(texts):
            raise KeyboardInterrupt

    meanwhile(stop)
    with pytest.raises(SystemExit):
        swap()
    assert index.live_model_name() == "old@words@fp32"
    assert PageVector.objects.filter(model__is_live=False).count() == 2
    meanwhile(lambda texts: None)
    new().calls.clear()
    swap()
    assert lengths() == {32}
    assert "number 0" not in embedded(new())
    assert "number 4" in embedded(new())


def test_a_page_that_cannot_be_embedded_holds_nobody_up(pages, meanwhile, capsys):
    def refuse(texts):
        if "number 3" in " ".join(texts):
            raise ValueError("No bridge like this one.")

    meanwhile(refuse)
    swap()
    assert len(index.vectors([page.pk for page in pages])) == 4
    error = capsys.readouterr().err
    assert f"Page {pages[3].pk} has no vector of the new model: ValueError: No bridge like this one." in error


def test_a_private_page_stays_private_in_the_new_vectors(pages):
    from tests.factories import make_private

    make_private(pages[0])
    swap()
    assert pages[0].pk not in found_from(pages[1])


def test_old_vectors_are_kept_until_they_are_dropped(pages, capsys):
    swap()
    call_command("swap_embedding_model", "--drop-old")
    assert "Deleted the vectors of old@words@fp32" in capsys.readouterr().out
    assert EmbeddingModel.objects.get().name == "new@words@fp32"
    assert PageVector.objects.count() == 5
    with pytest.raises(CommandError, match="nothing to go back to"):
        call_command("swap_embedding_model", "--undo")


def test_a_fresh_site_takes_the_model_at_once(capsys):
    swap()
    assert index.live_model_name() == "new@words@fp32"
    assert operations.current_embedder() is new()


def test_the_backend_stays_as_it_is_where_none_is_named(pages):
    call_command("swap_embedding_model", "newer")
    assert index.live_model_name() == "newer@words@fp32"
    assert EmbeddingModel.objects.get(is_live=True).backend == "tagging.testing.embedder.FakeEmbedder"


def test_wrong_arguments_are_told_before_anything_happens(pages):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("swap_embedding_model", "new", "--backend", "nowhere.at.all")
    with pytest.raises(CommandError, match="required"):
        call_command("swap_embedding_model")
    with pytest.raises(CommandError, match="NAME alone"):
        call_command("swap_embedding_model", "--undo", "--backend", SHORT)
    assert EmbeddingModel.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_only_one_swap_at_a_time(pages):
    held, done = threading.Event(), threading.Event()

    def hold():
        with operations.swap_lock():
            held.set()
            done.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    with pytest.raises(CommandError, match="Another swap"):
        swap()
    done.set()
    other.join()
    swap()
    assert index.live_model_name() == "new@words@fp32"


def test_a_warning_names_the_command_where_the_settings_name_another_model(settings, pages, capsys):
    assert check_live_model(databases=["default"]) == []
    settings.WAGTAIL_TAGGING |= {"EMBEDDING_BACKEND": SHORT, "EMBEDDING_MODEL": "new"}
    (warning,) = check_live_model(databases=["default"])
    assert warning.id == "tagging.W001"
    assert f"manage.py swap_embedding_model new --backend {SHORT}" in warning.msg
    assert check_live_model(databases=None) == []
    assert not operations.sweep(), "nothing is embedded anew by a changed setting alone"
    call_command("analyze_pages", "--all")
    assert "swap_embedding_model" in capsys.readouterr().err
    assert index.live_model_name() == "old@words@fp32"
    swap()
    assert check_live_model(databases=["default"]) == []


def test_vectors_are_never_mixed_where_a_backend_changes_its_name_or_its_length(site, pages):
    live = EmbeddingModel.objects.filter(is_live=True)
    live.update(model="another")
    with pytest.raises(ModelUnavailable, match="never mixed"):
        operations.current_embedder()
    live.update(model="old", dimensions=99)
    make_article(site, body="A canal.")
    with pytest.raises(ModelUnavailable, match="99 numbers"):
        operations.analyze_batch()
    live.update(dimensions=64, backend="gone.away.Embedder")
    with pytest.raises(ModelUnavailable, match="cannot be imported"):
        operations.analyze_batch()
    assert set(PageAnalysis.objects.exclude(state="done").values_list("state", flat=True)) == {"stale"}
