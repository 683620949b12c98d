"""What the analysis of pages costs beside their embedding alone.

    python benchmarks/tagging.py ../shared/data/digitalgov --pages 300

Imports the posts as published pages into an embedded Postgres of its own, lets the worker analyse them (text,
entities, vector, topics, stored), and between its batches embeds the same windows by the bare model: whatever else
the machine does slows both. `--var FOLDER` keeps the database for the next run.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
AIM = 0.75  # of the bare model's pages a second
STEADY = 0.05  # by so much may memory change after page STEADY_FROM
STEADY_FROM = 500
VERSIONS = ("torch", "sentence-transformers", "transformers", "spacy", "numpy", "onnxruntime", "openvino")


def main() -> int:
    """Run the benchmark; 1 where an aim was missed."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="affinity-benchmark-") as temporary:
        _set_up(Path(arguments.var or temporary), arguments)
        from django.conf import settings

        from tagging.embedding import current_name

        page_ids = _import(arguments.path, arguments.pages)
        print(f"{len(page_ids)} pages, {current_name()}, batches of {settings.WAGTAIL_TAGGING['BATCH_SIZE']}")
        print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {_versions()}")
        _warm_up(page_ids)
        _print_queries(page_ids)
        return 0 if _race(page_ids, arguments.chunk) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, metavar="PATH", help="folder with posts.jsonl and topics.jsonl")
    parser.add_argument("--pages", type=int, default=300, help="how many of the posts (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="the setting BATCH_SIZE (default: %(default)s)")
    parser.add_argument("--chunk", type=int, default=64, help="pages in turn by worker and bare model")
    parser.add_argument("--embedder", metavar="DOTTED.PATH", help="the setting EMBEDDING_BACKEND")
    parser.add_argument("--model", metavar="NAME", help="the setting EMBEDDING_MODEL")
    parser.add_argument("--var", type=Path, metavar="FOLDER", help="keep the database here (default: thrown away)")
    return parser.parse_args()


def _set_up(var: Path, arguments: argparse.Namespace) -> None:
    """Start Django with the reference site's settings on an embedded Postgres in the folder."""
    sys.path.insert(0, str(ROOT))
    var.mkdir(parents=True, exist_ok=True)
    os.environ.update(DJANGO_SETTINGS_MODULE="cms_site.settings", AFFINITY_VAR_DIR=str(var), DEBUG="0")
    os.environ.pop("DATABASE_URL", None)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import django
    from django.conf import settings
    from django.core.management import call_command

    given = {"EMBEDDING_BACKEND": arguments.embedder, "EMBEDDING_MODEL": arguments.model}
    settings.WAGTAIL_TAGGING = {
        **getattr(settings, "WAGTAIL_TAGGING", {}),
        **{key: value for key, value in given.items() if value},
        "BATCH_SIZE": arguments.batch,
    }
    django.setup()
    call_command("migrate", verbosity=0)


def _import(path: Path, limit: int) -> list[int]:
    """The posts as published pages and the topics as the site's; their page ids, all waiting for the worker."""
    from wagtail.models import Page

    from cms_site.management.commands.import_articles import Importer
    from cms_site.models import ArticleIndexPage, ArticlePage
    from tagging.models import Topic
    from tagging.operations import mark_stale

    for line in (path / "topics.jsonl").read_text().splitlines():
        row = json.loads(line)
        if not Topic.objects.filter(slug=row["slug"]).exists():
            about = f"{row.get('deck') or ''} {row.get('summary') or ''}".strip()
            Topic.add_root(name=row["title"], slug=row["slug"], description=about)
    index = ArticleIndexPage.objects.filter(slug="benchmark").first()
    if index is None:
        root = Page.get_first_root_node()
        index = root.add_child(instance=ArticleIndexPage(title="Benchmark", slug="benchmark"))
    importer = Importer(index, update=False)
    with (path / "posts.jsonl").open("rb") as lines:
        for number, line in enumerate(lines):
            if number < limit:
                importer.add(number, line)
    page_ids = list(ArticlePage.objects.child_of(index).order_by("pk").values_list("pk", flat=True)[:limit])
    mark_stale(page_ids, again=True)
    return page_ids


def _warm_up(page_ids: list[int]) -> None:
    """Load the models and embed the topics: neither is a page's cost."""
    from tagging.operations import analyze_batch, mark_stale

    analyze_batch(page_ids=page_ids[:8])
    mark_stale(page_ids[:8], again=True)


def _print_queries(page_ids: list[int]) -> None:
    """How many queries a page takes, from batches of two sizes. Analyses the first pages once more."""
    from django.conf import settings

    from tagging.operations import analyze_batch, mark_stale

    counts = {}
    full = settings.WAGTAIL_TAGGING["BATCH_SIZE"]
    for size in (full // 2, full):
        analyze_batch(page_ids=page_ids[:size], limit=size)  # so that both know the pages already
        mark_stale(page_ids[:size], again=True)
        with _counting() as queries:
            analyze_batch(page_ids=page_ids[:size], limit=size)
        counts[size] = queries.count
        mark_stale(page_ids[:size], again=True)
    (small, few), (large, many) = counts.items()
    each = (many - few) / (large - small)
    print(f"queries: {few} for a batch of {small}, {many} for one of {large}: {each:.2f} a page", end=" ")
    print(f"and {few - each * small:.0f} a batch")


@dataclass
class _Queries:
    count: int = 0

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        self.count += 1
        return execute(sql, *rest)


@contextmanager
def _counting() -> Iterator[_Queries]:
    from django.db import connection

    queries = _Queries()
    with connection.execute_wrapper(queries):
        yield queries


@dataclass
class _Stopwatch:
    """Seconds on the clock and of this process's processor time."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


def _race(page_ids: list[int], chunk: int) -> bool:
    """Worker and bare model in turn, chunk by chunk, each first every other time. Returns whether the aims were met."""
    worker, bare, memory = _Stopwatch(), _Stopwatch(), {}
    windows = 0
    for turn, start in enumerate(range(0, len(page_ids), chunk)):
        ids = page_ids[start : start + chunk]
        texts = _windows(ids)
        windows += len(texts)
        done = start + len(ids)
        if turn % 2:
            _embed(texts, bare)
        _analyze(ids, worker)
        memory[done] = _resident_megabytes()  # the worker's: the bare model gives nothing back
        if not turn % 2:
            _embed(texts, bare)
        print(f"  {done:5} pages  {bare.wall / worker.wall:.3f}  {memory[done]:.0f} MB", flush=True)
    print(f"windows: {windows}, {windows / len(page_ids):.1f} a page")
    print(f"worker:  {len(page_ids) / worker.wall:6.2f} pages/s  ({worker.cpu:.1f} s of processor time)")
    print(f"bare:    {len(page_ids) / bare.wall:6.2f} pages/s  ({bare.cpu:.1f} s of processor time)")
    ratio = bare.wall / worker.wall
    print(f"ratio:   {ratio:.3f} by the clock, {bare.cpu / worker.cpu:.3f} by processor time; aim: {AIM}")
    return ratio >= AIM and _is_steady(memory)


def _analyze(page_ids: list[int], watch: _Stopwatch) -> None:
    from tagging.operations import analyze_batch

    with watch.running():
        while (report := analyze_batch(page_ids=page_ids)).claimed:
            if report.failures:
                raise SystemExit(f"Pages failed: {report.failures}")


def _embed(texts: list[str], watch: _Stopwatch) -> None:
    from tagging.embedding import get_embedder

    embedder = get_embedder()
    with watch.running():
        embedder.embed(texts)


def _windows(page_ids: list[int]) -> list[str]:
    """The windows that the worker reads of these pages."""
    from cms_site.models import ArticlePage
    from tagging.reading.windows import page_windows
    from tagging.text import extract

    pages = [extract(page) for page in ArticlePage.objects.filter(pk__in=page_ids)]
    return [window.text for window in page_windows(pages, for_names=True)]


def _is_steady(memory: dict[int, float]) -> bool:
    later = [size for pages, size in memory.items() if pages >= STEADY_FROM]
    if len(later) < 2:
        print(f"memory:  not judged: fewer than {STEADY_FROM} pages")
        return True
    change = later[-1] / later[0] - 1
    print(f"memory:  {later[0]:.0f} MB at page {STEADY_FROM}, {later[-1]:.0f} MB at the end: {change:+.1%}")
    return abs(change) <= STEADY


def _resident_megabytes() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def _versions() -> str:
    found = []
    for package in VERSIONS:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


if __name__ == "__main__":
    sys.exit(main())
