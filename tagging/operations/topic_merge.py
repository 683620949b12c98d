"""Two topics become one: pages, words, topics below and everything that names the one go to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, Q
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from tagging.exceptions import TopicInUse
from tagging.models import Suggestion, Topic
from tagging.signals import topic_replaced

from .retagging import retag

State = Suggestion.State


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do: pages with the topic, decisions on it, pages that are retagged, pages on which editors
    accepted one of the two topics and rejected the other, topics that move, and who keeps the topic from going.
    """

    pages: int
    decisions: int
    retagged: int
    conflicts: int
    below: tuple[Topic, ...]
    names: int
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeStep:
    """How far a merge has come. It is finished when the topic is gone."""

    left: int
    blocked: dict[int, str]
    is_finished: bool


def preview_merge(source: Topic, target: Topic) -> MergePreview:
    """Look, and change nothing. The number of queries does not depend on what is found."""
    decided = Q(state__in=[State.ACCEPTED, State.REJECTED])
    counts = source.suggestions.aggregate(
        pages=Count("pk"), decisions=Count("pk", filter=decided), retagged=Count("pk", filter=Q(state=State.ACCEPTED))
    )
    opposed = target.suggestions.filter(decided)
    conflicts = sum(
        source.suggestions.filter(state=one, page__in=opposed.filter(state=other).values("page")).count()
        for one, other in ((State.ACCEPTED, State.REJECTED), (State.REJECTED, State.ACCEPTED))
    )
    return MergePreview(
        **counts,
        conflicts=conflicts,
        below=tuple(child for child in source.get_children() if child.pk != target.pk),
        names=source.entities.count() + source.gazetteer_names.count(),
        users=tuple(sorted(str(user) for user in users_of(source))),
    )


def users_of(topic: Topic) -> list[Model]:
    """What other apps' models point to this topic, by foreign key or many to many."""
    found: list[Model] = []
    for relation in Topic._meta.get_fields(include_hidden=True):
        model = relation.related_model if relation.auto_created and relation.is_relation else None
        if model and not model._meta.auto_created and model._meta.app_label != Topic._meta.app_label:
            found += model._base_manager.filter(**{relation.field.name: topic})
    return found


def merge_topics(
    source: Topic, target: Topic, user: Any, *, keep_words: bool = True, seconds: float = float("inf")
) -> MergeStep:
    """Move pages from `source` to `target` for so many seconds; once none is left, finish.

    To be called until it is finished; a merge that was broken off goes on where it stood. No page loses a topic
    on the way. Pages that are locked in Wagtail are skipped, and keep the merge from being finished. With
    `keep_words` the name and synonyms of the one become synonyms of the other. Raises TopicInUse where another
    app points to the topic, before anything is changed.
    """
    _refuse_if_used(source)
    waiting = source.suggestions.order_by("page_id").values_list("page_id", flat=True)
    report = retag(list(waiting), source, target, user, seconds=seconds)
    left = source.suggestions.count()
    return MergeStep(left, report.blocked, left == 0 and _finish(source, target, user, keep_words=keep_words))


def _refuse_if_used(topic: Topic) -> None:
    if users := users_of(topic):
        names = ", ".join(sorted(f"“{user}”" for user in users))
        message = _("“%(topic)s” is used by %(users)s. Choose another topic there first.")
        raise TopicInUse(message % {"topic": topic, "users": names})


def _finish(source: Topic, target: Topic, user: Any, *, keep_words: bool) -> bool:
    """Let the topic go; False where a worker or an editor has put it on a page in the meantime."""
    with transaction.atomic():
        # Rows of the topic cannot be made while it is locked.
        locked = Topic.objects.select_for_update().in_bulk([source.pk, target.pk])
        if source.pk not in locked:
            return True  # somebody else has finished
        if target.pk not in locked:
            raise Topic.DoesNotExist
        if source.suggestions.exists():
            return False
        _refuse_if_used(source)
        _move_below(locked[source.pk], locked[target.pk])
        source.entities.update(topic=target)
        source.gazetteer_names.update(topic=target)
        topic_replaced.send(Topic, old_id=source.pk, new_id=target.pk)
        source, target = Topic.objects.get(pk=source.pk), Topic.objects.get(pk=target.pk)  # as they stand in the tree
        if keep_words:
            target.synonyms = _joined_words(source, target)
            target.save()
        _log(source, target, user)
        source.delete()
    return True


def _move_below(source: Topic, target: Topic) -> None:
    """Topics below the one go below the other, which first leaves it where it is among them."""
    if target.path.startswith(source.path):
        target.move(source, "sorted-sibling")
    for child in Topic.objects.get(pk=source.pk).get_children():
        Topic.objects.get(pk=child.pk).move(Topic.objects.get(pk=target.pk), "sorted-child")


def _joined_words(source: Topic, target: Topic) -> list[str]:
    known = {target.name.casefold()}
    joined = []
    for word in (*target.synonyms, source.name, *source.synonyms):
        if word.casefold() not in known:
            known.add(word.casefold())
            joined.append(word)
    return joined


def _log(source: Topic, target: Topic, user: Any) -> None:
    data = {"topic": {"id": target.pk, "name": target.name}, "from": {"id": source.pk, "name": source.name}}
    for topic in (source, target):
        log(instance=topic, action="tagging.merge", user=user, data=data)
