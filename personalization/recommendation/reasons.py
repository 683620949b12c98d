"""Why a page was chosen, as codes with the numbers that decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from personalization.types import Candidate, Reason

from .scorers import ScoredPage

LIMIT = 2
"""At most so many reasons a page."""

MINIMUM_SHARE = 0.2
"""A source that made less of the score than this is not a reason."""

NEW_DAYS = 30.0
"""A page older than this is not called new."""


def reasons_for(page: ScoredPage) -> tuple[Reason, ...]:
    """The one or two strongest reasons, from the shares that made the score, strongest first.

    Codes: "pinned", "topic" (topic_id), "read" (page_id), "profile", "similar" (page_id), "trending" (views),
    "new" and "recent" (days). A source of the site's own gives its own name as the code.
    """
    strongest = sorted(page.shares, key=lambda source: (-page.shares[source], source))
    deciding = [s for s in strongest if page.shares[s] >= MINIMUM_SHARE] or strongest[:1]
    found = (reason for source in deciding for reason in _reasons(page.candidates[source]))
    return tuple(reason for reason, _ in zip(found, range(LIMIT), strict=False))


def _reasons(candidate: Candidate) -> Iterator[Reason]:
    return _OF_SOURCE.get(candidate.source, _own)(candidate)


def _own(candidate: Candidate) -> Iterator[Reason]:
    yield Reason(candidate.source, dict(candidate.evidence))


def _pinned(candidate: Candidate) -> Iterator[Reason]:
    yield Reason("pinned")


def _profile(candidate: Candidate) -> Iterator[Reason]:
    evidence = candidate.evidence
    if "topic_id" in evidence:
        yield Reason("topic", {"topic_id": evidence["topic_id"], "weight": evidence["weight"]})
    if "page_id" in evidence:
        yield Reason("read", {"page_id": evidence["page_id"], "similarity": evidence["similarity"]})
    if not evidence.keys() & {"topic_id", "page_id"}:
        yield Reason("profile")


def _recent(candidate: Candidate) -> Iterator[Reason]:
    is_new = candidate.evidence.get("days", NEW_DAYS + 1) <= NEW_DAYS
    yield Reason("new" if is_new else "recent", dict(candidate.evidence))


_OF_SOURCE: Mapping[str, Callable[[Candidate], Iterator[Reason]]] = {
    "pins": _pinned,
    "profile": _profile,
    "recent": _recent,
}
