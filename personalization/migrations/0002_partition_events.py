"""Replaces the empty event table by one that is partitioned by the time of the event.

Columns, foreign keys and indexes are read off the table that the initial migration made, so that the model stays their
only description. The partitions themselves are made after each migrate, and ahead by a task; what belongs into none
of them goes into the default one: no event is refused for want of a partition.
"""

from django.db import migrations

TABLE = "personalization_event"

CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = %s::regclass AND contype IN ('f', 'c') ORDER BY conname
"""
INDEXES = """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass AND NOT indisprimary ORDER BY indexrelid
"""


def partition(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(CONSTRAINTS, [TABLE])
        constraints = cursor.fetchall()
        cursor.execute(INDEXES, [TABLE])
        indexes = [definition for (definition,) in cursor.fetchall()]
    statements = [
        f"ALTER TABLE {TABLE} RENAME TO {TABLE}_plain",
        f"CREATE TABLE {TABLE} (LIKE {TABLE}_plain INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE (at)",
        f"DROP TABLE {TABLE}_plain",
        f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id, at)",
        *(f'ALTER TABLE {TABLE} ADD CONSTRAINT "{name}" {definition}' for name, definition in constraints),
        *indexes,
        f"CREATE TABLE {TABLE}_default PARTITION OF {TABLE} DEFAULT",
    ]
    for statement in statements:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("personalization", "0001_initial")]

    # Going back needs nothing: the initial migration drops the table with all its partitions.
    operations = [migrations.RunPython(partition, migrations.RunPython.noop)]
