"""All that is known of one page's analysis, for those who show it to editors."""

from __future__ import annotations

from dataclasses import dataclass

from tagging.models import PageAnalysis, PageEntity, Suggestion


@dataclass(frozen=True, slots=True)
class PageState:
    """`analysis` is None for a page that was never queued. Topics come best first, entities most salient first.

    Entities are as editors want them seen: merged ones joined, hidden ones left out.
    """

    analysis: PageAnalysis | None
    topics: tuple[Suggestion, ...]
    entities: tuple[PageEntity, ...]


def state_of(page_id: int) -> PageState:
    """What is known of a page, in three queries; topics and entities are joined in."""
    return PageState(
        analysis=PageAnalysis.objects.filter(pk=page_id).first(),
        topics=tuple(
            Suggestion.objects.filter(page_id=page_id)
            .select_related("topic", "decided_by")
            .order_by("-score", "topic__name")
        ),
        entities=tuple(PageEntity.objects.filter(page_id=page_id).resolved()),
    )
