"""The settings of the tagging app: one dict, `WAGTAIL_TAGGING`, read lazily.

`settings.KEY` gives the site's value or the default; tests may use `override_settings`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings

NAME = "WAGTAIL_TAGGING"

DEFAULTS: dict[str, Any] = {
    # "torch", "onnx", "openvino", "openvino-int8", "http" or the dotted path of an `embedding.Embedder` subclass,
    # and the model that it loads: what a site begins with. `manage.py swap_embedding_model` changes it later.
    "EMBEDDING_BACKEND": "torch",
    "EMBEDDING_MODEL": "sentence-transformers/all-MiniLM-L6-v2",
    # Where "onnx" and "openvino" keep exported models. "" is ~/.cache/wagtail-affinity.
    "MODEL_DIR": "",
    # The server of "http": its address up to /v1, seconds to wait for it, and texts in one request.
    "EMBEDDING_URL": "",
    "EMBEDDING_TIMEOUT_SECONDS": 30,
    "EMBEDDING_BATCH_SIZE": 32,
    # A spaCy pipeline's name, or {"en": name, "default": name}. "" takes what ships: see `ner.get_recognizer`.
    "RECOGNIZER": "",
    # {"app.Model": "dotted.path.to.callable(page) -> str | Iterable[str]"}.
    "TEXT": {},
    # Page types that are never analysed, as "app.Model".
    "EXCLUDE_TYPES": ["wagtailcore.Page"],
    # The page's own tag field (taggit) that accepted topics are written to, or {"app.Model": "field"}.
    "TAG_FIELD": "tags",
    # A topic is applied, or suggested, where of ten such topics at most so many are wrong: 3 is a probability of 0.7.
    "APPLY_WRONG_OF_TEN": 3,
    "SUGGEST_WRONG_OF_TEN": 6.5,
    "MAX_TOPICS": 6,
    # Pages per batch of one task.
    "BATCH_SIZE": 64,
    # A claimed batch that was not finished in this many seconds is taken by another worker.
    "LEASE_SECONDS": 900,
    "MAX_ATTEMPTS": 3,
    # Up to this many matching rows a search is exact, above it goes through the HNSW index.
    "EXACT_SEARCH_ROWS": 5000,
    "HNSW_EF_SEARCH": 60,
}


class TaggingSettings:
    """Attribute access to `WAGTAIL_TAGGING` over `DEFAULTS`. An unknown key is an AttributeError."""

    def __getattr__(self, key: str) -> Any:
        if key not in DEFAULTS:
            raise AttributeError(f"{NAME} has no key {key!r}. Known keys: {', '.join(sorted(DEFAULTS))}.")
        return getattr(django_settings, NAME, {}).get(key, DEFAULTS[key])


settings = TaggingSettings()


def least_to_apply() -> float:
    """The probability in [0, 1] from which on a topic is applied without asking."""
    return 1 - float(settings.APPLY_WRONG_OF_TEN) / 10


def least_to_suggest() -> float:
    """The probability in [0, 1] from which on a topic is suggested."""
    return 1 - float(settings.SUGGEST_WRONG_OF_TEN) / 10
