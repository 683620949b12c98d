"""Measure how well topics are found on pages that editors have tagged already."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
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
from tagging.evaluation.metrics import Scores
from tagging.evaluation.reliability import reliability
from tagging.evaluation.report import Row, reliability_table, row, table
from tagging.exceptions import ModelUnavailable
from tagging.topics import TopicMatcher

DECISIONS = (0, 200)  # and all
BATCH = 32

Vectors = npt.NDArray[np.float32]


class Command(BaseCommand):
    help = (
        "Print how well topics are found on tagged pages, beside what other methods reach there with the same"
        " vectors. PATH is a folder with posts.jsonl and topics.jsonl (docs/quality.md). The oldest 70 % of the"
        " pages are learned from, the next 15 % tuned on, the newest 15 % scored, once. The database is not used."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH")
        parser.add_argument("--vectors", type=Path, metavar="FILE.npz", help="keep the pages' vectors here, and reuse")

    def handle(self, *args: Any, **options: Any) -> None:
        corpus = _read(options["path"])
        try:
            embedder = get_embedder()
            vectors = self._vectors(corpus, embedder, options["vectors"])
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
