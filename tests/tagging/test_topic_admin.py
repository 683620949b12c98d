"""The topic tree in the admin: listed, created, changed, moved, deleted, by those who may."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from cms_site.models import TopicPage
from tagging.models import Suggestion, Topic
from tagging.views.topic_form import same_words
from tests.factories import make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def fields(name, parent=None, slug="", **more):
    return {
        "name": name,
        "parent": parent.pk if parent else "",
        "slug": slug,
        "description": "",
        "synonyms": "",
        **more,
    }


def create(client, *args, **more):
    return client.post(reverse("affinity_topics:add"), fields(*args, **more))


def edit(client, topic, **changes):
    topic.refresh_from_db()
    current = fields(topic.name, topic.get_parent(), topic.slug, synonyms="\n".join(topic.synonyms))
    return client.post(reverse("affinity_topics:edit", args=[topic.pk]), {**current, **changes})


def listing(client, **query):
    return client.get(reverse("affinity_topics:index"), query).content.decode()


def tree():
    return [(topic.depth, topic.name) for topic in Topic.objects.order_by("path")]


def errors(answer, field):
    return " ".join(answer.context["form"].errors.get(field, []))


def test_the_empty_tree_explains_what_topics_are_for(client):
    html = listing(client)
    assert "There are no topics yet" in html
    assert reverse("affinity_topics:add") in html


def test_topics_are_created_in_alphabetical_order_under_their_parent(client):
    create(client, "Culture")
    culture = Topic.objects.get()
    create(client, "Music", culture)
    create(client, "Film", culture)
    create(client, "Architecture")
    assert tree() == [(1, "Architecture"), (1, "Culture"), (2, "Film"), (2, "Music")]


def test_slug_and_synonyms_are_tidied(client):
    make_topic("Taken", slug="open-data")
    create(client, "  Open   data ", synonyms="open government\n\nfree data, Open Government\nOGD")
    topic = Topic.objects.get(name="Open data")
    assert topic.slug == "open-data-2"
    assert topic.synonyms == ["open government", "free data", "OGD"]


def test_the_list_is_a_tree_with_page_counts(client):
    site = make_site()
    culture = make_topic("Culture")
    film = make_topic("Film", culture)
    states = Suggestion.State
    for state in (states.APPLIED, states.ACCEPTED, states.SUGGESTED, states.REJECTED):
        Suggestion.objects.create(page=make_article(site), topic=film, state=state, score=0.8, source="vector")
    rows = client.get(reverse("affinity_topics:index")).context["object_list"]
    assert [(row.name, row.tagged_count, row.suggested_count) for row in rows] == [("Culture", 0, 0), ("Film", 2, 1)]
    assert listing(client).count("affinity-tree__step") == 1


def test_search_finds_names_and_synonyms_and_says_where_they_stand(client):
    film = make_topic("Film", make_topic("Culture"), synonyms=["cinéma", "movies"])
    make_topic("Sport")
    html = listing(client, q="movie")
    assert reverse("affinity_topics:edit", args=[film.pk]) in html
    assert "Sport" not in html
    assert '<span class="affinity-tree__trail w-help-text">Culture</span>' in html
    assert "affinity-tree__step" not in html


def test_the_list_costs_the_same_for_few_and_many_topics(client):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            listing(client, q="topic")
        return len(captured)

    root = make_topic("Topic")
    make_topic("Topic below", root)
    queries()
    few = queries()
    for number in range(20):
        make_topic(f"Topic {number}", root)
    assert queries() == few


@pytest.mark.parametrize("twin", ["museums", "MUSEUM", "Museums", "museum."])
def test_siblings_may_not_differ_by_case_or_plural_only(client, twin):
    make_topic("Museum")
    answer = create(client, twin)
    assert "“Museum” stands here already" in errors(answer, "name")
    assert Topic.objects.count() == 1


def test_the_same_name_may_stand_under_another_parent_and_a_topic_is_no_twin_of_itself(client):
    museum = make_topic("Museum")
    create(client, "Museum", make_topic("Tourism"))
    assert Topic.objects.filter(name="Museum").count() == 2
    assert edit(client, museum, name="Museums").status_code == 302


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("City", "cities", True), ("Réseau", "réseaux", True), ("News", "New", False), ("Film", "Film music", False)],
)
def test_which_names_are_the_same_words(one, other, same):
    assert same_words(one, other) is same
    assert same_words(other, one) is same


def test_slugs_are_unique_and_names_are_words(client):
    make_topic("Museum", slug="museum")
    assert "already exists" in errors(create(client, "Gallery", slug="museum"), "slug")
    assert "at least one word" in errors(create(client, "!!!"), "name")
    assert errors(create(client, "x" * 121), "name")
    assert "longer than 120" in errors(create(client, "Film", synonyms="y" * 121), "synonyms")
    assert Topic.objects.count() == 1


def test_renaming_keeps_siblings_in_order(client):
    first, _second, third = make_topic("Art"), make_topic("Books"), make_topic("Cinema")
    edit(client, first, name="Design")
    assert tree() == [(1, "Books"), (1, "Cinema"), (1, "Design")]
    edit(client, third, name="A film")
    assert tree() == [(1, "A film"), (1, "Books"), (1, "Design")]
    assert Topic.find_problems() == ([], [], [], [], [])


def test_a_topic_moves_with_everything_below_it(client):
    culture, science = make_topic("Culture"), make_topic("Science")
    film = make_topic("Film", culture)
    make_topic("Film history", film)
    make_topic("Space", science)
    edit(client, film, parent=science.pk)
    assert tree() == [(1, "Culture"), (1, "Science"), (2, "Film"), (3, "Film history"), (2, "Space")]
    edit(client, film, parent="")
    assert tree() == [(1, "Culture"), (1, "Film"), (2, "Film history"), (1, "Science"), (2, "Space")]
    assert Topic.find_problems() == ([], [], [], [], [])


def test_a_topic_cannot_be_placed_below_itself(client):
    culture = make_topic("Culture")
    film = make_topic("Film", culture)
    for parent in (culture, film):
        answer = edit(client, culture, parent=parent.pk)
        assert "cannot be placed below itself" in errors(answer, "parent")
    assert tree() == [(1, "Culture"), (2, "Film")]


def test_a_move_may_not_make_twins(client):
    museum = make_topic("Museum")
    museums = make_topic("Museums", make_topic("Tourism"))
    assert "stands here already" in errors(edit(client, museums, parent=""), "name")
    museum.refresh_from_db()
    assert museum.depth == 1


def test_the_place_is_proposed_by_add_a_topic_below(client):
    culture = make_topic("Culture")
    add_url = reverse("affinity_topics:add")
    assert f"{add_url}?parent={culture.pk}" in listing(client)
    html = client.get(add_url, {"parent": culture.pk}).content.decode()
    assert f'<option value="{culture.pk}" selected>' in html
    assert client.get(add_url, {"parent": "x"}).status_code == 200


def test_the_editor_lists_the_pages_of_a_topic(client):
    site, film = make_site(), make_topic("Film")
    for title, state, score in (("Maybe", "suggested", 0.6), ("Sure", "applied", 0.8), ("No", "rejected", 0.9)):
        page = make_article(site, title)
        Suggestion.objects.create(page=page, topic=film, state=state, score=score, source="entity")
    html = client.get(reverse("affinity_topics:edit", args=[film.pk])).content.decode()
    assert html.index(">Sure</a>") < html.index(">Maybe</a>")
    assert ">No</a>" not in html
    assert "80%" in html
    assert "Pages on this topic" not in client.get(reverse("affinity_topics:add")).content.decode()


def test_deleting_says_what_it_does_and_does_it(client):
    site, culture = make_site(), make_topic("Culture")
    film = make_topic("Film", culture)
    for state in ("applied", "rejected"):
        Suggestion.objects.create(page=make_article(site), topic=film, state=state, score=0.8, source="vector")
    url = reverse("affinity_topics:delete", args=[culture.pk])
    html = " ".join(client.get(url).content.decode().split())
    assert "1 topic below it is deleted too: Film" in html
    assert "1 page loses it" in html
    assert "1 rejection by editors is forgotten" in html
    assert client.post(url).status_code == 302
    assert not Topic.objects.exists()


def test_a_topic_whose_subtopic_a_page_shows_is_not_deleted(client):
    site, culture = make_site(), make_topic("Culture")
    film = make_topic("Film", culture)
    site.root_page.add_child(instance=TopicPage(title="All about film", slug="film", topic=film))
    for topic in (culture, film):
        answer = client.post(reverse("affinity_topics:delete", args=[topic.pk]), follow=True)
        assert answer.status_code in (200, 403)
    assert tree() == [(1, "Culture"), (2, "Film")]
    answer = client.post(reverse("affinity_topics:delete", args=[culture.pk]), follow=True)
    assert "is used by “All about film”" in answer.content.decode()


def test_changes_are_logged(client, editor):
    create(client, "Culture")
    culture = Topic.objects.get()
    edit(client, culture, name="Arts")
    actions = ModelLogEntry.objects.for_instance(culture).order_by("timestamp").values_list("action", "user")
    assert list(actions) == [("wagtail.create", editor.pk), ("wagtail.edit", editor.pk)]
    assert "Edited" in client.get(reverse("affinity_topics:history", args=[culture.pk])).content.decode()


def test_permissions_are_those_of_the_model(client):
    topic = make_topic("Culture")
    viewers = Group.objects.create(name="Changers")
    viewers.permissions.add(Permission.objects.get(codename="change_topic"))
    client.force_login(make_user(viewers))
    assert edit(client, topic, description="Art.").status_code == 302
    for name, args in (("add", []), ("delete", [topic.pk])):
        assert client.post(reverse(f"affinity_topics:{name}", args=args), {}).status_code == 302
    assert tree() == [(1, "Culture")]
    assert reverse("affinity_topics:add") not in listing(client)
    client.force_login(make_user())
    assert client.get(reverse("affinity_topics:index")).status_code == 302
