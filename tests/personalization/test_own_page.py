"""The visitor's own page: what is stored, in plain words, with forms that need no script."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from personalization.models import Event, Placement, Segment, Visitor
from personalization.types import EventRecord
from personalization.visitors import cookie, folding, preferences, segments, store
from tests.factories import make_article, make_site, make_topic, tag_page

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
YOU = "/affinity/you/"


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def visitor(site):
    return store.create_visitor("mobile")


@pytest.fixture
def browser(visitor):
    client = Client(enforce_csrf_checks=True, headers={"User-Agent": FIREFOX})
    client.cookies["affinity_visitor"] = cookie._signer().sign(visitor.hex)
    return client


@pytest.fixture
def climate(site):
    return make_topic("Climate")


def read(visitor, page):
    store.record_events(visitor, [EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())])
    folding.fold_visitor(visitor)


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def press(browser, button, *, page=YOU):
    """Press the first button whose accessible name begins so, as a browser without script does."""
    html = browser.get(page).content.decode()
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.S):
        found = re.search(r"<button([^>]*)>(.*?)</button>", form, re.S)
        label = re.search(r'aria-label="([^"]*)"', found[1])
        if (label[1] if label else found[2]).startswith(button):
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
            fields |= dict(re.findall(r'name="([^"]+)" value="([^"]*)"', found[1]))
            return browser.post(re.search(r'action="([^"]*)"', form)[1], fields, follow=True)
    raise AssertionError(f"There is no button {button!r} in {text(browser.get(page))}")


def test_without_consent_it_says_that_nothing_is_stored(client, site):
    response = client.get(YOU)
    assert "Nothing about you is stored." in text(response)
    assert response["Cache-Control"] == "private, no-store"
    assert "Cookie" in response["Vary"]
    assert "affinity_visitor" not in response.cookies
    assert not Visitor.objects.exists()


def test_it_says_in_plain_words_what_is_stored(site, browser, visitor, climate):
    page = make_article(site, "The sea rises")
    tag_page(page, climate)
    rules = {"match": "all", "rules": [{"type": "topic", "topic": climate.pk, "operator": "at_least", "value": 0.1}]}
    Segment.objects.create(name="CLM-3 high value", public_name="Friends of the climate", rules=rules)
    Segment.objects.create(name="secret name", rules=rules)
    segments.forget_compiled()
    read(visitor, page)
    response = browser.get(YOU)
    words = text(response)
    assert "You read mostly about: Climate strong" in words
    assert "Friends of the climate, and 1 other group" in words
    assert "secret name" not in words
    assert "CLM-3" not in words
    assert f'<a href="{page.url}">The sea rises</a>' in response.content.decode()
    assert "counting what is read, personal suggestions" in words
    assert re.search(r"Deleted on .* unless you come back before", words)
    assert response["Cache-Control"] == "private, no-store"


def test_a_visitor_who_is_only_counted_has_no_profile_to_see(site, client):
    counted = store.create_visitor(purposes=["analytics"])
    client.cookies["affinity_visitor"] = cookie._signer().sign(counted.hex)
    words = text(client.get(YOU, headers={"User-Agent": FIREFOX}))
    assert "There is no profile of you" in words
    assert "Your topics" not in words
    assert "Delete everything about me" in words


def test_a_topic_is_muted_liked_and_taken_back_without_script(site, browser, visitor, climate):
    page = make_article(site)
    tag_page(page, climate)
    read(visitor, page)
    assert "Climate is muted" in text(press(browser, "Mute Climate"))
    assert store.load_profile(visitor).muted_topics == {climate.pk}
    undone = press(browser, "Undo", page=f"{YOU}?done=mute&topic={climate.pk}")
    assert "Taken back." in text(undone)
    assert store.load_profile(visitor).muted_topics == frozenset()
    assert "You will see more about Climate" in text(press(browser, "Like Climate"))
    assert store.load_profile(visitor).liked_topics == {climate.pk}
    press(browser, "No longer like Climate")
    assert store.load_profile(visitor).liked_topics == frozenset()


def test_a_page_is_hidden_and_shown_again(site, browser, visitor):
    page = make_article(site, "Enough")
    read(visitor, page)
    assert "“Enough” is not suggested to you any more" in text(press(browser, "Don’t suggest it: Enough"))
    assert store.load_profile(visitor).hidden_pages == {page.pk}
    press(browser, "Undo", page=f"{YOU}?done=hidden&page={page.pk}")
    assert store.load_profile(visitor).hidden_pages == frozenset()


def test_a_notice_says_only_what_is_true(browser, climate):
    assert "is muted" not in text(browser.get(f"{YOU}?done=mute&topic={climate.pk}"))
    assert "Everything about you is deleted" not in text(browser.get(f"{YOU}?done=deleted"))
    assert browser.get(f"{YOU}?done=mute&topic=%00").status_code == 200


def test_a_new_start(site, browser, visitor):
    page = make_article(site, "Read before")
    read(visitor, page)
    words = text(press(browser, "Forget what I read"))
    assert "Your consent, your muted topics and your hidden pages stay" in words
    assert "Read before" not in words
    assert store.load_profile(visitor).views == 0


def test_everything_is_deleted(site, browser, visitor):
    read(visitor, make_article(site))
    response = press(browser, "Delete everything about me")
    assert "Everything about you is deleted." in text(response)
    assert "Nothing about you is stored." in text(response)
    assert browser.cookies["affinity_visitor"].value == ""
    assert not Visitor.objects.exists()
    assert not Event.objects.exists()


def test_the_download_is_json(browser, visitor):
    response = browser.get(f"{YOU}export/")
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content)["visitor"]["id"] == str(visitor)
    assert response["Cache-Control"] == "private, no-store"


def test_a_browsers_own_no_deletes_what_an_earlier_yes_left(browser, visitor):
    response = browser.get(YOU, headers={"Sec-GPC": "1"})
    assert "Global Privacy Control" in text(response)
    assert not Visitor.objects.exists()
    assert browser.cookies["affinity_visitor"].value == ""


def test_forms_need_a_token_or_the_right_origin(browser, visitor, climate):
    assert browser.post(f"{YOU}topics/{climate.pk}/", {"preference": "mute"}).status_code == 403
    assert browser.post(f"{YOU}delete/").status_code == 403
    page = make_article(make_site())
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.post(f"{YOU}pages/{page.pk}/", {"hidden": "1"}, headers=evil).status_code == 403
    assert store.load_profile(visitor).hidden_pages == frozenset()


def test_it_is_throttled(settings, browser):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "VISITOR_RATE": "1/day"}
    assert browser.get(YOU).status_code == 200
    response = browser.get(YOU)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_the_page_is_found_from_every_page_and_stands_in_the_sites_frame(client, site, browser):
    home = client.get("/").content.decode()
    assert f'href="{reverse("personalization_you:page")}"' in home
    assert '<footer class="footer">' in browser.get(YOU).content.decode()


def test_without_a_base_template_of_the_site_it_is_a_page_of_its_own(settings, browser):
    settings.WAGTAIL_PERSONALIZATION = {"RECOMMENDABLE_TYPES": ["cms_site.ArticlePage"]}
    html = browser.get(YOU).content.decode()
    assert html.startswith("<!doctype html>")
    assert "<footer" not in html
    assert "style=" not in html


def test_lists_made_for_a_visitor_have_the_control_and_no_others(site, browser, client):
    page = make_article(site, "One of many")
    Placement.objects.create(name="sidebar", n=3)
    url = "/api/personalization/v1/fragments/sidebar/?locale=en"
    mine, everybodys = browser.get(url), client.get(url)
    assert "Don’t show me this: One of many" in mine.content.decode()
    assert f'action="{YOU}pages/{page.pk}/"' in mine.content.decode()
    assert "data-affinity-hide" not in everybodys.content.decode()
    assert mine["ETag"] != everybodys["ETag"]


def test_the_control_works_without_script(site, browser, visitor):
    page = make_article(site)
    response = browser.post(f"{YOU}pages/{page.pk}/", {"hidden": "1"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert response["Location"] == f"{YOU}?done=hidden&page={page.pk}"
    assert preferences.Profile.objects.get(pk=visitor).hidden_pages == [page.pk]
