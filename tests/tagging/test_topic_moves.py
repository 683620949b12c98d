"""Merging and splitting in the admin: previewed, permitted, in steps that can be broken off, told in the history."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import GroupPagePermission, ModelLogEntry

from cms_site.models import ArticlePage, TopicPage
from tagging import operations
from tagging.models import Suggestion, Topic
from tests.factories import article_index, make_article, make_editor, make_site, make_topic, make_user, make_vector

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture(autouse=True)
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


@pytest.fixture
def movies():
    return make_topic("Movies")


@pytest.fixture
def film():
    return make_topic("Film")


def url(name, topic):
    return reverse(f"affinity_topics:{name}", args=[topic.pk])


def text(response):
    return " ".join(response.content.decode().split())


def merge(client, source, target, **more):
    return client.post(url("merge", source), {"into": target.pk, "keep_words": "on", **more})


def step(client):
    return client.post(reverse("affinity_topics:moving_step"))


def to_the_end(client):
    for _ in range(20):
        answer = step(client).json()
        if answer["url"]:
            return answer
    raise AssertionError("It never ended.")


def group_of(*codenames, pages=None):
    group = Group.objects.create(name=" ".join(codenames))
    group.permissions.set(Permission.objects.filter(codename__in=codenames))
    if pages:
        change = Permission.objects.get(content_type__app_label="wagtailcore", codename="change_page")
        GroupPagePermission.objects.create(group=group, page=pages, permission=change)
    return group


def test_the_merge_is_shown_before_it_is_done(client, site, editor, movies, film):
    for _ in range(2):
        operations.add(make_article(site).pk, movies.pk, editor)
    Suggestion.objects.create(page=make_article(site), topic=movies, state="applied", score=0.8, source="vector")
    make_topic("Noir", movies)
    html = text(client.get(url("merge", movies), {"into": film.pk}))
    assert "3 pages change their topic; 2 decisions of editors carry over." in html
    assert "2 pages were given the topic by editors" in html
    assert "1 topic moves below “Film”: Noir" in html
    assert "This cannot be undone" in html
    assert Suggestion.objects.filter(topic=movies).count() == 3


def test_a_merge_runs_in_steps_and_ends_at_the_topic_that_stays(client, site, editor, movies, film, monkeypatch):
    monkeypatch.setattr("tagging.views.topic_moves.STEP_SECONDS", -1)
    pages = [make_article(site) for _ in range(3)]
    for page in pages:
        operations.add(page.pk, movies.pk, editor)
    response = merge(client, movies, film)
    assert response.url == reverse("affinity_topics:moving")
    assert "0 of 3 pages" in text(client.get(response.url))
    first = step(client).json()
    assert (first["left"], first["done"], first["message"], first["url"]) == (2, 1, "1 of 3 pages", None)
    assert "0 of 3 pages" in text(client.get(response.url))  # reloaded: it can go on
    last = to_the_end(client)
    assert last["url"] == url("inspect", film)
    assert "“Movies” is now part of “Film”." in text(client.get(last["url"]))
    film.refresh_from_db()
    assert film.synonyms == ["Movies"]
    assert all(list(ArticlePage.objects.get(pk=page.pk).tags.names()) == ["Film"] for page in pages)
    assert client.get(response.url).url == reverse("affinity_topics:index")
    assert "Merged the topic “Movies” into “Film”" in text(client.get(url("history", film)))


def test_words_stay_behind_where_the_box_is_not_ticked(client, movies, film):
    client.post(url("merge", movies), {"into": film.pk})
    to_the_end(client)
    film.refresh_from_db()
    assert film.synonyms == []


def test_a_step_whose_answer_got_lost_does_no_harm(client, movies, film):
    merge(client, movies, film)
    operations.merge_topics(movies, film, None)
    assert to_the_end(client)["url"] == url("inspect", film)


def test_what_uses_the_topic_is_named_and_nothing_happens(client, site, movies, film):
    site.root_page.add_child(instance=TopicPage(title="All about movies", slug="movies", topic=movies))
    html = text(client.get(url("merge", movies), {"into": film.pk}))
    assert "“Movies” is used by “All about movies”. Choose another topic there first." in html
    assert merge(client, movies, film).status_code == 200
    assert Topic.objects.filter(pk=movies.pk).exists()


def test_locked_pages_are_named_with_the_reason(client, site, editor, movies, film):
    page = make_article(site, "The bridge")
    operations.add(page.pk, movies.pk, editor)
    ArticlePage.objects.filter(pk=page.pk).update(locked=True, locked_by=make_editor())
    merge(client, movies, film)
    answer = step(client).json()
    assert (answer["left"], answer["url"]) == (1, None)
    assert answer["blocked"][0]["title"] == "The bridge"
    assert "locked" in answer["blocked"][0]["reason"]


def test_decisions_on_pages_of_others_are_left_to_others(client, site, editor, movies, film):
    mine, other = make_article(site, "Mine"), make_article(site, "Other")
    for page in (mine, other):
        operations.add(page.pk, movies.pk, editor)
    client.force_login(make_user(group_of("change_topic", "delete_topic", pages=mine)))
    html = text(client.get(url("merge", movies), {"into": film.pk}))
    assert "It was decided on 1 page that you may not edit. Ask somebody who may." in html
    merge(client, movies, film)
    assert Suggestion.objects.filter(topic=movies).count() == 2


def test_merging_needs_change_and_delete_splitting_needs_add_and_change(client, site, movies, film):
    client.force_login(make_user(group_of("change_topic")))
    for name in ("merge", "split"):
        assert client.get(url(name, movies)).status_code == 302
        assert client.post(url(name, movies), {"into": film.pk, "name": "Opera"}).status_code == 302
        assert url(name, movies) not in text(client.get(url("inspect", movies)))
    assert Topic.objects.count() == 2


def test_a_step_asks_for_the_permission_again(client, site, editor, movies, film):
    merge(client, movies, film)
    editor.is_superuser = False
    editor.save()
    assert step(client).status_code in (302, 403)
    assert Topic.objects.filter(pk=movies.pk).exists()


def test_a_topic_is_not_merged_into_itself(client, movies, film):
    merge(client, movies, movies)
    assert client.get(reverse("affinity_topics:moving")).url == reverse("affinity_topics:index")


# Split


def films(site, editor, film):
    pages = []
    for number in range(7):
        page = make_article(site, f"Opera premiere {number}" if number < 3 else f"Western review {number}")
        operations.add(page.pk, film.pk, editor)
        make_vector(page, *((0.1, 1, 0) if number < 3 else (1, 0.1, 0)))
        pages.append(page)
    return pages


def split(client, topic, name, pages, **more):
    return client.post(url("split", topic), {"name": name, "pages": [page.pk for page in pages], **more})


def test_the_smaller_half_is_proposed_for_the_new_topic(client, site, editor, film):
    pages = films(site, editor, film)
    html = text(client.get(url("split", film)))
    assert "Told by: opera, premiere" in html
    for number, page in enumerate(pages):
        assert (f'value="{page.pk}" checked' in html) == (number < 3)


def test_ticked_pages_go_to_a_new_topic_and_the_others_stay(client, site, editor, film):
    culture = make_topic("Culture")
    pages = films(site, editor, film)
    response = split(client, film, "Opera", pages[:3], parent=culture.pk, description="Sung.", synonyms="lyric")
    opera = Topic.objects.get(name="Opera")
    assert (opera.get_parent(), opera.synonyms) == (culture, ["lyric"])
    assert "0 of 3 pages" in text(client.get(response.url))
    answer = to_the_end(client)
    assert answer["url"] == url("inspect", opera)
    assert "3 pages went from “Film” to “Opera”." in text(client.get(answer["url"]))
    assert set(opera.suggestions.values_list("page", flat=True)) == {page.pk for page in pages[:3]}
    assert film.suggestions.count() == 4
    assert list(ArticlePage.objects.get(pk=pages[0].pk).tags.names()) == ["Opera"]
    actions = set(ModelLogEntry.objects.for_instance(opera).values_list("action", flat=True))
    assert actions == {"wagtail.create", "tagging.split"}


def test_a_split_needs_a_name_and_a_page(client, site, editor, film):
    pages = films(site, editor, film)
    assert "Tick at least one page" in text(split(client, film, "Opera", []))
    assert "This field is required" in text(split(client, film, "", pages[:1]))
    assert "stands here already" in text(split(client, film, "Films", pages[:1]))
    assert Topic.objects.count() == 1


def test_pages_of_others_are_neither_proposed_nor_moved(client, site, editor, film):
    pages = films(site, editor, film)
    client.force_login(make_user(group_of("add_topic", "change_topic", pages=pages[0])))
    assert "at least four pages that you may edit" in text(client.get(url("split", film)))
    split(client, film, "Opera", pages)
    assert Topic.objects.count() == 1


def test_the_previews_cost_the_same_for_few_and_many_pages(client, site, editor, movies, film):
    films(site, editor, movies)

    def queries():
        counts = []
        for name, query in (("merge", {"into": film.pk}), ("split", {})):
            with CaptureQueriesContext(connection) as captured:
                client.get(url(name, movies), query)
            counts.append(len(captured))
        return counts

    queries()
    few = queries()
    films(site, editor, movies)
    assert article_index(site)
    assert queries() == few
