"""What is stored by a topic's id, for when one topic gives way to another."""

from __future__ import annotations

from django.db import connection

from personalization.models import PlacementRule, Segment
from personalization.segmentation import with_replaced
from personalization.segmentation.fields import TopicChoice

# What was read of the one topic is added to what was read of the other.
_WEIGHTS = """
    UPDATE personalization_profile SET topics = (topics - %(old)s) || jsonb_build_object(
        %(new)s, coalesce((topics ->> %(new)s)::float, 0) + (topics ->> %(old)s)::float
    ) WHERE topics ? %(old)s
"""
_SUMS = """
    UPDATE personalization_profile SET sums = sums || jsonb_build_object(
        'topics', (sums -> 'topics') - %(old)s || jsonb_build_object(
            %(new)s, coalesce((sums #>> array['topics', %(new)s])::float, 0)
                + (sums #>> array['topics', %(old)s])::float
        )
    ) WHERE (sums -> 'topics') ? %(old)s
"""
_CHOSEN = """
    UPDATE personalization_profile SET
        muted_topics = array_replace(muted_topics, %(old)s, %(new)s),
        liked_topics = array_replace(liked_topics, %(old)s, %(new)s),
        answers = array_replace(answers, %(old)s, %(new)s)
    WHERE %(old)s = ANY (muted_topics || liked_topics || answers)
"""


def replace_topic(old_id: int, new_id: int) -> None:
    """Let segments and editors' rules speak of the new topic, and readers' interest in the old one be in the new."""
    PlacementRule.objects.filter(topic=old_id).update(topic=new_id)
    for segment in Segment.objects.all():
        rules = with_replaced(segment.rules, TopicChoice, old_id, new_id)
        if rules != segment.rules:
            segment.rules = rules
            segment.save()
    with connection.cursor() as cursor:
        for statement in (_WEIGHTS, _SUMS):
            cursor.execute(statement, {"old": str(old_id), "new": str(new_id)})
        cursor.execute(_CHOSEN, {"old": old_id, "new": new_id})
