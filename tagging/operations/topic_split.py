"""A topic becomes two: which of its pages might go to a new one, and what tells them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from wagtail.log_actions import log

from tagging.index import vectors
from tagging.models import PageEntity, Suggestion, Topic
from tagging.topics.halves import halves
from tagging.topics.terms import distinctive_terms, terms_of

MOST_PAGES = 500  # that are looked at: those accepted last
FEWEST_PAGES = 4
TERMS = 6
SALIENT = 0.3  # from here on a name tells what the page is about


@dataclass(frozen=True, slots=True)
class Half:
    """Some pages of a topic, as (id, title), and the words that the others have less often."""

    terms: tuple[str, ...]
    pages: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Division:
    """A proposal: `leaving` is the smaller group. `unknown` pages have no vector yet."""

    leaving: Half
    staying: Half
    unknown: tuple[tuple[int, str], ...]

    @property
    def pages(self) -> frozenset[int]:
        """All that may be chosen."""
        return frozenset(pk for pk, _title in (*self.leaving.pages, *self.staying.pages, *self.unknown))


def propose_split(topic: Topic, pages: QuerySet[Any]) -> Division | None:
    """Divide the accepted ones of these pages by what they are about; None for fewer than FEWEST_PAGES. 3 queries."""
    rows = topic.suggestions.filter(state=Suggestion.State.ACCEPTED, page__in=pages.values("pk"))
    newest = rows.order_by("-decided_at", "page_id").values_list("page_id", "page__title")[:MOST_PAGES]
    titles = dict(newest)
    known = vectors(titles)
    if len(known) < FEWEST_PAGES:
        return None
    page_ids = sorted(known)
    leaves = halves(np.array([known[pk] for pk in page_ids]))
    words = _terms(titles, page_ids)
    groups = [[pk for pk, goes in zip(page_ids, leaves, strict=True) if goes == side] for side in (True, False)]
    leaving, staying = (
        Half(
            distinctive_terms([words[pk] for pk in own], [words[pk] for pk in others], TERMS, without=topic.name),
            tuple((pk, titles[pk]) for pk in own),
        )
        for own, others in (groups, groups[::-1])
    )
    return Division(leaving, staying, tuple((pk, title) for pk, title in titles.items() if pk not in known))


def split_off(topic: Topic, source: Topic, user: Any) -> None:
    """Write in the history of both that a new topic was split off the other. Its pages follow by `retag`."""
    data = {"topic": {"id": topic.pk, "name": topic.name}, "from": {"id": source.pk, "name": source.name}}
    with transaction.atomic():
        for instance in (topic, source):
            log(instance=instance, action="tagging.split", user=user, data=data)


def _terms(titles: Mapping[int, str], page_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    rows = PageEntity.objects.filter(page_id__in=page_ids, salience__gte=SALIENT, entity__is_hidden=False)
    for page_id, name in rows.values_list("page_id", "entity__name"):
        names[page_id].append(name)
    return {pk: terms_of(titles[pk], names[pk]) for pk in page_ids}
