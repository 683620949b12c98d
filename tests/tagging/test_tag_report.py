"""The tag report in the admin: what it shows, to whom, and what its buttons do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from taggit.models import Tag
from wagtail.models import GroupPagePermission, Page

from tagging.models import TagMerge
from tests.factories import article_index, make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture(autouse=True)
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def tagged(site, *names):
    page = make_article(site, publish=False)
    page.tags.add(*(Tag.objects.get_or_create(name=name)[0] for name in names))
    page.save_revision().publish()
    return page


def live_tags(page):
    return sorted(type(page).objects.get(pk=page.pk).tags.names())


def report(client, **query):
    return client.get(reverse("affinity_tags:index"), query)


def sections(response):
    return {section.kind: [shown.finding for shown in section.findings] for section in response.context["sections"]}


def press(client, name, finding=None, **data):
    data = {"model": "taggit.Tag", **({"key": finding.key} if finding else {}), **data}
    return client.post(reverse(f"affinity_tags:{name}"), data, follow=True)


def said(response):
    return " ".join(str(message) for message in response.context["messages"])


def test_an_empty_and_a_tidy_site_are_told_so(client, site):
    assert "there are none yet" in report(client).content.decode()
    tagged(site, "Bridges")
    html = report(client).content.decode()
    assert "Your tags are tidy." in html
    assert "1 tag was looked at" in html


def test_findings_are_shown_with_counts_examples_and_what_to_keep(client, site):
    page = tagged(site, "Open data")
    tagged(site, "Open data")
    tagged(site, "open-data")
    response = report(client)
    html = response.content.decode()
    assert list(sections(response)) == ["name"]
    assert "hyphens, spaces or punctuation" in html or "upper and lower case" in html
    assert reverse("wagtailadmin_pages:edit", args=[page.pk]) in html
    kept = Tag.objects.get(name="Open data")
    assert f'value="{kept.pk}" checked' in html


def test_merging_and_undoing(client, site):
    kept, lost = tagged(site, "Open data"), tagged(site, "open-data")
    tagged(site, "Open data")
    finding = sections(report(client))["name"][0]
    response = press(client, "merge", finding, keep=finding.uses[0].tag.pk)
    assert "Merged “open-data” into “Open data”." in said(response)
    assert live_tags(kept) == live_tags(lost) == ["Open data"]
    assert sections(response) == {}
    assert "was merged into" in response.content.decode()
    merge = TagMerge.objects.get()
    response = client.post(reverse("affinity_tags:undo", args=[merge.pk]), follow=True)
    assert "“open-data” is back." in said(response)
    assert live_tags(lost) == ["open-data"]
    assert len(sections(response)["name"]) == 1


def test_another_tag_may_be_kept_and_a_tag_made_for_a_topic(client, site):
    page = tagged(site, "Open data", "music theatre")
    tagged(site, "Open data")
    tagged(site, "open-data")
    make_topic("Opera", synonyms=["music theatre"])
    finding = sections(report(client))["name"][0]
    press(client, "merge", finding, keep=Tag.objects.get(name="open-data").pk)
    response = press(client, "merge", sections(report(client))["synonym"][0], keep="")
    assert "into “Opera”" in said(response)
    assert live_tags(page) == ["Opera", "open-data"]


def test_nothing_is_merged_where_nothing_was_chosen_or_tags_changed(client, site):
    tagged(site, "policy", "policies")
    finding = sections(report(client))["name"][0]
    assert "Choose the tag to keep" in said(press(client, "merge", finding, keep=""))
    tagged(site, "Policy!")
    assert "have changed meanwhile" in said(press(client, "merge", finding, keep=finding.uses[0].tag.pk))
    assert not TagMerge.objects.exists()


def test_a_long_merge_goes_on_step_by_step(client, site, monkeypatch):
    monkeypatch.setattr("tagging.operations.tag_merges.step_merge.__defaults__", (2,))
    pages = [tagged(site, "policy") for _ in range(5)]
    for _ in range(6):
        tagged(site, "policies")
    finding = sections(report(client))["name"][0]
    html = press(client, "merge", finding, keep=finding.uses[0].tag.pk).content.decode()
    merge = TagMerge.objects.get()
    url = reverse("affinity_tags:step", args=[merge.pk])
    assert f'data-affinity-merge-url-value="{url}"' in html
    assert client.post(url).json() == {"done": 4, "left": 1, "running": True}
    assert client.post(url).json() == {"done": 5, "left": 0, "running": False}
    assert client.post(url).json()["running"] is False
    assert all(live_tags(page) == ["policies"] for page in pages)


def test_pages_that_could_not_be_changed_are_named_and_tried_again(client, site):
    page = tagged(site, "policy")
    tagged(site, "policies")
    tagged(site, "policies")
    Page.objects.filter(pk=page.pk).update(locked=True, locked_by=make_editor())
    finding = sections(report(client))["name"][0]
    response = press(client, "merge", finding, keep=finding.uses[0].tag.pk)
    assert "could not be merged on every page" in said(response)
    assert "The page is locked" in response.content.decode()
    Page.objects.filter(pk=page.pk).update(locked=False, locked_by=None)
    client.post(reverse("affinity_tags:retry", args=[TagMerge.objects.get().pk]))
    assert live_tags(page) == ["policies"]


def test_unused_tags_are_deleted_and_brought_back(client, site):
    for name in ("Nobody", "Noone else"):
        Tag.objects.create(name=name)
    keys = [finding.key for finding in sections(report(client))["orphan"]]
    response = press(client, "delete", **{"key": keys})
    assert "Deleted 2 unused tags" in said(response)
    assert not Tag.objects.exists()
    client.post(reverse("affinity_tags:undo", args=[TagMerge.objects.get(source_name="Nobody").pk]))
    assert Tag.objects.get().name == "Nobody"


def test_ignored_findings_are_put_away_and_can_be_had_back(client, site):
    tagged(site, "policy", "policies")
    finding = sections(report(client))["name"][0]
    response = press(client, "ignore", finding)
    assert sections(response) == {}
    assert "1 ignored finding" in response.content.decode()
    assert sections(report(client, ignored=1)) == {"name": [finding]}
    press(client, "heed", finding, list="ignored")
    assert sections(report(client)) == {"name": [finding]}


def test_many_findings_are_cut_and_paged(client, site):
    for number in range(23):
        Tag.objects.create(name=f"Nobody {number}")
    assert len(sections(report(client))["orphan"]) == 5
    response = report(client, kind="orphan")
    assert len(sections(response)["orphan"]) == 20
    assert "Page 1 of 2" in response.content.decode()
    assert len(sections(report(client, kind="orphan", p=2))["orphan"]) == 3


def tag_editor(site, *codenames):
    """Somebody who may edit the articles of a site, and do these things to tags."""
    group = Group.objects.create(name="Tag editors")
    group.permissions.set(Permission.objects.filter(content_type__app_label="taggit", codename__in=codenames))
    permission = Permission.objects.get(content_type__app_label="wagtailcore", codename="change_page")
    GroupPagePermission.objects.create(group=group, page=article_index(site), permission=permission)
    return make_user(group)


def test_only_those_who_may_change_tags_are_let_in(client, site):
    tagged(site, "policy", "policies")
    finding = sections(report(client))["name"][0]
    client.force_login(tag_editor(site))
    assert report(client).status_code == 302
    assert reverse("affinity_tags:index") not in client.get(reverse("wagtailadmin_home")).content.decode()
    for name in ("merge", "delete", "ignore", "heed"):
        assert client.post(
            reverse(f"affinity_tags:{name}"), {"model": "taggit.Tag", "key": finding.key}
        ).status_code in (
            302,
            403,
        )
    assert Tag.objects.count() == 2


def test_pages_out_of_reach_keep_a_tag_from_being_merged(client, site):
    other = make_site("other.example", is_default=False)
    tagged(site, "policies")
    tagged(site, "policies")
    page = tagged(other, "policy")
    client.force_login(tag_editor(site, "change_tag"))
    response = report(client)
    finding = sections(response)["name"][0]
    assert page.title not in response.content.decode()
    response = press(client, "merge", finding, keep=finding.uses[0].tag.pk)
    assert "is on 1 page that you may not edit" in said(response)
    assert live_tags(page) == ["policy"]
    assert not TagMerge.objects.exists()


def test_deleting_needs_its_own_permission(client, site):
    Tag.objects.create(name="Nobody")
    client.force_login(tag_editor(site, "change_tag"))
    response = report(client)
    assert "You may not delete tags" in response.content.decode()
    key = sections(response)["orphan"][0].key
    client.post(reverse("affinity_tags:delete"), {"model": "taggit.Tag", "key": key})
    assert Tag.objects.exists()


def test_groups_can_be_given_the_permissions(client):
    html = client.get(reverse("wagtailusers_groups:add")).content.decode()
    permission = Permission.objects.get(content_type__app_label="taggit", codename="change_tag")
    assert f'value="{permission.pk}"' in html


def test_the_report_costs_the_same_for_few_and_many_findings(client, site):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            report(client)
        return len(captured)

    tagged(site, "river 0a", "rivers 0a")
    queries()
    few = queries()
    for number in range(1, 4):
        tagged(site, f"river {number}a", f"rivers {number}a")
    assert queries() == few
