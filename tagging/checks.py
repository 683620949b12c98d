"""System checks: a wrong setting is found when the site starts, with a hint that says what to write instead."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils.module_loading import import_string

from tagging.conf import DEFAULTS, NAME, settings
from tagging.embedding import BACKENDS
from tagging.operations import settings_differ

Problem = str | None
Validator = Callable[[Any], Problem]


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """E001-E004 and E006: `WAGTAIL_TAGGING` holds known keys with values that work."""
    configured = getattr(django_settings, NAME, {})
    if not isinstance(configured, dict):
        return [Error(f"{NAME} must be a dict.", hint=f'For example {NAME} = {{"BATCH_SIZE": 32}}.', id="tagging.E001")]
    unknown = [key for key in configured if key not in DEFAULTS]
    errors: list[CheckMessage] = [
        Error(f"{NAME} has no key {key!r}.", hint=_closest(key), id="tagging.E002") for key in unknown
    ]
    for key in configured.keys() - set(unknown):
        if problem := VALIDATORS[key](configured[key]):
            hint = f"The default is {DEFAULTS[key]!r}."
            errors.append(Error(f"{NAME}[{key!r}] {problem}", hint=hint, id="tagging.E003"))
    return errors or [*_check_thresholds(), *_check_server()]


def check_database(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """E005: vectors are kept in Postgres. Runs with `check --database default` and before `migrate`."""
    return [
        Error(
            f"Database {alias!r} is {connections[alias].vendor}; wagtail-affinity keeps vectors in PostgreSQL.",
            hint="Use PostgreSQL 15 or later with pgvector 0.8 or later.",
            id="tagging.E005",
        )
        for alias in databases or []
        if connections[alias].vendor != "postgresql"
    ]


def check_live_model(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """W001: the settings name the model that made the site's vectors. Runs with `check --database default`."""
    if DEFAULT_DB_ALIAS not in (databases or []):
        return []
    try:
        problem = settings_differ()
    except (DatabaseError, ImportError):  # before the first `migrate`; a wrong backend is E003
        return []
    return [Warning(problem, id="tagging.W001")] if problem else []


def register_checks() -> None:
    """Called once, when the app is ready."""
    register(check_settings)
    register(check_database, Tags.database)
    register(check_live_model, Tags.database)


def _check_thresholds() -> list[CheckMessage]:
    if settings.APPLY_WRONG_OF_TEN <= settings.SUGGEST_WRONG_OF_TEN:
        return []
    return [
        Error(
            f"{NAME}: APPLY_WRONG_OF_TEN ({settings.APPLY_WRONG_OF_TEN}) is more than"
            f" SUGGEST_WRONG_OF_TEN ({settings.SUGGEST_WRONG_OF_TEN}).",
            hint="Of topics that nobody is asked about fewer may be wrong than of suggestions: lower the one, or"
            " raise the other.",
            id="tagging.E004",
        )
    ]


def _check_server() -> list[CheckMessage]:
    if settings.EMBEDDING_BACKEND != "http" or settings.EMBEDDING_URL:
        return []
    return [
        Error(
            f"{NAME}: EMBEDDING_BACKEND is 'http', and EMBEDDING_URL is not set.",
            hint="Set it to the embedding server's address, as 'http://localhost:8080/v1'.",
            id="tagging.E006",
        )
    ]


def _closest(key: Any) -> str:
    close = get_close_matches(str(key).upper(), DEFAULTS, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(sorted(DEFAULTS))}."


def _text(value: Any) -> Problem:
    return None if isinstance(value, str) and value else "must be a string that is not empty."


def _text_or_by_key(value: Any) -> Problem:
    pairs = value.items() if isinstance(value, dict) else [("default", value)]
    if all(isinstance(part, str) for pair in pairs for part in pair):
        return None
    return "must be a string, or a dict of strings."


def _wrong_of_ten(value: Any) -> Problem:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return None if is_number and 0 <= value <= 10 else "must be a number from 0 to 10: how many of ten may be wrong."


def _whole_number(least: int, most: int | None = None) -> Validator:
    def validate(value: Any) -> Problem:
        is_int = isinstance(value, int) and not isinstance(value, bool)
        if is_int and value >= least and (most is None or value <= most):
            return None
        return (
            f"must be a whole number of at least {least}."
            if most is None
            else (f"must be a whole number from {least} to {most}.")
        )

    return validate


def _importable(value: Any) -> Problem:
    if problem := _text(value):
        return problem
    try:
        import_string(value)
    except ImportError as error:
        return f"cannot be imported: {error}"
    return None


def _embedding_backend(value: Any) -> Problem:
    if isinstance(value, str) and value in BACKENDS:
        return None
    problem = _importable(value)
    return f"{problem} Short names: {', '.join(BACKENDS)}." if problem else None


def _folder(value: Any) -> Problem:
    return None if isinstance(value, (str, os.PathLike)) else "must be a folder's path."


def _url(value: Any) -> Problem:
    is_url = isinstance(value, str) and (not value or value.startswith(("http://", "https://")))
    return None if is_url else 'must be an address as "https://host/v1".'


def _page_types(value: Any) -> Problem:
    if not isinstance(value, (list, tuple, set)):
        return 'must be a list of page types, as "app.Model".'
    return next(_unknown_models(value), None)


def _callables_by_page_type(value: Any) -> Problem:
    if not isinstance(value, dict):
        return 'must be a dict of "app.Model" to the dotted path of a callable.'
    problems = (problem for path in value.values() if (problem := _importable(path)))
    return next(_unknown_models(value), None) or next(problems, None)


def _unknown_models(labels: Any) -> Iterator[str]:
    for label in labels:
        try:
            apps.get_model(label)
        except (LookupError, ValueError, AttributeError):
            yield f"names {label!r}, which is no installed model."


VALIDATORS: dict[str, Validator] = {
    "EMBEDDING_BACKEND": _embedding_backend,
    "EMBEDDING_MODEL": _text,
    "MODEL_DIR": _folder,
    "EMBEDDING_URL": _url,
    "EMBEDDING_TIMEOUT_SECONDS": _whole_number(1),
    "EMBEDDING_BATCH_SIZE": _whole_number(1),
    "RECOGNIZER": _text_or_by_key,
    "TEXT": _callables_by_page_type,
    "EXCLUDE_TYPES": _page_types,
    "TAG_FIELD": _text_or_by_key,
    "APPLY_WRONG_OF_TEN": _wrong_of_ten,
    "SUGGEST_WRONG_OF_TEN": _wrong_of_ten,
    "MAX_TOPICS": _whole_number(1),
    "BATCH_SIZE": _whole_number(1),
    "LEASE_SECONDS": _whole_number(1),
    "MAX_ATTEMPTS": _whole_number(1),
    "EXACT_SEARCH_ROWS": _whole_number(0),
    "HNSW_EF_SEARCH": _whole_number(1, 1000),
}
