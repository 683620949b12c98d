"""Why a page was chosen, as codes with the numbers that decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass

from personalization.types import Candidate, Reason

from .ranking import ScoredPage

LIMIT = 2
"""At most so many reasons a page."""

MINIMUM_SHARE = 0.2
"""A source that made less of the score than this is not a reason."""

NEW_DAYS = 30.0
"""A page older than this is not called new."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told: `page_id` is the page being read, `muted` are topics that must not be named to them.

    What fewer than `k` other readers did is not told.
    """

    page_id: int | None = None
    muted: Set[int] = frozenset()
    k: int = 1


def reasons_for(page: ScoredPage, audience: Audience) -> tuple[Reason, ...]:
    """The one or two strongest reasons, from the shares that made the score, strongest first; no code twice.

    Codes: "pinned", "topic" (topic_id), "read" (page_id), "profile", "same_topic" (topic_id), "entity" (entity_id),
    "terms" (terms), "similar" (page_id), "trending" (views), "next", "together" and "alike" (page_id, readers; is_here
    where that page is being read), "onward", "series", "new" and "recent" (days), "suggested" where nothing better may
    be said. A source of the site's own gives its own name as the code.
    """
    strongest = sorted(page.shares, key=lambda source: (-page.shares[source], source))
    deciding = [s for s in strongest if page.shares[s] >= MINIMUM_SHARE] or strongest[:1]
    found: dict[str, Reason] = {}
    for source in deciding:
        for reason in _reasons(page, source, audience):
            found.setdefault(reason.code, reason)
    return tuple(found.values())[:LIMIT] or (Reason("suggested"),)


def _reasons(page: ScoredPage, source: str, audience: Audience) -> Iterator[Reason]:
    candidate = page.candidates.get(source, Candidate(page.page_id, 0.0, source))
    return _OF_SOURCE.get(source, _own)(candidate, audience)


def _own(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    yield Reason(candidate.source, dict(candidate.evidence))


def _pinned(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    yield Reason("pinned")


def _profile(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    evidence = candidate.evidence
    is_topic = "topic_id" in evidence and evidence["topic_id"] not in audience.muted
    if is_topic:
        yield Reason("topic", {"topic_id": evidence["topic_id"], "weight": evidence["weight"]})
    if "page_id" in evidence:
        yield Reason("read", {"page_id": evidence["page_id"], "similarity": evidence["similarity"]})
    if not is_topic and "page_id" not in evidence:
        yield Reason("profile")


def _similar(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    """What the two pages share says more than that they are alike: the topic, then a name, then words."""
    evidence = candidate.evidence
    if evidence.get("topic_id") and evidence["topic_id"] not in audience.muted:
        yield Reason("same_topic", {"topic_id": evidence["topic_id"]})
    elif evidence.get("entity_id"):
        yield Reason("entity", {"entity_id": evidence["entity_id"]})
    elif evidence.get("terms"):
        yield Reason("terms", {"terms": list(evidence["terms"])[:3]})
    else:
        shared = {key: evidence[key] for key in ("page_id", "similarity") if key in evidence}
        yield Reason("similar", shared)


def _trending(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    if candidate.evidence.get("views", 0.0) >= audience.k:
        yield Reason("trending", dict(candidate.evidence))


def _of_others(code: str) -> Callable[[Candidate, Audience], Iterator[Reason]]:
    """What other readers of a page did, unless they are too few."""

    def reasons(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
        evidence = candidate.evidence
        if evidence.get("readers", 0) >= audience.k:
            yield Reason(code, {**evidence, "is_here": evidence.get("page_id") == audience.page_id})

    return reasons


def _recent(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    is_new = candidate.evidence.get("days", NEW_DAYS + 1) <= NEW_DAYS
    yield Reason("new" if is_new else "recent", dict(candidate.evidence))


def _series(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    yield Reason("series", dict(candidate.evidence))


def _factors(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    """The page of the visitor's own history that speaks for it most; not the one that is just being read."""
    if candidate.evidence.get("page_id") not in (None, audience.page_id):
        yield Reason("read", dict(candidate.evidence))


def _sequences(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    """The page read before this one that the network went by; else what it is about: going on."""
    if candidate.evidence.get("page_id") in (None, audience.page_id):
        yield Reason("onward")
    else:
        yield Reason("read", dict(candidate.evidence))


def _explored(candidate: Candidate, audience: Audience) -> Iterator[Reason]:
    yield Reason("new")


_OF_SOURCE: Mapping[str, Callable[[Candidate, Audience], Iterator[Reason]]] = {
    "pins": _pinned,
    "profile": _profile,
    "similar": _similar,
    "trending": _trending,
    "transitions": _of_others("next"),
    "covisits": _of_others("together"),
    "sessions": _of_others("alike"),
    "series": _series,
    "factors": _factors,
    "sequences": _sequences,
    "recent": _recent,
    "exploration": _explored,
}
