"""What a visitor does not want to see, whoever proposes it: a source of the site's own or an editor's pin."""

from __future__ import annotations

from personalization.types import ProfileState
from tagging import index


def unwanted_pages(profile: ProfileState | None) -> frozenset[int]:
    """Ids of the pages hidden by the visitor, and of all on a muted topic or one below it. At most one query."""
    if profile is None:
        return frozenset()
    muted = index.pages_tagged(profile.muted_topics) if profile.muted_topics else frozenset()
    return profile.hidden_pages | muted
