"""Training the small spaCy model that takes over where MiniLM is absent, and making it small enough to ship."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import spacy
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin, Span

from .corpora import LABELS
from .examples import Example, case_copies, generator, read
from .prepare import MAIN
from .score import Score, score

CONFIG = Path(__file__).parent / "cnn.cfg"
SEED = 11
GOLD_COPIES = {"lower": 0.06, "title": 0.12, "upper": 0.10}
SILVER_COPIES = {"lower": 0.05, "title": 0.12, "upper": 0.10}
META = {
    "name": "affinity_cnn",
    "version": "1.0.0",
    "spacy_version": ">=3.8,<4",
    "license": "CC BY-SA 4.0, see LICENSE.md in the folder above",
    "performance": {},
}
KEPT_BITS = 8  # of the 23 of a float's mantissa: what is dropped changes no score, and compresses well


def train_cnn(work: Path, language: str, steps: int) -> Path:
    """Train on the main corpus, on silver text and on recased copies of both; returns the best model's folder."""
    folder = work / language
    rng = generator(SEED)
    gold = [example for example in read(folder / "train.jsonl") if example.corpus == MAIN]
    examples = [*gold, *case_copies(gold, GOLD_COPIES, rng)]
    labelled = folder / "silver_labelled.jsonl"
    if labelled.exists():
        silver = list(read(labelled))
        examples += [*silver, *case_copies(silver, SILVER_COPIES, rng)]
    rng.shuffle(examples)
    _save(examples, language, folder / "train.spacy")
    development = [folder / f"{name}.jsonl" for name in ("dev", "dev_literature")]
    _save([one for path in development if path.exists() for one in read(path)], language, folder / "dev.spacy")
    output = folder / "cnn"
    config = folder / "cnn.cfg"
    fill_config(config, CONFIG)
    train(
        config,
        output,
        overrides={
            "nlp.lang": language,
            "paths.train": str(folder / "train.spacy"),
            "paths.dev": str(folder / "dev.spacy"),
            "training.max_steps": steps,
        },
    )
    return output / "model-best"


def _save(examples: Iterable[Example], language: str, path: Path) -> None:
    tokenizer = spacy.blank(language)
    store = DocBin()
    for example in examples:
        document = tokenizer(example.text)
        spans = [document.char_span(*span, alignment_mode="expand") for span in example.spans]
        document.ents = spacy.util.filter_spans([span for span in spans if span is not None])
        store.add(document)
    store.to_disk(path)


def shrink(model: Path, target: Path) -> None:
    """Copy a trained model with rounded weights and without the words it was trained on."""
    nlp = spacy.load(model)
    components: list[Any] = [nlp.get_pipe(name) for name in nlp.pipe_names]
    for component in components:
        for node in component.model.walk():
            for parameter in node.param_names:
                if node.has_param(parameter):
                    node.set_param(parameter, rounded(node.get_param(parameter)))
    nlp.meta.update(META)
    nlp.config["paths"] = dict.fromkeys(nlp.config["paths"])  # of the machine that trained it
    if target.exists():
        shutil.rmtree(target)
    nlp.to_disk(target)
    strings = target / "vocab" / "strings.json"
    labels = {"PER", "ORG", "LOC"}
    strings.write_text(json.dumps([string for string in json.loads(strings.read_text()) if string in labels]))


def rounded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """float32 with KEPT_BITS bits of mantissa, rounded to nearest."""
    dropped = 23 - KEPT_BITS
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32(1 << (dropped - 1))
    return ((bits + half) >> np.uint32(dropped) << np.uint32(dropped)).view(np.float32).reshape(values.shape)


def score_pipeline(nlp: Language, examples: Sequence[Example], label: str = "", least: float = 0.0) -> Score:
    """A pipeline's score on raw texts."""
    found = [
        [((span.start_char, span.end_char, LABELS[span.label_]), _confidence(span)) for span in document.ents]
        for document in nlp.pipe(example.text for example in examples)
    ]
    return score((example.spans for example in examples), found, label, least)


def _confidence(span: Span) -> float:
    value = span._.confidence if span.has_extension("confidence") else None
    return 1.0 if value is None else float(value)
