"""Tables of the personalization app."""

from .count import EventCount
from .counter import ClassCounter, PageCounter, reads_at
from .event import Event
from .exposure import ExposureGroup
from .factors import PageFactors
from .learned import LearnedCluster, LearnedSegmentation, LearnedVersion
from .pairs import PagePair, SessionRead
from .placement import Placement
from .ranker import Ranker, RankerVersion
from .related import RelatedPages
from .release import Release
from .rule import PlacementRule
from .segment import Segment
from .segment_size import SegmentSize
from .sequences import SequenceVersion
from .signal_state import (
    HALF_LIVES,
    HalfLives,
    SignalState,
    half_lives_in_force,
    suitable_half_lives,
    with_half_lives,
)
from .slate import ServedSlate
from .tuning import PlacementTuning
from .visitor import Profile, Visitor

__all__ = [
    "HALF_LIVES",
    "ClassCounter",
    "Event",
    "EventCount",
    "ExposureGroup",
    "HalfLives",
    "LearnedCluster",
    "LearnedSegmentation",
    "LearnedVersion",
    "PageCounter",
    "PageFactors",
    "PagePair",
    "Placement",
    "PlacementRule",
    "PlacementTuning",
    "Profile",
    "Ranker",
    "RankerVersion",
    "RelatedPages",
    "Release",
    "Segment",
    "SegmentSize",
    "SequenceVersion",
    "ServedSlate",
    "SessionRead",
    "SignalState",
    "Visitor",
    "half_lives_in_force",
    "reads_at",
    "suitable_half_lives",
    "with_half_lives",
]
