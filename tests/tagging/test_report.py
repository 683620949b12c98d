"""The report of pages by analysis state: complete, filtered, exported, and only of pages one may edit."""

from io import BytesIO

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from wagtail.models import GroupPagePermission

from tagging.models import PageAnalysis
from tests.factories import make_article, make_editor, make_locale, make_site, make_user

pytestmark = pytest.mark.django_db

State = PageAnalysis.State
URL = "/admin/affinity/report/"


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def analysed(site, title, state, **fields):
    page = make_article(site, title)
    PageAnalysis.objects.update_or_create(page=page, defaults={"state": state, **fields})
    return page


def titles(answer):
    return sorted(row.page.title for row in answer.context["object_list"])


def test_the_empty_report_explains_itself(client, editor, site):
    assert "No page has been queued for analysis yet" in client.get(URL).content.decode()


def test_each_page_stands_with_state_reason_and_model(client, editor, site):
    analysed(site, "Good", State.DONE, embedder="mini@torch@fp32", analyzed_at=timezone.now())
    failed = analysed(site, "Bad", State.FAILED, reason="ValueError: <no text>")
    html = client.get(URL).content.decode()
    assert "mini@torch@fp32" in html
    assert "ValueError: &lt;no text&gt;" in html
    assert reverse("wagtailadmin_pages:edit", args=[failed.pk]) in html
    assert reverse("affinity_report:analyze", args=[failed.pk]) in html
    assert "Analyse 1 failed page again" in html


def test_filters_by_state_type_and_locale(client, editor, site):
    analysed(site, "Good", State.DONE)
    bad = analysed(site, "Bad", State.FAILED)
    french = analysed(site, "Mauvais", State.FAILED)
    french.locale = make_locale("fr")
    french.save()
    PageAnalysis.objects.filter(page=french).update(state=State.FAILED)
    assert titles(client.get(URL, {"state": "failed"})) == ["Bad", "Mauvais"]
    assert titles(client.get(URL, {"state": "failed", "locale": french.locale_id})) == ["Mauvais"]
    assert titles(client.get(URL, {"page_type": bad.content_type_id})) == ["Bad", "Good", "Mauvais"]
    assert titles(client.get(URL, {"state": "skipped"})) == []
    assert "No page matches these filters" in client.get(URL, {"state": "skipped"}).content.decode()
    assert titles(client.get(reverse("affinity_report:index_results"), {"state": "done"})) == ["Good"]


def test_the_newest_page_comes_first_and_columns_sort(client, editor, site):
    analysed(site, "Older", State.DONE)
    analysed(site, "Newer", State.FAILED)
    rows = client.get(URL).context["object_list"]
    assert [row.page.title for row in rows] == ["Newer", "Older"]
    rows = client.get(URL, {"ordering": "-page__title"}).context["object_list"]
    assert [row.page.title for row in rows] == ["Older", "Newer"]


def test_exports_as_csv_and_xlsx(client, editor, site):
    analysed(site, "Bad", State.FAILED, reason="ValueError")
    csv = b"".join(client.get(URL, {"export": "csv"})).decode().splitlines()
    assert csv[0].startswith("Page,Page type,Locale,State,Reason")
    assert csv[1].startswith("Bad,Article page,en,Failed,ValueError")
    book = load_workbook(BytesIO(b"".join(client.get(URL, {"export": "xlsx", "state": "failed"}))))
    assert [cell.value for cell in book.active[2]][:4] == ["Bad", "Article page", "en", "Failed"]


def test_one_page_and_all_failed_ones_can_be_queued_again(client, editor, site):
    pages = [analysed(site, f"Bad {number}", State.FAILED, reason="x") for number in range(3)]
    good = analysed(site, "Good", State.DONE)
    answer = client.post(reverse("affinity_report:analyze", args=[pages[0].pk]), follow=True)
    assert "1 page is waiting to be analysed" in answer.content.decode()
    assert PageAnalysis.objects.filter(state=State.STALE).get().page_id == pages[0].pk
    answer = client.post(reverse("affinity_report:analyze_failed"), follow=True)
    assert "2 pages are waiting to be analysed" in answer.content.decode()
    assert PageAnalysis.objects.filter(state=State.STALE).count() == 3
    assert PageAnalysis.objects.get(page=good).state == State.DONE
    answer = client.post(reverse("affinity_report:analyze_failed"), follow=True)
    assert "Nothing was queued" in answer.content.decode()


def test_queueing_is_a_post_for_pages_that_exist(client, editor, site):
    page = analysed(site, "Bad", State.FAILED)
    for name, args in (("analyze", [page.pk]), ("analyze_failed", [])):
        assert client.get(reverse(f"affinity_report:{name}", args=args)).status_code == 405
    assert client.post(reverse("affinity_report:analyze", args=[page.pk + 999])).status_code == 404


def test_an_editor_sees_and_queues_only_the_pages_of_his_part(client, site):
    mine, other = analysed(site, "Mine", State.FAILED), analysed(site, "Other", State.FAILED)
    group = Group.objects.create(name="One page")
    GroupPagePermission.objects.create(group=group, page=mine, permission_type="change")
    client.force_login(make_user(group))
    assert titles(client.get(URL)) == ["Mine"]
    assert b"Other" not in b"".join(client.get(URL, {"export": "csv"}))
    client.post(reverse("affinity_report:analyze_failed"))
    client.post(reverse("affinity_report:analyze", args=[other.pk]))
    assert PageAnalysis.objects.get(page=mine).state == State.STALE
    assert PageAnalysis.objects.get(page=other).state == State.FAILED


def test_who_may_edit_nothing_has_no_report(client, site):
    client.force_login(make_user())
    assert client.get(URL).status_code == 302
    assert client.post(reverse("affinity_report:analyze_failed")).status_code == 302
    assert "Content analysis" not in client.get("/admin/").content.decode()
