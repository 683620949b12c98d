"""The demo: its content is what it should be, and loading it twice changes nothing."""

import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import PIL.Image
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import override_settings
from django.utils import translation
from wagtail.images.models import Image
from wagtail.models import Page, Site

from cms_site.demo import content, pictures
from cms_site.demo.topic_names import TOPIC_NAMES
from cms_site.models import ArticlePage, TopicPage
from personalization.models import LearnedSegmentation, Placement, PlacementRule, Segment
from personalization.segmentation import compile_rules
from tagging.models import Topic
from tests.shared_rows import shared_rows


@pytest.fixture(scope="module")
def demo():
    return content.read()


def test_there_is_enough_to_read(demo):
    assert Counter(article.status for article in demo.articles) == {
        "live": 132,
        "private": 2,
        "scheduled": 2,
        "expired": 2,
        "draft": 2,
    }
    assert sum(article.locale == "fr" for article in demo.articles) == 12
    ages = [article.days_ago for article in demo.articles if article.status == "live"]
    assert min(ages) < 10
    assert max(ages) > 500


def test_articles_are_of_a_length_and_have_two_tags(demo):
    for article in demo.articles:
        assert 120 <= len(re.findall(r"\S+", article.record.body)) <= 400, article.record.slug
        assert len(article.record.tags) == 2, article.record.slug
        assert article.record.author
        assert article.record.summary


def test_every_topic_has_articles_a_picture_and_a_section(demo):
    assert len(demo.topics) == 10
    covered = {article.topic for article in demo.articles}
    for main in demo.topics:
        assert {sub["slug"] for sub in main["children"]} <= covered
        assert main["slug"] in pictures.ALT_TEXTS
    assert {section["topic"] for section in demo.sections} == {main["slug"] for main in demo.topics}


def test_every_topic_name_can_be_translated(demo):
    names = [topic["name"] for main in demo.topics for topic in (main, *main["children"])]
    with translation.override("en"):
        assert sorted(names) == sorted(map(str, TOPIC_NAMES))
    with translation.override("fr"):
        assert translation.pgettext("topic", "Railways") == "Chemins de fer"


def test_pictures_are_drawn_the_same_each_time():
    assert pictures.draw("space", "a").tobytes() == pictures.draw("space", "a").tobytes()
    assert pictures.draw("space", "a").tobytes() != pictures.draw("space", "b").tobytes()


@pytest.fixture(scope="module")
def few(demo, tmp_path_factory):
    """The demo with one article of each status and two in French, of two topics; pictures are small."""
    statuses = {article.status: article for article in demo.articles if article.locale == "en"}
    french = [article for article in demo.articles if article.locale == "fr"][:2]
    some = replace(demo, articles=[*statuses.values(), *french])
    with pytest.MonkeyPatch.context() as patch, override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        patch.setattr(content, "read", lambda: some)
        plain = SimpleNamespace(ALT_TEXTS=pictures.ALT_TEXTS, draw=lambda motif, seed: PIL.Image.new("RGB", (90, 60)))
        patch.setattr("cms_site.demo.articles.pictures", plain)
        yield some


@pytest.fixture(scope="module")
def loaded_demo(few, django_db_setup, django_db_blocker):
    """All of it in the database."""
    with shared_rows(django_db_blocker), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFFINITY_ADMIN_PASSWORD", "chosen-by-the-operator")
        call_command("load_demo")
        yield few


def everything():
    """All that the demo loads, as far as a reader or an editor would notice a change."""
    return {
        "pages": list(Page.objects.order_by("pk").values_list("pk", "title", "live", "latest_revision", "path")),
        "topics": list(Topic.objects.order_by("pk").values_list("pk", "name", "path")),
        "images": list(Image.objects.order_by("pk").values_list("pk", "file")),
        "segments": list(Segment.objects.order_by("pk").values_list("pk", "rules")),
        "placements": list(Placement.objects.order_by("pk").values_list("pk", "title")),
        "rules": list(PlacementRule.objects.values_list("pk", "page")),
        "users": list(get_user_model().objects.order_by("pk").values_list("pk", "password")),
        "sites": list(Site.objects.values_list("pk", "hostname", "port", "root_page")),
    }


@pytest.mark.django_db
def test_an_interrupted_load_is_finished_by_the_next(few, monkeypatch, capsys):
    """Before the tests that find the demo loaded."""
    assert not Topic.objects.exists()
    with monkeypatch.context() as patch:
        patch.setattr("cms_site.demo.accounts.add_user", lambda *args, **options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            call_command("load_demo")
    before = Page.objects.count()
    call_command("load_demo")
    assert "admin / affinity-demo" in capsys.readouterr().out
    assert Page.objects.count() == before
    assert get_user_model().objects.filter(username="admin").exists()


@pytest.mark.django_db
def test_a_second_run_changes_nothing(loaded_demo, capsys):
    before = everything()
    assert len(before["topics"]) == 40
    call_command("load_demo")
    assert everything() == before
    assert "loaded already" in capsys.readouterr().out


@pytest.mark.django_db
def test_what_editors_did_is_kept(loaded_demo):
    renamed = TopicPage.objects.filter(locale__language_code="en").first()
    renamed.title, renamed.slug = "An editor's words", "elsewhere"
    renamed.save_revision().publish()
    gone = ArticlePage.objects.live().filter(locale__language_code="en").first()
    gone.delete()
    Topic.objects.get(slug="baking").delete()
    Segment.objects.get(name="Newcomers").delete()
    Placement.objects.filter(name="home").update(title="Ours")
    before = everything()
    call_command("load_demo")
    assert everything() == before


@pytest.mark.django_db
def test_each_page_is_in_the_state_its_file_says(loaded_demo, client):
    by_status = {
        article.status: ArticlePage.objects.get(slug=article.record.slug) for article in loaded_demo.articles[:5]
    }
    assert client.get(by_status["live"].url).status_code == 200
    assert by_status["private"].get_view_restrictions().exists()
    assert not by_status["scheduled"].live
    assert by_status["scheduled"].scheduled_revision is not None
    assert by_status["expired"].expired
    assert not by_status["expired"].live
    assert by_status["draft"].status_string == "draft"
    assert client.get("/fr/").status_code == 200
    assert ArticlePage.objects.live().filter(locale__language_code="fr").count() == 2


@pytest.mark.django_db
def test_segments_compile_and_logins_work(loaded_demo, client):
    for segment in Segment.objects.all():
        compile_rules(segment.rules)
    for name in ("admin", "editor"):
        assert client.login(username=name, password="chosen-by-the-operator")
        assert client.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_readers_are_asked_what_they_want_and_crowds_of_them_can_be_learned(loaded_demo, client):
    live = next(article for article in loaded_demo.articles if article.status == "live" and article.locale == "en")
    html = client.get(ArticlePage.objects.get(slug=live.record.slug).url).content.decode()
    assert "data-affinity-onboarding" in html
    assert html.count('name="topics"') == 10
    assert LearnedSegmentation.objects.get().is_enabled


@pytest.mark.django_db
def test_the_site_is_addressed_where_it_is_served(loaded_demo):
    call_command("load_demo", url="http://127.0.0.1:8044")
    call_command("load_demo", url="http://127.0.0.1:8045")
    page = ArticlePage.objects.live().filter(locale__language_code="en").first()
    assert page.full_url.startswith("http://127.0.0.1:8045/articles/")
