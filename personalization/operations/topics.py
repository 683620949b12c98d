"""What is stored by a topic's id, for when one topic gives way to another."""

from __future__ import annotations

from django.db import connection

from personalization.models import Profile, Segment
from personalization.segmentation import with_topic_replaced

# Adds what was read of the one topic to what was read of the other.
_JOIN = """
    UPDATE {table} SET {column} = ({column} - %(old)s) || jsonb_build_object(
        %(new)s, coalesce(({column} ->> %(new)s)::float, 0) + ({column} ->> %(old)s)::float
    ) WHERE {column} ? %(old)s
"""


def replace_topic(old_id: int, new_id: int) -> None:
    """Let segments ask for the new topic, and readers' interest in the old one be interest in the new one."""
    for segment in Segment.objects.all():
        rules = with_topic_replaced(segment.rules, old_id, new_id)
        if rules != segment.rules:
            segment.rules = rules
            segment.save()
    with connection.cursor() as cursor:
        for column in ("topics", "topic_sums"):
            statement = _JOIN.format(table=Profile._meta.db_table, column=column)
            cursor.execute(statement, {"old": str(old_id), "new": str(new_id)})
