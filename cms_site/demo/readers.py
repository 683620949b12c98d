"""Simulated readers: they consent, browse and click over HTTP, exactly as a browser would."""

from __future__ import annotations

import http.cookiejar
import json
import random
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DEVICES = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1",
)


@dataclass(frozen=True, slots=True)
class Article:
    """A page a reader may open: its id and its path on the site."""

    page_id: int
    path: str


@dataclass(slots=True)
class Reader:
    """One reader with a taste: reads `favourites` mostly, `others` now and then."""

    url: str
    favourites: Sequence[Article]
    others: Sequence[Article]
    chance: random.Random
    user_agent: str = DEVICES[0]
    opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def browse(self, pages: int) -> None:
        """Consent, then read `pages` articles, following a recommendation where one is a favourite."""
        self.send("POST", "consent/", {"personalization": True})
        for article in self.choose(pages):
            self.read(article)

    def choose(self, pages: int) -> list[Article]:
        """Mostly favourites, the first most of all: on any site few pages have most of the readers."""
        odds = [1 / place for place in range(1, len(self.favourites) + 1)]
        return [
            self.chance.choices(self.favourites, odds)[0]
            if self.chance.random() < 0.8
            else self.chance.choice(self.others)
            for _page in range(pages)
        ]

    def read(self, article: Article) -> None:
        self.opener.open(self.request("GET", self.url + article.path), timeout=30).close()
        slate = self.send("GET", f"recommendations/?placement=sidebar&page={article.page_id}")
        events = [
            event("view", article.page_id),
            event("scroll", article.page_id, value=round(self.chance.uniform(0.3, 1.0), 2)),
            event("dwell", article.page_id, value=round(self.chance.uniform(10, 180), 1)),
            *self.reactions(slate),
        ]
        self.send("POST", "events/", {"events": events})

    def reactions(self, slate: dict[str, Any]) -> list[dict[str, Any]]:
        """Impressions of all recommended pages, and a click where one is to the reader's taste."""
        liked = {article.page_id for article in self.favourites}
        events = []
        for position, item in enumerate(slate["items"]):
            where = {"slate": slate["meta"]["slate"], "placement": "sidebar", "position": position}
            events.append(event("impression", item["id"], **where))
            if item["id"] in liked and self.chance.random() < 0.4:
                events.append(event("click", item["id"], **where))
        return events

    def send(self, method: str, endpoint: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = self.request(method, f"{self.url}/api/personalization/v1/{endpoint}", body)
        with self.opener.open(request, timeout=30) as response:
            content = response.read()
        return json.loads(content) if content else {}

    def request(self, method: str, url: str, body: dict[str, Any] | None = None) -> urllib.request.Request:
        headers = {"User-Agent": self.user_agent, "Accept": "*/*", "Origin": self.url}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode() if body is not None else None
        return urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - own server


def event(kind: str, page_id: int, **values: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "kind": kind,
        "page": page_id,
        "at": datetime.now(UTC).isoformat(),
        **values,
    }
