"""The onboarding question: asked once, answered with or without a script, and a seed for the profile."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.functional import Promise

from cms_site.blocks import ArticleBody
from personalization.blocks import OnboardingBlock
from personalization.models import Placement, Visitor
from personalization.visitors import cookie, preferences, store
from tests.factories import make_article, make_site, make_topic, make_vector, tag_page

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANSWERS = "/affinity/you/answers/"
HERE = {"Sec-Fetch-Site": "same-origin", "User-Agent": FIREFOX}


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def climate(site):
    return make_topic("Climate")


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True, headers=HERE)


def known(client, purposes=("analytics", "personalization")):
    visitor = store.create_visitor(purposes=purposes)
    client.cookies["affinity_visitor"] = cookie._signer().sign(visitor.hex)
    return visitor


def rendered(**value):
    block = OnboardingBlock()
    return block.render(block.to_python({"heading": "What do you want to read about?", "button": "Save", **value}))


def offered(html):
    return re.findall(r'value="\d+"> ([^<]+)</label>', html)


def test_editors_choose_topics_or_a_branch_or_neither(climate):
    food = make_topic("Food")
    make_topic("Sea level", parent=climate)
    make_topic("Forests", parent=climate)
    assert offered(rendered()) == ["Climate", "Food"]
    assert offered(rendered(branch=str(climate.pk))) == ["Forests", "Sea level"]
    assert offered(rendered(branch=str(climate.pk), topics=[str(food.pk), "999"])) == ["Food"]


def test_without_topics_nothing_is_asked(site):
    assert "form" not in rendered()


def test_the_block_is_the_same_for_everybody_and_says_what_it_asks_for(site, climate):
    page = make_article(site)
    page.body = ArticleBody().to_python([{"type": "onboarding", "value": {"heading": "What now?", "button": "Go"}}])
    page.save_revision().publish()
    anonymous, visitor = Client(headers=HERE), Client(headers=HERE)
    known(visitor)
    html = anonymous.get(page.url).content.decode()
    assert html == visitor.get(page.url).content.decode()
    assert "What now?" in html
    assert "under a random number in a cookie" in html
    assert "csrfmiddlewaretoken" not in html


def test_without_a_script_a_consenting_reader_answers(site, client, climate):
    visitor = known(client)
    page, other = make_article(site), make_article(site)
    tag_page(page, climate)
    for each in (other, page):
        make_vector(each, 1, 0, 0)
    Placement.objects.create(name="sidebar", n=2, strategy="profile")
    response = client.post(ANSWERS, {"topics": [str(climate.pk), "999", "x"]}, follow=True)
    assert "Thank you" in response.content.decode()
    profile = store.load_profile(visitor)
    assert (profile.answers, profile.liked_topics, profile.has_answered) == ({climate.pk}, {climate.pk}, True)
    items = client.get("/api/personalization/v1/recommendations/?placement=sidebar").json()["items"]
    assert items[0]["id"] == page.pk
    assert items[0]["reasons"][0]["text"] == "More on Climate"


def test_who_has_not_consented_does_so_in_the_same_form_or_nothing_is_kept(client, climate):
    client.post(ANSWERS, {"topics": [str(climate.pk)]})
    assert not Visitor.objects.exists()
    assert "affinity_visitor" not in client.cookies
    client.post(ANSWERS, {"topics": [str(climate.pk)], "personalization": "yes"})
    visitor = Visitor.objects.get()
    assert visitor.purposes == ["personalization"]
    assert visitor.profile.liked_topics == [climate.pk]
    assert client.get("/affinity/you/").content.decode().count("Climate") > 0


def test_who_is_only_counted_may_say_yes_to_a_profile(client, climate):
    visitor = known(client, purposes=["analytics"])
    client.post(ANSWERS, {"topics": [str(climate.pk)], "personalization": "yes"})
    assert Visitor.objects.get(pk=visitor).purposes == ["analytics", "personalization"]
    assert store.load_profile(visitor).answers == {climate.pk}


def test_the_browsers_own_no_is_a_no(client, climate):
    client.post(ANSWERS, {"topics": [str(climate.pk)], "personalization": "yes"}, headers={"Sec-GPC": "1"})
    assert not Visitor.objects.exists()


def test_other_sites_cannot_answer_for_a_reader(client, climate):
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = {"topics": [str(climate.pk)], "personalization": "yes"}
    assert client.post(ANSWERS, answer, headers=evil).status_code == 403
    assert not Visitor.objects.exists()


def test_the_answer_is_changed_on_the_own_page(client, climate):
    visitor, food = known(client), make_topic("Food")
    preferences.answer(visitor, [climate.pk])
    html = client.get("/affinity/you/").content.decode()
    assert re.search(rf'value="{climate.pk}" checked', html)
    assert not re.search(rf'value="{food.pk}" checked', html)
    client.post(ANSWERS, {"topics": [str(food.pk)]})
    profile = store.load_profile(visitor)
    assert (profile.answers, profile.liked_topics) == ({food.pk}, {food.pk})


def test_texts_wait_for_the_readers_language():
    assert isinstance(OnboardingBlock.base_blocks["heading"].label, Promise)
