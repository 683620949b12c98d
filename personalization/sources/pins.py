"""What editors pinned."""

from __future__ import annotations

from django.db.models import F

from personalization.recommendation.rules import Rulebook
from personalization.types import Candidate
from personalization.visibility import visible_pages

from .base import CandidateSource, SourceRequest, register


@register
class PinsSource(CandidateSource):
    """The pages pinned for the visitor, in the editors' order, then the newest of pinned topics and sections.

    Score: 1, 1/2, 1/3 and so on. A pinned page is the editor's word: page types and read pages do not hold it back,
    being the page itself does. For a topic or section any page may come that other sources may propose.
    """

    name = "pins"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        query = request.query
        rules = request.placement.rulebook(query.segments, query.locale_id, query.context.at)
        pages = [page_id for page_id in _pinned(rules) if page_id != query.page_id and page_id not in query.exclude]
        found = list(dict.fromkeys([*pages, *_newest(rules, request)]))
        return [
            Candidate(page_id, 1.0 / position, self.name, {"position": position})
            for position, page_id in enumerate(found[: request.limit], start=1)
        ]


def _pinned(rules: Rulebook) -> list[int]:
    """The pages with a pin of their own that decides."""
    pins = [rule for rule in rules.pins if rule.target == "page"]
    return [page_id for rule in pins for page_id in rule.pages if rules.is_pinned_by(rule, page_id)]


def _newest(rules: Rulebook, request: SourceRequest) -> list[int]:
    covered = {page_id for rule in rules.pins if rule.target != "page" for page_id in rule.pages}
    if not covered:
        return []
    pages = visible_pages(request.query.site_id, request.query.locale_id).filter(pk__in=covered - request.exclude)
    if request.types:
        pages = pages.filter(content_type_id__in=request.types)
    newest = pages.order_by(F("first_published_at").desc(nulls_last=True), "pk")
    return list(newest.values_list("pk", flat=True)[: request.limit])
