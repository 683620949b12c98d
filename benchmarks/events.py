"""Events a second: through the real endpoint and through the Redis sink's worker, beside a bare COPY.

    python benchmarks/events.py [--events 60000] [--workers 2] [--clients 16]

Starts an embedded Postgres, a Redis (throttles, broker, stream) and gunicorn with the reference site's middleware,
each its own and thrown away. Three take turns, so that whatever else the machine does slows all of them. It slows the
endpoint most, since there many processes wait for each other: the column of processor time (of all of them, database
and Redis, too) tells that apart.

- COPY: 1000 rows per commit, their text made before, into the same table with its indexes and foreign keys.
- endpoint: POST of 20 events a request over kept-alive connections to gunicorn (gthread) on 127.0.0.1. Throttles,
  signed cookie, consent, validation, pages, placements, slates, deduplication, counters and the task are all on.
- consumer: batches of 20 wait in the stream; one process reads, writes, commits and acknowledges them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
AIMS = {"endpoint": 0.15, "consumer": 0.5}
BATCH = 20
THREADS = "8"  # of each of gunicorn's workers
COPY_ROWS = 1000
VISITORS, PAGES = 400, 100
KINDS = ("view", "dwell", "scroll", "click", *("impression",) * 6)
COPY_COLUMNS = (
    *("event_id", "visitor_id", "kind", "page_id", "at", "received_at", "value", "slate_id", "placement", "position"),
    *("device", "country", "referrer", "utm_source", "utm_medium", "utm_campaign", "is_folded"),
)
VALUES = {"dwell": 12.5, "scroll": 0.75}
PLACEMENT = "benchmark"
SETTINGS = """
from cms_site.settings import *
WAGTAIL_PERSONALIZATION = {
    **WAGTAIL_PERSONALIZATION,
    "EVENTS_RATE": "10000000/min", "EVENTS_ADDRESS_RATE": "10000000/min", "EVENT_SINK_URL": REDIS_URL,
}
"""


def main() -> int:
    """Run the benchmark; 1 where an aim was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000, help="of each of the three (default: %(default)s)")
    parser.add_argument("--chunk", type=int, default=10_000, help="events in a turn (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="gunicorn's (default: one a core)")
    parser.add_argument("--clients", type=int, default=16, help="connections at a time (default: %(default)s)")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="affinity-benchmark-")))
        folder.chmod(0o755)  # the database runs as another user where we are root
        stack.enter_context(redis_server(folder))
        start_django(folder)
        audience = Audience.create()
        port = stack.enter_context(web_server(folder, options.workers))
        print_machine(options)
        runs = {
            "COPY": lambda n, spent: copy(audience, n, spent),
            "endpoint": lambda n, spent: post(audience, n, spent, port, options.clients),
            "consumer": lambda n, spent: drain(audience, n, spent),
        }
        return 0 if race(runs, options.events, options.chunk) else 1


@dataclass
class Spent:
    """Seconds that the turns of one took, each, and the processor time of all its processes together."""

    wall: list[float] = field(default_factory=list)
    processor: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        before, started = processor_seconds(), time.perf_counter()
        yield
        self.wall.append(time.perf_counter() - started)
        self.processor += processor_seconds() - before


def race(runs: dict[str, Callable[[int, Spent], None]], events: int, chunk: int) -> bool:
    """All in turn, each first every third time. Prints rates and ratios; whether the aims were met."""
    chunk -= chunk % COPY_ROWS
    for run in runs.values():
        run(COPY_ROWS, Spent())  # warms up
    spent = {name: Spent() for name in runs}
    names = list(runs)
    for turn in range(max(1, events // chunk)):
        for name in names[turn % 3 :] + names[: turn % 3]:
            runs[name](chunk, spent[name])
        print("  turn", turn + 1, *(f"{name} {chunk / own.wall[-1]:,.0f}/s" for name, own in spent.items()), flush=True)
    return report(spent, chunk)


def report(spent: dict[str, Spent], chunk: int) -> bool:
    """Print the table; whether the aims were met."""
    print("\n| | events/s | ÷ COPY | median of the turns | events a second of processor time | aim |")
    print("|---|---|---|---|---|---|")
    ratios = {}
    for name, own in spent.items():
        turns = [bare / wall for bare, wall in zip(spent["COPY"].wall, own.wall, strict=True)]
        ratios[name] = sum(spent["COPY"].wall) / sum(own.wall)
        events = chunk * len(own.wall)
        rates = f"{events / sum(own.wall):,.0f} | {ratios[name]:.3f} | {statistics.median(turns):.3f}"
        print(f"| {name} | {rates} | {events / own.processor:,.0f} | {AIMS.get(name, '')} |")
    return all(ratios[name] >= aim for name, aim in AIMS.items())


def processor_seconds() -> float:
    """Of this process, its children, and the database, so far."""
    own = psutil.Process()
    pid_file = Path(os.environ["AFFINITY_VAR_DIR"]) / "postgres" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    processes = {own, postmaster, *own.children(recursive=True), *postmaster.children(recursive=True)}
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@dataclass
class Audience:
    """Visitors who consented, the pages they read, and what their browsers send."""

    pages: list[int]
    visitors: list[uuid.UUID]
    slates: dict[uuid.UUID, uuid.UUID]
    cookies: dict[uuid.UUID, str]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - no secret

    @classmethod
    def create(cls) -> Audience:
        from django.http import HttpRequest, HttpResponse

        from personalization.conf import settings
        from personalization.models import Placement, ServedSlate
        from personalization.visitors import cookie, store

        Placement.objects.create(name=PLACEMENT, title="Benchmark")
        visitors = [store.create_visitor("desktop") for _ in range(VISITORS)]
        slates = {
            visitor: ServedSlate.objects.create(visitor_id=visitor, placement=PLACEMENT).pk for visitor in visitors
        }
        cookies = {}
        for visitor in visitors:
            response = HttpResponse()
            cookie.write(HttpRequest(), response, visitor)
            cookies[visitor] = f"{settings.COOKIE_NAME}={response.cookies[settings.COOKIE_NAME].value}"
        return cls(make_pages(), visitors, slates, cookies)

    def batch(self, visitor: uuid.UUID) -> list[dict[str, Any]]:
        """Events as a browser words them: two page views with what is around them."""
        slate = {"slate": str(self.slates[visitor]), "placement": PLACEMENT}
        return [
            {
                "event_id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
                "kind": kind,
                "page": self.chance.choice(self.pages),
                "age_ms": self.chance.randrange(60_000),
                **({"value": VALUES[kind]} if kind in VALUES else {}),
                **({**slate, "position": number % 6} if kind in ("impression", "click") else {}),
            }
            for number, kind in enumerate((KINDS * 2)[:BATCH])
        ]

    def batches(self, events: int) -> Iterator[tuple[uuid.UUID, list[dict[str, Any]]]]:
        for _ in range(events // BATCH):
            visitor = self.chance.choice(self.visitors)
            yield visitor, self.batch(visitor)


def copy(audience: Audience, events: int, spent: Spent) -> None:
    """The events by COPY, 1000 rows per commit."""
    from django.db import connection
    from django.utils import timezone

    from personalization.models import Event

    now, lines = timezone.now(), []
    for visitor, batch in audience.batches(events):
        for event in batch:
            at = now - timedelta(milliseconds=event["age_ms"])
            values = [event["event_id"], visitor, event["kind"], event["page"], at, now, event.get("value", r"\N")]
            values += [event.get("slate", r"\N"), event.get("placement", ""), event.get("position", r"\N"), "desktop"]
            lines.append("\t".join(map(str, [*values, *[""] * 5, event["kind"] == "impression"])))
    parts = ["\n".join(lines[start : start + COPY_ROWS]).encode() for start in range(0, len(lines), COPY_ROWS)]
    statement = f"COPY {Event._meta.db_table} ({', '.join(COPY_COLUMNS)}) FROM STDIN"
    connection.ensure_connection()
    with connection.cursor() as cursor, spent.running():
        for part in parts:
            with cursor.copy(statement) as data:
                data.write(part)


def post(audience: Audience, events: int, spent: Spent, port: int, clients: int) -> None:
    """The events through the endpoint, by clients at the same time."""
    requests = [request(audience, visitor, batch, port) for visitor, batch in audience.batches(events)]
    shares = [requests[number::clients] for number in range(clients)]
    threads = [threading.Thread(target=send, args=(share, port)) for share in shares]
    with spent.running():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expect_taken(len(requests))


def request(audience: Audience, visitor: uuid.UUID, batch: list[dict[str, Any]], port: int) -> bytes:
    body = json.dumps({"events": batch}).encode()
    head = (
        f"POST /api/personalization/v1/events/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCookie: {audience.cookies[visitor]}\r\nSec-Fetch-Site: same-origin\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
    )
    return head.encode() + body


taken: list[int] = []


def send(requests: Sequence[bytes], port: int) -> None:
    """The requests over one connection, which is opened anew where the server closes it."""
    from http.client import HTTPResponse

    connection = socket.create_connection(("127.0.0.1", port))
    for data in requests:
        connection.sendall(data)
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
        if response.status != 202 or json.loads(body)["recorded"] != BATCH:
            raise SystemExit(f"The endpoint answered {response.status}: {body[:500]!r}")
        taken.append(1)
        if response.will_close:
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port))
    connection.close()


def expect_taken(requests: int) -> None:
    if len(taken) != requests:
        raise SystemExit(f"Only {len(taken)} of {requests} requests were taken.")
    taken.clear()


def drain(audience: Audience, events: int, spent: Spent) -> None:
    """The events from the stream to their commit."""
    from django.utils import timezone

    from personalization.types import EventRecord
    from personalization.visitors.sinks import get_sink

    sink = get_sink("redis")
    for visitor, batch in audience.batches(events):
        records = [
            EventRecord(
                event_id=uuid.UUID(event["event_id"]),
                kind=event["kind"],
                page_id=event["page"],
                at=timezone.now() - timedelta(milliseconds=event["age_ms"]),
                value=event.get("value"),
                slate_id=uuid.UUID(event["slate"]) if "slate" in event else None,
                placement=event.get("placement", ""),
                position=event.get("position"),
                device="desktop",
            )
            for event in batch
        ]
        sink.write(visitor, records)
    recorded = 0
    with spent.running():
        while (drained := sink.drain()).batches:
            recorded += drained.recorded
    if recorded != events:
        raise SystemExit(f"Only {recorded} of {events} events came out of the stream.")


def start_django(folder: Path) -> None:
    sys.path[:0] = [str(ROOT), str(folder)]
    (folder / "benchmark_settings.py").write_text(SETTINGS.replace("REDIS_URL", repr(os.environ["REDIS_URL"])))
    os.environ.update(DJANGO_SETTINGS_MODULE="benchmark_settings", AFFINITY_VAR_DIR=str(folder), DEBUG="0")
    os.environ.update(HF_HUB_OFFLINE="1", PYTHONPATH=os.pathsep.join([str(ROOT), str(folder)]))
    os.environ.pop("DATABASE_URL", None)
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    os.environ["DATABASE_URL"] = settings.DATABASE_URL  # gunicorn's, too
    call_command("migrate", verbosity=0)


def make_pages() -> list[int]:
    from wagtail.models import Site

    from cms_site.models import ArticleIndexPage, ArticlePage

    root = Site.objects.get(is_default_site=True).root_page
    index = root.add_child(instance=ArticleIndexPage(title="Benchmark", slug="benchmark"))
    articles = [ArticlePage(title=f"Article {number}", slug=f"article-{number}") for number in range(PAGES)]
    return [index.add_child(instance=article).pk for article in articles]


@contextmanager
def redis_server(folder: Path) -> Iterator[None]:
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed. Run: apt-get install redis-server")
    port = free_port()
    os.environ["REDIS_URL"] = os.environ["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{port}/0"
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--dir", str(folder))
    with running([program, *options], folder / "redis.log", port):
        yield


@contextmanager
def web_server(folder: Path, workers: int) -> Iterator[int]:
    port = free_port()
    options = ("--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", THREADS, "--keep-alive", "60")
    options += ("--graceful-timeout", "1")
    command = [sys.executable, "-m", "gunicorn", "cms_site.wsgi", "--worker-class", "gthread", *options]
    with running(command, folder / "gunicorn.log", port):
        yield port


@contextmanager
def running(command: Sequence[str], log: Path, port: int) -> Iterator[None]:
    """The command as a process, from when it takes connections on the port."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def print_machine(options: argparse.Namespace) -> None:
    import redis
    from django.db import connection

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    server = redis.Redis.from_url(os.environ["REDIS_URL"]).info("server")["redis_version"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "psycopg", "redis", "gunicorn"))
    print(f"{processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    print(f"Postgres {postgres.split()[0]}, Redis {server} (append-only file), {packages}")
    print(
        f"gunicorn: {options.workers} workers of {THREADS} threads; {options.clients} clients; {BATCH} events a request"
    )


if __name__ == "__main__":
    sys.exit(main())
