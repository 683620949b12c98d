"""The API's own description: committed, complete, and true."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from personalization.api.schema import openapi_schema
from personalization.models import Placement
from personalization.visitors import cookie, store
from tests.factories import make_article, make_locale, make_site, make_vector

pytestmark = pytest.mark.django_db

SNAPSHOT = Path(__file__).parent / "openapi.json"
PREFIX = "/api/personalization/v1/"
OPERATIONS = {
    ("get", "consent/"),
    ("post", "consent/"),
    ("put", "consent/"),
    ("delete", "consent/"),
    ("post", "events/"),
    ("get", "visitor/"),
    ("delete", "visitor/"),
    ("post", "visitor/topics/{topic}/"),
    ("post", "visitor/pages/{page}/"),
    ("get", "visitor/onboarding/"),
    ("post", "visitor/onboarding/"),
    ("post", "visitor/reset/"),
    ("get", "visitor/export/"),
    ("get", "recommendations/"),
    ("get", "fragments/{placement}/"),
}


@pytest.fixture
def described(client):
    return client.get(f"{PREFIX}schema/").json()


def test_the_description_is_the_committed_one(described):
    """Set UPDATE_SNAPSHOTS=1 to write it anew, and look at the difference before you commit it."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    assert described == json.loads(SNAPSHOT.read_text())


def test_it_holds_this_apis_operations_and_no_others(described):
    found = {(method, path) for path, item in described["paths"].items() for method in item}
    assert found == {(method, PREFIX + path) for method, path in OPERATIONS}


def test_every_parameter_and_error_is_explained(described):
    for item in described["paths"].values():
        for operation in item.values():
            assert operation["description"]
            assert operation["summary"]
            assert all(parameter.get("description") for parameter in operation.get("parameters", []))
            problems = [body for status, body in operation["responses"].items() if status >= "400"]
            assert problems
            assert all("application/problem+json" in body["content"] for body in problems)


def test_the_sites_own_rest_settings_change_nothing(settings, described):
    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "rest_framework.schemas.openapi.AutoSchema"}
    assert openapi_schema() == described


def test_the_page_to_try_it_runs_no_inline_script(client):
    response = client.get(f"{PREFIX}docs/")
    html = response.content.decode()
    assert f'data-schema="{PREFIX}schema/"' in html
    assert "drf_spectacular_sidecar" in html
    assert "<style" not in html
    assert html.count("<script") == html.count("<script src=")
    assert "script-src" in response["Content-Security-Policy"]


@pytest.fixture
def site_to_try(settings):
    rates = {f"{name}_RATE": "100000/min" for name in ("EVENTS", "RECOMMENDATIONS", "CONSENT", "VISITOR")}
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, **rates}
    site = make_site()
    make_locale("fr")
    Placement.objects.create(name="sidebar", n=3)
    for number in range(4):
        make_vector(make_article(site), 1, number)
    visitor = {"affinity_visitor": cookie._signer().sign(store.create_visitor().hex)}
    # As Django's test client does: the test's transaction must outlive a request.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield visitor
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


api = schemathesis.openapi.from_dict(json.loads(SNAPSHOT.read_text()))
api.app = get_wsgi_application()


@api.parametrize()
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_gets_an_answer_that_is_not_described(case, site_to_try):
    # Whether an event is accepted depends on the clock and on its kind, which no schema can say.
    untold = [positive_data_acceptance] if case.path.endswith("/events/") else []
    case.call_and_validate(excluded_checks=untold, cookies=site_to_try)
