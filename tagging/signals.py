"""Signals that other apps may listen to."""

from django.dispatch import Signal

page_analyzed = Signal()
"""Sent after a page's vector, entities or topics changed. Arguments: `page_id: int`."""

page_topics_decided = Signal()
"""Sent after an editor accepted or rejected a topic. Arguments: `page_id: int`, `topic_id: int`."""

topic_replaced = Signal()
"""Sent inside the transaction in which one topic gives way to another, just before it is deleted: whoever stores ids
of topics replaces them. Arguments: `old_id: int`, `new_id: int`. What a receiver raises undoes the merge.
"""
