"""Recognising names with the small spaCy model that ships for where MiniLM is absent."""

from __future__ import annotations

from functools import cached_property

from .minilm.weights import CNN, digest
from .spacy_pipeline import SpacyRecognizer


class CnnRecognizer(SpacyRecognizer):
    """The shipped English CNN. It does not say how sure it is of a name: all get the share that is right."""

    UNSAID = 0.75

    def __init__(self) -> None:
        super().__init__(str(CNN))

    @cached_property
    def name(self) -> str:
        return f"affinity_cnn@{digest(CNN)}"
