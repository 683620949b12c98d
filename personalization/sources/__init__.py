"""Where candidates come from: one source a file. A site adds its own with the `register` decorator."""

from . import covisits, factors, pins, profile, recent, sequences, series, sessions, similar, transitions, trending
from .base import CandidateSource, SourceRequest, register, registered

__all__ = [
    "CandidateSource",
    "SourceRequest",
    "covisits",
    "factors",
    "pins",
    "profile",
    "recent",
    "register",
    "registered",
    "sequences",
    "series",
    "sessions",
    "similar",
    "transitions",
    "trending",
]
