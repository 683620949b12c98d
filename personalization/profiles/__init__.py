"""Folds what a visitor did into decayed interests. Pure: numpy and dataclasses, no database."""

from .folding import FoldSettings, Reading, Sum, Tally, fold, merge, with_vectors
from .preferences import LIKED, direction, with_preferences
from .state import profile_state, weights
from .weights import attention_of, weight_of

__all__ = [
    "LIKED",
    "FoldSettings",
    "Reading",
    "Sum",
    "Tally",
    "attention_of",
    "direction",
    "fold",
    "merge",
    "profile_state",
    "weight_of",
    "weights",
    "with_preferences",
    "with_vectors",
]
