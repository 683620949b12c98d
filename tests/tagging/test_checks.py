"""A wrong setting is found at start-up, with a hint."""

import pytest
from django.core.checks import run_checks

from tagging.checks import VALIDATORS, check_database, check_settings
from tagging.conf import DEFAULTS
from tagging.embedding import BACKENDS


def ids(settings, value):
    settings.WAGTAIL_TAGGING = value
    return [error.id for error in check_settings()]


def test_defaults_and_the_reference_sites_settings_are_right(settings):
    assert [error for error in run_checks() if str(error.id).startswith("tagging.")] == []
    assert ids(settings, dict(DEFAULTS)) == []


def test_every_key_has_a_validator():
    assert VALIDATORS.keys() == DEFAULTS.keys()


def test_a_misspelt_key_gets_the_right_one_as_a_hint(settings):
    settings.WAGTAIL_TAGGING = {"BATCH_SIZES": 32}
    (error,) = check_settings()
    assert error.id == "tagging.E002"
    assert "'BATCH_SIZE'" in error.hint


@pytest.mark.parametrize(
    "value",
    [
        {"BATCH_SIZE": 0},
        {"BATCH_SIZE": "32"},
        {"BATCH_SIZE": True},
        {"LEASE_SECONDS": -1},
        {"APPLY_WRONG_OF_TEN": 70},
        {"SUGGEST_WRONG_OF_TEN": None},
        {"EMBEDDING_BACKEND": "tagging.embedding.Nothing"},
        {"EMBEDDING_BACKEND": "nonsense"},
        {"EMBEDDING_URL": "localhost:8080"},
        {"EMBEDDING_TIMEOUT_SECONDS": 0},
        {"EMBEDDING_BATCH_SIZE": 0},
        {"MODEL_DIR": None},
        {"EMBEDDING_MODEL": ""},
        {"RECOGNIZER": {"en": 1}},
        {"TEXT": {"cms_site.ArticlePage": "nowhere.at.all"}},
        {"TEXT": {"cms_site.Nothing": "tagging.text.extract"}},
        {"TEXT": "tagging.text.extract"},
        {"EXCLUDE_TYPES": "wagtailcore.Page"},
        {"EXCLUDE_TYPES": ["Page"]},
        {"TAG_FIELD": ["tags"]},
        {"HNSW_EF_SEARCH": 5000},
    ],
    ids=str,
)
def test_a_wrong_value_is_an_error_that_names_the_default(settings, value):
    settings.WAGTAIL_TAGGING = value
    (error,) = check_settings()
    assert error.id == "tagging.E003"
    assert next(iter(value)) in error.msg
    assert "default" in error.hint


def test_thresholds_the_wrong_way_round(settings):
    assert ids(settings, {"APPLY_WRONG_OF_TEN": 6, "SUGGEST_WRONG_OF_TEN": 4.5}) == ["tagging.E004"]


@pytest.mark.parametrize("backend", [*BACKENDS, BACKENDS["onnx"], "tagging.testing.FakeEmbedder"])
def test_backends_by_short_name_or_dotted_path(settings, backend):
    assert ids(settings, {"EMBEDDING_BACKEND": backend, "EMBEDDING_URL": "https://embed.example/v1"}) == []


def test_a_misspelt_backend_gets_the_short_names(settings):
    settings.WAGTAIL_TAGGING = {"EMBEDDING_BACKEND": "onxx"}
    (error,) = check_settings()
    assert "Short names: torch, onnx, openvino, openvino-int8, http" in error.msg


def test_a_server_without_an_address(settings):
    assert ids(settings, {"EMBEDDING_BACKEND": "http"}) == ["tagging.E006"]


def test_not_a_dict(settings):
    assert ids(settings, ["BATCH_SIZE"]) == ["tagging.E001"]


def test_only_postgres_will_do(monkeypatch):
    from django.db import connections

    assert check_database(databases=["default"]) == []
    monkeypatch.setattr(connections["default"], "vendor", "sqlite")
    (error,) = check_database(databases=["default"])
    assert error.id == "tagging.E005"
    assert "pgvector" in error.hint
