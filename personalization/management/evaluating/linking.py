"""Pages and the links between them, from files or from the site itself."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.core.management.base import CommandError
from tqdm import tqdm

from personalization.evaluation.linked import Links, Rows
from personalization.operations.links import page_links
from tagging import catalogue
from tagging.evaluation.linked import catalogue_of, embedded, embedder_name, read_linked, with_texts
from tagging.exceptions import ModelUnavailable
from tagging.types import Catalogue, PageText, Shelf

FEWEST: Final = 30  # linking pages that say something
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linked:
    """What related pages are measured on: `pages` are the rows of `content`, without the words of their links."""

    name: str
    content: Catalogue
    pages: Sequence[PageText]
    links: Links

    @property
    def sources(self) -> Rows:
        """The rows that link to others."""
        return np.array(sorted(self.links), dtype=np.int64)


def add_linking_arguments(parser: ArgumentParser) -> None:
    """--catalogue, --links, --vectors, --split and --seed."""
    parser.add_argument("--catalogue", type=Path, metavar="POSTS.jsonl", help="pages; without it, the site's own")
    parser.add_argument("--links", type=Path, metavar="LINKS.tsv", help="two ids of the catalogue a line, from and to")
    parser.add_argument("--vectors", type=Path, metavar="FILE.npz", help="keep the pages' vectors here, and reuse")
    parser.add_argument(
        "--split", choices=("chance", "time"), default="chance", help="which linking pages are tuned on (half of them)"
    )
    parser.add_argument("--seed", type=int, default=0)


def linked(options: Mapping[str, Any]) -> Iterator[Linked]:
    """The files, or each part of the site that has enough links. Raises CommandError with what to do."""
    if (options["catalogue"] is None) != (options["links"] is None):
        raise CommandError("Give both --catalogue and --links, or neither for the site's own pages.")
    try:
        if options["catalogue"]:
            yield _from_files(options["catalogue"], options["links"], options["vectors"])
            return
        found = [one for one in map(_from_site, catalogue.shelves()) if one]
    except ModelUnavailable as error:
        raise CommandError(str(error)) from error
    if not found:
        raise CommandError(
            f"There are fewer than {FEWEST} analysed pages that link to other pages of their site and language. Figures"
            " of so few would mean nothing; keep the default RELATED_STRENGTHS, or give --catalogue and --links."
        )
    yield from found


def _from_files(posts: Path, links: Path, kept: Path | None) -> Linked:
    try:
        with posts.open() as post_lines, links.open() as link_lines:
            corpus = read_linked(post_lines, link_lines)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"A line is not as docs/quality.md describes it: {type(error).__name__} {error}") from error
    if len(corpus.links) < FEWEST:
        raise CommandError(f"{len(corpus.links)} linking pages are too few: at least {FEWEST} say something.")
    return Linked(posts.name, catalogue_of(corpus, _vectors(corpus.pages, kept)), corpus.pages, corpus.links)


def _from_site(shelf: Shelf) -> Linked | None:
    content = catalogue.read(shelf)
    ids = content.page_ids.tolist()
    rows = {page_id: row for row, page_id in enumerate(ids)}
    links = {rows[source]: frozenset(rows[target] for target in targets) for source, targets in page_links(ids).items()}
    if len(links) < FEWEST:
        return None
    texts = catalogue.texts_without_links(ids)
    linking = [texts[ids[row]] for row in sorted(links)]
    # The vectors of pages without links hold no link's words.
    content = with_texts(content, linking, embedded(linking, _progress))
    return Linked(
        f"site {shelf.site_id}, locale {shelf.locale_id}", content, [texts[page_id] for page_id in ids], links
    )


def _vectors(pages: Sequence[PageText], kept: Path | None) -> Vectors:
    digest = blake2b("".join(page.content_hash for page in pages).encode(), digest_size=16).hexdigest()
    made_of = np.array([embedder_name(), digest])
    if kept and kept.exists():
        with np.load(kept) as known:
            if np.array_equal(known["made_of"], made_of):
                return np.asarray(known["vectors"])
    vectors = embedded(pages, _progress)
    if kept:
        np.savez(kept, made_of=made_of, vectors=vectors)
    return vectors


def _progress(steps: Iterable[int]) -> Iterable[int]:
    bar: Iterable[int] = tqdm(steps, desc="vectors", disable=None)
    return bar
