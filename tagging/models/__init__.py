"""Tables of the tagging app."""

from .analysis import PageAnalysis
from .entity import Entity, PageEntity
from .suggestion import Suggestion
from .topic import Topic
from .vector import EmbeddingModel, PageVector, TopicVector

__all__ = [
    "EmbeddingModel",
    "Entity",
    "PageAnalysis",
    "PageEntity",
    "PageVector",
    "Suggestion",
    "Topic",
    "TopicVector",
]
