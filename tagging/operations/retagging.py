"""Pages go from one topic to another: their decisions, the machine's suggestions and the tags of their own.

Each page is a transaction of its own, and what was done is not done again: work that was broken off is
taken up by calling once more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction
from wagtail.log_actions import log

from tagging.exceptions import EditConflict
from tagging.models import Suggestion, Topic
from tagging.signals import page_topics_decided

from .decisions import refuse_if_locked
from .storage import OPEN_STATES, lock_page
from .tag_field import remove_tag, replace_tag

State = Suggestion.State
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Retagged:
    """How far the work has come: pages that have moved, and those that cannot move now, with the reason."""

    moved: list[int] = field(default_factory=list)
    blocked: dict[int, str] = field(default_factory=dict)


def retag(page_ids: Iterable[int], source: Topic, target: Topic, user: Any, *, seconds: float) -> Retagged:
    """Move pages from one topic to the other until all are done or the time is up; at least one, if there is one."""
    report = Retagged()
    until = time.monotonic() + seconds
    for page_id in page_ids:
        try:
            retag_page(page_id, source, target, user)
        except EditConflict as conflict:
            report.blocked[page_id] = str(conflict)
        else:
            report.moved.append(page_id)
        if time.monotonic() > until:
            break
    return report


def retag_page(page_id: int, source: Topic, target: Topic, user: Any) -> None:
    """Move one page; nothing happens where it does not have the topic.

    Where the page knows both topics, a decision wins over the machine, and the newest of two decisions. An
    accepted tag is replaced in the page's own tag field as an editor would do it. Raises EditConflict where an
    editor decided on a page that is now locked in Wagtail for this user.
    """
    with transaction.atomic():
        page = lock_page(page_id)
        rows = {row.topic_id: row for row in Suggestion.objects.filter(page_id=page_id, topic__in=[source, target])}
        old, new = rows.get(source.pk), rows.get(target.pk)
        if page is None or old is None:
            return
        if old.state not in OPEN_STATES:
            refuse_if_locked(page, user)
        winner = old if new is None or _rank(old) > _rank(new) else new
        winner.wrote_tag = _retag_field(page, old, new, winner, (source, target), user)
        loser = new if winner is old else old
        if loser:
            loser.delete()
        winner.topic = target
        winner.save()
        if old.state not in OPEN_STATES:
            _record(page, source, target, user)


def _rank(row: Suggestion) -> tuple[bool, datetime, bool, float]:
    """The greater, the more it counts."""
    return (
        row.state not in OPEN_STATES,
        row.decided_at or NEVER,
        row.state in (State.APPLIED, State.ACCEPTED),
        row.score,
    )


def _retag_field(
    page: Any, old: Suggestion, new: Suggestion | None, winner: Suggestion, topics: tuple[Topic, Topic], user: Any
) -> bool:
    """Make the page's own tags follow; returns whether the tag that it then has was written by an accept."""
    source, target = topics
    if winner.state == State.ACCEPTED:
        is_written = bool(new and new.state == State.ACCEPTED and new.wrote_tag)
        if old.state != State.ACCEPTED:
            return is_written
        replaced = replace_tag(page, source.name, target.name, user)
        return is_written or (old.wrote_tag and (replaced or _same(source, target)))
    for row, topic in ((old, source), (new, target)):
        if row and row.wrote_tag:
            remove_tag(page, topic.name, user)
    return False


def _same(source: Topic, target: Topic) -> bool:
    return source.name.lower() == target.name.lower()


def _record(page: Any, source: Topic, target: Topic, user: Any) -> None:
    data = {"topic": {"id": target.pk, "name": target.name}, "from": {"id": source.pk, "name": source.name}}
    log(instance=page.specific, action="tagging.retag", user=user, data=data, content_changed=False)
    for topic in (source, target):
        send = partial(page_topics_decided.send_robust, Suggestion, page_id=page.pk, topic_id=topic.pk)
        transaction.on_commit(send, robust=True)
