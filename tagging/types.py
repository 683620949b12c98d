"""The plain values that content analysis hands around. Pure: numpy in, dataclasses out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
"""A one-dimensional, unit-length float32 array."""

Words = npt.NDArray[np.uint32]
"""The distinct words of a page: a row for each, with its hash (rising) and how often it is there."""

Numbers = npt.NDArray[np.float64]
"""A one-dimensional array."""

EntityLabel = Literal["PER", "ORG", "LOC", "MISC"]
SuggestionSource = Literal["vector", "entity", "synonym", "mixed"]


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says, free of markup.

    `title` and `summary` are single strings ("" where absent); `body` holds one string per block or
    paragraph, in reading order, never empty strings and never a repetition of the title.
    `language` is a BCP 47 code such as "en" or "pt-br".
    """

    page_id: int
    title: str
    summary: str
    body: tuple[str, ...]
    language: str

    @property
    def content_hash(self) -> str:
        """A hexadecimal digest that changes exactly when the text or its language does."""
        parts = (self.language, self.title, self.summary, *self.body)
        return hashlib.blake2b("\x1e".join(parts).encode(), digest_size=16).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to analyse but a title."""
        return not self.summary and not self.body

    def paragraphs(self) -> tuple[str, ...]:
        """Title, summary and body, without the empty ones: every text an entity may be found in."""
        return tuple(part for part in (self.title, self.summary, *self.body) if part)


@dataclass(frozen=True, slots=True)
class Mention:
    """One name as found in one paragraph of `PageText.paragraphs()`.

    `start` and `end` are character offsets in that paragraph; `score` is in [0, 1]. `known_as` is the name
    in the gazetteer, whatever is written; "" where a recogniser found it.
    """

    text: str
    label: EntityLabel
    paragraph: int
    start: int
    end: int
    sentence: str
    score: float = 1.0
    known_as: str = ""


@dataclass(frozen=True, slots=True)
class PageEntity:
    """All mentions of one entity on one page, joined.

    `salience` is how much the page is about it, `confidence` how likely it is named there at all, both in [0, 1].
    """

    name: str
    label: EntityLabel
    aliases: tuple[str, ...]
    count: int
    salience: float
    evidence: tuple[str, ...]
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TopicDefinition:
    """A node of the site's topic tree as the matcher needs it.

    `vector` stands for the topic with its description and synonyms, `name_vector` for its name alone;
    without the latter the former stands in. `entities` are names, with labels, that speak for the topic.
    """

    topic_id: int
    name: str
    description: str
    synonyms: tuple[str, ...]
    vector: Vector
    ancestors: tuple[int, ...] = ()
    name_vector: Vector | None = None
    entities: tuple[tuple[str, EntityLabel], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """What editors decided: a row for each page, a column for each topic of the topic set.

    `vectors` (pages, dimensions) are unit length; `votes` (pages, topics) are 1 for accepted, -1 for
    rejected, 0 for neither; `age_days` (pages) is how long ago. `words` are the pages' words; without
    them, pages are compared by their vectors alone.
    """

    page_ids: tuple[int, ...]
    vectors: npt.NDArray[np.float32]
    votes: npt.NDArray[np.float64]
    age_days: npt.NDArray[np.float64]
    words: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicScore:
    """How well one topic fits one page: `score` is a probability, `evidence` the sentence that made it so,
    `similar` the ids of pages like this one that editors gave the topic. `logit` is the score before
    calibration, in (-inf, inf).
    """

    topic_id: int
    score: float
    source: SuggestionSource
    evidence: str = ""
    similar: tuple[int, ...] = ()
    logit: float = field(kw_only=True)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a page can be told by: words and pairs of words.

    `columns` are their hashes, rising; `weights` how much each is said, 1 + ln(times); `names` how each is written.
    """

    columns: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of analysing one page. `vector` is None where the page has no text to embed."""

    page_id: int
    content_hash: str
    vector: Vector | None
    entities: tuple[PageEntity, ...]
    topics: tuple[TopicScore, ...]
    words: Words
    terms: Terms


@dataclass(frozen=True, slots=True)
class AnalysisFailure:
    """Why one page of a batch could not be analysed; the rest of the batch goes on."""

    page_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What may come back from a vector search. Empty or None means "any".

    Live and public pages only, always; `types` holds content type ids.
    """

    site_id: int | None = None
    locale_id: int | None = None
    types: Sequence[int] = field(default=())
    exclude: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A page near a vector: `score` is cosine similarity in [-1, 1]."""

    page_id: int
    score: float


@dataclass(frozen=True, slots=True)
class PageTopic:
    """An accepted or applied tag of a page, for readers of the index."""

    topic_id: int
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """The pages that may be related to each other: those of one site in one locale."""

    site_id: int
    locale_id: int


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """A row of few numbers for each page: row i holds `weights` in `columns` from `starts[i]` to `starts[i + 1]`."""

    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All that is known of the content of many pages of one language, a row for each, as arrays.

    `vectors` (n, d) are unit length, or 0 where a page has none; `terms` as in `Terms`; `topics` and `entities`
    have ids as columns and weights in [0, 1]; `days` is when a page was first published, NaN where it was not.
    """

    page_ids: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]
    terms: SparseRows
    topics: SparseRows
    entities: SparseRows
    days: Numbers
