"""The "Content analysis" side panel: what editors see of a page in every state, and what their decisions do."""

import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission, PageLogEntry

from tagging import operations
from tagging.models import Entity, PageAnalysis, PageEntity, Suggestion
from tests.factories import article_index, make_article, make_editor, make_site, make_topic, make_user
from tests.tagging.editor_form import edit_form_fields

pytestmark = pytest.mark.django_db

State = PageAnalysis.State


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def page(site):
    return make_article(site, "The bridge")


@pytest.fixture
def editor(client):
    user = make_editor("ines")
    client.force_login(user)
    return user


def suggest(page, name="Housing", state=Suggestion.State.SUGGESTED, score=0.62, **fields):
    fields = {"source": "vector", "evidence": "Rents doubled in Lisbon.", **fields}
    return Suggestion.objects.create(page=page, topic=make_topic(name), state=state, score=score, **fields)


def set_state(page, state, **fields):
    PageAnalysis.objects.update_or_create(page=page, defaults={"state": state, **fields})


def panel_url(page):
    return reverse("affinity_analysis:panel", args=[page.pk])


def decide(client, suggestion, decision):
    args = [suggestion.page_id, suggestion.topic_id, decision]
    return client.post(reverse("affinity_analysis:decide", args=args))


def panel_html(client, page):
    return client.get(panel_url(page)).json()["html"]


def editor_html(client, page):
    return client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()


def draft_tags(page):
    return sorted(tag.name for tag in page.get_latest_revision_as_object().tags.all())


@pytest.mark.parametrize(
    ("state", "fields", "seen", "busy"),
    [
        (State.STALE, {}, "Waiting to be analysed", True),
        (State.RUNNING, {}, "Being analysed", True),
        (State.DONE, {"embedder": "mini@torch@fp32"}, "Model: mini@torch@fp32", False),
        (State.SKIPPED, {"reason": "The page has no text."}, "The page has no text.", False),
        (State.FAILED, {"reason": "ModelUnavailable: install it"}, "ModelUnavailable: install it", False),
    ],
)
def test_every_state_is_told(client, editor, page, state, fields, seen, busy):
    set_state(page, state, analyzed_at=timezone.now(), **fields)
    answer = client.get(panel_url(page)).json()
    assert seen in answer["html"]
    assert answer["busy"] is busy
    assert ("Analyse again" in answer["html"]) is not busy
    assert seen in editor_html(client, page)


def test_a_page_that_was_never_saved_explains_itself_and_can_be_asked_about(client, editor, site):
    parent = article_index(site)
    url = reverse("wagtailadmin_pages:add", args=["cms_site", "articlepage", parent.pk])
    html = client.get(url).content.decode()
    assert 'data-side-panel-toggle="content-analysis"' in html
    assert "Nothing to show yet" in html
    assert reverse("affinity_new_draft", args=["cms_site", "articlepage", parent.pk]) in html
    assert "data-affinity-panel-url-value" not in html


def test_types_that_are_not_analysed_and_drafts_say_so(client, editor, site):
    draft = make_article(site, publish=False)
    assert "as soon as it is published" in panel_html(client, draft)
    html = panel_html(client, article_index(site))
    assert "Pages of this type are not analysed" in html
    assert "<button" not in html


def test_topics_come_with_score_reason_and_buttons(client, editor, page):
    suggest(page, "Housing", score=0.617)
    suggest(page, "Cities", Suggestion.State.APPLIED, 0.91)
    suggest(page, "Fishing", Suggestion.State.REJECTED, 0.5, decided_by=editor)
    html = panel_html(client, page)
    assert "62%" in html
    assert "Rents doubled in Lisbon." in html
    assert "What the page is about" in html
    assert "Applied automatically" in html
    assert "Rejected by ines" in html
    assert "Allow “Fishing” again" in html
    for decision in ("Accept “Housing”", "Reject “Housing”", "Accept “Cities”", "Reject “Cities”"):
        assert f'aria-label="{decision}' in html


def test_the_toggle_counts_open_suggestions(client, editor, page):
    suggest(page, "Housing")
    suggest(page, "Cities")
    suggest(page, "Fishing", Suggestion.State.APPLIED)
    html = editor_html(client, page)
    toggle = html[html.index('data-side-panel-toggle="content-analysis"') :]
    assert re.search(r"data-side-panel-toggle-counter[^>]*>\s*2\s*</div>", toggle[:3000])
    assert client.get(panel_url(page)).json()["count"] == 2


def test_entities_stand_by_kind_with_their_sentences(client, editor, page):
    for name, label in (("Lisbon", "LOC"), ("Ada Lovelace", "PER")):
        entity = Entity.objects.create(key=name.lower(), name=name, label=label)
        PageEntity.objects.create(page=page, entity=entity, count=3, salience=0.5, evidence=[f"So said {name}."])
    html = panel_html(client, page)
    assert html.index("Person") < html.index("Ada Lovelace") < html.index("Place") < html.index("Lisbon")
    assert "3 mentions" in html
    assert "So said Ada Lovelace." in html


def test_a_doubtful_entity_says_so(client, editor, page):
    for name, confidence in (("Lisbon", 0.95), ("Slack", 0.7)):
        entity = Entity.objects.create(key=name.lower(), name=name, label="LOC")
        PageEntity.objects.create(page=page, entity=entity, count=1, salience=0.5, confidence=confidence)
    html = panel_html(client, page)
    assert html.count("Not sure") == 1
    assert html.index("Slack") < html.index("Not sure")


def test_what_pages_and_topics_say_is_escaped(client, editor, page):
    suggest(page, "<b>Bold</b>", evidence="<script>alert(1)</script>")
    html = panel_html(client, page)
    assert "<script>" not in html
    assert "<b>Bold" not in html


def test_accepting_tags_the_page_and_tells_the_open_form(client, editor, page):
    suggestion = suggest(page, "Housing")
    before = page.latest_revision
    answer = decide(client, suggestion, "accept").json()
    page.refresh_from_db()

    assert draft_tags(page) == ["Housing"]
    assert answer["tag"] == {"field": "tags", "name": "Housing", "on": True}
    assert answer["revision"] == {
        "id": page.latest_revision_id,
        "created_at": page.latest_revision.created_at.isoformat(),
        "replaces": {"id": before.pk, "created_at": before.created_at.isoformat()},
    }
    assert answer["message"] == "Accepted “Housing”. 0 suggestions are open."
    assert "Undo the acceptance of “Housing”" in answer["html"]
    assert answer["count"] == 0


def test_saving_the_form_after_an_accept_keeps_the_tag(client, editor, page):
    """The form was open before the decision; its fields are changed as the panel's script changes them."""
    fields = edit_form_fields(client, page)
    answer = decide(client, suggest(page, "Housing"), "accept").json()
    fields |= {
        "tags": answer["tag"]["name"],
        "loaded_revision_id": answer["revision"]["id"],
        "loaded_revision_created_at": answer["revision"]["created_at"],
        "title": "The bridge, again",
    }
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    saved = client.post(url, fields, headers={"accept": "application/json"})
    assert saved.json()["success"], saved.content
    page.refresh_from_db()
    assert page.draft_title == "The bridge, again"
    assert draft_tags(page) == ["Housing"]


def test_a_form_that_does_not_follow_is_told_of_the_conflict(client, editor, page):
    fields = edit_form_fields(client, page)
    decide(client, suggest(page, "Housing"), "accept")
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    saved = client.post(url, fields, headers={"accept": "application/json"})
    assert saved.json()["error_code"] == "invalid_revision"
    assert draft_tags(page) == ["Housing"]


def test_saving_a_form_that_was_open_before_keeps_what_another_editor_accepted(client, editor, page):
    fields = edit_form_fields(client, page)
    operations.accept(page.pk, suggest(page, "Housing").topic_id, make_editor("omar"))
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    client.post(url, fields | {"title": "Overwritten", "action-publish": "1"})
    page.refresh_from_db()
    assert page.title == "Overwritten"
    assert draft_tags(page) == ["Housing"]
    assert [tag.name for tag in type(page).objects.get(pk=page.pk).tags.all()] == ["Housing"]


def test_a_tag_that_the_form_knew_is_removed_for_good(client, editor, page):
    decide(client, suggest(page, "Housing"), "accept")
    fields = edit_form_fields(client, page)
    client.post(reverse("wagtailadmin_pages:edit", args=[page.pk]), fields | {"tags": ""})
    page.refresh_from_db()
    assert draft_tags(page) == []


def test_rejecting_writes_no_tag_and_leaves_the_form_alone(client, editor, page):
    suggestion = suggest(page, "Housing")
    answer = decide(client, suggestion, "reject").json()
    suggestion.refresh_from_db()
    assert suggestion.state == Suggestion.State.REJECTED
    assert suggestion.decided_by == editor
    assert answer["tag"] is None
    assert answer["revision"] is None
    assert draft_tags(page) == []


def test_undoing_an_accept_takes_the_tag_off_form_and_page(client, editor, page):
    suggestion = suggest(page, "Housing")
    decide(client, suggestion, "accept")
    answer = decide(client, suggestion, "undo").json()
    assert answer["tag"] == {"field": "tags", "name": "Housing", "on": False}
    assert draft_tags(page) == []
    assert answer["count"] == 1


def test_allowing_again_opens_the_suggestion(client, editor, page):
    suggestion = suggest(page, "Housing")
    decide(client, suggestion, "reject")
    answer = decide(client, suggestion, "undo").json()
    assert answer["count"] == 1
    assert answer["tag"] is None


def test_decisions_can_be_read_in_the_history(client, editor, page):
    decide(client, suggest(page, "Housing"), "reject")
    entry = PageLogEntry.objects.get(action="tagging.reject")
    assert entry.user == editor
    history = client.get(reverse("wagtailadmin_pages:history", args=[page.pk])).content.decode()
    assert "Rejected the topic “Housing”" in history


def test_analyse_again_queues_the_page(client, editor, page):
    set_state(page, State.FAILED, reason="No memory.")
    answer = client.post(reverse("affinity_analysis:analyze", args=[page.pk])).json()
    assert answer["busy"]
    assert "Waiting to be analysed" in answer["html"]
    assert PageAnalysis.objects.get(page=page).state == State.STALE


def test_a_draft_cannot_be_queued(client, editor, site):
    draft = make_article(site, publish=False)
    answer = client.post(reverse("affinity_analysis:analyze", args=[draft.pk]))
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert "Publish the page first" in answer.json()["detail"]


def test_ids_that_do_not_exist_are_problems(client, editor, page):
    suggestion = suggest(page)
    for args in ([page.pk + 999, suggestion.topic_id, "accept"], [page.pk, suggestion.topic_id + 999, "accept"]):
        answer = client.post(reverse("affinity_analysis:decide", args=args))
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == 404
    known = reverse("affinity_analysis:decide", args=[page.pk, suggestion.topic_id, "accept"])
    assert client.post(known.replace("accept", "adore")).status_code == 404


def test_methods_are_held_to(client, editor, page):
    suggestion = suggest(page)
    assert client.post(panel_url(page)).status_code == 405
    args = [page.pk, suggestion.topic_id, "accept"]
    assert client.get(reverse("affinity_analysis:decide", args=args)).status_code == 405
    assert client.get(reverse("affinity_analysis:analyze", args=[page.pk])).status_code == 405


def test_a_decision_needs_the_csrf_token(page):
    suggestion = suggest(page)
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_editor())
    assert decide(client, suggestion, "accept").status_code == 403
    suggestion.refresh_from_db()
    assert suggestion.state == Suggestion.State.SUGGESTED


def test_only_who_may_edit_the_page_decides(client, site, page):
    elsewhere = article_index(site).add_child(instance=type(page)(title="Mine", slug="mine", date=page.date))
    group = Group.objects.create(name="Writers of one page")
    GroupPagePermission.objects.create(group=group, page=elsewhere, permission_type="change")
    client.force_login(make_user(group))
    suggestion = suggest(page)
    for answer in (client.get(panel_url(page)), decide(client, suggestion, "accept")):
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"
    assert client.get(panel_url(elsewhere)).status_code == 200
    suggestion.refresh_from_db()
    assert suggestion.state == Suggestion.State.SUGGESTED


def test_visitors_without_a_login_get_nothing(client, page):
    suggestion = suggest(page)
    assert client.get(panel_url(page)).status_code == 302
    assert decide(client, suggestion, "accept").status_code == 302
    suggestion.refresh_from_db()
    assert suggestion.state == Suggestion.State.SUGGESTED


def test_a_locked_page_is_read_only(client, editor, page):
    suggestion = suggest(page)
    page.locked, page.locked_by, page.locked_at = True, make_editor("omar"), timezone.now()
    page.save()
    assert "Accept “Housing”" not in panel_html(client, page)
    answer = decide(client, suggestion, "accept")
    assert answer.status_code == 409
    assert "unlocked" in answer.json()["detail"]


def test_the_panel_costs_the_same_for_few_and_many_topics(client, editor, page):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(panel_url(page))
        return len(captured)

    for number in range(2):
        suggest(page, f"Topic {number}", Suggestion.State.ACCEPTED, decided_by=editor)
    queries()  # content types are known to the process from now on
    few = queries()
    for number in range(2, 14):
        suggest(page, f"Topic {number}", list(Suggestion.State)[number % 4], decided_by=editor)
        entity = Entity.objects.create(key=f"e{number}", name=f"E{number}", label="PER")
        PageEntity.objects.create(page=page, entity=entity, count=1, salience=0.1)
    assert queries() == few


def test_an_autosave_does_not_render_the_panel_again(client, editor, page):
    fields = edit_form_fields(client, page)
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    saved = client.post(url, fields, headers={"accept": "application/json"}).json()
    assert saved["success"]
    assert "affinity-panel" not in saved["html"]


def test_a_new_page_gets_its_panel_once_autosave_has_made_it(client, editor, page):
    url = reverse("wagtailadmin_pages:edit", args=[page.pk]) + "?_w_hydrate_create_view=1"
    html = client.get(url).content.decode()
    assert "data-w-teleport-target-value=\"[data-side-panel='content-analysis']\"" in html
    assert 'data-controller="affinity-panel"' in html


def test_a_copy_keeps_what_editors_decided(client, editor, page):
    rejected = suggest(page, state=Suggestion.State.REJECTED)
    form = {"new_title": "Copy", "new_slug": "copy", "new_parent_page": page.get_parent().pk}
    client.post(reverse("wagtailadmin_pages:copy", args=[page.pk]), form)
    copy = page.get_siblings(inclusive=False).get(slug="copy")
    assert Suggestion.objects.get(page=copy, topic=rejected.topic).state == Suggestion.State.REJECTED


def test_the_name_that_stands_for_a_topic_is_told(client, editor, page):
    suggestion = suggest(page, "Space")
    for name, topic in (("NASA", suggestion.topic), ("space", None), ("Lisbon", None)):
        entity = Entity.objects.create(key=name.lower(), name=name, label="ORG", topic=topic)
        PageEntity.objects.create(page=page, entity=entity, count=1, salience=0.5)
    assert "Named here: NASA, space" in panel_html(client, page)


def test_reject_says_that_it_is_for_ever(client, editor, page):
    suggestion = suggest(page, "Housing")
    assert "Reject “Housing”: not this topic here, ever" in panel_html(client, page)
    message = decide(client, suggestion, "reject").json()["message"]
    assert message.startswith("Rejected “Housing”: it will never be suggested for this page again.")
