"""Rows that all tests of a module find, made once: what a test changes is taken back, they stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def shared_rows(blocker: DjangoDbBlocker) -> Iterator[None]:
    """For a fixture of a module, which makes its rows inside and yields; it needs `django_db_setup`, too.

    Each test runs in a savepoint of this transaction, as those of one Django `TestCase` do with `setUpTestData`.
    Not for modules with tests that commit.
    """
    with blocker.unblock():
        made = transaction.atomic()
        made._from_testcase = True  # type: ignore[attr-defined]  # code that must not be in a transaction may run
        with made:
            yield
            transaction.set_rollback(True)
