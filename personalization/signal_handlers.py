"""Makes an editor's change to segments and placements work at once, where it was made.

Other processes notice within CONFIG_CACHE_SECONDS.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.apps import apps
from django.db.models.signals import post_delete, post_migrate, post_save

from personalization.models import Placement, PlacementRule, Segment
from personalization.operations.placements import forget_placements
from personalization.operations.topics import replace_topic
from personalization.signals import consent_withdrawn
from personalization.visitors import partitions
from personalization.visitors.segments import forget_compiled
from personalization.visitors.sinks import get_sink
from tagging.signals import topic_replaced


def on_segment_changed(**kwargs: Any) -> None:
    forget_compiled()


def on_placement_changed(**kwargs: Any) -> None:
    forget_placements()


def on_topic_replaced(old_id: int, new_id: int, **kwargs: Any) -> None:
    replace_topic(old_id, new_id)


def on_consent_withdrawn(visitor_id: uuid.UUID, **kwargs: Any) -> None:
    get_sink().forget(visitor_id)


def on_migrated(using: str, **kwargs: Any) -> None:
    """A new site has partitions before its first event."""
    if partitions.is_partitioned(using):
        partitions.make_ahead(using)


def connect() -> None:
    """Called once, when the apps are ready."""
    for signal in (post_save, post_delete):
        signal.connect(on_segment_changed, sender=Segment, dispatch_uid="personalization.segments")
        for sender in (Placement, PlacementRule):
            signal.connect(on_placement_changed, sender=sender, dispatch_uid="personalization.placements")
    post_migrate.connect(
        on_migrated, sender=apps.get_app_config("personalization"), dispatch_uid="personalization.partitions"
    )
    topic_replaced.connect(on_topic_replaced, dispatch_uid="personalization.topic_replaced")
    consent_withdrawn.connect(on_consent_withdrawn, dispatch_uid="personalization.consent_withdrawn")
