"""A catalogue as the site's worker knows its pages: terms, topics and dates. No model is loaded: meaning has no say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from personalization.conf import related_strengths
from personalization.evaluation.catalogue import Catalogue, CataloguePage
from personalization.evaluation.own import Content
from tagging.evaluation.linked import LinkedCorpus, catalogue_of
from tagging.types import PageText


def content_of(catalogue: Catalogue) -> Content:
    """What relates the log's pages that the catalogue holds, with the strengths that are set."""
    known = [(number, page) for number, page in enumerate(catalogue.pages) if page]
    corpus = LinkedCorpus(
        pages=tuple(_text(number, page) for number, page in known),
        days=np.array([np.nan if page.day is None else page.day for _number, page in known], dtype=np.float64),
        topics=tuple(frozenset(page.topics) for _number, page in known),
        links={},
    )
    numbers = np.array([number for number, _page in known], dtype=np.int64)
    pages = catalogue_of(corpus, np.zeros((len(known), 1), dtype=np.float32))
    return Content(replace(pages, page_ids=numbers), related_strengths())


def _text(number: int, page: CataloguePage) -> PageText:
    return PageText(number, page.title, page.summary, (page.text,) if page.text else (), page.language or "en")
