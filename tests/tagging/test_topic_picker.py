"""Adding a topic by typing: what is found, for whom, and what adding does."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import GroupPagePermission, PageLogEntry

from tagging import operations
from tagging.models import Suggestion
from tests.factories import article_index, make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    culture = make_topic("Culture")
    film = make_topic("Film", culture, synonyms=["movies", "cinéma"])
    return {
        "Culture": culture,
        "Film": film,
        "Documentary film": make_topic("Documentary film", film),
        "Économie": make_topic("Économie"),
        "Microfilm": make_topic("Microfilm"),
    }


@pytest.fixture
def page():
    return make_article(make_site(), "The bridge")


@pytest.fixture
def editor(client):
    user = make_editor("ines")
    client.force_login(user)
    return user


def found(words, limit=10):
    return [topic.name for topic in operations.search_topics(words, limit).topics]


def find(client, words, page=None):
    query = {"q": words, **({"page": page.pk} if page else {})}
    return client.get(reverse("affinity_find_topics"), query)


def writer(page):
    """Somebody who may edit this one page, and nothing else."""
    group = Group.objects.create(name="Writers")
    GroupPagePermission.objects.create(group=group, page=page, permission_type="change")
    return make_user(group)


def test_the_closest_name_comes_first(tree):
    assert found("film") == ["Film", "Documentary film", "Microfilm"]
    assert found("doc") == ["Documentary film"]
    assert found("nothing like it") == []


def test_synonyms_case_and_accents_find_a_topic(tree):
    film = operations.search_topics("MOVIES", 5).topics[0]
    assert (film.name, film.synonym, film.trail) == ("Film", "movies", "Culture")
    assert found("cinema") == ["Film"]
    assert found("economie") == ["Économie"]


def test_what_stands_above_finds_what_is_below(tree):
    topics = operations.search_topics("culture", 5).topics
    assert [(topic.trail, topic.name) for topic in topics] == [
        ("", "Culture"),
        ("Culture", "Film"),
        ("Culture › Film", "Documentary film"),
    ]


def test_without_words_the_tree_is_shown_from_its_top(tree):
    assert found("", 3) == ["Culture", "Film", "Documentary film"]
    assert operations.search_topics("", 3).count == 5


def test_a_search_is_one_query_however_many_topics_there_are(tree):
    with CaptureQueriesContext(connection) as captured:
        operations.search_topics("film", 5)
    assert len(captured) == 1


def test_items_tell_what_the_page_has_to_do_with_them(client, editor, page, tree):
    operations.add(page.pk, tree["Film"].pk, editor)
    operations.reject(page.pk, tree["Microfilm"].pk, editor)
    items = {item["name"]: item for item in find(client, "film", page).json()["items"]}
    assert items["Film"]["note"] == "Already a topic of this page"
    assert items["Microfilm"]["note"] == "Rejected for this page"
    assert items["Documentary film"]["note"] == ""
    assert items["Documentary film"]["trail"] == "Culture › Film"


def test_what_is_chosen_is_added_to_page_form_and_history(client, editor, page, tree):
    (item, *_others) = find(client, "movies", page).json()["items"]
    answer = client.post(item["url"]).json()
    suggestion = Suggestion.objects.get(page=page)
    assert (suggestion.topic, suggestion.state, suggestion.source) == (tree["Film"], "accepted", "editor")
    assert answer["message"].startswith("Added “Film”.")
    assert answer["tag"] == {"field": "tags", "name": "Film", "on": True}
    page.refresh_from_db()
    assert [tag.name for tag in page.get_latest_revision_as_object().tags.all()] == ["Film"]
    assert PageLogEntry.objects.get(action="tagging.accept").user == editor
    assert client.post(answer["undo"]).json()["undo"] is None
    assert not Suggestion.objects.exists()


def test_a_topic_that_is_gone_is_a_problem(client, editor, page, tree):
    (item, *_others) = find(client, "microfilm", page).json()["items"]
    tree["Microfilm"].delete()
    answer = client.post(item["url"])
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_who_may_add_topics_is_offered_to_create_one(client, editor, page, tree):
    answer = find(client, "Film & more", page).json()
    assert answer["message"] == "No topic is called that. You can create it."
    assert answer["create"]["label"] == "Create topic “Film & more”…"
    form = client.get(answer["create"]["url"]).context["form"]
    assert form["name"].value() == "Film & more"
    assert find(client, "film", page).json()["create"] is None


def test_others_are_told_whom_to_ask(client, page, tree):
    user = writer(page)
    client.force_login(user)
    answer = find(client, "Unheard of", page).json()
    assert (answer["items"], answer["create"]) == ([], None)
    assert answer["message"] == "No topic is called that. Ask somebody who may add topics."
    user.user_permissions.add(Permission.objects.get(codename="add_topic"))
    assert find(client, "Unheard of", page).json()["create"]


def test_only_who_may_edit_the_page_or_add_pages_finds_topics(client, page, tree):
    client.force_login(writer(page))
    other = make_article(page.get_site(), "Not theirs")
    assert find(client, "film", page).status_code == 200
    assert find(client, "film", other).status_code == 403
    assert find(client, "film").status_code == 200
    client.force_login(make_user())
    assert find(client, "film").status_code == 403
    client.logout()
    assert find(client, "film").status_code == 302


def test_the_field_stands_in_the_panel_of_who_may_decide(client, editor, page):
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert 'role="combobox"' in client.get(url).content.decode()
    type(page).objects.filter(pk=page.pk).update(locked=True, locked_by=make_editor("omar"))
    assert 'role="combobox"' not in client.get(url).content.decode()


def test_why_names_sentence_and_pages_the_user_may_edit(client, page, tree):
    index = article_index(page.get_site())
    theirs, not_theirs = (index.add_child(instance=type(page)(title=t, slug=t, date=page.date)) for t in ("a1", "b2"))
    user = writer(page)
    GroupPagePermission.objects.create(group=user.groups.get(name="Writers"), page=theirs, permission_type="change")
    client.force_login(user)
    Suggestion.objects.create(
        page=page,
        topic=tree["Film"],
        state="suggested",
        score=0.6,
        source="mixed",
        evidence="A film was shot on the bridge.",
        similar=[theirs.pk, not_theirs.pk],
    )
    html = client.get(reverse("affinity_analysis:panel", args=[page.pk])).json()["html"]
    assert "A film was shot on the bridge." in html
    assert "Like this page you tagged:" in html
    assert reverse("wagtailadmin_pages:edit", args=[theirs.pk]) in html
    assert "and 1 that you may not edit" in " ".join(html.split())
    assert "b2" not in html
