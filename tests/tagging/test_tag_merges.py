"""A merged tag is gone for good, no page loses it, and all of it can be undone."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from taggit.models import Tag, TaggedItem
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import ModelLogEntry, Page, PageLogEntry, Revision

from tagging import operations
from tagging.exceptions import EditConflict
from tagging.models import TagMerge
from tests.factories import make_article, make_editor, make_site

pytestmark = pytest.mark.django_db

State = TagMerge.State


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def user():
    return make_editor()


@pytest.fixture
def old():
    return Tag.objects.create(name="organisation")


@pytest.fixture
def new():
    return Tag.objects.create(name="organization")


def tagged(site, *tags, publish=True, **fields):
    page = make_article(site, publish=False, **fields)
    page.tags.add(*tags)
    revision = page.save_revision()
    if publish:
        revision.publish()
    page.refresh_from_db()
    return page


def draft_with(page, *tags, clear=False):
    draft = Page.objects.get(pk=page.pk).get_latest_revision_as_object()
    if clear:
        draft.tags.clear()
    draft.tags.add(*tags)
    draft.go_live_at = None
    return draft.save_revision()


def live_tags(page):
    return sorted(type(page).objects.get(pk=page.pk).tags.names())


def draft_tags(page):
    return sorted(tag.name for tag in Page.objects.get(pk=page.pk).get_latest_revision_as_object().tags.all())


def run(merge, user):
    for _ in range(100):
        if not operations.step_merge(merge.pk, user, limit=2).merge.is_running:
            break
    merge.refresh_from_db()
    return merge


def merge(old, new, user):
    return run(operations.start_merge(old, new, user), user)


def undo(merge, user):
    return run(operations.undo_merge(merge.pk, user), user)


def test_every_page_gets_the_remaining_tag_through_its_revisions(site, user, old, new):
    pages = [tagged(site, old) for _ in range(3)]
    both = tagged(site, old, new)
    other = tagged(site, "bridges")
    before = other.revisions.count()
    done = merge(old, new, user)
    assert done.state == State.MERGED
    assert not Tag.objects.filter(name="organisation").exists()
    for page in (*pages, both):
        assert live_tags(page) == draft_tags(page) == ["organization"]
        page.refresh_from_db()
        assert (page.live, page.has_unpublished_changes) == (True, False)
        assert page.get_latest_revision().user == user
    assert other.revisions.count() == before
    assert live_tags(other) == ["bridges"]


def test_a_draft_keeps_what_is_unfinished_and_never_brings_the_tag_back(site, user, old, new):
    page = tagged(site, old)
    draft = page.get_latest_revision_as_object()
    draft.title = "Half a thought"
    draft.save_revision()
    merge(old, new, user)
    page.refresh_from_db()
    assert page.title != "Half a thought"
    assert live_tags(page) == draft_tags(page) == ["organization"]
    page.get_latest_revision().publish()
    page.refresh_from_db()
    assert page.title == "Half a thought"
    assert live_tags(page) == ["organization"]
    assert not Tag.objects.filter(name="organisation").exists()


def test_a_tag_that_only_a_draft_has_is_merged_there(site, user, old, new):
    page = tagged(site)
    draft_with(page, old)
    assert operations.pages_with(old) == {page.pk}
    merge(old, new, user)
    assert (live_tags(page), draft_tags(page)) == ([], ["organization"])


def test_a_page_that_was_never_published_stays_so(site, user, old, new):
    page = tagged(site, old, publish=False)
    merge(old, new, user)
    page.refresh_from_db()
    assert not page.live
    assert draft_tags(page) == ["organization"]


def test_a_scheduled_version_and_an_old_one_name_the_remaining_tag(site, user, old, new):
    page = tagged(site, old)
    first = page.get_latest_revision()
    draft = page.get_latest_revision_as_object()
    draft.go_live_at = timezone.now() + timedelta(days=1)
    scheduled = draft.save_revision(approved_go_live_at=draft.go_live_at)
    draft_with(page, clear=True)
    merge(old, new, user)
    for revision in (first, scheduled):
        version = Revision.objects.get(pk=revision.pk).as_object()
        assert [tag.name for tag in version.tags.all()] == ["organization"]
    Page.objects.get(pk=page.pk).get_latest_revision().publish()
    assert live_tags(page) == []


def test_an_alias_follows_even_while_its_source_has_a_draft(site, user, old, new):
    page = tagged(site, old)
    alias = page.create_alias(update_slug="an-alias", parent=page.get_parent())
    draft_with(page, "bridges")
    merge(old, new, user)
    assert live_tags(alias) == ["organization"]


def test_images_are_moved_and_found_by_the_remaining_tag(user, old, new):
    images = [
        get_image_model().objects.create(title=f"Image {number}", file=get_test_image_file()) for number in range(2)
    ]
    images[0].tags.add(old)
    images[1].tags.add(old, new)
    done = merge(old, new, user)
    assert [sorted(image.tags.names()) for image in images] == [["organization"], ["organization"]]
    assert TaggedItem.objects.count() == 2
    undo(done, user)
    assert [sorted(image.tags.names()) for image in images] == [["organisation"], ["organisation", "organization"]]


def test_tags_that_differ_by_case_alone_are_told_apart(site, user):
    upper, lower = Tag.objects.create(name="Open Data"), Tag.objects.create(name="open data")
    one, both = tagged(site, lower), tagged(site, upper, lower)
    merge(lower, upper, user)
    assert live_tags(one) == live_tags(both) == draft_tags(one) == ["Open Data"]
    assert list(Tag.objects.values_list("name", flat=True)) == ["Open Data"]


def test_undo_brings_everything_back(site, user, old, new):
    one, both, neither = tagged(site, old), tagged(site, old, new), tagged(site, new)
    draft_only = tagged(site)
    draft_with(draft_only, old)
    done = undo(merge(old, new, user), user)
    assert done.state == State.UNDONE
    assert Tag.objects.get(name="organisation").pk == old.pk
    assert live_tags(one) == draft_tags(one) == ["organisation"]
    assert live_tags(both) == draft_tags(both) == ["organisation", "organization"]
    assert live_tags(neither) == ["organization"]
    assert (live_tags(draft_only), draft_tags(draft_only)) == ([], ["organisation"])
    assert not done.pages.exists()


def test_undo_leaves_alone_what_editors_did_since(site, user, old, new):
    page, kept = tagged(site, old), tagged(site, old)
    done = merge(old, new, user)
    draft = draft_with(page, "bridges", clear=True)
    draft.publish()
    undo(done, user)
    assert live_tags(page) == ["bridges"]
    assert live_tags(kept) == ["organisation"]


def test_undo_says_why_it_cannot(site, user, old, new):
    tagged(site, old)
    done = merge(old, new, user)
    again = Tag.objects.create(name="organisation")
    with pytest.raises(EditConflict, match="again"):
        operations.undo_merge(done.pk, user)
    again.delete()
    new.delete()
    with pytest.raises(EditConflict, match="is gone"):
        operations.undo_merge(done.pk, user)


def test_a_locked_page_holds_the_merge_up_until_it_is_tried_again(site, user, old, new):
    free, locked = tagged(site, old), tagged(site, old)
    Page.objects.filter(pk=locked.pk).update(locked=True, locked_by=make_editor())
    stuck = merge(old, new, user)
    assert stuck.state == State.STUCK
    assert "locked" in stuck.pages.get(page=locked).problem
    assert (live_tags(free), live_tags(locked)) == (["organization"], ["organisation"])
    assert Tag.objects.filter(pk=old.pk).exists()
    Page.objects.filter(pk=locked.pk).update(locked=False, locked_by=None)
    assert merge(old, new, user) == stuck
    stuck.refresh_from_db()
    assert stuck.state == State.MERGED
    assert live_tags(locked) == ["organization"]


def test_a_merge_that_got_stuck_can_be_undone(site, user, old, new):
    free, locked = tagged(site, old), tagged(site, old)
    Page.objects.filter(pk=locked.pk).update(locked=True, locked_by=make_editor())
    undo(merge(old, new, user), user)
    assert live_tags(free) == live_tags(locked) == ["organisation"]


def test_steps_are_bounded_and_can_be_gone_on_with(site, user, old, new):
    pages = [tagged(site, old) for _ in range(5)]
    begun = operations.start_merge(old, new, user)
    first = operations.step_merge(begun.pk, user, limit=2)
    assert (first.done, first.left, first.total) == (2, 3, 5)
    assert sum(live_tags(page) == ["organization"] for page in pages) == 2
    late = tagged(site, old)  # tagged meanwhile
    assert operations.start_merge(old, new, user) == begun
    run(begun, user)
    assert all(live_tags(page) == ["organization"] for page in (*pages, late))
    assert operations.step_merge(begun.pk, user).left == 0


def test_a_tag_that_is_being_merged_is_left_alone(site, user, old, new):
    third = Tag.objects.create(name="organisations")
    tagged(site, old)
    operations.start_merge(old, new, user)
    for source, target in ((old, third), (new, third), (third, old), (new, new)):
        with pytest.raises(EditConflict):
            operations.start_merge(source, target, user)
    assert operations.start_merge(third, new, user).state == State.MERGING


def test_everything_is_in_the_history(site, user, old, new):
    page = tagged(site, old)
    done = merge(old, new, user)
    undo(done, user)
    entries = PageLogEntry.objects.filter(page=page.pk, action__startswith="tagging.").order_by("pk")
    assert [entry.message for entry in entries] == [
        "Merged the tag “organisation” into “organization”",
        "Brought the tag “organisation” back",
    ]
    assert ModelLogEntry.objects.filter(action="tagging.merge_tag", object_id=new.pk, user=user).count() == 1


def test_an_unused_tag_is_deleted_and_brought_back(site, user, old, new):
    tagged(site, new)
    draft_with(tagged(site), old)
    with pytest.raises(EditConflict, match="in use"):
        operations.delete_unused_tag(old, user)
    orphan = Tag.objects.create(name="nobody")
    gone = operations.delete_unused_tag(orphan, user)
    assert not Tag.objects.filter(name="nobody").exists()
    operations.undo_merge(gone.pk, user)
    assert Tag.objects.get(name="nobody").pk == orphan.pk or Tag.objects.filter(name="nobody").exists()


_numbers = itertools.count(1)
USES = st.sampled_from([(), ("old",), ("new",), ("old", "new")])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=st.lists(st.tuples(USES, st.one_of(st.none(), USES)), min_size=1, max_size=3))
def test_no_page_ever_loses_the_tag_or_gains_one_and_undo_is_exact(site, user, uses):
    number = next(_numbers)
    tags = {key: Tag.objects.create(name=f"{key} {number}") for key in ("old", "new")}
    old, new = tags["old"].name, tags["new"].name
    pages = []
    for live, draft in uses:
        page = tagged(site, *(tags[key] for key in live))
        if draft is not None:
            draft_with(page, *(tags[key] for key in draft), clear=True)
        pages.append(page)
    before = [(live_tags(page), draft_tags(page)) for page in pages]
    done = merge(tags["old"], tags["new"], user)
    for (live, draft), page in zip(before, pages, strict=True):
        assert live_tags(page) == ([new] if live else [])
        assert draft_tags(page) == ([new] if draft else [])
    undo(done, user)
    assert [(live_tags(page), draft_tags(page)) for page in pages] == before
    assert {old, new} <= set(Tag.objects.values_list("name", flat=True))
