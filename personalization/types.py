"""The plain values that personalisation hands around. Pure: no Django, no I/O."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from personalization.recommendation.logged import Considered

Vector = npt.NDArray[np.float32]
"""A one-dimensional, unit-length float32 array."""

EventKind = Literal["impression", "view", "click", "scroll", "dwell", "feedback"]
Device = Literal["desktop", "mobile", "tablet", "other"]
Referrer = Literal["direct", "internal", "search", "social", "mail", "other"]
Purpose = Literal["analytics", "personalization"]
"""What a visitor may say yes to: being counted, without a profile; and a profile to choose pages by."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What one request tells of its circumstances; nothing of it identifies anybody.

    `at` is timezone-aware in the site's time zone; `utm` holds the query's utm_* values without the prefix;
    `country` is an upper-case ISO 3166 code or "" where no trusted proxy says. `referrer` is the kind of site that
    `referrer_host` is, "" where nobody says: a page of our own, or none. `query` holds the parameters of
    the address, names in lower case, a bounded number of bounded values. `groups` are the ids of the user groups
    that a signed-in reader belongs to; `imported` those of the segments of wagtail-personalisation. Both may be
    read no sooner than somebody looks into them.
    """

    at: datetime
    locale: str = ""
    device: Device = "other"
    referrer_host: str = ""
    referrer: Referrer | Literal[""] = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    country: str = ""
    is_authenticated: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    groups: AbstractSet[int] = frozenset()
    imported: AbstractSet[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page the visitor has read, and when."""

    page_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ProfileState:
    """What the site knows of one consenting visitor.

    `vector` is the decayed, unit-length mean of what was read (None before the first read page with a vector),
    in the space of the embedding model `vector_model` ("" where that is not known); `shown_vector` is that of what
    lists showed the visitor without a click, of which the decayed number is `shown`;
    `topics` and `entities` map ids to weights in [0, 1] that sum to at most 1 each; `recent` is newest first,
    bounded. `sections` maps the id of each page above what was read to the decayed number of pages read below it.
    `devices` and `hours` (of the day, in the site's time zone) are shares of the decayed pages read.
    `engagement` in [0, 1] is how long an average page is read, in parts of a whole reading; `frequency` is
    visits a week, lately. `mass` is the decayed amount of reading behind `vector`. All as of `updated_at`.

    The visitor's own word: `muted_topics` (with all below them) and `hidden_pages` are never recommended,
    `liked_topics` weigh as if read about, `answers` are the topics chosen at onboarding. `topics` and `vector`
    already hold likes and lack what is muted.
    `clusters` maps ids of learned clusters to the probability that the visitor belongs, in (0, 1]; those of one
    segmentation sum to at most 1.
    """

    vector: Vector | None = None
    vector_model: str = ""
    shown_vector: Vector | None = None
    shown: float = 0.0
    topics: Mapping[int, float] = field(default_factory=dict)
    entities: Mapping[int, float] = field(default_factory=dict)
    sections: Mapping[int, float] = field(default_factory=dict)
    devices: Mapping[str, float] = field(default_factory=dict)
    hours: Mapping[int, float] = field(default_factory=dict)
    engagement: float = 0.0
    frequency: float = 0.0
    recent: tuple[ReadPage, ...] = ()
    views: int = 0
    visits: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    mass: float = 0.0
    updated_at: datetime | None = None
    muted_topics: frozenset[int] = frozenset()
    liked_topics: frozenset[int] = frozenset()
    hidden_pages: frozenset[int] = frozenset()
    answers: frozenset[int] = frozenset()
    has_answered: bool = False
    clusters: Mapping[int, float] = field(default_factory=dict)
    _read_page_ids: frozenset[int] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def read_page_ids(self) -> frozenset[int]:
        """The pages in `recent`, put together once: many segments may ask at one page view."""
        if self._read_page_ids is None:
            object.__setattr__(self, "_read_page_ids", frozenset(page.page_id for page in self.recent))
        return self._read_page_ids or frozenset()


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One validated event of one visitor. `value`: seconds of dwell, scroll depth 0-1, feedback -1 or 1.

    `referrer` and the `utm_` fields belong to views: what kind of site, and which campaign, brought the reader.
    """

    event_id: uuid.UUID
    kind: EventKind
    page_id: int
    at: datetime
    value: float | None = None
    slate_id: uuid.UUID | None = None
    placement: str = ""
    position: int | None = None
    device: Device | Literal[""] = ""
    country: str = ""
    referrer: Referrer | Literal[""] = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""


@dataclass(frozen=True, slots=True)
class RecQuery:
    """One question to the recommender: which `n` pages for this placement, page, visitor and moment?

    `profile` is None without consent. `segments` are the ids of the segments that match.
    `page_id` is the page being read, or None.
    """

    placement: str
    n: int
    site_id: int
    locale_id: int
    context: RequestContext
    page_id: int | None = None
    profile: ProfileState | None = None
    segments: frozenset[int] = frozenset()
    visitor_id: uuid.UUID | None = None
    exclude: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that one source proposes. `score` is on the source's own scale; `evidence` explains it.

    `signals` are more numbers of the same source for a ranker that learned to weigh them, each 0 or more: such as
    views by a shorter half-life. 0 says as much as a missing one.
    """

    page_id: int
    score: float
    source: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item was chosen: a code such as "similar", and the numbers or names behind it."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlateItem:
    """One chosen page. `score` is the ranker's; `sources` maps each source to its share of the score.

    `propensity` in (0, 1] is the probability with which chance gave the page its place, 1 where it had no hand.
    """

    page_id: int
    score: float
    sources: Mapping[str, float]
    reasons: tuple[Reason, ...]
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Slate:
    """The answer to a `RecQuery`: items in the order in which they are shown. `slate_id` joins later events.

    `considered` is what a log of the list keeps for those who learn from it; None where nothing is logged.
    """

    slate_id: uuid.UUID
    placement: str
    items: Sequence[SlateItem]
    segments: frozenset[int] = frozenset()
    is_personal: bool = False
    considered: Considered | None = None
