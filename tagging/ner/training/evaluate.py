"""The tables of the README: each model on raw text, in every case, on text like the training text and on other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import spacy
from spacy.language import Language

from tagging.ner.minilm import component

from .cnn import score_pipeline
from .examples import read

THRESHOLDS = (0.0, 0.6, 0.8)
LABELS = ("PER", "ORG", "LOC")


def report(work: Path, language: str, weights: Path) -> None:
    """Print F1 on every prepared set, and precision and recall by type and confidence on the test set."""
    folder = work / language
    for name, nlp in _pipelines(weights, language):
        print(f"\n{name}\n" + "=" * len(name))
        for path in sorted(folder.glob("*.jsonl")):
            if path.stem.startswith(("dev", "test", "held")):
                print(f"{path.stem:18}", score_pipeline(nlp, list(read(path))))
        test = list(read(folder / "test.jsonl"))
        for least in THRESHOLDS:
            print(f"test, at least {least}", score_pipeline(nlp, test, least=least))
        for label in LABELS:
            print(f"test, {label}", score_pipeline(nlp, test, label=label))


def _pipelines(weights: Path, language: str) -> Iterator[tuple[str, Language]]:
    head = weights / f"minilm_{language}.npz"
    if head.exists():
        nlp = spacy.blank(language)
        nlp.add_pipe(component.NAME, config={"weights": str(head)})
        yield head.name, nlp
    cnn = weights / f"cnn_{language}"
    if cnn.exists():
        yield cnn.name, spacy.load(cnn)
