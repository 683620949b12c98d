"""System checks: a wrong setting or a missing part of the site is an error that names the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import swapper
from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, register

from personalization.exceptions import SinkUnavailable
from personalization.visitors.platform import consent_backend
from personalization.visitors.sinks import SINKS, EventSink, get_sink, sink_class

from . import privacy
from .conf import DEFAULTS, NAME, settings

MIDDLEWARE: Final = "personalization.middleware.VisitorMiddleware"
AUTHENTICATION: Final = "django.contrib.auth.middleware.AuthenticationMiddleware"
_MAY_BE_ZERO: Final = {"SLATE_CACHE_SECONDS", "CONFIG_CACHE_SECONDS", "EVENTS_MAX_SKEW_SECONDS"}
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
    if key == "RECOMMENDABLE_TYPES":
        return _types_problem(value)
    if key == "DIFFERENTIAL_PRIVACY":
        return _noise_problem(value)
    if key == "EVENT_SINK":
        return _sink_problem(value)
    if key == "EVENTS_PARTITION":
        return "" if value in ("day", "month") else 'expected "day" or "month".'
    if key == "CONSENT_BACKEND":
        return _backend_problem(value)
    if isinstance(DEFAULTS[key], bool):
        return "" if isinstance(value, bool) else "expected True or False."
    if key.endswith("_RATE"):
        return "" if isinstance(value, str) and _RATE.match(value) else 'expected a rate such as "600/min".'
    if key == "LEARNED_MIN_STABILITY":
        return _share_problem(value)
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


def _backend_problem(value: Any) -> str:
    try:
        if value != "":
            consent_backend(value)
    except (ImportError, TypeError, AttributeError) as error:
        return f"{error}. Expected the dotted path of a function(request), or of a class with purposes(request)."
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
