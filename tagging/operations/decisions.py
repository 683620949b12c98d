"""What editors decide about topics: recorded with who and when, kept for ever, and written to the page.

Permissions are the caller's job. Each function is one transaction, in which the page is locked: two
editors who decide at once do so one after the other. Raises EditConflict where the page is locked in
Wagtail for this user; None as the user is nobody whom a lock would stop.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import swapper
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from tagging.exceptions import EditConflict
from tagging.models import Suggestion, Topic
from tagging.signals import page_topics_decided

from .calibration import curve, newest_calibration
from .storage import lock_page, open_state
from .tag_field import add_tag, remove_tag

State = Suggestion.State


def accept(page_id: int, topic_id: int, user: Any) -> Suggestion:
    """The topic fits: it becomes a tag of the page, in the page's own tag field, too.

    Raises Suggestion.DoesNotExist where the topic was never suggested; see `add`.
    """
    with transaction.atomic():
        page = _locked(page_id, user)
        suggestion = _row(page_id, topic_id)
        if suggestion.state == State.ACCEPTED:
            return suggestion
        at = timezone.now()  # before the tag's revision: see `keep_tags`
        suggestion.wrote_tag = add_tag(page, suggestion.topic.name, user)
        return _decide(suggestion, State.ACCEPTED, page, user, "tagging.accept", at)


def add(page_id: int, topic_id: int, user: Any) -> Suggestion:
    """An editor adds a topic that the machine did not think of, or takes back a rejection.

    Raises Topic.DoesNotExist.
    """
    with transaction.atomic():
        _locked(page_id, user)
        _row_of_editor(page_id, topic_id)
        return accept(page_id, topic_id, user)


def reject(page_id: int, topic_id: int, user: Any) -> Suggestion:
    """The topic does not fit: it is never suggested for this page again.

    It need not have been suggested before: it may have been for a draft, of which nothing was stored. The tag
    that an earlier accept wrote is removed; a tag that somebody typed is left alone. Raises Topic.DoesNotExist.
    """
    with transaction.atomic():
        page = _locked(page_id, user)
        suggestion = _row_of_editor(page_id, topic_id)
        if suggestion.state == State.REJECTED:
            return suggestion
        _take_back_tag(suggestion, page, user)
        return _decide(suggestion, State.REJECTED, page, user, "tagging.reject")


def undo(page_id: int, topic_id: int, user: Any, to: str | None = None) -> Suggestion:
    """Take a decision back: the topic is again what the machine makes of it, or what it was in the open state `to`.

    A topic that only an editor brought up has nothing to go back to: its row is deleted, and returned unsaved.
    """
    with transaction.atomic():
        page = _locked(page_id, user)
        suggestion = _row(page_id, topic_id)
        if suggestion.state not in (State.ACCEPTED, State.REJECTED):
            return suggestion
        _take_back_tag(suggestion, page, user)
        if to is None and suggestion.logit is not None:  # the curve may have changed since
            suggestion.score = curve(newest_calibration()).probability(suggestion.logit)
        suggestion = _decide(suggestion, to or open_state(suggestion.score), page, user, "tagging.undo")
        if suggestion.source == Suggestion.Source.EDITOR:
            suggestion.delete()
        return suggestion


def keep_tags(page_id: int, since: datetime, user: Any) -> int:
    """Write again the tags of topics that were accepted after `since` and are missing now; returns how many.

    A form that was opened at `since` did not know them: whoever saved it has not taken them away.
    """
    with transaction.atomic():
        page = _locked(page_id, user)
        decided = Suggestion.objects.filter(
            page_id=page_id, state=State.ACCEPTED, wrote_tag=True, decided_at__gt=since
        ).select_related("topic")
        return sum(add_tag(page, suggestion.topic.name, user) for suggestion in decided)


def refuse_if_locked(page: Any, user: Any) -> None:
    """Raise EditConflict where the page is locked in Wagtail for this user."""
    lock = page.get_lock()
    if lock and user and lock.for_user(user):
        raise EditConflict(_("The page is locked. Its topics can be decided once it is unlocked."))


def _locked(page_id: int, user: Any) -> Any:
    page = lock_page(page_id)
    if page is None:
        raise swapper.load_model("wagtailcore", "Page").DoesNotExist(f"There is no page {page_id}.")
    refuse_if_locked(page, user)
    return page


def _row(page_id: int, topic_id: int) -> Suggestion:
    return Suggestion.objects.select_related("topic").get(page_id=page_id, topic_id=topic_id)


def _row_of_editor(page_id: int, topic_id: int) -> Suggestion:
    """The row, made where the machine never suggested the topic."""
    Suggestion.objects.get_or_create(
        page_id=page_id,
        topic=Topic.objects.get(pk=topic_id),
        defaults={"state": State.SUGGESTED, "score": 1.0, "source": Suggestion.Source.EDITOR},
    )
    return _row(page_id, topic_id)


def _take_back_tag(suggestion: Suggestion, page: Any, user: Any) -> None:
    if suggestion.wrote_tag:
        remove_tag(page, suggestion.topic.name, user)
        suggestion.wrote_tag = False


def _decide(
    suggestion: Suggestion, state: str, page: Any, user: Any, action: str, at: datetime | None = None
) -> Suggestion:
    is_decision = state in (State.ACCEPTED, State.REJECTED)
    suggestion.state = state
    suggestion.decided_by = user if is_decision else None
    suggestion.decided_at = (at or timezone.now()) if is_decision else None
    suggestion.save()
    topic: Topic = suggestion.topic
    data = {"topic": {"id": topic.pk, "name": topic.name}}
    log(instance=page.specific, action=action, user=user, data=data, content_changed=False)
    transaction.on_commit(
        partial(page_topics_decided.send_robust, Suggestion, page_id=page.pk, topic_id=topic.pk), robust=True
    )
    return suggestion
