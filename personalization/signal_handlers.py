"""Makes an editor's change to segments and placements work at once, where it was made, and a sign-in a visitor's.

Other processes notice an editor's change within CONFIG_CACHE_SECONDS.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_migrate, post_save
from django.http import HttpRequest
from wagtail.models import PageViewRestriction, Site
from wagtail.signals import page_published, page_unpublished, post_page_move

from personalization.conf import settings
from personalization.models import Placement, PlacementRule, PlacementTuning, Segment, Visitor
from personalization.operations.placements import forget_placements
from personalization.operations.related import mark_related
from personalization.operations.topics import replace_topic
from personalization.tasks import fold_soon, refresh_segment_soon, relate_soon
from personalization.visitors import accounts, affinity_of, partitions, public_pages
from personalization.visitors.references import load_references, segments_that_follow
from personalization.visitors.segments import forget_compiled
from personalization.visitors.sinks import get_sink
from tagging.signals import page_analyzed, page_topics_decided, topic_replaced


def on_segment_changed(instance: Segment, **kwargs: Any) -> None:
    """Who belongs may change here, and in every segment whose rules name this one."""
    forget_compiled()
    if instance.pk:
        for segment_id in (instance.pk, *sorted(segments_that_follow(instance.pk, load_references()))):
            refresh_segment_soon(segment_id)


def on_placement_changed(**kwargs: Any) -> None:
    forget_placements()


def on_page_changed(**kwargs: Any) -> None:
    public_pages.forget_pages()


def on_topic_replaced(old_id: int, new_id: int, **kwargs: Any) -> None:
    replace_topic(old_id, new_id)


def on_content_changed(page_id: int, **kwargs: Any) -> None:
    """What a page is about has changed: so has what is related to it."""
    mark_related([page_id])
    relate_soon()


def on_visitor_deleted(instance: Visitor, **kwargs: Any) -> None:
    """By whichever way: a withdrawal, a merge, the end of an account."""
    visitor_id = instance.pk
    transaction.on_commit(lambda: get_sink().forget(visitor_id), robust=True)


def on_login(request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Make what the browser read the account's, where the site says so and both have consented."""
    if request is None:
        return
    affinity = affinity_of(request)
    affinity.forget(user)
    if not settings.LOGIN_MERGE or not hasattr(request, "session"):
        return
    if affinity.known_id is None or affinity.is_account or affinity.account is None:
        return
    if account_id := accounts.enter(request, user, affinity.known_id):
        affinity.forget(user)
        fold_soon(account_id)


def on_logout(request: HttpRequest | None, **kwargs: Any) -> None:
    """Django drops the session, and with it the account's visitor: the browser is nobody's from here on."""
    if request is not None:
        affinity_of(request).forget()


def on_migrated(using: str, **kwargs: Any) -> None:
    """A new site has partitions before its first event."""
    if partitions.is_partitioned(using):
        partitions.make_ahead(using)


def connect() -> None:
    """Called once, when the apps are ready."""
    for signal in (post_save, post_delete):
        signal.connect(on_segment_changed, sender=Segment, dispatch_uid="personalization.segments")
        for sender in (Placement, PlacementRule, PlacementTuning):
            signal.connect(on_placement_changed, sender=sender, dispatch_uid="personalization.placements")
        for sender in (PageViewRestriction, Site):
            signal.connect(on_page_changed, sender=sender, dispatch_uid="personalization.public_pages")
    for page_signal in (page_published, page_unpublished, post_page_move):
        page_signal.connect(on_page_changed, dispatch_uid="personalization.public_pages")
    post_migrate.connect(
        on_migrated, sender=apps.get_app_config("personalization"), dispatch_uid="personalization.partitions"
    )
    topic_replaced.connect(on_topic_replaced, dispatch_uid="personalization.topic_replaced")
    for content_signal in (page_analyzed, page_topics_decided):
        content_signal.connect(on_content_changed, dispatch_uid="personalization.content_changed")
    post_delete.connect(on_visitor_deleted, sender=Visitor, dispatch_uid="personalization.visitor_deleted")
    user_logged_in.connect(on_login, dispatch_uid="personalization.login")
    user_logged_out.connect(on_logout, dispatch_uid="personalization.logout")
