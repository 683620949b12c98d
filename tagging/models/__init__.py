"""Tables of the tagging app."""

from .analysis import PageAnalysis
from .calibration import TopicCalibration
from .draft import DraftAnalysis
from .entity import Entity, EntityMerge, PageEntity
from .gazetteer import GazetteerName
from .suggestion import Suggestion
from .topic import Topic
from .vector import EmbeddingModel, PageVector, TopicVector

__all__ = [
    "DraftAnalysis",
    "EmbeddingModel",
    "Entity",
    "EntityMerge",
    "GazetteerName",
    "PageAnalysis",
    "PageEntity",
    "PageVector",
    "Suggestion",
    "Topic",
    "TopicCalibration",
    "TopicVector",
]
