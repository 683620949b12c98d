"""What a candidate source is, and where they are registered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from personalization.recommendation import strategies
from personalization.recommendation.placement import PlacementConfig
from personalization.types import Candidate, RecQuery
from tagging.types import SearchFilter


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """One question to one source: at most `limit` pages, of content types `types` (empty: any), none of `exclude`."""

    query: RecQuery
    placement: PlacementConfig
    limit: int
    types: frozenset[int] = frozenset()
    exclude: frozenset[int] = frozenset()

    @property
    def search(self) -> SearchFilter:
        """The same limits for the content index."""
        return SearchFilter(
            site_id=self.query.site_id,
            locale_id=self.query.locale_id,
            types=sorted(self.types),
            exclude=sorted(self.exclude),
        )


class CandidateSource(ABC):
    """Proposes pages for a query, best first, each once, with the evidence that its reasons are made from.

    Scores are finite and 0 or more, on the source's own scale, and 0 means "nothing speaks for it". The number
    of queries does not grow with `limit`. A source that has nothing to say returns []; it may propose a page
    that is not visible, since visibility is decided later. Evidence is JSON.
    `personalization.testing.sources.CandidateSourceContract` tests all of this.
    """

    name: ClassVar[str]
    is_fit: ClassVar[bool] = False
    """Whether scores are in [0, 1] and say how well a page fits, so that a placement's minimum applies."""
    weight: ClassVar[float] = 0.0
    """For a source of the site's own: what it counts in the strategy "blend", where pages like the one read count 1."""

    @abstractmethod
    def candidates(self, request: SourceRequest) -> list[Candidate]:
        """At most `request.limit` candidates."""


_sources: dict[str, CandidateSource] = {}


def register(source: type[CandidateSource]) -> type[CandidateSource]:
    """Class decorator: makes a source known under its name. A later one of the same name takes its place."""
    _sources[source.name] = source()
    if source.weight > 0.0:
        strategies.OWN[source.name] = source.weight
    return source


def registered() -> Mapping[str, CandidateSource]:
    """Every source by name."""
    return _sources
