"""Measure how well related pages are found, against the links that editors have made."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from personalization.conf import related_strengths
from personalization.evaluation.linked import Array, Rows, Score, Tuner, halves, measured, without
from personalization.evaluation.linked_report import table
from personalization.evaluation.peers import words
from personalization.management.evaluating.linking import Linked, add_linking_arguments, linked
from personalization.recommendation.related import SIGNALS, Relations

AGAINST = "TF-IDF"


class Command(BaseCommand):
    help = (
        "Print how well related pages are found, with the links that editors have made as the right ones and without"
        " their words in the texts: nDCG, hit rate and reciprocal rank of the first ten, for ours, for each of our"
        " signals alone and for other methods. First with the strengths that are set, on all linking pages; then with"
        " strengths tuned on half of them, on the other half. Nothing is written to the database (docs/quality.md)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_linking_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for one in linked(options):
            count = sum(map(len, one.links.values()))
            self.stdout.write(f"{one.name}: {len(one.pages)} pages, {count} links from {len(one.links)} of them.\n")
            peers = dict(self._peers(one))
            strengths = related_strengths()
            self.stdout.write(f"All linking pages, strengths {_written(strengths)}:")
            self._print(one, one.sources, {**_ours(one, strengths), **_signals(one, strengths), **peers})
            days = one.content.days if options["split"] == "time" else None
            tuned, scored = halves(one.sources, days, options["seed"])
            self.stdout.write(
                f"Tuned on {len(tuned)} of them, scored on the other {len(scored)}, by {options['split']}:"
            )
            self._print(one, scored, {**self._tuned(one, tuned, strengths), **_ours(one, strengths), **peers})

    def _tuned(self, one: Linked, rows: Rows, start: Mapping[str, float]) -> dict[str, Score]:
        found: dict[str, Score] = {}
        for name, left_out in (("ours, tuned", ()), ("ours, tuned without dates", ("dates",))):
            strengths = without(start, left_out)
            relations = Relations(one.content, strengths)
            tuned = Tuner(relations, rows, one.links).tuned(strengths, fixed=left_out)
            self.stdout.write(f"  {name}: {_written(tuned)}")
            found[name] = Relations(one.content, tuned).scores
        return found

    def _print(self, one: Linked, rows: Rows, methods: Mapping[str, Score]) -> None:
        found: dict[str, Array] = {name: measured(score, rows, one.links) for name, score in methods.items()}
        best = AGAINST if AGAINST in found else next(iter(found))
        self.stdout.write(table(found, rows, best) + "\n")

    def _peers(self, one: Linked) -> Iterator[tuple[str, Score]]:
        vectors = one.content.vectors
        yield "title substring", words.title_substring(one.pages)
        yield "page vector (MiniLM)", lambda rows: np.asarray(vectors[rows] @ vectors.T, dtype=np.float64)
        try:
            yield AGAINST, words.tf_idf(one.pages)
            yield "BM25", words.bm25(one.pages)
        except ModuleNotFoundError:
            self.stderr.write("Without scikit-learn TF-IDF and BM25 are left out: pip install scikit-learn")


def _ours(one: Linked, strengths: Mapping[str, float]) -> dict[str, Score]:
    return {
        "ours": Relations(one.content, strengths).scores,
        "ours, without dates": Relations(one.content, without(strengths, ("dates",))).scores,
    }


def _signals(one: Linked, strengths: Mapping[str, float]) -> dict[str, Score]:
    known = {"topics": one.content.topics.columns.size, "names": one.content.entities.columns.size}
    asked = [name for name in SIGNALS if strengths[name] and known.get(name, 1)]
    return {f"ours, {name} alone": Relations(one.content, {name: 1.0}).scores for name in asked}


def _written(strengths: Mapping[str, float]) -> str:
    return ", ".join(f"{signal} {strength:g}" for signal, strength in strengths.items())
