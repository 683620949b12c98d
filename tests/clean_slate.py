"""Puts the database back to what migrating made of it, after a test that commits.

Django empties all 90 tables and builds their content anew by its models, for a second or more of a processor. Here
Postgres keeps a copy of the few tables that have content, and gives it back in a few milliseconds.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

RESTORE = """
DROP SCHEMA IF EXISTS pristine CASCADE;
CREATE SCHEMA pristine;
CREATE FUNCTION pristine.restore(tables text[], kept text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
    has_rows boolean;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('DELETE FROM public.%I', name);
        END IF;
    END LOOP;
    FOREACH name IN ARRAY kept LOOP
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM pristine.%I', name, name);
    END LOOP;
END $$;
"""


class CleanSlate:
    """What the test database holds once it is migrated. One a process, made before the first test."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with connection.cursor() as cursor:
            cursor.execute(RESTORE)
            self.kept = [name for name in self.tables if self._keep(cursor, name)]

    def _keep(self, cursor: Any, name: str) -> bool:
        cursor.execute(f'SELECT EXISTS (SELECT FROM public."{name}")')
        if has_rows := bool(cursor.fetchone()[0]):
            cursor.execute(f'CREATE TABLE pristine."{name}" AS TABLE public."{name}"')
        return has_rows

    def restore(self) -> None:
        """Foreign keys are checked at the end of the transaction: the order of tables does not matter.

        A browser that was closed may have a request under way, whose rows come as theirs are emptied: then once more.
        """
        for may_try_again in (True, True, False):
            try:
                with connections["default"].cursor() as cursor:
                    cursor.execute("SELECT pristine.restore(%s, %s)", [self.tables, self.kept])
                return
            except IntegrityError:
                if not may_try_again:
                    raise
