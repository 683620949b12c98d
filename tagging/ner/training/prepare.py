"""From the gold corpora to training, development, test and held-out texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from .corpora import Sentence, read_sentences, to_example, to_examples, verify, without_handles
from .examples import Example, generator, join_neighbours, recase, write

SEED = 7
UNER = {
    "en": "uner_en_ewt",
    "pt": "uner_pt_bosque",
    "da": "uner_da_ddt",
    "sv": "uner_sv_talbanken",
    "hr": "uner_hr_set",
}
MAIN = "uner"
"""The corpus whose guideline the trained models follow."""

DOMAINS = ("ai", "literature", "music", "politics", "science")
TWEETS = 4000
HELD_TWEETS = 1000


class Corpora:
    """The files in `<data>/ner`, each verified as it is opened."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, name: str) -> list[Sentence]:
        path = self.root / "ner" / name
        verify(path, self.root)
        return list(read_sentences(path))


def prepare(data: Path, work: Path, language: str) -> dict[str, int]:
    """Write the texts of a language as `<work>/<language>/<set>.jsonl`; returns how many there are of each."""
    corpora = Corpora(data)
    sets = {**_uner(corpora, UNER[language]), **(_english(corpora) if language == "en" else {})}
    sets["train"] += sets.pop("more", [])
    for name, examples in sets.items():
        write(work / language / f"{name}.jsonl", examples)
    return {name: len(examples) for name, examples in sets.items()}


def _uner(corpora: Corpora, folder: str) -> dict[str, list[Example]]:
    """Training text twice, as sentences and as running text; test in four cases and with spaced tokens."""
    rng = generator(SEED)
    train = to_examples(corpora(f"{folder}/train.conll"), MAIN)
    dev, test = (to_examples(corpora(f"{folder}/{part}.conll"), MAIN) for part in ("dev", "test"))
    sets = {"train": train + list(join_neighbours(train, 5, rng)), "dev": dev, "test": test}
    for part, examples in (("dev", dev), ("test", test)):
        for case in ("title", "upper", "lower"):
            sets[f"{part}_{case}"] = [copy for example in examples if (copy := recase(example, case))]
        sentences = corpora(f"{folder}/{part}.conll")
        sets[f"{part}_spaced"] = [to_example(sentence, MAIN, spaced=True) for sentence in sentences]
    return sets


def _english(corpora: Corpora) -> dict[str, list[Example]]:
    """The other English corpora: "more" to train on, the rest to see how a model does on other text."""
    rng = generator(SEED)
    wikigold = to_examples(corpora("wikigold/all.conll"), "wikigold")
    tweets = [without_handles(tweet) for part in "abefgh" for tweet in corpora(f"btc/{part}.conll")]
    rng.shuffle(tweets)
    emerging = [tweet for part in ("train", "dev") for tweet in corpora(f"wnut17/{part}.conll")]
    cut = len(wikigold) * 4 // 5
    return {
        "more": [
            *join_neighbours(wikigold[:cut], 3, rng),
            *to_examples((without_handles(tweet) for tweet in emerging), "wnut17"),
            *to_examples(tweets[HELD_TWEETS : HELD_TWEETS + TWEETS], "btc"),
            *_crossner_training(corpora, rng),
        ],
        "dev_literature": to_examples(corpora("crossner/literature/test.txt"), "crossner"),
        "held_ai": to_examples(corpora("crossner/ai/test.txt"), "crossner"),
        "held_wikigold": wikigold[cut:],
        "held_tweets": to_examples(tweets[:HELD_TWEETS], "btc"),
        "held_wnut17": to_examples(map(without_handles, corpora("wnut17/test.conll")), "wnut17"),
    }


def _crossner_training(corpora: Corpora, rng: Random) -> Iterator[Example]:
    for domain in DOMAINS:
        for part in ("train", "dev"):
            yield from join_neighbours(to_examples(corpora(f"crossner/{domain}/{part}.txt"), "crossner"), 2, rng)
