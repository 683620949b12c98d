"""Real news clicks through the HTTP endpoint, and the segments that are learned of them.

    python benchmarks/replay_globo.py ../shared/data/globo --clicks 100000

The clicks (Moreira et al. 2018, four days of globo.com) are for evaluation only and stay outside the repository. They
name articles by id alone, so that what an article is about is taken from *other* visitors' clicks: articles read by
the same people get near vectors (SVD of positive pointwise mutual information), and a topic for each group of them.
Nothing of the visitors who are replayed is in it.

Visitors who read a number of the articles are drawn at random until their clicks are enough. Each says yes to consent
over HTTP; each session is one request, with a view per click and a dwell as long as the pause before the next one.
The first three quarters of the clicks are replayed, folded and fitted; then the rest, and fitted again, so that the
adjusted Rand index says how alike visitors are grouped both times. Postgres, gunicorn and all data are this run's own.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import platform
import random
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from importlib.metadata import version
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from events import ROOT, web_server

API = "/api/personalization/v1"
MODEL, DIMENSIONS, TOPICS = "co-clicks@benchmark", 32, 24
LONGEST_DWELL = 300.0
FIRST_PART = 0.75
METHODS = ("kmeans", "gmm", "hdbscan")
AGENTS = {
    "1": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0",
    "3": "Mozilla/5.0 (Linux; Android 14) Mobile Firefox/140.0",
    "4": "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Safari/605.1",
}
COUNTRIES = {"1": "BR"}
SETTINGS = """
from cms_site.settings import *
CELERY_BROKER_URL = "memory://"
WAGTAIL_PERSONALIZATION = {
    **WAGTAIL_PERSONALIZATION,
    "EVENTS_RATE": "10000000/min", "EVENTS_ADDRESS_RATE": "10000000/min", "CONSENT_RATE": "10000000/min",
    "EVENTS_MAX_AGE_HOURS": 24 * 14, "COUNTRY_HEADER": "CF-IPCountry",
}
"""


@dataclass(frozen=True, slots=True)
class Click:
    """One row of the data: `at` in seconds."""

    user: str
    session: str
    article: str
    at: float
    device: str
    country: str


def main() -> None:
    """Replay, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, metavar="PATH", help="folder with the clicks, as gzip CSV")
    parser.add_argument("--clicks", type=int, default=100_000, help="how many to replay (default: %(default)s)")
    parser.add_argument("--articles", type=int, default=600, help="the most clicked ones (default: %(default)s)")
    parser.add_argument("--least", type=int, default=5, help="clicks of a visitor (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="gunicorn's (default: %(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="connections at a time (default: %(default)s)")
    options = parser.parse_args()
    clicks, others = read_clicks(options)
    with tempfile.TemporaryDirectory(prefix="affinity-globo-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # the database runs as another user where we are root
        start_django(folder)
        print_machine(options)
        pages = make_pages(clicks, others)
        with web_server(folder, options.workers) as port:
            replay(Replay(port, pages, clicks), clicks, options.clients)


def read_clicks(options: argparse.Namespace) -> tuple[list[Click], list[Click]]:
    """The clicks to replay, by time, and those of the visitors who are not drawn."""
    rows = [row for file in sorted(options.path.glob("clicks_*.csv.gz")) for row in _rows(file)]
    common = {article for article, _n in Counter(row.article for row in rows).most_common(options.articles)}
    by_user: dict[str, list[Click]] = defaultdict(list)
    for row in rows:
        if row.article in common:
            by_user[row.user].append(row)
    users = sorted(user for user, own in by_user.items() if len(own) >= options.least)
    random.Random(1).shuffle(users)  # noqa: S311 - no secret
    chosen: list[Click] = []
    drawn = set()
    for user in users:
        if len(chosen) >= options.clicks:
            break
        chosen += by_user[user]
        drawn.add(user)
    chosen = sorted(chosen, key=lambda click: click.at)[: options.clicks]
    return chosen, [click for user, own in by_user.items() if user not in drawn for click in own]


def _rows(file: Path) -> Iterable[Click]:
    with gzip.open(file, "rt") as lines:
        for row in csv.DictReader(lines):
            yield Click(
                user=row["user_id"],
                session=row["session_id"],
                article=row["click_article_id"],
                at=int(row["click_timestamp"]) / 1000,
                device=row["click_deviceGroup"],
                country=row["click_country"],
            )


def start_django(folder: Path) -> None:
    sys.path[:0] = [str(ROOT), str(folder)]
    (folder / "globo_settings.py").write_text(SETTINGS)
    os.environ.update(DJANGO_SETTINGS_MODULE="globo_settings", AFFINITY_VAR_DIR=str(folder), DEBUG="0")
    os.environ.update(PYTHONPATH=os.pathsep.join([str(ROOT), str(folder)]))
    os.environ.pop("DATABASE_URL", None)
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    os.environ["DATABASE_URL"] = settings.DATABASE_URL  # gunicorn's, too
    call_command("migrate", verbosity=0)


def print_machine(options: argparse.Namespace) -> None:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("Django", "psycopg", "gunicorn", "scikit-learn", "numpy")
    )
    print(f"{processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    print(f"{packages}; gunicorn: {options.workers} workers of 2 threads, {options.clients} clients")


def make_pages(clicks: Sequence[Click], others: Sequence[Click]) -> dict[str, int]:
    """A page for each article, with a vector and a topic from the other visitors' clicks; article → page id."""
    from sklearn.cluster import KMeans
    from wagtail.models import Locale, Site

    from cms_site.models import ArticleIndexPage, ArticlePage
    from tagging.models import EmbeddingModel, PageVector, Suggestion, Topic

    articles = sorted({click.article for click in clicks})
    vectors = article_vectors(articles, others)
    groups = KMeans(TOPICS, n_init=4, random_state=0).fit_predict(vectors)
    model = EmbeddingModel.objects.create(name=MODEL, dimensions=DIMENSIONS, is_live=True)
    topics = [Topic.add_root(name=f"Topic {number + 1}", slug=f"topic-{number + 1}") for number in range(TOPICS)]
    site = Site.objects.get(is_default_site=True)
    index = site.root_page.add_child(instance=ArticleIndexPage(title="Globo", slug="globo"))
    pages = [index.add_child(instance=ArticlePage(title=f"Article {name}", slug=f"a-{name}")) for name in articles]
    locale = Locale.get_default()
    filters = {"is_live": True, "is_public": True, "locale": locale, "site": site}
    PageVector.objects.bulk_create(
        PageVector(page=page, model=model, embedding=vector, content_type=page.cached_content_type, **filters)
        for page, vector in zip(pages, vectors, strict=True)
    )
    applied = {"score": 0.9, "state": Suggestion.State.APPLIED, "source": Suggestion.Source.VECTOR}
    Suggestion.objects.bulk_create(
        Suggestion(page=page, topic=topics[group], **applied) for page, group in zip(pages, groups, strict=True)
    )
    return {name: page.pk for name, page in zip(articles, pages, strict=True)}


def article_vectors(articles: Sequence[str], others: Sequence[Click]) -> Any:
    """(articles, DIMENSIONS) unit vectors: which articles the same people read, by these clicks alone."""
    import numpy as np
    from scipy.sparse import coo_array

    column = {name: number for number, name in enumerate(articles)}
    row = {user: number for number, user in enumerate(sorted({click.user for click in others}))}
    pairs = {(row[click.user], column[click.article]) for click in others if click.article in column}
    rows, columns = np.array(sorted(pairs)).T
    table = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(row), len(articles))).tocsr()
    together = (table.T @ table).toarray() + 0.1
    each = together.sum(axis=1)
    information = np.maximum(np.log(together * together.sum() / np.outer(each, each)), 0.0)
    left, strength, _right = np.linalg.svd(information)
    found = left[:, :DIMENSIONS] * np.sqrt(strength[:DIMENSIONS])
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


class Replay:
    """What browsers send. Clicks keep their distances in time; the last one of all is a minute ago."""

    def __init__(self, port: int, pages: Mapping[str, int], clicks: Sequence[Click]) -> None:
        self.port, self.pages = port, pages
        self.until = max(click.at for click in clicks) + 60 - time.time()
        self.cookies: dict[str, str] = {}
        self.requests = self.events = 0
        self.lock = threading.Lock()

    def send(self, sessions: Sequence[Sequence[Click]]) -> None:
        """Sessions in order, over one connection; who comes for the first time consents first."""
        connection = HTTPConnection("127.0.0.1", self.port)
        for session in sessions:
            user = session[0].user
            if user not in self.cookies:
                _answer, cookie = self._post(connection, "consent/", session[0], {"personalization": True})
                self.cookies[user] = cookie.partition(";")[0]
            answer, _cookie = self._post(connection, "events/", session[0], {"events": self._events(session)})
            with self.lock:
                self.requests += 1
                self.events += answer["recorded"]
        connection.close()

    def _events(self, session: Sequence[Click]) -> list[dict[str, Any]]:
        events = [self._event(click, "view") for click in session]
        for click, following in pairwise(session):
            seconds = min(following.at - click.at, LONGEST_DWELL)
            events.append({**self._event(click, "dwell"), "value": max(0.0, seconds)})
        return events[:100]

    def _event(self, click: Click, kind: str) -> dict[str, Any]:
        age = max(0.0, time.time() + self.until - click.at)
        return {
            "event_id": str(uuid.uuid4()),
            "kind": kind,
            "page": self.pages[click.article],
            "age_ms": int(1000 * age),
        }

    def _post(self, connection: HTTPConnection, name: str, click: Click, body: Any) -> tuple[Any, str]:
        headers = {
            "Content-Type": "application/json",
            "Sec-Fetch-Site": "same-origin",
            "User-Agent": AGENTS.get(click.device, "Mozilla/5.0"),
            "Cookie": self.cookies.get(click.user, ""),
        }
        if country := COUNTRIES.get(click.country):
            headers["CF-IPCountry"] = country
        connection.request("POST", f"{API}/{name}", json.dumps(body), headers)
        response = connection.getresponse()
        data = response.read()
        if response.status not in (200, 201, 202):
            raise RuntimeError(f"{name} answered {response.status}: {data[:500]!r}")
        return json.loads(data), response.getheader("Set-Cookie", "")


def replay(browsers: Replay, clicks: Sequence[Click], clients: int) -> None:
    """Both parts of the time, each replayed, folded and fitted."""
    from personalization.models import LearnedSegmentation

    for method in METHODS:
        LearnedSegmentation.objects.create(name=method, method=method)
    cut = round(len(clicks) * FIRST_PART)
    for part in (clicks[:cut], clicks[cut:]):
        post(browsers, part, clients)
        fold()
        for method in METHODS:
            fit(method)


def post(browsers: Replay, clicks: Sequence[Click], clients: int) -> None:
    by_user: dict[str, list[list[Click]]] = defaultdict(list)
    ordered = sorted(clicks, key=lambda click: (click.user, click.session, click.at))
    for (user, _session), session in groupby(ordered, key=lambda click: (click.user, click.session)):
        by_user[user].append(list(session))
    shares: list[list[list[Click]]] = [[] for _client in range(clients)]
    for number, sessions in enumerate(by_user.values()):
        shares[number % clients] += sessions
    requests, events, started = browsers.requests, browsers.events, time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(browsers.send, shares))  # raises what a client raised
    seconds = time.perf_counter() - started
    requests, events = browsers.requests - requests, browsers.events - events
    print(
        f"posted  {len(clicks)} clicks of {len(by_user)} visitors, {events} events in {requests} requests:"
        f" {seconds:.0f} s, {events / seconds:.0f} events/s, {requests / seconds:.0f} requests/s",
        flush=True,
    )


def fold() -> None:
    """Bring every profile up to date, as the worker's sweep does."""
    from personalization.models import Profile
    from personalization.tasks import fold_profile
    from personalization.visitors import folding

    visitors, started = 0, time.perf_counter()
    while waiting := folding.visitors_to_fold(timedelta(0), 1000):
        for visitor in waiting:
            fold_profile(str(visitor))
        visitors += len(waiting)
    seconds = time.perf_counter() - started
    known = Profile.objects.filter(vector__isnull=False).count()
    print(f"folded  {visitors} visitors in {seconds:.0f} s, {visitors / seconds:.0f}/s; {known} profiles with a vector")


def fit(method: str) -> None:
    from personalization.models import LearnedSegmentation
    from personalization.operations import learning

    segmentation = LearnedSegmentation.objects.get(name=method)
    learning.ask(segmentation)
    started = time.perf_counter()
    learning.work_off()
    seconds = time.perf_counter() - started
    segmentation.refresh_from_db()
    newest = segmentation.versions.first()
    if newest is None or (segmentation.outcome and not newest.refusal):
        print(f"{method:8} {segmentation.outcome['message'] % segmentation.outcome['params']}", flush=True)
        return
    sizes = sorted((found["size"] for found in newest.clusters), reverse=True)
    stability = "" if newest.stability is None else f", ARI {newest.stability:.3f} over {newest.compared} visitors"
    if newest.evaluation:
        told = f"; {newest.evaluation['right']:.0%} of {newest.evaluation['newcomers']} by their first two pages"
    else:
        told = ""
    print(
        f"{method:8} version {newest.number} of {newest.visitors} visitors in {seconds:.0f} s: silhouette"
        f" {newest.silhouette:.3f}{stability}{', refused' if newest.refusal else ''}; sizes {sizes}{told}",
        flush=True,
    )


if __name__ == "__main__":
    main()
