"""Visitors in the database, made up."""

from __future__ import annotations

from personalization.models import Profile, Visitor
from personalization.types import ProfileState


def store_profile(state: ProfileState, device: str = "") -> Profile:
    """A new visitor's profile that says what `state` says; what it was made of is left out."""
    return Profile.objects.create(
        visitor=Visitor.objects.create(),
        topics={str(key): weight for key, weight in state.topics.items()},
        entities={str(key): weight for key, weight in state.entities.items()},
        habits={
            "sections": {str(key): amount for key, amount in state.sections.items()},
            "devices": dict(state.devices),
            "hours": {str(key): share for key, share in state.hours.items()},
            "engagement": state.engagement,
            "frequency": state.frequency,
        },
        clusters={str(key): probability for key, probability in state.clusters.items()},
        answers=sorted(state.answers),
        recent=[[page.page_id, page.at.isoformat()] for page in state.recent],
        views=state.views,
        visits=state.visits,
        first_seen=state.first_seen,
        last_seen=state.last_seen,
        device=device,
    )
