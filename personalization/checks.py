"""System checks: a wrong setting or a missing part of the site is an error that names the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

import swapper
from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from personalization.exceptions import SinkUnavailable
from personalization.operations.authors import author_getter
from personalization.recommendation.factors import METHODS
from personalization.recommendation.sequences import MOST_PAGES
from personalization.visitors.platform import consent_backend
from personalization.visitors.sinks import SINKS, EventSink, get_sink, sink_class

from . import privacy
from .conf import DEFAULTS, NAME, settings

MIDDLEWARE: Final = "personalization.middleware.VisitorMiddleware"
AUTHENTICATION: Final = "django.contrib.auth.middleware.AuthenticationMiddleware"
_MAY_BE_ZERO: Final = {"SLATE_CACHE_SECONDS", "CONFIG_CACHE_SECONDS", "EVENTS_MAX_SKEW_SECONDS", "EXPLORATION_MINIMUM"}
_HALF_LIVES: Final = {"TRENDING_HALF_LIVES_HOURS": 3, "COVISITS_HALF_LIFE_HOURS": 1, "SESSIONS_HALF_LIFE_HOURS": 1}
_RATE: Final = re.compile(r"^\d+/(s|sec|second|m|min|minute|h|hour|d|day)$")


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Every key of WAGTAIL_PERSONALIZATION is known, and its value of the right kind."""
    site = getattr(django_settings, NAME, {})
    if not isinstance(site, dict):
        return [Error(f"{NAME} is not a dictionary.", hint=f"Write {NAME} = {{}}.", id="personalization.E001")]
    return [error for key, value in site.items() for error in _check_key(key, value)]


def check_installation(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The tagging app and the middleware are there, the latter after the one it depends on."""
    errors: list[CheckMessage] = []
    if not apps.is_installed("tagging"):
        errors.append(
            Error("The tagging app is missing.", hint='Add "tagging" to INSTALLED_APPS.', id="personalization.E004")
        )
    middleware = list(django_settings.MIDDLEWARE)
    if MIDDLEWARE not in middleware:
        hint = f'Add "{MIDDLEWARE}" to MIDDLEWARE, after AuthenticationMiddleware.'
        errors.append(Error("Requests get no visitor.", hint=hint, id="personalization.E005"))
    elif AUTHENTICATION in middleware[middleware.index(MIDDLEWARE) :]:
        hint = f'Move "{MIDDLEWARE}" below "{AUTHENTICATION}".'
        errors.append(Error("Editors would be counted as readers.", hint=hint, id="personalization.E006"))
    if settings.DIFFERENTIAL_PRIVACY and not privacy.is_available():
        hint = 'pip install "wagtail-affinity[privacy]", or set DIFFERENTIAL_PRIVACY to None.'
        errors.append(Error("Exports cannot carry noise: OpenDP is missing.", hint=hint, id="personalization.E007"))
    return errors


def check_retention(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """An event is kept for as long as the same one may come again: what is gone cannot be told from what is new."""
    days, hours = settings.EVENTS_RETENTION_DAYS, settings.EVENTS_MAX_AGE_HOURS
    if _int_problem("", days) or _int_problem("", hours) or days * 24 >= 2 * hours:
        return []  # or said by check_settings
    hint = "Keep them for twice EVENTS_MAX_AGE_HOURS at least: raise EVENTS_RETENTION_DAYS, or lower the other."
    return [Error("Events would be dropped while they may come again.", hint=hint, id="personalization.E008")]


def check_sink(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """With --deploy: the sink's server is there, and keeps what it is given."""
    if _sink_problem(settings.EVENT_SINK):
        return []  # said by check_settings
    try:
        get_sink().check()
    except SinkUnavailable as error:
        return [Error("Events cannot be taken.", hint=str(error), id="personalization.E007")]
    return []


def connect() -> None:
    """Called once, when the apps are ready."""
    for check in (check_settings, check_installation, check_retention):
        register(check, "personalization")
    register(check_sink, "personalization", deploy=True)


def _check_key(key: Any, value: Any) -> Iterator[CheckMessage]:
    if key not in DEFAULTS:
        close = difflib.get_close_matches(str(key).upper(), DEFAULTS, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(sorted(DEFAULTS))}."
        yield Error(f"{NAME} has an unknown key {key!r}.", hint=hint, id="personalization.E002")
    elif problem := _problem(key, value):
        hint = f"The default is {DEFAULTS[key]!r}."
        yield Error(f"{NAME}[{key!r}] is {value!r}: {problem}", hint=hint, id="personalization.E003")


def _problem(key: str, value: Any) -> str:
    """What is wrong with the value, "" if nothing. The default says what kind of value is expected."""
    if key in _OWN_PROBLEMS:
        return _OWN_PROBLEMS[key](value)
    if key in _HALF_LIVES:
        return _half_lives_problem(key, value)
    if isinstance(DEFAULTS[key], bool):
        return "" if isinstance(value, bool) else "expected True or False."
    if key.endswith("_RATE"):
        return "" if isinstance(value, str) and _RATE.match(value) else 'expected a rate such as "600/min".'
    problem_of: Callable[[str, Any], str] = {int: _int_problem, float: _float_problem, str: _str_problem}[
        type(DEFAULTS[key])
    ]
    return problem_of(key, value)


def _int_problem(key: str, value: Any) -> str:
    lowest = 0 if key in _MAY_BE_ZERO else 1
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_int and value >= lowest else f"expected a whole number from {lowest} on."


def _float_problem(key: str, value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if is_number and 0 < value < float("inf") else "expected a number above 0."


def _half_lives_problem(key: str, value: Any) -> str:
    wanted = _HALF_LIVES[key]
    hours = value if isinstance(value, list | tuple) else [value]
    if value is None or (len(hours) == wanted and not any(_float_problem(key, one) for one in hours)):
        return "" if value is None or list(hours) == sorted(hours) else "expected the shortest first."
    return "expected None, or a number above 0." if wanted == 1 else "expected None, or three numbers above 0."


def _share_problem(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if is_number and 0 <= value <= 1 else "expected a number from 0 to 1."


def _str_problem(key: str, value: Any) -> str:
    if not isinstance(value, str):
        return "expected a string."
    return "expected a name, not an empty string." if DEFAULTS[key] and not value else ""


def _noise_problem(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict) or "epsilon" not in value or value.keys() - {"epsilon", "per_visitor"}:
        return 'expected None or a dictionary such as {"epsilon": 1.0, "per_visitor": 20}.'
    if problem := _float_problem("epsilon", value["epsilon"]):
        return f"epsilon: {problem}"
    problem = _int_problem("per_visitor", value.get("per_visitor", 1))
    return f"per_visitor: {problem}" if problem else ""


def _strengths_problem(value: Any) -> str:
    known = DEFAULTS["RELATED_STRENGTHS"]
    if not isinstance(value, dict) or value.keys() - known.keys():
        return f"expected a dictionary with keys of {', '.join(known)}."
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in value.values()):
        return "expected numbers of 0 or more."
    return "" if any((known | value).values()) else "one of them has to be above 0."


def _backend_problem(value: Any) -> str:
    try:
        if value != "":
            consent_backend(value)
    except (ImportError, TypeError, AttributeError) as error:
        return f"{error}. Expected the dotted path of a function(request), or of a class with purposes(request)."
    return ""


def _function_problem(value: Any) -> str:
    try:
        is_function = value == "" or callable(import_string(value))
    except (ImportError, AttributeError) as error:
        return f"{error}. Expected the dotted path of a function of a page."
    return "" if is_function else "expected the dotted path of a function of a page."


def _author_problem(value: Any) -> str:
    try:
        found = callable(author_getter(value)) if value else False
    except (ImportError, TypeError) as error:
        return f'{error}. Expected "owner", a field of your page types, or the dotted path of a function(page).'
    return "" if found else "expected a function(page), or the name of a field."


def _ranker_problem(value: Any) -> str:
    if value not in ("", "logistic", "trees"):
        return 'expected "logistic", "trees" or "".'
    if value == "trees" and find_spec("lightgbm") is None:
        return 'LightGBM is missing. Install it with `pip install "wagtail-affinity[trees]"`.'
    return ""


def _sink_problem(value: Any) -> str:
    try:
        is_sink = issubclass(sink_class(value), EventSink)
    except (ImportError, TypeError, AttributeError) as error:
        return f"{error}. Expected {', '.join(SINKS)}, or the dotted path of an EventSink."
    return "" if is_sink else "expected the dotted path of an EventSink."


def _types_problem(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return 'expected a list of page types such as ["blog.BlogPage"].'
    base = swapper.load_model("wagtailcore", "Page")
    for name in value:
        try:
            is_page = issubclass(apps.get_model(name), base)
        except (LookupError, ValueError, AttributeError, TypeError):
            is_page = False
        if not is_page:
            return f"{name!r} is no page type. Write it as app.Model."
    return ""


def _partition_problem(value: Any) -> str:
    return "" if value in ("day", "month") else 'expected "day" or "month".'


def _factors_problem(value: Any) -> str:
    return "" if value in ("", *METHODS) else f"expected one of {', '.join(METHODS)}, or an empty string."


def _sequences_problem(value: Any) -> str:
    return "" if value in ("", "gru") else 'expected "gru" or "".'


def _network_problem(value: Any) -> str:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_int and 1 <= value <= MOST_PAGES else f"expected a whole number from 1 to {MOST_PAGES}."


_OWN_PROBLEMS: Final[Mapping[str, Callable[[Any], str]]] = {
    "RECOMMENDABLE_TYPES": _types_problem,
    "DIFFERENTIAL_PRIVACY": _noise_problem,
    "EVENT_SINK": _sink_problem,
    "EVENTS_PARTITION": _partition_problem,
    "CONSENT_BACKEND": _backend_problem,
    "FACTORS": _factors_problem,
    "AUTHOR": _author_problem,
    "RANKER": _ranker_problem,
    "SEQUENCES": _sequences_problem,
    "SEQUENCES_MAX_PAGES": _network_problem,
    "SERIES": _function_problem,
    "RELATED_STRENGTHS": _strengths_problem,
    "LEARNED_MIN_STABILITY": _share_problem,
}
"""What says of a key's value what no rule for its type can."""
