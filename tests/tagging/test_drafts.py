""" "Suggest for this draft": what stands in the form is read, valid or not, by whom it may be, and nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.urls import reverse
from taggit.models import Tag
from wagtail.admin.models import FormState
from wagtail.models import GroupPagePermission, Page, Revision

from tagging import operations, tasks
from tagging.models import Entity, Inquiry, PageEntity, PageVector, Suggestion
from tests.factories import article_index, make_article, make_editor, make_locale, make_site, make_topic, make_user
from tests.tagging.editor_form import edit_form_fields, new_form_fields, stream

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

RIVERS = "The river floods its banks each spring. Ada Lovelace measured the flood of the Danube."


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


@pytest.fixture
def topic(settings):
    """The site's only topic, suggested for everything."""
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10}
    return make_topic("Floods", description="Rivers that leave their banks.", synonyms=["flood"])


def writer(page):
    group = Group.objects.create(name="Writers")
    GroupPagePermission.objects.create(group=group, page=page, permission_type="change")
    return make_user(group)


def ask(client, page, *paragraphs, **fields):
    form = edit_form_fields(client, page) | stream("body", *paragraphs) | fields
    return client.post(reverse("affinity_draft", args=[page.pk]), form)


def ask_new(client, parent, *paragraphs, model="articlepage", **fields):
    url = reverse("affinity_new_draft", args=["cms_site", model, parent.pk])
    return client.post(url, new_form_fields(*paragraphs, **fields))


def work():
    """What a worker does with the message that was sent to it."""
    for inquiry in Inquiry.objects.all():
        tasks.answer(str(inquiry.pk))


def answer_to(client, asked, page=None, **query):
    assert asked.status_code == 202, asked.content
    work()
    return client.get(asked.json()["url"], {"page": page.pk if page else "", **query})


def question() -> dict[str, Any]:
    return Inquiry.objects.get().question


def contents():
    """How many rows every table has, but for sessions and the like."""
    ours = [
        model
        for model in apps.get_models()
        if model._meta.app_label in ("tagging", "wagtailcore", "taggit", "cms_site")
    ]
    return {model: model.objects.count() for model in [*ours, FormState] if model is not Inquiry}


def test_the_text_in_the_form_is_read_and_not_the_saved_one(client, editor, page, topic):
    asked = ask(client, page, RIVERS, title="When it rains", intro="Of water.")
    assert question() == {
        "page_id": page.pk,
        "title": "When it rains",
        "summary": "Of water.",
        "body": [RIVERS],
        "language": "en",
    }
    found = answer_to(client, asked, page).json()
    assert found["done"]
    assert found["message"] == "1 topic fits the draft as it stands."
    assert "Suggestions for the draft as it stands" in found["html"]
    assert "Accept “Floods”" in found["html"]
    assert "Reject “Floods”: not this topic here, ever" in found["html"]
    assert "The river floods its banks each spring." in found["html"]
    assert "Ada Lovelace" in found["html"]


def test_nothing_of_a_draft_is_stored(client, editor, page, topic):
    edit_form_fields(client, page)  # an editing session is none of ours
    operations.analyze_batch()
    before = contents()
    asked = ask(client, page, RIVERS, title="When it rains", tags='"never saved", brand-new')
    assert Inquiry.objects.count() == 1
    answer_to(client, asked, page)
    asked = ask_new(client, page.get_parent(), RIVERS, title="A new one", tags="brand-new")
    answer_to(client, asked)
    assert contents() == before
    assert not Inquiry.objects.exists()
    assert not PageVector.objects.exclude(page=page).exists()
    assert not Tag.objects.exists()
    assert not PageEntity.objects.exists()
    assert not Entity.objects.filter(name="Ada Lovelace").exists()
    assert not Revision.objects.filter(content__icontains="When it rains").exists()
    assert page.get_latest_revision_as_object().title == "The bridge"


def test_a_form_that_does_not_validate_is_read_nevertheless(client, editor, page, topic):
    asked = ask(client, page, RIVERS, title="", slug="not a slug!", date="never", intro="Of water. " * 300)
    assert asked.status_code == 202
    assert question()["title"] == ""
    assert question()["summary"].startswith("Of water. Of water.")
    assert question()["body"] == [RIVERS]


def test_a_stream_with_a_mistake_is_read_nevertheless(client, editor, page, topic):
    fields = stream("body", RIVERS, "")
    fields |= {"body-1-type": "quote", "body-1-value-text": "", "body-1-value-attribution": ""}
    fields.pop("body-1-value")
    asked = ask(client, page, **fields)
    assert asked.status_code == 202, asked.content
    assert question()["body"] == [RIVERS]


def test_a_page_that_was_never_saved_can_be_asked_about(client, editor, site, topic):
    asked = ask_new(client, article_index(site), RIVERS, title="When it rains")
    assert question()["page_id"] == 0
    answer = answer_to(client, asked, tags="tags").json()
    assert "Add “Floods” to the tags in the form" in answer["html"]
    assert "is kept when you save the page" in answer["html"]
    assert "Reject" not in answer["html"]
    assert not Page.objects.filter(title="When it rains").exists()


def test_without_a_tag_field_the_page_has_to_be_saved_first(client, editor, site, topic):
    asked = ask_new(client, article_index(site), RIVERS, title="When it rains")
    html = answer_to(client, asked).json()["html"]
    assert "Save the page as a draft, in order to accept topics." in html
    assert "<button" not in html


def test_a_new_page_speaks_its_parents_language(client, editor, site):
    parent = article_index(site)
    Page.objects.filter(pk=parent.pk).update(locale=make_locale("fr"))
    ask_new(client, parent, RIVERS, title="Quand il pleut")
    assert question()["language"] == "fr"


def test_what_was_decided_is_not_suggested_again(client, editor, page, topic):
    operations.reject(page.pk, topic.pk, editor)
    answer = answer_to(client, ask(client, page, RIVERS), page).json()
    assert answer["message"] == "No further topic fits the draft as it stands."
    assert "Floods (Rejected)" in " ".join(answer["html"].split())
    assert "<button" not in answer["html"]


def test_a_topic_of_the_draft_is_accepted_through_the_page(client, editor, page, topic):
    answer_to(client, ask(client, page, RIVERS), page)
    answer = client.post(reverse("affinity_analysis:decide", args=[page.pk, topic.pk, "add"])).json()
    assert answer["tag"] == {"field": "tags", "name": "Floods", "on": True}
    page.refresh_from_db()
    assert [tag.name for tag in page.get_latest_revision_as_object().tags.all()] == ["Floods"]


def test_a_topic_of_the_draft_that_is_rejected_is_remembered(client, editor, page, topic):
    client.post(reverse("affinity_analysis:decide", args=[page.pk, topic.pk, "reject"]))
    suggestion = Suggestion.objects.get()
    assert (suggestion.topic, suggestion.state, suggestion.decided_by) == (topic, "rejected", editor)
    type(page).objects.get(pk=page.pk).save_revision().publish()
    operations.analyze_batch()
    assert Suggestion.objects.get(topic=topic).state == "rejected"


def test_a_topic_that_is_deleted_meanwhile_is_left_out(client, editor, page, topic):
    asked = ask(client, page, RIVERS)
    work()
    topic.delete()
    answer = client.get(asked.json()["url"], {"page": page.pk}).json()
    assert answer["message"] == "No further topic fits the draft as it stands."


def test_until_a_worker_has_answered_there_is_nothing(client, editor, page, topic):
    url = ask(client, page, RIVERS).json()["url"]
    assert client.get(url).json() == {"done": False}
    work()
    assert client.get(url, {"page": page.pk}).json()["done"]
    gone = client.get(url, {"page": page.pk})
    assert (gone.status_code, gone["Content-Type"]) == (404, "application/problem+json")


def test_who_does_not_want_to_wait_withdraws_the_question_and_only_their_own(client, editor, page, topic):
    url = ask(client, page, RIVERS).json()["url"]
    client.force_login(make_editor("omar"))
    client.delete(url)
    assert Inquiry.objects.exists()
    assert client.get(url).status_code == 404
    client.force_login(editor)
    assert client.delete(url).status_code == 204
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize("fields", [{"intro": ""}, {"intro": "   ", "title": ""}])
def test_without_text_there_is_nothing_to_ask(client, editor, page, fields):
    asked = ask(client, page, **fields)
    assert asked.status_code == 422
    assert "Write something" in asked.json()["detail"]
    assert not Inquiry.objects.exists()


def test_half_a_form_is_a_problem_that_names_the_fix(client, editor, page):
    asked = client.post(reverse("affinity_draft", args=[page.pk]), {"title": "Only this"})
    assert asked.status_code == 400
    assert "Reload the editor" in asked.json()["detail"]


def test_a_broker_that_is_down_is_said_at_once(client, editor, page, monkeypatch):
    monkeypatch.setattr(tasks._broker, "_paused_until", float("inf"))
    asked = ask(client, page, RIVERS)
    assert asked.status_code == 503
    assert "CELERY_BROKER_URL" in asked.json()["detail"]
    assert not Inquiry.objects.exists()


def test_what_fails_in_the_worker_is_told(client, editor, page, topic, embedder):
    embedder._fails_on = "floods"
    answer = answer_to(client, ask(client, page, RIVERS), page)
    assert answer.status_code == 502
    assert "RuntimeError" in answer.json()["detail"]


def test_only_who_may_edit_the_page_asks_about_it(client, page, topic):
    other = make_article(page.get_site(), "Not theirs")
    client.force_login(writer(page))
    asked = ask(client, page, RIVERS)
    assert asked.status_code == 202
    fields = new_form_fields(RIVERS, title="x")
    refused = client.post(reverse("affinity_draft", args=[other.pk]), fields)
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert client.get(asked.json()["url"], {"page": other.pk}).status_code == 403
    assert client.post(reverse("affinity_draft", args=[0]), fields).status_code == 404
    client.logout()
    assert client.post(reverse("affinity_draft", args=[page.pk]), fields).status_code == 302


def test_only_who_may_add_such_a_page_asks_about_one(client, site, page):
    client.force_login(writer(page))
    assert ask_new(client, article_index(site), RIVERS, title="x").status_code == 403
    client.force_login(make_editor())
    assert ask_new(client, page, RIVERS, title="x").status_code == 403  # articles have no subpages
    assert ask_new(client, article_index(site), RIVERS, model="nosuchpage").status_code == 404


def test_a_locked_page_has_no_button_and_takes_no_question(client, editor, page):
    fields = edit_form_fields(client, page)
    url = reverse("affinity_draft", args=[page.pk])
    assert url in client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()
    Page.objects.filter(pk=page.pk).update(locked=True, locked_by=make_editor("omar"))
    assert url not in client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()
    assert client.post(url, fields).status_code == 409


def test_types_that_are_not_analysed_have_no_button(client, editor, site):
    html = client.get(reverse("wagtailadmin_pages:edit", args=[article_index(site).pk])).content.decode()
    assert "Suggest for this draft" not in html
