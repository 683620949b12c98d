"""Measure how well topics and names are found on pages and sentences that people have marked already."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from tagging.embedding import Embedder, embed_pages, get_embedder
from tagging.evaluation import ours, peers
from tagging.evaluation.corpus import Corpus, read_corpus
from tagging.evaluation.entities import entity_rows, read_entities
from tagging.evaluation.metrics import Scores
from tagging.evaluation.reliability import reliability
from tagging.evaluation.report import EntityRow, Row, entity_table, reliability_table, row, table
from tagging.exceptions import ModelUnavailable
from tagging.ner import CNN, HEAD, RULES, Recognizer, named_recognizer
from tagging.topics import TopicMatcher

DECISIONS = (0, 200)  # and all
BATCH = 32
# Where sentences with marked names are looked for in PATH; the latter as the benchmark's data are laid out.
ENTITY_FILES = ("entities.conll", "ner/uner_en_ewt/test.conll", "../ner/uner_en_ewt/test.conll")

Vectors = npt.NDArray[np.float32]


class Command(BaseCommand):
    help = (
        "Print how well topics are found on tagged pages, and names in marked sentences, beside what other methods"
        " reach there. PATH is a folder with posts.jsonl and topics.jsonl, and maybe entities.conll"
        " (docs/quality.md). The oldest 70 % of the pages are learned from, the next 15 % tuned on, the newest 15 %"
        " scored, once. The database is not used."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument("--vectors", type=Path, metavar="FILE.npz", help="keep the pages' vectors here, and reuse")
        parser.add_argument("--entities", type=Path, metavar="FILE.conll", help="sentences with marked names")
        parser.add_argument("--language", default="en", help="of these sentences (default: en)")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["path"]
        entities = options["entities"] or next(filter(Path.is_file, (folder / name for name in ENTITY_FILES)), None)
        if entities is None or (folder / "posts.jsonl").exists():
            self._topics(_read(folder), options["vectors"])
        if entities:
            self._entities(entities, options["language"])

    def _topics(self, corpus: Corpus, kept_vectors: Path | None) -> None:
        try:
            embedder = get_embedder()
            vectors = self._vectors(corpus, embedder, kept_vectors)
            matcher_for = partial(TopicMatcher, ours.topic_set(corpus.topics, embedder))
        except ModelUnavailable as error:
            raise CommandError(str(error)) from error
        rows = self._peers(corpus, vectors, embedder)
        learn, tune, test = corpus.split()
        truth = corpus.labels[test]
        for count in (*(n for n in DECISIONS if n < learn.stop), learn.stop):
            matcher = matcher_for(decisions=ours.decisions(corpus, vectors, count))
            scores = ours.logits(matcher, corpus, vectors, test, self._progress, f"ours, {count} labels")
            rows.append(row("ours", count, scores, truth))
        tuned = ours.logits(matcher, corpus, vectors, tune, self._progress, "calibration")
        _curve, chances = ours.calibrated(tuned, corpus.labels[tune], scores)
        self.stdout.write(f"{len(corpus.pages)} pages, {len(corpus.topics)} topics; {len(truth)} pages scored.")
        self.stdout.write(table(rows))
        self.stdout.write("\nProbabilities of the last row, calibrated on the tuning part:")
        self.stdout.write(reliability_table(reliability(chances, truth)))

    def _entities(self, file: Path, language: str) -> None:
        try:
            examples = read_entities(file)
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error
        rows: list[EntityRow] = []
        for name, recognizer in _recognizers(language):
            try:
                rows += entity_rows(name, recognizer, examples, language, self._progress)
            except ModelUnavailable as error:
                self.stderr.write(f"{name} is left out: {error}")
        self.stdout.write(f"\nNames in {len(examples)} sentences: exact characters and kind.")
        self.stdout.write(entity_table(rows))

    def _peers(self, corpus: Corpus, vectors: Vectors, embedder: Embedder) -> list[Row]:
        learn, _tune, test = corpus.split()
        truth = corpus.labels[test]
        names = embedder.embed([topic.name for topic in corpus.topics])
        methods: list[tuple[str, int, Scores]] = [
            ("substring of the topic's name", 0, peers.substring_of_name(corpus, test)),
            ("cosine to the topic's name", 0, vectors[test] @ names.T),
        ]
        try:
            learned = [
                ("TF-IDF + logistic regression", learn.stop, peers.words_with_logistic_regression(corpus)),
                ("vectors + logistic regression", learn.stop, peers.vectors_with_logistic_regression(corpus, vectors)),
            ]
        except ModuleNotFoundError:
            self.stderr.write("Without scikit-learn the learned peers are left out: pip install scikit-learn")
            learned = []
        return [row(name, count, scores, truth) for name, count, scores in (*methods, *learned)]

    def _vectors(self, corpus: Corpus, embedder: Embedder, file: Path | None) -> Vectors:
        print_of = np.array([embedder.name, *(page.content_hash for page in corpus.pages)])
        if file and file.exists():
            with np.load(file) as kept:
                if np.array_equal(kept["made_of"], print_of):
                    return np.asarray(kept["vectors"])
        vectors = np.zeros((len(corpus.pages), embedder.dimensions), dtype=np.float32)
        for start in self._progress(range(0, len(corpus.pages), BATCH), desc="vectors"):
            for number, vector in enumerate(embed_pages(embedder, corpus.pages[start : start + BATCH]), start):
                if vector is not None:
                    vectors[number] = vector
        if file:
            np.savez(file, made_of=print_of, vectors=vectors)
        return vectors

    def _progress(self, steps: Iterable[int], *, desc: str) -> Iterable[int]:
        bar: Iterable[int] = tqdm(steps, desc=desc, disable=None)
        return bar


def _recognizers(language: str) -> Iterator[tuple[str, Recognizer]]:
    """Ours, which are English but for the rules, and every spaCy pipeline of the language that is installed."""
    shipped = {"ours, head on MiniLM": HEAD, "ours, CNN": CNN} if language.split("-")[0] == "en" else {}
    for name, pipeline in (shipped | {"ours, rules": RULES}).items():
        yield name, named_recognizer(pipeline, language)
    for pipeline in peers.installed_pipelines(language):
        yield pipeline, named_recognizer(pipeline, language)


def _read(folder: Path) -> Corpus:
    try:
        with (folder / "posts.jsonl").open() as posts, (folder / "topics.jsonl").open() as topics:
            corpus = read_corpus(posts, topics)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}. PATH needs posts.jsonl and topics.jsonl.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"A line is not as docs/quality.md describes it: {type(error).__name__} {error}") from error
    if len(corpus.topics) < 2 or len(corpus.pages) < 20:
        raise CommandError(
            f"{len(corpus.pages)} tagged pages with {len(corpus.topics)} topics of at least ten pages are too few."
        )
    return corpus
