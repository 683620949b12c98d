"""What keeping up the signals costs, beside storing the events; and how long counting all of them anew takes.

    python benchmarks/signals.py [--events 1000000] [--pages 20000] [--batches 500]

Starts an embedded Postgres of its own, which is thrown away. Visits are made up: visitors who read one page after
another, some pages far more than others, and of whom each view brings what browsers report beside it.

- store: batches of 20 events of one visitor into the event table with its indexes and foreign keys, one INSERT and one
  commit each; no consent, no deduplication, no counts.
- counter: the same statement with the part that adds to `PageCounter`.
- task: `pairs.update()` twice after every 50 batches: sessions, pairs of pages, counters of classes.
- rebuild: `signals.rebuild()` of all events, with the memory that this process and the database took at most.
- serving: what each source over these signals takes for a reader in the middle of a visit, beside a primary-key SELECT.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
AIM_UPKEEP, AIM_MINUTES, AIM_GIGABYTES = 1.5, 10.0, 2.0
BATCH, BATCHES_A_TASK = 20, 50
PAGES_A_VISIT = 2
QUESTIONS = 100
REFERRERS, DEVICES = ("search", "direct", "internal", "social"), ("mobile", "desktop")
AROUND = (
    "dwell",
    "scroll",
    "impression",
    "impression",
    "impression",
    "impression",
    "impression",
    "impression",
    "click",
)
COLUMNS = (
    "event_id, visitor_id, kind, page_id, at, received_at, placement, device, country, referrer, "
    "utm_source, utm_medium, utm_campaign, is_folded"
)
ROW = ("event_ids", "visitors", "kinds", "pages", "moments", "devices", "referrers")
NEW = """
    WITH new AS (INSERT INTO {table} ({columns})
    SELECT event_id, visitor_id, kind, page_id, at, now(), '', device, '', referrer, '', '', '', true
    FROM unnest(%(event_ids)s::uuid[], %(visitors)s::uuid[], %(kinds)s::text[], %(pages)s::bigint[],
                %(moments)s::timestamptz[], %(devices)s::text[], %(referrers)s::text[])
        AS event (event_id, visitor_id, kind, page_id, at, device, referrer)
    RETURNING id, visitor_id, page_id, at, kind, device, referrer)
"""
COUNT = "{counters} SELECT count(*) FROM new"

Row = tuple[uuid.UUID, uuid.UUID, str, int, datetime, str, str]
"""Event, visitor, kind, page, moment, device, referrer."""


def main() -> int:
    """Run the benchmark; 1 where an aim was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="that are counted anew (default: %(default)s)")
    parser.add_argument("--pages", type=int, default=20_000, help="default: %(default)s")
    parser.add_argument("--batches", type=int, default=500, help="of each turn of upkeep (default: %(default)s)")
    parser.add_argument("--views-only", action="store_true", help="every event is a view: the most that can be")
    options = parser.parse_args()
    around = () if options.views_only else AROUND
    with tempfile.TemporaryDirectory(prefix="affinity-benchmark-") as name:
        Path(name).chmod(0o755)  # the database runs as another user where we are root
        start_django(Path(name))
        print_machine(options)
        pages = make_pages(options.pages)
        readers = Readers(pages, around)
        is_cheap = upkeep(readers, options.batches)
        is_quick = rebuild(readers, options.events)
        serving(pages)
        return 0 if is_cheap and is_quick else 1


class Readers:
    """Visits one after another: two pages each on average, of which the first are read most."""

    def __init__(self, pages: Sequence[int], around: Sequence[str]) -> None:
        self._pages, self._around = pages, around
        self._chance = random.Random(1)  # noqa: S311 - no secret

    def visits(self, events: int, until: datetime, days: float) -> Iterator[list[Row]]:
        """Visits of different visitors with so many events together, over the days up to `until`."""
        made = 0
        while made < events:
            start = until - timedelta(days=self._chance.random() * days, minutes=30)
            rows = list(self._visit(uuid.uuid4(), start))
            made += len(rows)
            yield rows

    def _visit(self, visitor: uuid.UUID, start: datetime) -> Iterator[Row]:
        device, referrer = self._chance.choice(DEVICES), self._chance.choice(REFERRERS)
        length = min(20, 1 + int(self._chance.expovariate(1 / PAGES_A_VISIT)))
        for step in range(length):
            page = self._pages[int(len(self._pages) * self._chance.random() ** 3)]
            at = start + timedelta(seconds=40 * step)
            for kind in ("view", *self._around):
                yield uuid.uuid4(), visitor, kind, page, at, device, referrer if kind == "view" else ""
                at += timedelta(milliseconds=10)


def upkeep(readers: Readers, batches: int) -> bool:
    """Batches stored with and without counting, in turn; prints what each costs; whether the aim was met."""
    from django.db import connection

    from personalization.models import Event
    from personalization.visitors import counters, pairs

    table = connection.ops.quote_name(Event._meta.db_table)
    new = NEW.format(table=table, columns=COLUMNS)
    statements = {
        "store": new + COUNT.format(counters=""),
        "counter": new + COUNT.format(counters=f", seen AS (TABLE new), {counters.with_counted(table)}"),
    }
    spent, stored = {name: Spent() for name in (*statements, "task")}, dict.fromkeys(statements, 0)
    for turn in range(batches // BATCHES_A_TASK + 1):
        if turn == 1:  # the first warms up
            spent, stored = {name: Spent() for name in spent}, dict.fromkeys(stored, 0)
        for name, statement in statements.items():
            prepared = list(batches_of(readers, BATCHES_A_TASK))
            forget_unseen()
            with spent[name].running():
                store(statement, prepared)
            stored[name] += sum(len(batch) for batch in prepared)
            if name == "counter":
                with spent["task"].running():  # events are looked at again, half a minute later
                    pairs.update()
                    pairs.update()
    return report(spent, stored)


def report(spent: Mapping[str, Spent], stored: Mapping[str, int]) -> bool:
    """Prints what an event costs as a table; whether the aim was met."""
    per_event = {}
    for name, own in spent.items():
        events = stored.get(name, stored["counter"])
        per_event[name] = (own.wall / events, own.processor / events)
    store, counter, task = (np.array(per_event[name]) for name in ("store", "counter", "task"))
    rows = {"store": store, "counter, beside it": counter - store, "task": task, "upkeep": counter - store + task}
    print("\n| | µs an event | ÷ store | of processor time | ÷ store |\n|---|---|---|---|---|")
    for name, row in rows.items():
        (wall, processor), (wall_ratio, processor_ratio) = 1e6 * row, row / store
        print(f"| {name} | {wall:.0f} | {wall_ratio:.2f} | {processor:.0f} | {processor_ratio:.2f} |")
    print(f"Aim for upkeep: at most {AIM_UPKEEP}.", flush=True)
    return bool(rows["upkeep"][0] <= AIM_UPKEEP * store[0])


@dataclass
class Spent:
    """Seconds that it took, and the processor time of this process and the database together."""

    wall: float = 0.0
    processor: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        before, started = processor_seconds(), time.perf_counter()
        yield
        self.wall += time.perf_counter() - started
        self.processor += processor_seconds() - before


def processor_seconds() -> float:
    """Of this process and the database, so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes())


def processes() -> list[psutil.Process]:
    """This one, and the database's."""
    pid_file = Path(os.environ["AFFINITY_VAR_DIR"]) / "postgres" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    return [psutil.Process(), postmaster, *postmaster.children()]


def batches_of(readers: Readers, batches: int) -> Iterator[list[Row]]:
    """So many batches of up to 20 events, of visitors who are there."""
    from django.utils import timezone

    found = 0
    for visit in readers.visits(BATCH * BATCH * batches, timezone.now(), 0.02):
        make_visitors([visit[0][1]])
        for start in range(0, len(visit), BATCH):
            yield visit[start : start + BATCH]
            found += 1
            if found == batches:
                return


def store(statement: str, batches: Sequence[Sequence[Row]]) -> None:
    """Each batch by one statement, whose plan is kept as the product's is, and one commit."""
    import psycopg
    from django.db import connection

    from personalization.visitors import counters

    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    for batch in batches:
        columns = dict(zip(ROW, map(list, zip(*batch, strict=True)), strict=True))
        cursor.execute(statement, {**counters.parameters(), "time_zone": "UTC", **columns}, prepare=True)


def forget_unseen() -> None:
    """The task looks at nothing that was stored up to now."""
    from django.db.models import Max

    from personalization.models import Event, SignalState

    SignalState.objects.update(last_event=Event.objects.aggregate(last=Max("id"))["last"] or 0)


def rebuild(readers: Readers, events: int) -> bool:
    """So many events, counted anew; prints how long it took and what it needed; whether the aims were met."""
    from personalization.models import Event, PagePair, SessionRead
    from personalization.visitors import signals

    Event.objects.all().delete()
    fill(readers, events)
    spent = Spent()
    with Memory() as memory, spent.running():
        signals.rebuild()
    views = Event.objects.filter(kind="view").count()
    print(
        f"\nrebuild: {Event.objects.count():,} events ({views:,} views), {SessionRead.objects.count():,} views in "
        f"sessions, {PagePair.objects.count():,} pairs: {spent.wall:.0f} s (aim: {60 * AIM_MINUTES:.0f} s), "
        f"{spent.processor:.0f} s of processor time, {memory.most / 1e9:.2f} GB at most (aim: {AIM_GIGABYTES})"
    )
    return spent.wall <= 60 * AIM_MINUTES and memory.most <= 1e9 * AIM_GIGABYTES


def serving(pages: Sequence[int]) -> None:
    """Prints the median of some questions to each source, a different page each."""
    from django.utils import timezone
    from wagtail.models import Page, Site

    from personalization.recommendation.placement import PlacementConfig
    from personalization.sources import SourceRequest, registered
    from personalization.types import ProfileState, ReadPage, RecQuery, RequestContext

    site, now = Site.objects.get(is_default_site=True), timezone.localtime()
    chance = random.Random(2)  # noqa: S311 - no secret
    requests = []
    for _ in range(QUESTIONS):
        last, *before = (pages[int(len(pages) * chance.random() ** 3)] for _ in range(3))
        recent = tuple(ReadPage(page, now - timedelta(minutes=1 + steps)) for steps, page in enumerate(before))
        query = RecQuery("x", 6, site.pk, site.root_page.locale_id, RequestContext(now, device="mobile"), last)
        query = replace(query, profile=ProfileState(recent=recent))
        requests.append(SourceRequest(query, PlacementConfig("x", "", 6, "blend"), 40, exclude=frozenset({last})))
    asked: dict[str, Callable[[SourceRequest], object]] = {
        "primary-key SELECT": lambda request: Page.objects.values_list("title").get(pk=request.query.page_id)
    }
    asked |= {name: registered()[name].candidates for name in ("trending", "covisits", "transitions", "sessions")}
    print("\n| | ms, median |\n|---|---|")
    for name, ask in asked.items():
        took = []
        for request in requests:
            started = time.perf_counter()
            ask(request)
            took.append(time.perf_counter() - started)
        print(f"| {name} | {1e3 * statistics.median(took):.2f} |", flush=True)


def fill(readers: Readers, events: int) -> None:
    """Events of a month, by COPY."""
    from django.db import connection
    from django.utils import timezone

    from personalization.models import Event

    now, chunk, statement = timezone.now(), [], f"COPY {Event._meta.db_table} ({COLUMNS}) FROM STDIN"
    for visit in readers.visits(events, now, 30):
        chunk.append(visit)
        if len(chunk) == 5000:
            copy(statement, chunk, now)
            chunk = []
    copy(statement, chunk, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def copy(statement: str, visits: Sequence[Sequence[Row]], now: datetime) -> None:
    from django.db import connection

    make_visitors([visit[0][1] for visit in visits])
    lines = [
        f"{event}\t{visitor}\t{kind}\t{page}\t{at}\t{now}\t\t{device}\t\t{referrer}\t\t\t\tt\n"
        for visit in visits
        for event, visitor, kind, page, at, device, referrer in visit
    ]
    with connection.cursor() as cursor, cursor.copy(statement) as data:
        data.write("".join(lines))


class Memory:
    """The most that this process and the database's took together, beyond what they share."""

    def __enter__(self) -> Memory:
        self.most, self._is_done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_done.wait(0.5):
            used = [process.memory_full_info() for process in processes() if process.is_running()]
            shared = max(info.shared for info in used)
            self.most = max(self.most, sum(info.uss for info in used) + shared)


def make_visitors(visitor_ids: Sequence[uuid.UUID]) -> None:
    from personalization.models import Visitor

    Visitor.objects.bulk_create([Visitor(pk=visitor_id) for visitor_id in visitor_ids])


def make_pages(number: int) -> list[int]:
    """Pages below the default site's root; only their rows, which is all that counting needs."""
    from django.contrib.contenttypes.models import ContentType
    from wagtail.models import Page, Site

    from cms_site.models import ArticlePage

    root = Site.objects.get(is_default_site=True).root_page
    kind = ContentType.objects.get_for_model(ArticlePage)
    steplen = Page.steplen
    pages = [
        Page(
            title=f"Article {one}",
            slug=f"article-{one}",
            content_type=kind,
            locale=root.locale,
            depth=root.depth + 1,
            path=root.path + Page._int2str(one).rjust(steplen, "0"),
            url_path=f"{root.url_path}article-{one}/",
        )
        for one in range(1000, 1000 + number)
    ]
    return [page.pk for page in Page.objects.bulk_create(pages, batch_size=5000)]


def start_django(folder: Path) -> None:
    sys.path[:0] = [str(ROOT)]
    os.environ.update(DJANGO_SETTINGS_MODULE="cms_site.settings", AFFINITY_VAR_DIR=str(folder), DEBUG="0")
    os.environ.pop("DATABASE_URL", None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def print_machine(options: argparse.Namespace) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (postgres,) = cursor.fetchone()
    print(f"{platform.platform()}, {os.cpu_count()} cores at load {os.getloadavg()[0]:.1f},")
    print(f"Python {platform.python_version()},", end=" ")
    print(f"Postgres {postgres}, Django {version('django')}, psycopg {version('psycopg')}; {vars(options)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
