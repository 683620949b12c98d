"""What editors pinned."""

from __future__ import annotations

from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register


@register
class PinsSource(CandidateSource):
    """The placement's pins for the visitor's segments, in the editors' order. Score: 1, 1/2, 1/3 and so on.

    A pin is the editor's word: page types and read pages do not hold it back, being the page itself does.
    """

    name = "pins"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        query = request.query
        pinned = request.placement.pinned(query.segments)
        shown = [page_id for page_id in pinned if page_id != query.page_id and page_id not in query.exclude]
        return [
            Candidate(page_id, 1.0 / position, self.name, {"position": position})
            for position, page_id in enumerate(shown[: request.limit], start=1)
        ]
