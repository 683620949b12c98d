"""Windows a second of each embedding engine, and whether its vectors are those of torch.

    python benchmarks/embedding.py PATH [--windows 300] [--rounds 3]

PATH is a folder with posts.jsonl and topics.jsonl, as for `manage.py evaluate_tagging`. The engines take
turns, and the best round of each counts: other work on the machine slows all of them. The database is not used.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
ENGINES = {"torch": "torch", "onnx": "onnxruntime", "openvino": "openvino", "openvino-int8": "openvino"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--windows", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    start_django()

    texts = windows(options.path, options.windows)
    engines = available()
    vectors = {name: engine.embed(texts) for name, engine in engines.items()}  # loads, and warms up
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(options.rounds):
        for name, engine in engines.items():
            started = time.perf_counter()
            engine.embed(texts)
            best[name] = min(best[name], time.perf_counter() - started)

    print(f"{len(texts)} windows, {os.cpu_count()} cores, best of {options.rounds} rounds\n")
    print("| engine | version | windows/s | ÷ torch | least cosine to torch |\n|---|---|---|---|---|")
    for name, seconds in best.items():
        agreement = float(np.min(np.sum(vectors[name] * vectors["torch"], axis=1)))
        rate, ratio = len(texts) / seconds, best["torch"] / seconds
        print(f"| {name} | {version(ENGINES[name])} | {rate:.1f} | {ratio:.2f} | {agreement:.7f} |")


def start_django() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms_site.settings")
    os.environ.setdefault("DATABASE_URL", "postgres:///unused")
    import django

    django.setup()


def windows(path: Path, n: int) -> list[str]:
    """`n` windows, spread evenly over the posts."""
    from tagging.evaluation.corpus import read_corpus
    from tagging.reading.windows import page_windows

    with (path / "posts.jsonl").open() as posts, (path / "topics.jsonl").open() as topics:
        pages = read_corpus(posts, topics).pages
    texts = [window.text for window in page_windows(pages, for_names=False)]
    return [texts[number] for number in np.linspace(0, len(texts) - 1, n).astype(int)]


def available() -> dict[str, object]:
    """The engines that work here; the others are named with the reason."""
    from tagging.embedding import get_embedder
    from tagging.exceptions import ModelUnavailable

    found = {}
    for name in ENGINES:
        try:
            engine = get_embedder(name, MODEL)
            engine.check()
        except ModelUnavailable as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            found[name] = engine
    return found


if __name__ == "__main__":
    main()
