"""The report "Ranking": what ranks and why, why a fit is not live, one click back and its undo, who may."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from personalization.models import Ranker, RankerVersion, SequenceVersion
from personalization.operations import rankers
from tests.factories import make_editor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def url(name, *args):
    return reverse(f"personalization_ranking:{name}", args=args)


def make_version(number, **fields):
    """A version as a fit stores it; its model is of no interest here."""
    now = timezone.now()
    learned = {
        "slates": 4000,
        "clicks": 520,
        "by_circumstances": False,
        "seen_at": [1.0, 0.62, 0.41],
        "influences": [
            {"source": "similar", "part": 0.7, "direction": 0.9},
            {"source": "recent", "part": 0.29, "direction": -0.4},
            {"source": "trending", "part": 0.01, "direction": 0.1},
        ],
    }
    measured = {
        "own": 0.71,
        "other": 0.66,
        "difference": 0.05,
        "low": 0.02,
        "high": 0.08,
        "clicks": 130,
        "slates": 900,
        "against": number - 1,
        "since": (now - timedelta(days=4)).isoformat(),
        "until": now.isoformat(),
    }
    defaults = {"method": "logistic", "parameters": {}, "learned_from": learned, "evaluation": measured}
    return RankerVersion.objects.create(number=number, **{**defaults, **fields})


@pytest.fixture
def live():
    """Version 2 ranks, and version 1 ranked before."""
    first, second = make_version(1), make_version(2)
    rankers.put_live(first)
    rankers.put_live(second)
    return second


def report(client):
    return re.sub(r"\s+", " ", html.unescape(client.get(url("index")).content.decode()))


def test_a_new_site_is_told_that_the_blend_ranks(client, editor):
    page = report(client)
    assert "The weighted blend:" in page
    assert "from 300 clicks on, within 30 days" in page
    assert "Roll back" not in page
    assert url("index") in client.get("/admin/").content.decode()


def test_what_decides_is_said_in_words(client, editor, live):
    page = report(client)
    assert "Version 2 of" in page
    assert "520 clicks in 4000 lists" in page
    assert re.search(r"Related to the page</th> <td>70 %", page)
    assert "what it proposes most strongly goes down" in page
    assert ">Trending<" not in page  # of hardly any part
    assert re.search(r"3 and below</th> <td>41 %", page)
    assert "0.710, and version 1 0.660" in page
    assert "+0.050" in page
    assert "(+0.020 to +0.080)" in page


def test_one_click_goes_back_and_another_undoes_it(client, editor, live):
    assert "Roll back to version 1" in report(client)
    done = client.post(url("roll_back"), follow=True).content.decode()
    assert "Now version 1 ranks." in done
    assert Ranker.load().current.number == 1
    assert Ranker.load().is_held
    assert "An editor chose what ranks" in done
    undo = html.unescape(re.search(r'w-action-url-value="([^"]+)"', done).group(1))
    client.post(undo)
    assert (Ranker.load().current.number, Ranker.load().is_held) == (2, False)
    entries = ModelLogEntry.objects.filter(action="personalization.ranker.use", user=editor).order_by("pk")
    assert [entry.data for entry in entries] == [{"number": 1, "before": 2}, {"number": 2, "before": 1}]


def test_the_blend_and_a_refused_version_can_be_chosen(client, editor, live):
    refusal = {"message": "It is not surely better: %(low)+.3f", "params": {"low": -0.0123}}
    make_version(3, refusal=refusal)
    Ranker.objects.update(outcome=refusal)
    page = report(client)
    assert "The last fit is not live." in page
    assert "It is not surely better: -0.012" in page
    assert "Let it rank anyway" in page
    client.post(url("use", 3))
    assert Ranker.load().current.number == 3
    client.post(url("use", 0))
    assert Ranker.load().current is None
    client.post(url("release"))
    assert not Ranker.load().is_held
    assert client.post(url("use", 99)).status_code == 404


def test_a_fit_is_asked_for_and_watched(client, editor, monkeypatch):
    woken = []
    monkeypatch.setattr("personalization.tasks.rank_soon", lambda: woken.append(True))
    page = client.post(url("fit"), follow=True).content.decode()
    assert woken == [True]
    assert "Waiting for a worker" in page
    assert "Fit now" not in page
    Ranker.objects.update(waiting="", started_at=timezone.now(), progress=30)
    assert "30\xa0%" in html.unescape(client.get(url("progress")).content.decode())
    Ranker.objects.update(started_at=None)
    assert client.get(url("progress")).status_code == 204


def test_it_says_that_it_is_switched_off(client, editor, settings):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RANKER": ""}
    page = report(client)
    assert "This is switched off" in page
    assert "Fit now" not in page


def test_who_may_look_may_not_change(client, live):
    group = Group.objects.create(name="Analysts")
    client.force_login(make_user(group))
    assert client.get(url("index")).status_code == 302
    assert url("index") not in client.get("/admin/").content.decode()
    group.permissions.add(Permission.objects.get(codename="view_ranker"))
    page = report(client)
    assert "What decides" in page
    assert "Roll back" not in page
    assert "Let it rank" not in page
    for name, args in (("fit", ()), ("roll_back", ()), ("release", ()), ("use", (0,))):
        assert client.post(url(name, *args)).status_code == 302
    assert Ranker.load().current == live


def test_the_permission_can_be_given_in_the_admin(client, editor):
    form = client.get("/admin/groups/new/").content.decode()
    assert str(Permission.objects.get(codename="change_ranker").pk) in form


MEASURED = {"own": 0.42, "other": 0.4, "difference": 0.02, "low": 0.012, "high": 0.028, "views": 5000}
REFUSED = {
    "message": "There are too few visits to learn from: %(sessions)d of two pages or more, of the %(needed)d needed."
}


@pytest.mark.parametrize(
    ("setting", "fields", "said"),
    [
        ("", None, "Off (SEQUENCES in the site’s settings)."),
        ("gru", None, "Not live: it has not been fitted yet."),
        (
            "gru",
            {"learned_from": {"sessions": 9000, "pages": 700}, "evaluation": MEASURED},
            "from 9000 visits to 700 pages. On the 5000 views that came after, it reached 0.420 and “Opened next”"
            " 0.400 (nDCG); the difference is between +0.012 and +0.028.",
        ),
        (
            "gru",
            {"refusal": {**REFUSED, "params": {"sessions": 12, "needed": 1000}}},
            "There are too few visits to learn from: 12 of two pages or more, of the 1000 needed.",
        ),
    ],
)
def test_it_says_whether_what_is_read_next_is_learned_and_why(client, editor, settings, setting, fields, said):
    settings.WAGTAIL_PERSONALIZATION = {"SEQUENCES": setting}
    if fields is not None:
        SequenceVersion.objects.create(**fields)
    assert said in report(client)
