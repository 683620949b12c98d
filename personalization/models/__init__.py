"""Tables of the personalization app."""

from .count import EventCount
from .counter import PageCounter
from .event import Event
from .learned import LearnedCluster, LearnedSegmentation, LearnedVersion
from .placement import Placement, PlacementRule
from .release import Release
from .segment import Segment
from .segment_size import SegmentSize
from .slate import ServedSlate
from .visitor import Profile, Visitor

__all__ = [
    "Event",
    "EventCount",
    "LearnedCluster",
    "LearnedSegmentation",
    "LearnedVersion",
    "PageCounter",
    "Placement",
    "PlacementRule",
    "Profile",
    "Release",
    "Segment",
    "SegmentSize",
    "ServedSlate",
    "Visitor",
]
