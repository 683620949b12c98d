"""Statements that each request sends: in one message, and planned once a connection where the site allows it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from django.db import InterfaceError, OperationalError, connection

_TYPES: Final[Mapping[type, str]] = {
    str: "text",
    bool: "boolean",
    int: "bigint",
    float: "float8",
    datetime: "timestamptz",
    uuid.UUID: "uuid",
    list: "uuid[]",
}
"""What a parameter may be. A list is one of ids."""

_planned: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""A connection of the driver's to the statements whose plans it keeps."""

Row = tuple[Any, ...]


def fetch(sql: str, parameters: Mapping[str, Any], lock: str = "") -> list[Row]:
    """The rows of a statement with %(named)s parameters, as many as it or `lock` use, each always of the same type.

    `lock` goes before it in the same message; the statement sees what others committed while that waited. Outside
    of a transaction, both are one: then they must be such that nothing changes where they run twice, for a kept
    connection may have gone stale. Plans are kept where the database's OPTIONS have a `prepare_threshold`; without,
    sessions may be a pooler's.
    """
    if connection.in_atomic_block:
        return _fetch(sql, parameters, lock)
    # Asked for nothing: who is sent again need not know beforehand whether the connection is well.
    connection.health_check_done = True  # type: ignore[attr-defined]  # the hints leave it out
    try:
        return _fetch(sql, parameters, lock)
    except (OperationalError, InterfaceError):
        if connection.connection is None or connection.is_usable():
            raise
        connection.close()
        return _fetch(sql, parameters, lock)


def _fetch(sql: str, parameters: Mapping[str, Any], lock: str) -> list[Row]:
    with connection.cursor() as cursor:
        statement = _planned_once(cursor, sql, parameters) or _with_types(sql, parameters)
        message = f"{lock};{statement}" if lock else statement
        if connection.settings_dict["OPTIONS"].get("server_side_binding"):  # which takes no two statements in one
            # The hints know of no database in particular.
            cursor.execute(connection.ops.compose_sql(message, parameters))  # type: ignore[attr-defined]
        else:
            cursor.execute(message, parameters)
        if lock:
            cursor.nextset()
        return cast("list[Row]", cursor.fetchall())


def _planned_once(cursor: Any, sql: str, parameters: Mapping[str, Any]) -> str:
    """What runs the statement by the plan that this connection keeps; "" where it may keep none."""
    if connection.settings_dict["OPTIONS"].get("prepare_threshold") is None:
        return ""
    types = {name: _TYPES[type(value)] for name, value in parameters.items()}
    name = _name(sql, tuple(types.items()))
    known = _planned.setdefault(connection.connection, set())
    if name not in known:
        numbered = {parameter: f"${number}" for number, parameter in enumerate(types, 1)}
        cursor.execute(f"PREPARE {name} ({', '.join(types.values())}) AS {sql % numbered}")
        known.add(name)
    return f"EXECUTE {name} ({', '.join(f'%({parameter})s' for parameter in types)})"


def _with_types(sql: str, parameters: Mapping[str, Any]) -> str:
    return sql % {name: f"%({name})s::{_TYPES[type(value)]}" for name, value in parameters.items()}


@lru_cache(maxsize=16)
def _name(sql: str, types: tuple[tuple[str, str], ...]) -> str:
    return "affinity_" + hashlib.blake2b(repr((sql, types)).encode(), digest_size=8).hexdigest()
