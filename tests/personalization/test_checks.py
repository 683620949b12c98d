"""A wrong setting or installation is an error that names the fix."""

from __future__ import annotations

import pytest

from personalization.checks import AUTHENTICATION, MIDDLEWARE, check_installation, check_settings
from personalization.conf import DEFAULTS


def test_the_defaults_and_the_reference_site_are_right(settings):
    assert check_settings() == check_installation() == []
    settings.WAGTAIL_PERSONALIZATION = dict(DEFAULTS)
    assert check_settings() == []


def test_an_unknown_key_is_hinted_at(settings):
    settings.WAGTAIL_PERSONALIZATION = {"COOKIE_NAMES": "x"}
    (error,) = check_settings()
    assert error.id == "personalization.E002"
    assert "COOKIE_NAME" in error.hint


def test_a_setting_that_is_no_dictionary_is_an_error(settings):
    settings.WAGTAIL_PERSONALIZATION = ["x"]
    assert [error.id for error in check_settings()] == ["personalization.E001"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("COOKIE_NAME", ""),
        ("COOKIE_NAME", 5),
        ("COOKIE_MAX_AGE_DAYS", 0),
        ("COOKIE_MAX_AGE_DAYS", "180"),
        ("COOKIE_MAX_AGE_DAYS", True),
        ("PROFILE_HALF_LIFE_DAYS", 0),
        ("LEARNED_MIN_STABILITY", 1.1),
        ("LEARNED_MIN_STABILITY", True),
        ("PROFILE_HALF_LIFE_DAYS", float("inf")),
        ("EVENTS_RATE", "many"),
        ("EVENTS_RATE", "10/fortnight"),
        ("COUNTRY_HEADER", None),
        ("LOGIN_MERGE", 1),
        ("CONSENT_BANNER", None),
        ("AUTHOR", ""),
        ("AUTHOR", 7),
        ("AUTHOR", "nowhere.author_of"),
        ("CONSENT_BACKEND", None),
        ("CONSENT_BACKEND", "nowhere.Backend"),
        ("CONSENT_BACKEND", "decimal.Decimal"),
        ("RECOMMENDABLE_TYPES", "cms_site.ArticlePage"),
        ("RECOMMENDABLE_TYPES", ["cms_site.Nothing"]),
        ("RECOMMENDABLE_TYPES", ["auth.User"]),
        ("RECOMMENDABLE_TYPES", [5]),
    ],
)
def test_a_wrong_value_is_named(settings, key, value):
    settings.WAGTAIL_PERSONALIZATION = {key: value}
    (error,) = check_settings()
    assert error.id == "personalization.E003"
    assert key in error.msg


def test_a_missing_or_misplaced_middleware_is_an_error(settings):
    settings.MIDDLEWARE = [AUTHENTICATION]
    assert [error.id for error in check_installation()] == ["personalization.E005"]
    settings.MIDDLEWARE = [MIDDLEWARE, AUTHENTICATION]
    assert [error.id for error in check_installation()] == ["personalization.E006"]
