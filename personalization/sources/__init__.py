"""Where candidates come from: one source a file. A site adds its own with the `register` decorator."""

from . import pins, profile, recent, similar, trending
from .base import CandidateSource, SourceRequest, register, registered

__all__ = [
    "CandidateSource",
    "SourceRequest",
    "pins",
    "profile",
    "recent",
    "register",
    "registered",
    "similar",
    "trending",
]
