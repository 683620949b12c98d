"""Tuned settings in Wagtail's admin: what editors see of a proposal, and what their word does."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from personalization.models import Placement, PlacementTuning, Segment
from personalization.operations import tuning
from personalization.recommendation.tuning import Setting
from tests.factories import make_article, make_editor, make_site, make_user, make_vector

from .test_placement_admin import form

FOUND = Setting(0.4, {"similar": 1.4, "trending": 0.6, "recent": 0.1}, 0.05)


def figures(**changes: Any) -> dict[str, Any]:
    now = timezone.now()
    earned = {
        **{name: {"mean": 0.061, "low": 0.05, "high": 0.07} for name in ("ips", "snips", "doubly_robust")},
        "now": {"mean": 0.052, "low": 0.045, "high": 0.06},
        "gain": {"mean": 0.009, "low": 0.002, "high": 0.016},
        "overlap": 0.83,
        "effective_rows": 2210.0,
        "lists": 940,
        "clicks": 196,
        "looked_at": [1.0, 0.7, 0.5, 0.4],
        "is_guess": False,
    }
    order = {"own": 0.71, "other": 0.66, "difference": 0.05, "low": 0.02, "high": 0.08, "slates": 940, "clicks": 196}
    dates = {"since": (now - timedelta(days=6)).isoformat(), "until": now.isoformat()}
    return {"order": order, "earned": earned, "new_pages": None, "level": 0.975, **dates, **changes}


@pytest.fixture
def placement(db: None) -> Placement:
    return Placement.objects.create(name="sidebar")


@pytest.fixture
def cyclists(db: None) -> Segment:
    return Segment.objects.create(name="Cyclists")


@pytest.fixture
def proposal(placement: Placement, cyclists: Segment) -> PlacementTuning:
    return tuning.propose(placement, cyclists.pk, FOUND, figures())


@pytest.fixture
def editor(db: None, client: Client) -> Client:
    client.force_login(make_editor("ines"))
    return client


def url(name: str, placement: Placement, *more: int) -> str:
    return reverse(f"personalization_placements:{name}", args=[placement.pk, *more])


def text_of(response: Any) -> str:
    plain = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", plain)


def test_a_proposal_says_what_changes_for_whom_and_what_later_days_say(
    editor: Client, proposal: PlacementTuning
) -> None:
    page = text_of(editor.get(url("tuning", proposal.placement)))
    assert "Readers in “Cyclists”" in page
    assert re.search(r"Diversity from 0.25 → to 0.4 ", page)
    assert re.search(r"Lists with a new page 5(\.0)?\xa0?%? ", page)
    assert "Weight: Related to the page from as usual → to 1.4" in page
    assert "0.66" in page
    assert "(+0.020 to +0.080)" in page
    assert "196 clicks in 940 lists, which the search had not seen" in page
    assert "with a probability of 97.5" in page
    assert "83" in page
    assert "Approve" in page
    assert "Decline" in page


def test_approving_declining_and_undoing_are_one_click_each(editor: Client, proposal: PlacementTuning) -> None:
    placement = proposal.placement
    response = editor.post(url("tuning_approve", placement, 1), follow=True)
    assert "Setting 1 is served now. Readers in “Cyclists”: from the next list on." in text_of(response)
    assert url("tuning_undo", placement, 1) in response.content.decode()
    assert "in force" in text_of(response)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by.get_username()) == ("approved", "ines")
    again = editor.post(url("tuning_approve", placement, 1), follow=True)
    assert "Nothing was changed" in text_of(again)
    page = text_of(editor.post(url("tuning_undo", placement, 1), follow=True))
    assert "what was served before is served again" in page
    assert "in force" not in page
    tuning.propose(placement, None, FOUND, figures())
    assert "Setting 2 is declined" in text_of(editor.post(url("tuning_decline", placement, 2), follow=True))
    assert not tuning.open_proposals(placement).exists()
    versions = text_of(editor.get(url("tuning", placement)))
    assert "declined" in versions
    assert "undone" in versions
    assert "Nothing is proposed. Operators search with manage.py tune_placement sidebar" in versions


def test_a_get_decides_nothing_and_what_is_not_there_is_not_found(editor: Client, proposal: PlacementTuning) -> None:
    assert editor.get(url("tuning_approve", proposal.placement, 1)).status_code == 405
    assert editor.post(url("tuning_approve", proposal.placement, 7)).status_code == 404
    assert editor.get(reverse("personalization_placements:tuning", args=[10**6])).status_code == 404


def test_who_may_look_may_not_decide(client: Client, proposal: PlacementTuning) -> None:
    user, group = make_user(), Group.objects.create(name="Readers of placements")
    client.force_login(user)
    report = url("tuning", proposal.placement)
    assert client.get(report).status_code == 302
    group.permissions.add(
        Permission.objects.get(codename="access_admin"), Permission.objects.get(codename="view_placement")
    )
    user.groups.add(group)
    page = text_of(client.get(report))
    assert "Readers in “Cyclists”" in page
    assert "Approve" not in page
    for name in ("tuning_approve", "tuning_decline", "tuning_undo"):
        client.post(url(name, proposal.placement, 1))
    proposal.refresh_from_db()
    assert proposal.state == "proposed"


def test_the_form_tells_of_what_waits_and_of_what_it_does_not_decide(editor: Client, proposal: PlacementTuning) -> None:
    page = text_of(editor.get(url("edit", proposal.placement)))
    assert "1 proposed setting waits for a decision." in page
    tuning.approve(proposal, make_editor())
    page = text_of(editor.get(url("edit", proposal.placement)))
    assert "Served by a setting of their own, whatever is set below:" in page
    assert "Readers in “Cyclists”: diversity 0.4, lists with a new page 5" in page
    plain = Placement.objects.create(name="footer")
    assert "proposed setting" not in text_of(editor.get(url("edit", plain)))


def test_a_preview_for_the_segment_is_drawn_by_its_setting(editor: Client, cyclists: Segment) -> None:
    site = make_site()
    for title, vector in (("Other", (0, 1)), ("Second", (1, 0.01)), ("First", (1, 0))):
        make_vector(make_article(site, title), *vector)
    placement = Placement.objects.create(name="sidebar", n=2, strategy="recent", diversity=0.0)
    tuning.approve(tuning.propose(placement, cyclists.pk, Setting(0.9, None, 0.0), {}), make_editor())
    shown = {"n": "2", "strategy": "recent", "diversity": "0"}
    drawn = [
        text_of(editor.post(url("preview", placement), form(**shown, **{"preview-segment": segment})))
        for segment in ("", str(cyclists.pk))
    ]
    assert "Second" in drawn[0]
    assert "Other" not in drawn[0]
    assert "Other" in drawn[1]
    assert "By setting 1, which was approved for these readers" in drawn[1]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_an_editor_approves_and_undoes_in_the_browser(
    chromium: Any, live_server: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    make_site()
    placement = Placement.objects.create(name="sidebar")
    tuning.propose(placement, Segment.objects.create(name="Cyclists").pk, FOUND, figures())
    tuning.propose(placement, None, Setting(0.35, None, 0.05), figures())
    client = Client()
    client.force_login(make_editor("ines"))
    context = chromium.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + url("tuning", placement))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=tmp_path / f"tuning-{width}.png", full_page=True)
    page.get_by_role("button", name="Approve 1").click()
    expect(page.get_by_text("in force")).to_be_visible()
    page.screenshot(path=tmp_path / f"approved-{width}.png", full_page=True)
    page.locator(".messages").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("cell", name="undone")).to_be_visible()
    assert PlacementTuning.objects.get(number=1).state == "undone"
    context.close()
