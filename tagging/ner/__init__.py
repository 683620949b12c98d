"""Named entities: which people, organisations and places a page names. Importing this loads no model."""

from __future__ import annotations

from functools import lru_cache

from tagging.conf import settings

from .base import Recognizer
from .entities import page_entities
from .rule_based import RuleRecognizer
from .spacy_pipeline import SpacyRecognizer

__all__ = ["Recognizer", "current_name", "get_recognizer", "page_entities"]


def get_recognizer(language: str) -> Recognizer:
    """The recogniser that the settings name for a language ("en", "pt-br"): one a process, loaded at first use."""
    return _recognizer(_pipeline_for(language), language)


def current_name(language: str) -> str:
    """The id of a language's recogniser. Loads no model: safe in a web process.

    The version of a spaCy pipeline is part of the id where that pipeline is installed.
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


@lru_cache(maxsize=64)
def _recognizer(pipeline: str, language: str) -> Recognizer:
    return SpacyRecognizer(pipeline) if pipeline else RuleRecognizer(language)
