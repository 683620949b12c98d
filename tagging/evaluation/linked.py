"""Pages that editors have linked to each other: what related pages are measured on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from tagging.embedding import current_name, embed_pages, get_embedder
from tagging.lexical import page_terms
from tagging.lexical.terms import DIMENSIONS, strongest
from tagging.types import Catalogue, Numbers, PageText, SparseRows, Terms

from .corpus import prose

BATCH = 32

_TARGET = r"(?:\{\{.*?\}\}|[^()\s])*"  # an address, or a shortcode that makes one
_MARKDOWN_LINK = re.compile(
    rf"!?\[(?:[^\[\]]|\[[^\[\]]*\](?:\([^()]*\))?){{0,1000}}\]\(({_TARGET})(?:\s+\"[^\"]*\")?\s*\)", re.DOTALL
)
_HTML_LINK = re.compile(
    r"<a\s[^<>]*?href=(?:\"((?:\{\{.*?\}\}|[^\"])*)\"|([^\s>]+))(?:\{\{.*?\}\}|[^<>])*>.{0,1000}?</a>", re.DOTALL | re.I
)
_QUOTED = re.compile(r"\{\{.*?\"([^\"]+)\"")
_EXTENSION = re.compile(r"\.(?:md|html?|php)$")
_DATED = re.compile(r"^\d{4}-\d{2}-\d{2}-")

Vectors = npt.NDArray[np.float32]
Links = Mapping[int, frozenset[int]]
"""Page number → numbers of the pages that it links to."""


@dataclass(frozen=True, slots=True)
class LinkedCorpus:
    """Pages without the words of their links to each other, numbered from 0; `topics` are the slugs of each."""

    pages: tuple[PageText, ...]
    days: Numbers
    topics: tuple[frozenset[str], ...]
    links: Links


def read_linked(posts: Iterable[str], links: Iterable[str]) -> LinkedCorpus:
    """Read JSON Lines of posts (`id`, `title`, `text` in Markdown, maybe `summary`, `date`, `tags`, `slug`,
    `language`), and links, one a line: two ids with a tab between.

    A link's words say what the linked page is called: they are taken out of the text. Links to pages that are
    not there, and to the page itself, are passed over. Raises ValueError or KeyError where a line is not as
    described.
    """
    rows = [json.loads(line) for line in posts]
    numbers = {row["id"]: number for number, row in enumerate(rows)}
    known = {_stem(str(name)) for row in rows for name in (row["id"], row.get("slug")) if name}
    return LinkedCorpus(
        tuple(_page(number, row, known) for number, row in enumerate(rows)),
        np.array([_day(row.get("date")) for row in rows], dtype=np.float64),
        tuple(frozenset(row.get("tags") or ()) for row in rows),
        _links(numbers, links),
    )


def without_links_to(markdown: str, known: frozenset[str] | set[str]) -> str:
    """Markdown without the words of its links, in Markdown or HTML, to pages whose addresses end in one of `known`."""

    def strip(match: re.Match[str]) -> str:
        target = next((group for group in match.groups() if group), "")
        quoted = _QUOTED.match(target)
        return " " if _stem(quoted.group(1) if quoted else target) in known else match.group(0)

    return _HTML_LINK.sub(strip, _MARKDOWN_LINK.sub(strip, markdown))


def embedded(pages: Sequence[PageText], progress: Callable[[Iterable[int]], Iterable[int]]) -> Vectors:
    """The pages' vectors by the site's embedding model, 0 where a page has none. Raises ModelUnavailable."""
    embedder = get_embedder()
    vectors = np.zeros((len(pages), embedder.dimensions), dtype=np.float32)
    for start in progress(range(0, len(pages), BATCH)):
        for number, vector in enumerate(embed_pages(embedder, pages[start : start + BATCH]), start):
            if vector is not None:
                vectors[number] = vector
    return vectors


def embedder_name() -> str:
    """The id of the model that `embedded` reads with; it loads none."""
    return current_name()


def catalogue_of(corpus: LinkedCorpus, vectors: Vectors) -> Catalogue:
    """The pages as a site's catalogue holds them, with their editors' topics, and without entities."""
    slugs = sorted({slug for topics in corpus.topics for slug in topics})
    columns = {slug: number for number, slug in enumerate(slugs)}
    return Catalogue(
        np.arange(len(corpus.pages), dtype=np.int64),
        vectors,
        _term_rows(_kept([page_terms(page) for page in corpus.pages])),
        _rows([{columns[slug]: 1.0 for slug in topics} for topics in corpus.topics]),
        _rows([{} for _page in corpus.pages]),
        corpus.days,
    )


def with_texts(catalogue: Catalogue, texts: Sequence[PageText], vectors: Vectors) -> Catalogue:
    """The catalogue as if these pages had said these texts, and had these vectors."""
    numbers = {int(page_id): number for number, page_id in enumerate(catalogue.page_ids)}
    known = catalogue.terms
    terms = [
        Terms(known.columns[start:end].astype(np.uint32), known.weights[start:end], ())
        for start, end in zip(known.starts[:-1], known.starts[1:], strict=True)
    ]
    changed = catalogue.vectors.copy()
    for text, vector in zip(texts, vectors, strict=True):
        terms[numbers[text.page_id]] = page_terms(text)
        changed[numbers[text.page_id]] = vector
    return replace(catalogue, vectors=changed, terms=_term_rows(_kept(terms)))


def _kept(terms: Sequence[Terms]) -> list[Terms]:
    """As `operations` keeps them: of a page with too many, the strongest."""
    pages = np.zeros(DIMENSIONS, dtype=np.int64)
    for one in terms:
        pages[one.columns] += 1
    return [strongest(one, pages[one.columns], len(terms)) if one.names else one for one in terms]


def _term_rows(terms: Sequence[Terms]) -> SparseRows:
    return SparseRows(
        np.array([0, *accumulate(len(one.columns) for one in terms)], dtype=np.int64),
        np.concatenate([one.columns for one in terms]).astype(np.int64),
        np.concatenate([one.weights for one in terms]),
    )


def _rows(rows: Sequence[Mapping[int, float]]) -> SparseRows:
    ordered = [sorted(row.items()) for row in rows]
    return SparseRows(
        np.array([0, *accumulate(map(len, ordered))], dtype=np.int64),
        np.array([column for row in ordered for column, _weight in row], dtype=np.int64),
        np.array([weight for row in ordered for _column, weight in row], dtype=np.float32),
    )


def _page(number: int, row: Mapping[str, Any], known: set[str]) -> PageText:
    summary, text = (without_links_to(row.get(key) or "", known) for key in ("summary", "text"))
    title = " ".join(prose(row["title"]))
    return PageText(number, title, " ".join(prose(summary)), tuple(prose(text)), row.get("language") or "en")


def _links(numbers: Mapping[str, int], lines: Iterable[str]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for line in filter(str.strip, lines):
        source, target = line.rstrip("\r\n").split("\t")[:2]
        if source in numbers and target in numbers and source != target:
            found.setdefault(numbers[source], set()).add(numbers[target])
    return {source: frozenset(targets) for source, targets in found.items()}


def _day(written: str | None) -> float:
    return float(date.fromisoformat(written[:10]).toordinal()) if written else np.nan


def _stem(address: str) -> str:
    """What an address and the id of the page it leads to have in common: the last part, without date and extension."""
    last = address.strip().split("#")[0].split("?")[0].rstrip("/").split("/")[-1]
    return _DATED.sub("", _EXTENSION.sub("", last)).lower()
