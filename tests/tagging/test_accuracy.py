"""The report that tells editors how far probabilities can be trusted."""

import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import GroupPagePermission

from tagging import operations
from tagging.models import Suggestion, TopicCalibration
from tests.factories import make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db

URL = "/admin/affinity/accuracy/"


@pytest.fixture
def page():
    return make_article(make_site(), "The heron")


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def decide(page, score, kept, refused=0):
    """So many topics, shown with this probability, that editors took or refused."""
    for number in range(kept + refused):
        Suggestion.objects.create(
            page=page,
            topic=make_topic(f"Topic {score} {number}"),
            state="accepted" if number < kept else "rejected",
            score=score,
            logit=0.0,
            source="vector",
            decided_at=timezone.now(),
        )


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_with_few_decisions_it_says_what_is_missing(client, editor, page):
    decide(page, 0.8, kept=3)
    text = words(client.get(URL))
    assert "3 decisions so far. From 20 on" in text
    assert "<svg viewBox" not in text
    assert "Likely range" not in text


def test_promise_and_outcome_stand_side_by_side(client, editor, page):
    decide(page, 0.8, kept=15, refused=5)
    decide(page, 0.45, kept=3, refused=3)
    TopicCalibration.objects.create(decisions=20, slope=1, intercept=0)
    answer = client.get(URL)
    text = words(answer)
    assert "Of topics shown at about 80%, editors kept 75% (20 decisions)." in text
    assert "26 decisions are counted." in text
    assert "from 20 decisions" in text
    assert "differ by 5 percentage points" in text
    assert "applied without asking, editors kept 75% (20 decisions). Of ten, 3 may be wrong." in text
    assert re.search(r"40 to 50% 6 45% 50% \d+ to \d+%", text)
    assert answer.content.decode().count("<circle") == 2
    assert "The heron" not in text


def test_a_broken_promise_is_named(client, editor, page):
    decide(page, 0.95, kept=4, refused=16)
    assert "More are" in words(client.get(URL))


def test_a_promise_kept_is_not_warned_about(client, editor, page):
    decide(page, 0.95, kept=19, refused=1)
    assert "More are" not in words(client.get(URL))


def test_what_editors_added_themselves_proves_nothing(page, editor):
    topic = make_topic("Birds")
    operations.add(page.pk, topic.pk, editor)
    assert operations.topic_accuracy().verdicts == 0


def test_queries_do_not_grow_with_decisions(page):
    decide(page, 0.8, kept=20)
    with CaptureQueriesContext(connection) as queries:
        assert operations.topic_accuracy().is_enough
    assert len(queries) == 3


def test_it_is_for_those_who_work_on_pages(client, page):
    client.force_login(make_user())
    assert client.get(URL).status_code == 302
    assert URL not in client.get("/admin/").content.decode()
    group = Group.objects.create(name="One page")
    GroupPagePermission.objects.create(group=group, page=page, permission_type="change")
    client.force_login(make_user(group))
    assert client.get(URL).status_code == 200
    assert URL in client.get("/admin/").content.decode()
