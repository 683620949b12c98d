"""Named entities: which people, organisations and places a page names. Importing this loads no model."""

from __future__ import annotations

from functools import lru_cache

from tagging.conf import settings
from tagging.reading.minilm import minilm_is_installed

from .base import Recognizer, StatesRecognizer
from .cnn import CnnRecognizer
from .entities import page_entities
from .minilm.recognizer import MiniLmRecognizer
from .rule_based import RuleRecognizer
from .spacy_pipeline import SpacyRecognizer

__all__ = [
    "CNN",
    "HEAD",
    "RULES",
    "Recognizer",
    "StatesRecognizer",
    "current_name",
    "get_recognizer",
    "named_recognizer",
    "page_entities",
]

HEAD, CNN, RULES = "affinity_ner", "affinity_cnn", "affinity_rules"
"""What the setting RECOGNIZER may name besides spaCy pipelines."""


def get_recognizer(language: str) -> Recognizer:
    """The recogniser that the settings name for a language ("en", "pt-br"): one a process, loaded at first use."""
    return named_recognizer(_pipeline_for(language) or _default_for(language), language)


def named_recognizer(pipeline: str, language: str) -> Recognizer:
    """HEAD, CNN, RULES or a spaCy pipeline, whatever the settings say: one a process."""
    return _recognizer(pipeline, language if pipeline == RULES else "")


def current_name(language: str) -> str:
    """The id of a language's recogniser. Loads no model: safe in a web process.

    The version of the pipeline, or of the weights, is part of the id where that pipeline is installed.
    """
    return get_recognizer(language).name


def _pipeline_for(language: str) -> str:
    """The setting RECOGNIZER: one name, or names by locale with "default"; "pt-br" falls back to "pt"."""
    setting: str | dict[str, str] = settings.RECOGNIZER
    if isinstance(setting, str):
        return setting
    for key in (language, language.split("-")[0], "default"):
        if key in setting:
            return setting[key]
    return ""


def _default_for(language: str) -> str:
    """The entity head for English, or the CNN where MiniLM is not installed; rules for all other languages."""
    if language.split("-")[0] != "en":
        return RULES
    return HEAD if minilm_is_installed() else CNN


@lru_cache(maxsize=64)
def _recognizer(pipeline: str, language: str) -> Recognizer:
    if pipeline == HEAD:
        return MiniLmRecognizer()
    if pipeline == CNN:
        return CnnRecognizer()
    return RuleRecognizer(language) if pipeline == RULES else SpacyRecognizer(pipeline)
