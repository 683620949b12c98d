"""The page's own tag field: accepted topics are written to it the way an editor would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import swapper
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from modelcluster.contrib.taggit import ClusterTaggableManager
from taggit.managers import TaggableManager
from wagtail.models import Revision

from tagging.conf import settings
from tagging.exceptions import EditConflict

Change = Callable[[Any, TaggableManager], bool]
"""Changes the tags of a page object in memory; returns whether there was anything to change."""


def add_tag(page: Any, name: str, user: Any) -> bool:
    """Tag a locked base page; returns whether the tag was missing.

    False as well where the page type has no tag field, and for an alias, which follows its source.
    A tag that differs only by case counts as the same.
    """
    return _edit(page, lambda edited, field: _add(edited, field, name), user)


def remove_tag(page: Any, name: str, user: Any) -> bool:
    """Take a tag off a locked base page; returns whether it was there. As `add_tag` otherwise."""
    return _edit(page, lambda edited, field: _remove(edited, field, name), user)


def swap_tag(page: Any, old: Any, new: Any, user: Any, *, undoing: Sequence[str] = ()) -> list[str]:
    """Put one tag in the place of another, in every tag field of a locked base page that has tags of this model.

    As `add_tag` otherwise. Returns what was met, live page and draft by turns: "none", "old", or "both" tags.
    `undoing` is what the opposite swap returned: where it met "none", nothing is done; where "both", `new` is
    added and `old` stays. Where there is a draft more or less since, what was met in one place counts for all.
    """
    managers = [manager for manager in tag_fields(page.specific_deferred) if manager.related_model is type(old)]
    places = len(managers) * (2 if page.live and page.has_unpublished_changes else 1)
    if undoing and len(undoing) != places:
        undoing = ["both" if "both" in undoing else max(undoing)] * places
    swap = _Swap(old, new, undoing)
    for manager in managers:
        if _edit(page, swap, user, manager):
            page.refresh_from_db()  # the next field's change starts from this one's revision
    return swap.met


@dataclass(slots=True)
class _Swap:
    """The change of one object at a time: the live page, or its newest draft."""

    old: Any
    new: Any
    undoing: Sequence[str]
    met: list[str] = field(default_factory=list)

    def __call__(self, page: Any, of_page: TaggableManager) -> bool:
        manager = getattr(page, of_page.name)
        present = {tag.pk for tag in manager.all()}
        met = "none" if self.old.pk not in present else "both" if self.new.pk in present else "old"
        before = self.undoing[len(self.met)] if self.undoing else "old"
        self.met.append(met)
        if "none" in (met, before):
            return False
        if before == "old":
            manager.remove(self.old.name)
        manager.add(self.new)
        return True


def replace_tag(page: Any, old: str, new: str, user: Any) -> bool:
    """Put one tag in the place of another, in one revision; returns whether the old one was there.

    Nothing happens where the two differ by case only. As `add_tag` otherwise.
    """

    def change(edited: Any, field: TaggableManager) -> bool:
        if not _remove(edited, field, old):
            return False
        _add(edited, field, new)
        return True

    return old.lower() != new.lower() and _edit(page, change, user)


@dataclass(frozen=True, slots=True)
class DraftTag:
    """A tag in a page's own tag field, as the newest draft has it; `name` is spelled as it is there."""

    field: str
    name: str
    present: bool


def draft_tag(page_id: int, name: str) -> DraftTag | None:
    """Whether the newest draft of a page has a tag; None where there is no such page or no tag field."""
    page = swapper.load_model("wagtailcore", "Page").objects.filter(pk=page_id).first()
    if page is None:
        return None
    draft = page.get_latest_revision_as_object()
    field = tag_field(draft)
    if field is None:
        return None
    name = _tag_name(name, field)
    tag = _present(getattr(draft, field.name), name)
    return DraftTag(field.name, tag.name if tag else name, tag is not None)


def _tag_name(name: str, field: TaggableManager) -> str:
    """A topic's name as a tag: no longer than tags may be, and without the double quotes that taggit cannot write.

    Commas stay: taggit puts such a name in quotes.
    """
    limit = field.related_model._meta.get_field("name").max_length
    return " ".join(name.replace('"', "'").split())[:limit].strip()


def _edit(page: Any, change: Change, user: Any, field: TaggableManager | None = None) -> bool:
    """Make the change where readers see it and where the next draft starts from; publish nothing else.

    An unfinished draft stays one: it gets the tag in a new revision, and the live page gets the tag alone.
    """
    specific = page.specific
    field = field or tag_field(specific)
    if field is None or page.alias_of_id:
        return False
    if not isinstance(field, ClusterTaggableManager):  # not part of revisions: written at once
        return change(specific, field)
    has_draft = page.live and page.has_unpublished_changes
    live_changed = has_draft and _edit_live_alone(specific, field, change)
    draft = page.get_latest_revision_as_object()
    if not change(draft, field):
        return live_changed
    # Not validated: a draft that is not finished can still be tagged.
    revision = draft.save_revision(user=user, clean=False)
    if page.live and not has_draft:
        _publish(revision, user)
    return True


def _edit_live_alone(specific: Any, field: ClusterTaggableManager, change: Change) -> bool:
    changed = change(specific, field)
    if changed:
        relation = field.through._meta.get_field("content_object").remote_field.get_accessor_name()
        getattr(specific, relation).commit()
    return changed


def _publish(revision: Revision, user: Any) -> None:
    try:
        revision.publish(user=user, log_action=False, skip_permission_checks=True)
    except ValidationError as error:
        reason = " ".join(error.messages)
        raise EditConflict(_("The page has to be corrected first: %(reason)s") % {"reason": reason}) from error


def tag_field(page: Any) -> TaggableManager | None:
    """The tag field that TAG_FIELD names for a page, or for a page type; None where it has none."""
    setting = settings.TAG_FIELD
    name = setting if isinstance(setting, str) else setting.get(page._meta.label, "")
    return next((field for field in tag_fields(page) if field.name == name), None)


def tag_fields(page: Any) -> list[TaggableManager]:
    """Every tag field of a page, or of a page type."""
    fields = {field.name: field for field in (*page._meta.get_fields(), *page._meta.private_fields)}
    return [field for field in fields.values() if isinstance(field, TaggableManager)]


def _present(tags: Any, name: str) -> Any:
    return next((tag for tag in tags.all() if tag.name.lower() == name.lower()), None)


def _add(page: Any, field: TaggableManager, name: str) -> bool:
    tags, tag_model, name = getattr(page, field.name), field.related_model, _tag_name(name, field)
    if _present(tags, name):
        return False
    known = tag_model.objects.filter(name__iexact=name).order_by("pk").first()
    tags.add(known or name)
    return True


def _remove(page: Any, field: TaggableManager, name: str) -> bool:
    tags = getattr(page, field.name)
    tag = _present(tags, _tag_name(name, field))
    if tag is None:
        return False
    tags.remove(tag.name)
    return True
