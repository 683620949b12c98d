"""Where events go first: each sink keeps the contract, and the endpoint says so where it cannot."""

from __future__ import annotations

from unittest import mock

import pytest
from django.db import OperationalError, connection

from personalization import checks
from personalization.exceptions import SinkUnavailable
from personalization.testing.sinks import EventSinkContract
from personalization.visitors.sinks import get_sink
from personalization.visitors.sinks.database import DatabaseSink
from tests.factories import make_article, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def page_id():
    return make_article(make_site()).pk


class TestDatabaseSink(EventSinkContract):
    @pytest.fixture
    def sink(self):
        return DatabaseSink()

    @pytest.fixture
    def broken_sink(self, sink):
        lost = OperationalError("could not extend file: No space left on device")
        with (
            mock.patch.object(connection, "cursor", side_effect=lost),
            mock.patch.object(connection, "ensure_connection", side_effect=lost),
        ):
            yield sink


def test_the_database_is_the_default():
    assert isinstance(get_sink(), DatabaseSink)
    assert get_sink() is get_sink("personalization.visitors.sinks.database.DatabaseSink")


@pytest.mark.parametrize("value", ["", "rediss", "no.such.Sink", "uuid.UUID", None, 5])
def test_a_wrong_sink_is_named_with_the_right_ones(settings, value):
    settings.WAGTAIL_PERSONALIZATION = {"EVENT_SINK": value}
    (error,) = checks.check_settings()
    assert "EVENT_SINK" in error.msg
    assert checks.check_sink() == []


def test_a_sink_out_of_reach_is_found_by_check_deploy():
    with mock.patch.object(DatabaseSink, "check", side_effect=SinkUnavailable("Start it.")):
        (error,) = checks.check_sink()
    assert error.hint == "Start it."
