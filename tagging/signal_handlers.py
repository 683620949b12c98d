"""Keeps the outbox and the filter columns in step with Wagtail: thin shells round `operations`.

Pages are watched by `post_save` rather than by `page_published`: it is sent inside the transaction in
which `Page.save` writes the page, so that a page cannot be live and its mark lost. `page_published` comes
after that transaction in `publish_scheduled` and in code, and not at all for a new alias. Deleting needs
little here: with the page goes whatever is known of it, and only the counts of its terms are left to see to.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.db.models.signals import post_delete, post_save
from wagtail import hooks
from wagtail.actions.copy_page import CopyPageAction
from wagtail.actions.create_alias import CreatePageAliasAction
from wagtail.models import PageViewRestriction, Site, get_page_models
from wagtail.signals import post_page_move

from tagging import operations
from tagging.models import Entity, GazetteerName, PageTerms, Topic
from tagging.tasks import wake_sweep, wake_worker

# Written by save_revision, workflows, locks and tree moves: none of them changes what readers see.
BOOKKEEPING = frozenset(
    {
        "draft_title",
        "has_unpublished_changes",
        "latest_revision",
        "latest_revision_created_at",
        "live_revision",
        "locked",
        "locked_at",
        "locked_by",
        "numchild",
        "wagtail_admin_comments",
    }
)


def page_saved(instance: Any, raw: bool = False, update_fields: Any = None, **kwargs: Any) -> None:
    """A page was written: published, unpublished, copied, imported. Drafts of live pages write bookkeeping only."""
    if raw or (update_fields is not None and BOOKKEEPING.issuperset(update_fields)):
        return
    operations.refresh_filters([instance.pk])
    if not instance.live:
        operations.drop_terms([instance.pk])
    if operations.mark_stale([instance.pk]):
        wake_worker()


def page_moved(instance: Any, **kwargs: Any) -> None:
    """Site and privacy may differ for everything below the page as well."""
    operations.refresh_filters(below=[instance.path])


def tell_of_copies(action: type[Any]) -> None:
    """Have pages copied together with what was decided on them.

    Wagtail sends no signal when a page is copied; its views, its API, code and translations all go through actions.
    """
    execute = action.execute

    @wraps(execute)
    def execute_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        copy = execute(self, *args, **kwargs)
        operations.copy_decisions_of_tree(self.page.pk, copy.pk)
        return copy

    action.execute = execute_and_tell


def privacy_changed(instance: PageViewRestriction, raw: bool = False, **kwargs: Any) -> None:
    """Everything below a restricted page is restricted; so are its aliases, wherever they are."""
    if not raw:
        operations.refresh_privacy(instance.page_id)


def sites_changed(raw: bool = False, **kwargs: Any) -> None:
    """A site's root decides to which site pages belong."""
    if not raw:
        operations.refresh_filters()


def outdated(raw: bool = False, **kwargs: Any) -> None:
    """Topics, entities or known names have changed: the sweep finds the pages that know others, all at once."""
    if not raw:
        wake_sweep()


def terms_deleted(instance: PageTerms, **kwargs: Any) -> None:
    """With their page, or because it was unpublished."""
    operations.uncount_terms(instance)


def name_saved(instance: GazetteerName, raw: bool = False, **kwargs: Any) -> None:
    """The entity that a known name stands for gets what is said of the name."""
    if not raw:
        operations.pass_on([instance])


def connect() -> None:
    """Connect everything; called once, when the app is ready."""
    for model in get_page_models():
        post_save.connect(page_saved, sender=model, dispatch_uid=f"tagging.page_saved.{model._meta.label}")
    post_page_move.connect(page_moved, dispatch_uid="tagging.page_moved")
    for action in (CopyPageAction, CreatePageAliasAction):
        tell_of_copies(action)
    for signal in (post_save, post_delete):
        signal.connect(privacy_changed, sender=PageViewRestriction, dispatch_uid="tagging.privacy_changed")
        signal.connect(sites_changed, sender=Site, dispatch_uid="tagging.sites_changed")
        for model in (Topic, Entity, GazetteerName):
            signal.connect(outdated, sender=model, dispatch_uid=f"tagging.outdated.{model.__name__}")
    post_delete.connect(terms_deleted, sender=PageTerms, dispatch_uid="tagging.terms_deleted")
    post_save.connect(name_saved, sender=GazetteerName, dispatch_uid="tagging.name_saved")
    hooks.register("register_log_actions", operations.register_log_actions)
