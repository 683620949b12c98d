"""What choosing costs once the candidates are there, beside the least that any answer costs.

    python benchmarks/ranking.py

Takes turns, in one process and on one embedded Postgres.

- **Choosing**: from candidates as sources return them, two for each page, to the ten pages that are shown with the
  shares of their scores: gathering, features, scoring, the order, the `POOL` best through the rerankers of a placement
  (freshness, fatigue, diversity, a cap on sections). What rerankers look at is read already. By the learned ranker,
  whose model knows more circumstances than hold, and by the weighted blend.
- **SELECT + JSON**: one page by its primary key through Django's ORM, and a slate of ten rendered by the API's renderer
  in the API's shape. Making that shape, and what else an answer costs, is not counted.

Prints the ratio for several numbers of pages, how it grows with them, and the processor time of this process alone, in
which waiting for Postgres is none.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
AIM = 0.5  # of the SELECT and its JSON, for 200 candidates
SIZES = (50, 100, 200, 400)
SIGNALS = {
    "trending": ("fast", "medium", "slow", "total"),
    "covisits": ("ever", "later"),
    "transitions": ("ever", "leap", "far"),
    "sessions": (),
    "similar": (),
    "profile": (),
    "recent": (),
}
N = 10


def main() -> int:
    """Run the benchmark; 1 where the aim was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=40, help="of each, interleaved (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="affinity-benchmark-") as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "cms_site.settings", "AFFINITY_VAR_DIR": folder}
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        sys.path.insert(0, str(ROOT))
        import django

        Path(folder).chmod(0o755)
        django.setup()
        return 0 if _race(arguments.turns) <= AIM else 1


def _race(turns: int) -> float:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}")
    contestants: dict[str, Callable[[], Any]] = {"SELECT + JSON": _answer()}
    for size in SIZES:
        for name, ranker in _rankers().items():
            contestants[f"{name}, {size}"] = _chosen(ranker, size)
    times = _interleaved(contestants, turns)
    floor = times["SELECT + JSON"]
    print(f"{'':24}{'ms':>8}{'÷ SELECT + JSON':>18}{'ms of processor':>18}")
    for name, (seconds, busy) in times.items():
        print(f"{name:24}{1000 * seconds:8.3f}{seconds / floor[0]:18.2f}{1000 * busy:18.3f}")
    growth = times[f"learned, {SIZES[-1]}"][0] / times[f"learned, {SIZES[-2]}"][0]
    print(f"twice the candidates cost {growth:.2f} times as much; aim for 200: {AIM}")
    return max(times[f"{name}, 200"][0] for name in ("learned", "weighted")) / floor[0]


def _interleaved(
    contestants: dict[str, Callable[[], Any]], turns: int, rounds: int = 5
) -> dict[str, tuple[float, float]]:
    """The median seconds of one call by the clock and by the processor, each turn being the mean of a few calls."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        for name, call in contestants.items():
            start, busy = time.perf_counter(), time.process_time()
            for _ in range(rounds):
                call()
            if turn:  # the first one warms up
                seconds[name].append(((time.perf_counter() - start) / rounds, (time.process_time() - busy) / rounds))
    return {name: tuple(map(statistics.median, zip(*one, strict=True))) for name, one in seconds.items()}


def _answer() -> Callable[[], bytes]:
    import swapper

    from personalization.api.base import PersonalizationView
    from personalization.api.recommendations import EXAMPLE

    pages = swapper.load_model("wagtailcore", "Page")._default_manager
    key = pages.order_by("-pk").values_list("pk", flat=True)[0]
    renderer = PersonalizationView.renderer_classes[0]()
    items = [{**EXAMPLE["items"][0], "id": number} for number in range(N)]

    def answer() -> bytes:
        title = pages.get(pk=key).title
        return renderer.render({"meta": EXAMPLE["meta"], "items": [{**item, "title": title} for item in items]})

    return answer


def _rankers() -> dict[str, Any]:
    from personalization.recommendation.circumstances import Circumstances
    from personalization.recommendation.features import features_of
    from personalization.recommendation.learned import LearnedRanker
    from personalization.recommendation.logistic import LogisticModel
    from personalization.recommendation.proposals import Proposals
    from personalization.recommendation.rankers import WeightedRanker

    circumstances = Circumstances(
        referrer="search", device="mobile", locale="en", placement="sidebar", hour=9, weekday=1
    )
    others = Circumstances("social", "desktop", "fr", hour=20, weekday=6, placement="home", pages=3).indicators()
    known = features_of(Proposals.of(_candidates(200)).signals, circumstances.indicators() | others).names
    weights = tuple(np.random.default_rng(0).normal(size=len(known)).tolist())
    model = LogisticModel(known, weights, (0.0,) * len(known), (1.0,) * len(known))
    strengths = {"trending": 1.0, "similar": 1.0, "covisits": 0.25, "transitions": 0.25, "sessions": 0.25}
    blend = WeightedRanker({**strengths, "profile": 2.0, "recent": 0.25})
    return {"learned": LearnedRanker(model, circumstances, 1), "weighted": blend}


def _candidates(size: int) -> list[Any]:
    """So many pages, each proposed by two of the sources."""
    from personalization.types import Candidate

    chance = np.random.default_rng(size)
    found = []
    for number, (source, signals) in enumerate(sorted(SIGNALS.items())):
        for page in range(1, size + 1):
            if page % len(SIGNALS) in (number, (number + 3) % len(SIGNALS)):
                extra = {name: float(chance.exponential()) for name in signals}
                evidence = {"page_id": page, "views": 10.0}
                found.append(Candidate(page, float(chance.exponential()), source, evidence, extra))
    return found


def _chosen(ranker: Any, size: int) -> Callable[[], Sequence[Any]]:
    from personalization.operations.material import POOL
    from personalization.recommendation.arrangement import Prepared, arrange
    from personalization.recommendation.placement import PlacementConfig
    from personalization.recommendation.proposals import Proposals
    from personalization.recommendation.standing import PageFacts

    chance = np.random.default_rng(size)
    candidates = _candidates(size)
    config = PlacementConfig("sidebar", "", N, "blend", max_per_section=4, freshness_days=30.0, patience=5)
    vectors = {page: _unit(chance.normal(size=384)) for page in range(1, size + 1)}
    facts = {
        page: PageFacts(age_days=float(page), labels={"section": frozenset([page % 5])}, unclicked=page % 3)
        for page in vectors
    }

    def chosen() -> Sequence[Any]:
        pages = ranker.rank(Proposals.of(candidates))[:POOL]
        prepared = Prepared(pages, N, spare=12, facts=facts, vectors=vectors, seed="x")
        return list(arrange(prepared, config).pages[:N])

    return chosen


def _unit(values: Any) -> Any:
    return (values / np.linalg.norm(values)).astype(np.float32)


if __name__ == "__main__":
    raise SystemExit(main())
