"""Tables of the tagging app."""

from .analysis import PageAnalysis
from .calibration import TopicCalibration
from .entity import Entity, EntityMerge, PageEntity
from .gazetteer import GazetteerName
from .inquiry import Inquiry
from .suggestion import Suggestion
from .topic import Topic
from .vector import EmbeddingModel, PageVector, TopicVector

__all__ = [
    "EmbeddingModel",
    "Entity",
    "EntityMerge",
    "GazetteerName",
    "Inquiry",
    "PageAnalysis",
    "PageEntity",
    "PageVector",
    "Suggestion",
    "Topic",
    "TopicCalibration",
    "TopicVector",
]
