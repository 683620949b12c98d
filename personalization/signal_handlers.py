"""Makes an editor's change to segments and placements work at once, where it was made.

Other processes notice within CONFIG_CACHE_SECONDS.
"""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save

from personalization.models import Placement, PlacementRule, Segment
from personalization.operations.placements import forget_placements
from personalization.visitors.segments import forget_compiled


def on_segment_changed(**kwargs: Any) -> None:
    forget_compiled()


def on_placement_changed(**kwargs: Any) -> None:
    forget_placements()


def connect() -> None:
    """Called once, when the apps are ready."""
    for signal in (post_save, post_delete):
        signal.connect(on_segment_changed, sender=Segment, dispatch_uid="personalization.segments")
        for sender in (Placement, PlacementRule):
            signal.connect(on_placement_changed, sender=sender, dispatch_uid="personalization.placements")
