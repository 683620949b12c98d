"""The people, organisations, places and other things that pages name, curated by editors."""

from .bulk import BULK_ACTIONS
from .chooser import entity_chooser_viewset
from .viewset import entity_viewset

__all__ = ["BULK_ACTIONS", "entity_chooser_viewset", "entity_viewset"]
