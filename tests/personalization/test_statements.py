"""`statements.fetch`: the same answer with and without a plan that is kept, and from a connection that went stale."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from personalization.visitors import statements

SQL = "SELECT %(word)s || 'er', %(number)s + 1, %(half)s * 2, %(at)s, %(one)s, cardinality(%(many)s), %(is_so)s"
PARAMETERS = {
    "word": "read%s'",
    "number": 6,
    "half": 0.5,
    "at": datetime(2026, 11, 29, 12, tzinfo=UTC),
    "one": uuid.UUID(int=7),
    "many": [uuid.UUID(int=number) for number in range(3)],
    "is_so": True,
}
ROW = ("read%s'er", 7, 1.0, PARAMETERS["at"], PARAMETERS["one"], 3, True)


@pytest.fixture(params=[None, 5], ids=["planned anew", "plan kept"])
def threshold(request, monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "prepare_threshold", request.param)
    return request.param


@pytest.mark.django_db
@pytest.mark.parametrize("binding", [False, True], ids=["bound here", "bound by the server"])
def test_the_rows_are_the_same(threshold, monkeypatch, binding):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "server_side_binding", binding)
    for _ in range(2):
        assert statements.fetch(SQL, PARAMETERS) == [ROW]
        assert statements.fetch(SQL, PARAMETERS, lock="SELECT pg_sleep(0) WHERE %(is_so)s") == [ROW]
        assert statements.fetch(SQL, {**PARAMETERS, "many": []})[0][5] == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%{'er'}%cardinality%"])
        assert cursor.fetchone() == (0 if threshold is None else 1,)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_kept_connection_that_went_stale_is_replaced(threshold):
    assert statements.fetch(SQL, PARAMETERS) == [ROW]
    _cut()
    assert statements.fetch(SQL, PARAMETERS) == [ROW]
    _cut()
    with pytest.raises(OperationalError), transaction.atomic():
        statements.fetch(SQL, PARAMETERS)


def _cut() -> None:
    """End the connection from outside, as a restart of the server would."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        while other.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() != (0,):
            pass
