"""Topics that the site may be missing: pages that are alike and that no topic fits."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import swapper
from django.db import transaction
from wagtail.models import Locale

from tagging import text
from tagging.hygiene.clusters import Cluster, distinctive_terms, find_clusters
from tagging.hygiene.folding import fold
from tagging.models import MissingTopic, PageVector, Suggestion, Topic

from .outbox import analyzable_pages
from .site_centre import centred, site_centre

logger = logging.getLogger(__name__)

KIND = "missing"  # as workers are asked for it

NEWEST = 3000  # pages that are looked at: clustering takes memory and time by their square
MIN_PAGES = 4
MOST = 20  # groups that are kept
TERMS, MAX_TERM = 6, 120
CHARACTERS = 4000  # of a page's text that words are taken from
SAME = 0.5  # of the smaller group's pages: from here on two groups are one
FITTING = (Suggestion.State.SUGGESTED, Suggestion.State.APPLIED, Suggestion.State.ACCEPTED)


def answer_missing(question: dict[str, Any]) -> dict[str, Any]:
    """What a worker does when an editor asks to look again."""
    return {"count": find_missing_topics()}


def find_missing_topics() -> int:
    """Look at the newest pages that no topic fits, and write down what they have in common; returns how many groups.

    For workers: needs scikit-learn, which comes with the models. What editors dismissed stays dismissed.
    """
    page_ids, vectors = _pages_without_topic()
    centre = site_centre()
    clusters = [] if centre is None else find_clusters(centred(vectors, centre), MIN_PAGES)
    dismissed = [set(row.page_ids) for row in MissingTopic.objects.filter(is_dismissed=True)]
    groups = [cluster for cluster in clusters if not _is_dismissed([page_ids[i] for i in cluster.members], dismissed)]
    found = _described(groups[:MOST], page_ids)
    with transaction.atomic():
        MissingTopic.objects.filter(is_dismissed=False).delete()
        MissingTopic.objects.bulk_create(found)
    return len(found)


def missing_topics() -> list[MissingTopic]:
    """What was found and is missing still: neither dismissed, nor on pages that some topic fits by now."""
    rows = list(MissingTopic.objects.filter(is_dismissed=False))
    page_ids = {page_id for row in rows for page_id in row.page_ids}
    fitting = _fitting(page_ids)
    return [row for row in rows if len(fitting.intersection(row.page_ids)) < SAME * len(row.page_ids)]


def dismiss(missing: MissingTopic) -> None:
    """Do not show these pages as a topic again, nor a group that is mostly the same."""
    MissingTopic.objects.filter(pk=missing.pk).update(is_dismissed=True)


def take_back_dismissal(missing: MissingTopic) -> None:
    """Show it again."""
    MissingTopic.objects.filter(pk=missing.pk).update(is_dismissed=False)


def _pages_without_topic() -> tuple[list[int], Any]:
    candidates = analyzable_pages().filter(alias_of__isnull=True).values("pk")
    rows = PageVector.objects.filter(model__is_live=True, page_id__in=candidates).exclude(
        page__in=Suggestion.objects.filter(state__in=FITTING).values("page_id")
    )
    newest = rows.order_by("-first_published_at", "-page_id").values_list("page_id", "embedding")[:NEWEST]
    pairs = list(newest)
    return [page_id for page_id, _vector in pairs], np.array([vector for _id, vector in pairs], dtype=np.float64)


def _fitting(page_ids: Collection[int]) -> set[int]:
    rows = Suggestion.objects.filter(page_id__in=page_ids, state__in=FITTING)
    return set(rows.values_list("page_id", flat=True))


def _is_dismissed(page_ids: Sequence[int], dismissed: Iterable[set[int]]) -> bool:
    return any(len(known.intersection(page_ids)) >= SAME * min(len(known), len(page_ids)) for known in dismissed)


def _described(clusters: Sequence[Cluster], page_ids: Sequence[int]) -> list[MissingTopic]:
    texts = _texts(page_ids)
    numbers = {page_id: number for number, page_id in enumerate(texts)}
    groups = [[page_ids[i] for i in cluster.members if page_ids[i] in numbers] for cluster in clusters]
    terms = distinctive_terms(
        list(texts.values()), [[numbers[page_id] for page_id in group] for group in groups], _stop_words(), TERMS
    )
    known = {fold(name) for name in Topic.objects.values_list("name", flat=True)}
    return [
        MissingTopic(terms=[word[:MAX_TERM] for word in words], page_ids=group, coherence=cluster.coherence)
        for cluster, group, words in zip(clusters, groups, terms, strict=True)
        if words and fold(words[0]) not in known
    ]


def _texts(page_ids: Sequence[int]) -> dict[int, str]:
    """Title and the beginning of the text of each page."""
    page_model = swapper.load_model("wagtailcore", "Page")
    locales = {locale.pk: locale for locale in Locale.objects.all()}
    found = {}
    for page in page_model.objects.filter(pk__in=page_ids).specific().iterator(chunk_size=200):
        page.locale = locales[page.locale_id]  # a query less a page
        try:
            found[page.pk] = "\n".join(text.extract(page).paragraphs())[:CHARACTERS]
        except Exception:
            logger.exception("The text of page %d could not be read.", page.pk)
    return found


def _stop_words() -> set[str]:
    """The small words of the site's languages, as spaCy lists them; none for a language that it does not know."""
    found: set[str] = set()
    for code in Locale.objects.values_list("language_code", flat=True):
        try:
            found |= import_module(f"spacy.lang.{code.split('-')[0].lower()}.stop_words").STOP_WORDS
        except ModuleNotFoundError:
            continue
    return found
