"""A batch of pages: one result each, one call each, and one bad page harms no other."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tagging.embedding import get_embedder
from tagging.exceptions import ModelUnavailable
from tagging.ner import get_recognizer
from tagging.ner.base import Recognizer
from tagging.pipeline import analyze
from tagging.testing import FakeEmbedder, FakeRecognizer
from tagging.topics import describe
from tagging.types import Analysis, AnalysisFailure, PageEntity, PageText, TopicDefinition

FLOODS = PageText(1, "Floods in Leeds", "", ("Rivers rose in Leeds.",), "en")
TRAINS = PageText(2, "Trains to Bath", "", ("The BOOM trains stopped in Bath.",), "en")
EMPTY = PageText(3, "", "", (), "en")
FRENCH = PageText(4, "Crues à Leeds", "", ("Les rivières montent.",), "fr")
BATCH = [FLOODS, TRAINS, EMPTY, FRENCH]


def topics(embedder: FakeEmbedder) -> list[TopicDefinition]:
    names = ("Floods", "Trains")
    vectors = embedder.embed([describe(name, "", ()) for name in names])
    return [TopicDefinition(n, name, "", (), vectors[n]) for n, name in enumerate(names)]


def test_one_result_a_page_in_order():
    embedder, recognizer = FakeEmbedder(), FakeRecognizer({"Leeds": "LOC", "Bath": "LOC"})
    results = analyze(BATCH, lambda _: recognizer, embedder, topics(embedder))
    assert [result.page_id for result in results] == [1, 2, 3, 4]
    assert all(isinstance(result, Analysis) for result in results)
    floods, trains, empty, _french = results
    assert [entity.name for entity in floods.entities] == ["Leeds"]
    assert floods.topics[0].topic_id == 0
    assert trains.topics[0].topic_id == 1
    assert floods.content_hash == FLOODS.content_hash
    assert np.linalg.norm(floods.vector) == pytest.approx(1, abs=1e-5)
    assert empty.vector is None
    assert empty.entities == ()


def test_a_batch_is_one_call_for_each_model():
    embedder = FakeEmbedder()
    by_language: dict[str, FakeRecognizer] = {}
    analyze(BATCH, lambda language: by_language.setdefault(language, FakeRecognizer()), embedder, [])
    assert len(embedder.calls) == 1
    assert {language: recognizer.calls for language, recognizer in by_language.items()} == {
        "en": [[1, 2, 3]],
        "fr": [[4]],
    }


def test_no_pages_cost_nothing():
    embedder = FakeEmbedder()
    assert analyze([], lambda _: FakeRecognizer(), embedder, []) == []
    assert embedder.calls == []


@pytest.mark.parametrize(
    ("embedder", "recognizer"),
    [(FakeEmbedder(fails_on="BOOM"), FakeRecognizer()), (FakeEmbedder(), FakeRecognizer(fails_on="BOOM"))],
)
def test_only_the_bad_page_fails_and_says_why(embedder, recognizer):
    results = analyze(BATCH, lambda _: recognizer, embedder, [])
    assert results[1] == AnalysisFailure(2, "RuntimeError: The text holds 'BOOM'.")
    assert [result.page_id for result in results if isinstance(result, Analysis)] == [1, 3, 4]


def test_language_whose_pipeline_is_missing_fails_alone_and_names_the_fix():
    def recognizer_for(language: str) -> Recognizer:
        if language == "fr":
            raise ModelUnavailable("Install fr_core_news_sm.")
        return FakeRecognizer()

    results = analyze(BATCH, recognizer_for, FakeEmbedder(), [])
    assert results[3] == AnalysisFailure(4, "Install fr_core_news_sm.")
    assert all(isinstance(result, Analysis) for result in results[:3])


def test_known_pages_are_scored_again_without_a_model():
    embedder, recognizer = FakeEmbedder(), FakeRecognizer()
    topic_set = topics(embedder)
    first = analyze([FLOODS], lambda _: recognizer, embedder, topic_set)[0]
    embedder.calls.clear()
    recognizer.calls.clear()
    leeds = (PageEntity("Leeds", "LOC", (), 2, 0.9, ()),)
    (again,) = analyze(
        [FLOODS],
        lambda _: recognizer,
        embedder,
        topic_set[:1],
        known_vectors={1: first.vector},
        known_entities={1: leeds},
    )
    assert embedder.calls == recognizer.calls == []
    assert again.vector is first.vector
    assert again.entities == leeds
    assert [found.topic_id for found in again.topics] == [0]


def test_topics_are_limited():
    embedder = FakeEmbedder()
    (one,) = analyze([FLOODS], lambda _: FakeRecognizer(), embedder, topics(embedder), max_topics=1)
    (none,) = analyze([FLOODS], lambda _: FakeRecognizer(), embedder, topics(embedder), min_score=1.01)
    assert len(one.topics) == 1
    assert none.topics == ()


def test_importing_loads_no_model_library():
    code = (
        "import sys, django; django.setup()\n"
        "import tagging.embedding, tagging.ner, tagging.pipeline, tagging.testing, tagging.text, tagging.topics\n"
        "tagging.embedding.current_name(), tagging.ner.current_name('en')\n"
        "print({'torch', 'spacy', 'sentence_transformers', 'transformers', 'thinc'} & set(sys.modules))"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "cms_site.settings", "DATABASE_URL": "postgres:///unused"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.models
def test_the_whole_pipeline_on_real_parts():
    embedder = get_embedder()
    names = {
        "Railways": "Trains between cities: high-speed lines, sleepers, stations and rail history.",
        "Baking": "Bread, cakes and pastry, with the flour, ovens and bakers behind them.",
        "Birds": "Birds, their migrations and the people who count and protect them.",
        "Housing": "Homes and who can afford them: council estates, rents and housing policy.",
        "Cinema": "Films, film-makers, festivals and picture houses.",
    }
    vectors = embedder.embed([describe(name, about, ()) for name, about in names.items()])
    topic_set = [TopicDefinition(n, name, about, (), vectors[n]) for n, (name, about) in enumerate(names.items())]
    trains = PageText(
        1,
        "The night train from Brussels to Vienna is back",
        "Sleeping cars return to the railways of Europe.",
        (
            "The Austrian Federal Railways, known as ÖBB, bought carriages that nobody else wanted.",
            "At the station in Vienna the director Anna Weber welcomed the first passengers. Weber had waited years.",
        ),
        "en",
    )
    (result,) = analyze([trains], get_recognizer, embedder, topic_set, min_score=0.35)
    assert isinstance(result, Analysis)
    assert [found.topic_id for found in result.topics] == [0]
    assert result.topics[0].score >= 0.7
    assert {entity.name for entity in result.entities} >= {"Vienna", "Brussels", "Anna Weber", "ÖBB"}
