"""Pages related to the page being read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personalization.models import RelatedPages
from personalization.recommendation.related import SIGNALS, fit
from personalization.types import Candidate
from tagging import index

from .base import CandidateSource, SourceRequest, register


@register
class SimilarSource(CandidateSource):
    """The related pages that a worker has made ahead. Score: how well they fit, 1/2 at five standard deviations.

    Evidence: `similarity`, the score; `parts`, the signals' shares of it before it was squeezed; `terms` that both
    pages say, `topic_id` and `entity_id` that both have. Where nothing is made ahead yet, or filters leave too
    few of what is, the nearest vectors stand in: their score is cosine similarity, at most that of what is before them.
    """

    name = "similar"
    is_fit = True

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        page_id = request.query.page_id
        if page_id is None:
            return []
        items = RelatedPages.objects.filter(pk=page_id).values_list("items", flat=True).first() or []
        may_be_found = index.matching([item[0] for item in items], request.search) if items else frozenset()
        found = [_related(page_id, item) for item in items if item[0] in may_be_found][: request.limit]
        if len(found) == request.limit or (items and len(may_be_found) == len(items)):
            return found
        return [*found, *self._nearest(page_id, request, found)]

    def _nearest(self, page_id: int, request: SourceRequest, found: Sequence[Candidate]) -> list[Candidate]:
        known = {candidate.page_id for candidate in found}
        most = found[-1].score if found else 1.0
        return [
            Candidate(
                near.page_id,
                min(max(near.score, 0.0), most),
                self.name,
                {"page_id": page_id, "similarity": round(near.score, 4)},
            )
            for near in index.similar_to_page(page_id, request.limit, request.search)
            if near.page_id not in known
        ][: request.limit - len(found)]


def _related(page_id: int, item: Sequence[Any]) -> Candidate:
    other, score, parts, terms, topic_id, entity_id = item
    evidence: dict[str, Any] = {"page_id": page_id, "similarity": round(fit(score), 4)}
    evidence["parts"] = dict(zip(SIGNALS, parts, strict=True))
    evidence |= _known({"terms": terms, "topic_id": topic_id, "entity_id": entity_id})
    return Candidate(other, fit(score), SimilarSource.name, evidence)


def _known(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in evidence.items() if value}
