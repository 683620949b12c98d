"""The report of what readers saw and clicked."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from personalization.models import Event, Placement, Segment, ServedSlate, Visitor
from tests.factories import make_article, make_editor, make_site, make_user

pytestmark = pytest.mark.django_db

URL = "personalization_report:index"


@pytest.fixture
def segment() -> Segment:
    """A segment that saw the sidebar twice and clicked once; others saw it twice more."""
    page = make_article(make_site())
    segment = Segment.objects.create(name="Cyclists")
    Placement.objects.create(name="sidebar")
    Placement.objects.create(name="unseen")
    visitor = Visitor.objects.create()
    for segments, kinds in (([segment.pk], ["impression", "impression", "click"]), ([], ["impression", "impression"])):
        slate = ServedSlate.objects.create(visitor=visitor, placement="sidebar", segments=segments)
        for kind in kinds:
            Event.objects.create(
                event_id=uuid.uuid4(),
                visitor=visitor,
                kind=kind,
                page=page,
                at=timezone.now(),
                placement="sidebar",
                slate_id=slate.pk,
            )
    return segment


def rows(client: Client, **query: object) -> list[list[str]]:
    response = client.get(reverse(URL), {"export": "csv", **query})
    return list(csv.reader(io.StringIO(response.getvalue().decode())))[1:]


def test_the_report_counts_by_placement_and_by_segment(client: Client, segment: Segment) -> None:
    client.force_login(make_editor())
    assert rows(client) == [["sidebar", "blend", "4", "1", "0.25"], ["unseen", "blend", "0", "0", ""]]
    assert rows(client, segment=segment.pk)[0] == ["sidebar", "blend", "2", "1", "0.5"]
    page = client.get(reverse(URL)).content.decode()
    assert "25.0\xa0%" in page


def test_the_report_comes_as_a_spreadsheet(client: Client, segment: Segment) -> None:
    client.force_login(make_editor())
    response = client.get(reverse(URL), {"export": "xlsx"})
    sheet = load_workbook(io.BytesIO(response.getvalue())).active
    assert [cell.value for cell in sheet[1]] == [
        "Placement",
        "Strategy",
        "Impressions",
        "Clicks",
        "Clicks per impression",
    ]
    assert [cell.value for cell in sheet[2]] == ["sidebar", "blend", 4, 1, 0.25]


def test_an_empty_report_says_what_to_do(client: Client) -> None:
    client.force_login(make_editor())
    assert "Create one under Affinity" in client.get(reverse(URL)).content.decode()


def test_only_people_with_placements_see_the_report(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(reverse(URL)).status_code == 302
    readers = Group.objects.create(name="Analysts")
    readers.permissions.add(Permission.objects.get(codename="view_placement"))
    client.force_login(make_user(readers))
    assert client.get(reverse(URL)).status_code == 200
    assert reverse(URL) in client.get(reverse("wagtailadmin_home")).content.decode()
