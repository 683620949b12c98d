"""Tables of the tagging app."""

from .analysis import PageAnalysis
from .calibration import TopicCalibration
from .entity import Entity, EntityMerge, PageEntity
from .gazetteer import GazetteerName
from .hygiene import IgnoredFinding, MergedPage, MissingTopic, TagMerge
from .inquiry import Inquiry
from .suggestion import Suggestion
from .terms import PageTerms, TermCount
from .topic import Topic
from .vector import EmbeddingModel, PageVector, TopicVector

__all__ = [
    "EmbeddingModel",
    "Entity",
    "EntityMerge",
    "GazetteerName",
    "IgnoredFinding",
    "Inquiry",
    "MergedPage",
    "MissingTopic",
    "PageAnalysis",
    "PageEntity",
    "PageTerms",
    "PageVector",
    "Suggestion",
    "TagMerge",
    "TermCount",
    "Topic",
    "TopicCalibration",
    "TopicVector",
]
