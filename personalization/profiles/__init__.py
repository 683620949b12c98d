"""Folds what a visitor did into decayed interests. Pure: numpy and dataclasses, no database."""

from .folding import FoldSettings, Reading, Tally, fold, with_vectors
from .state import profile_state, topic_weights
from .weights import weight_of

__all__ = ["FoldSettings", "Reading", "Tally", "fold", "profile_state", "topic_weights", "weight_of", "with_vectors"]
