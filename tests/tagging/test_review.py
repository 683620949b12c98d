"""The review queue: what it lists, for whom, in which order, at what cost; and what it lets one decide."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import GroupApprovalTask, GroupPagePermission, Page, PageLogEntry, Workflow, WorkflowTask

from tagging.models import Suggestion
from tests.factories import article_index, make_article, make_editor, make_locale, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db

State = Suggestion.State
URL = "/admin/affinity/review/"


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def editor(client):
    user = make_editor("ines")
    client.force_login(user)
    return user


def suggest(page, topic, score=0.6, **fields):
    return Suggestion.objects.create(
        page=page, topic=topic, score=score, **{"state": State.SUGGESTED, "source": "vector"} | fields
    )


def listed(answer):
    """(page, topic) of each row, in the order of the list."""
    return [(row.title, row.topic.name) for group in answer.context["groups"] for row in group.rows]


def post(client, **body):
    answer = client.post(f"{URL}decide/", json.dumps(body), content_type="application/json")
    return answer.json()["outcomes"] if answer.status_code == 200 else answer


def moderator_of(page):
    """Somebody who may edit one page and what is below it."""
    group = Group.objects.create(name=f"Editors of {page}")
    GroupPagePermission.objects.create(group=group, page=page, permission_type="change")
    return make_user(group)


# What is listed


def test_an_empty_queue_says_so_and_what_to_do_next(client, editor, site):
    html = client.get(URL).content.decode()
    assert "Nothing to review" in html
    assert f"{URL}?state=applied" in html
    assert "Nothing matches" in client.get(URL, {"q": "bridge"}).content.decode()


def test_a_row_tells_page_topic_probability_and_why(client, editor, site):
    page, like = make_article(site, "The bridge"), make_article(site, "The tunnel")
    topic = make_topic("Bridges", make_topic("Rivers"))
    suggest(page, topic, 0.664, evidence="The old <bridge> was closed.", similar=[like.pk, 0])
    html = client.get(URL).content.decode()
    for part in ("The bridge", "Articles", "Article page", "Bridges", "Rivers", "66%", "What the page is about"):
        assert part in html, part
    assert "The old &lt;bridge&gt; was closed." in html
    assert f"/admin/pages/{page.pk}/edit/" in html
    assert f"/admin/pages/{like.pk}/edit/" in html
    assert "Accept “Bridges” for “The bridge”" in html


def test_open_suggestions_alone_are_listed(client, editor, site):
    page = make_article(site, "The bridge")
    for state in State.values:
        suggest(page, make_topic(state), state=state)
    assert listed(client.get(URL)) == [("The bridge", "suggested")]
    assert listed(client.get(URL, {"state": "applied"})) == [("The bridge", "applied")]
    assert len(listed(client.get(URL, {"state": "all"}))) == 2
    assert len(listed(client.get(URL, {"state": "all", "topic": 0}))) == 2, "an unknown topic filters nothing"


@pytest.fixture
def four(site):
    """Two pages by two topics: on the second page the machine is surest."""
    river, space = make_topic("Rivers"), make_topic("Space")
    first, second = make_article(site, "First"), make_article(site, "Second")
    scores = {(first, river): 0.5, (first, space): 0.6, (second, river): 0.9, (second, space): 0.4}
    return [suggest(page, topic, score) for (page, topic), score in scores.items()]


def test_grouped_by_page_or_by_topic_the_surest_first_or_last(client, editor, four):
    by_page = [("Second", "Rivers"), ("Second", "Space"), ("First", "Space"), ("First", "Rivers")]
    by_topic = [("Second", "Rivers"), ("First", "Rivers"), ("First", "Space"), ("Second", "Space")]
    assert listed(client.get(URL)) == by_page
    assert listed(client.get(f"{URL}by-topic/")) == by_topic
    by_page = [("Second", "Space"), ("Second", "Rivers"), ("First", "Rivers"), ("First", "Space")]
    assert listed(client.get(URL, {"order": "score"})) == by_page
    assert listed(client.get(f"{URL}by-topic/results/", {"order": "score"}))[0] == ("First", "Rivers")
    assert [len(group.rows) for group in client.get(URL).context["groups"]] == [2, 2]


def test_filters_narrow_the_list(client, editor, site):
    rivers = make_topic("Rivers")
    bridges = make_topic("Bridges", rivers)
    english, french = make_article(site, "The bridge"), make_article(site, "Le pont")
    home = site.root_page
    Page.objects.filter(pk=french.pk).update(locale=make_locale("fr"))
    suggest(english, rivers, 0.9)
    suggest(english, bridges, 0.5)
    suggest(french, make_topic("Space"), 0.7)
    suggest(home, rivers, 0.6)

    def found(**query):
        return sorted(f"{page}: {topic}" for page, topic in listed(client.get(URL, query)))

    assert found(topic=rivers.pk) == [f"{home}: Rivers", "The bridge: Bridges", "The bridge: Rivers"]
    assert found(topic=bridges.pk) == ["The bridge: Bridges"]
    assert found(locale=make_locale("fr").pk) == ["Le pont: Space"]
    assert found(page_type=home.content_type_id) == [f"{home}: Rivers"]
    assert len(found(section=article_index(site).pk)) == 3
    assert len(found(section=home.pk)) == 4
    assert found(probability_min=70) == ["Le pont: Space", "The bridge: Rivers"]
    assert found(probability_min=51, probability_max=69) == [f"{home}: Rivers"]
    assert found(q="PONT") == ["Le pont: Space"]
    assert found(q="bridge", probability_max=50) == ["The bridge: Bridges"]


def test_the_list_comes_in_pages_and_all_that_matches_can_be_had(client, editor, site):
    page = make_article(site, "The bridge")
    for number in range(53):
        suggest(page, make_topic(f"Topic {number}"), 0.9 if number < 3 else 0.5)
    assert len(listed(client.get(URL))) == 50
    assert len(listed(client.get(URL, {"p": 2}))) == 3
    items = client.get(f"{URL}matching/", {"probability_min": 80}).json()["items"]
    assert [item["page"] for item in items] == ["The bridge"] * 3
    assert len(client.get(f"{URL}matching/").json()["items"]) == 53


def queries(client, url):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("url", [URL, f"{URL}by-topic/"])
def test_more_rows_take_no_more_queries(client, editor, site, url):
    topic = make_topic("Rivers")
    pages = [make_article(site) for _ in range(6)]
    suggest(pages[0], make_topic("Bridges", topic), similar=[pages[1].pk])
    queries(client, url)  # fills caches
    few = queries(client, url)
    for page in pages[1:]:
        suggest(page, topic, similar=[pages[0].pk])
        suggest(page, make_topic("More", topic), similar=[pages[0].pk])
    assert queries(client, url) == few


# Who sees what


def test_a_moderator_of_one_section_neither_sees_nor_decides_elsewhere(client, site):
    rivers = make_topic("Rivers")
    mine, other = make_article(site, "Mine"), make_article(site, "Other")
    for page in (mine, other):
        suggest(page, rivers)
    client.force_login(moderator_of(mine))
    assert listed(client.get(URL)) == [("Mine", "Rivers")]
    assert [item["page"] for item in client.get(f"{URL}matching/").json()["items"]] == ["Mine"]
    pairs = [[other.pk, rivers.pk], [mine.pk, rivers.pk], [mine.pk + 999, rivers.pk]]
    assert [outcome["status"] for outcome in post(client, decision="accept", pairs=pairs)] == [403, 200, 404]
    assert Suggestion.objects.get(page=other).state == State.SUGGESTED
    assert Suggestion.objects.get(page=mine).state == State.ACCEPTED


def test_nor_takes_back_what_others_decided_elsewhere(client, site, editor):
    rivers, other = make_topic("Rivers"), make_article(site, "Other")
    suggest(other, rivers)
    [outcome] = post(client, decision="reject", pairs=[[other.pk, rivers.pk]])
    client.force_login(moderator_of(make_article(site, "Mine")))
    [refused] = post(client, decision="undo", receipts=[outcome["receipt"]])
    assert refused["status"] == 403
    assert Suggestion.objects.get().state == State.REJECTED


def test_who_may_edit_nothing_has_no_queue(client, site):
    client.force_login(make_user())
    assert client.get(URL).status_code == 302
    assert client.get(f"{URL}matching/").status_code == 302
    assert "Review topics" not in client.get("/admin/").content.decode()


def test_who_may_edit_some_page_has_it_in_the_menu(client, site):
    client.force_login(moderator_of(make_article(site, "Mine")))
    assert "Review topics" in client.get("/admin/").content.decode()


def test_pages_that_are_locked_for_the_editor_wait_until_they_are_not(client, editor, site, settings):
    topic = make_topic("Rivers")
    by_me, by_other = make_article(site, "By me"), make_article(site, "By another")
    for page, user in ((by_me, editor), (by_other, make_editor())):
        suggest(page, topic)
        Page.objects.filter(pk=page.pk).update(locked=True, locked_by=user)
    assert listed(client.get(URL)) == [("By me", "Rivers")]
    settings.WAGTAILADMIN_GLOBAL_EDIT_LOCK = True
    assert listed(client.get(URL)) == []


def test_pages_that_go_live_later_wait_until_then(client, editor, site):
    page = make_article(site, "Later")
    suggest(page, make_topic("Rivers"))
    page.go_live_at = timezone.now() + timedelta(days=1)
    page.save_revision().publish()
    assert listed(client.get(URL)) == []


def test_the_home_page_tells_how_many_are_open(client, editor, four):
    assert "4 suggested topics" in client.get("/admin/").content.decode()
    Suggestion.objects.update(state=State.APPLIED)
    assert "suggested topic" not in client.get("/admin/").content.decode()


def test_pages_in_moderation_are_for_their_reviewers(client, site):
    page = make_article(site, "In moderation")
    suggest(page, make_topic("Rivers"))
    author, reviewers = moderator_of(page), Group.objects.create(name="Reviewers")
    GroupPagePermission.objects.create(group=reviewers, page=page, permission_type="change")
    task = GroupApprovalTask.objects.create(name="Approve")
    task.groups.add(reviewers)
    workflow = Workflow.objects.create(name="Moderation")
    WorkflowTask.objects.create(workflow=workflow, task=task)
    page.save_revision()
    workflow.start(page, author)
    client.force_login(author)
    assert listed(client.get(URL)) == []
    client.force_login(make_user(reviewers))
    assert listed(client.get(URL)) == [("In moderation", "Rivers")]


# Deciding


def test_decisions_are_answered_one_by_one_and_taken_back_by_their_receipts(client, editor, four):
    pairs = [[row.page_id, row.topic_id] for row in four]
    outcomes = post(client, decision="accept", pairs=pairs)
    assert [(outcome["pair"], outcome["status"], outcome["problem"]) for outcome in outcomes] == [
        (pair, 200, "") for pair in pairs
    ]
    assert {row.state for row in Suggestion.objects.all()} == {State.ACCEPTED}
    assert PageLogEntry.objects.filter(user=editor, action="tagging.accept").count() == 4
    undone = post(client, decision="undo", receipts=[outcome["receipt"] for outcome in outcomes])
    assert {outcome["status"] for outcome in undone} == {200}
    assert {row.state for row in Suggestion.objects.all()} == {State.SUGGESTED}


def test_a_locked_page_is_told_and_the_rest_goes_on(client, editor, four):
    Page.objects.filter(pk=four[0].page_id).update(locked=True, locked_by=make_editor())
    outcomes = post(client, decision="reject", pairs=[[row.page_id, row.topic_id] for row in four])
    assert [outcome["status"] for outcome in outcomes] == [409, 409, 200, 200]
    assert "locked" in outcomes[0]["problem"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "delete", "pairs": []},
        {"decision": "accept", "pairs": [["x", 1]]},
        {"decision": "undo", "receipts": [{"pair": [1, 1], "decided_at": "soon", "before": "suggested"}]},
        {"decision": "undo", "receipts": [{"pair": [1, 1], "decided_at": "2026-01-01T00:00Z", "before": "accepted"}]},
        {"decision": "accept", "pairs": [[page, 1] for page in range(101)]},
    ],
)
def test_what_the_list_would_never_send_is_refused(client, editor, site, body):
    answer = post(client, **body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert client.get(f"{URL}decide/").status_code == 405
