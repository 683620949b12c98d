"""Pages that say something similar to the page being read."""

from __future__ import annotations

from personalization.types import Candidate
from tagging import index

from .base import CandidateSource, SourceRequest, register


@register
class SimilarSource(CandidateSource):
    """The nearest vectors to the page's own. Score: cosine similarity, negative ones as 0."""

    name = "similar"
    is_fit = True

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        page_id = request.query.page_id
        if page_id is None:
            return []
        return [
            Candidate(
                near.page_id,
                max(near.score, 0.0),
                self.name,
                {"page_id": page_id, "similarity": round(near.score, 4)},
            )
            for near in index.similar_to_page(page_id, request.limit, request.search)
        ]
