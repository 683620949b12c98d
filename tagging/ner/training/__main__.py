"""`python -m tagging.ner.training`: the recipe of the shipped entity models, step by step. See README.md."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

from . import evaluate
from .prepare import UNER, prepare

SCRATCH = Path.home() / ".cache" / "wagtail-affinity" / "training"
SHIPPED = Path(__file__).parent.parent / "weights"


def main() -> None:
    """Run one step. Every step leaves its result in the work folder, from where the next one reads it."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run: Callable[[argparse.Namespace], None] = arguments.run
    run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tagging.ner.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ner/ and digitalgov/")
    parser.add_argument("--work", type=Path, default=SCRATCH, help="scratch folder (default: %(default)s)")
    parser.add_argument("--lang", choices=sorted(UNER), default="en")
    steps = parser.add_subparsers(required=True, metavar="STEP")
    for name, run, about in (
        ("prepare", _prepare, "verify the corpora and bring them into one format"),
        ("encode", _encode, "keep MiniLM's states of every prepared text"),
        ("head", _head, "train the head on them"),
        ("silver", _silver, "label open text with the head, for the CNN"),
        ("cnn", _cnn, "train the small spaCy model"),
        ("evaluate", _evaluate, "print the tables for what is in the weights folder"),
    ):
        step = steps.add_parser(name, help=about)
        step.set_defaults(run=run)
        if name == "cnn":
            step.add_argument("--steps", type=int, default=4500)
        if name in ("head", "silver", "cnn", "evaluate"):
            step.add_argument("--weights", type=Path, default=SHIPPED, help="folder of the trained weights")
    return parser


def _prepare(arguments: argparse.Namespace) -> None:
    for name, count in prepare(arguments.data, arguments.work, arguments.lang).items():
        logging.info("%-18s %6d texts", name, count)


def _encode(arguments: argparse.Namespace) -> None:
    from .states import encode

    for path in sorted((arguments.work / arguments.lang).glob("*.jsonl")):
        encode(arguments.work, arguments.lang, path.stem)


def _head(arguments: argparse.Namespace) -> None:
    from .head import train_head

    train_head(arguments.work, arguments.lang, arguments.weights / f"minilm_{arguments.lang}.npz")


def _silver(arguments: argparse.Namespace) -> None:
    from tagging.ner.minilm.head import EntityHead

    from . import silver
    from .states import encode

    logging.info("%d words", silver.collect(arguments.data, arguments.work))
    encode(arguments.work, "en", "silver")
    head = EntityHead.load(arguments.weights / "minilm_en.npz")
    logging.info("%d paragraphs kept", silver.label(head, arguments.work))


def _cnn(arguments: argparse.Namespace) -> None:
    from .cnn import shrink, train_cnn

    best = train_cnn(arguments.work, arguments.lang, arguments.steps)
    shrink(best, arguments.weights / f"cnn_{arguments.lang}")


def _evaluate(arguments: argparse.Namespace) -> None:
    evaluate.report(arguments.work, arguments.lang, arguments.weights)


if __name__ == "__main__":
    main()
