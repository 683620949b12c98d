"""Tables of the personalization app."""

from .counter import PageCounter
from .event import Event
from .placement import Placement, PlacementRule
from .segment import Segment
from .slate import ServedSlate
from .visitor import Profile, Visitor

__all__ = [
    "Event",
    "PageCounter",
    "Placement",
    "PlacementRule",
    "Profile",
    "Segment",
    "ServedSlate",
    "Visitor",
]
