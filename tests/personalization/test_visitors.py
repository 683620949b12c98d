"""Cookies, the lazy request object and the profile rows behind it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.test import RequestFactory
from django.utils import timezone

from personalization.models import Event, Profile, Segment, Visitor
from personalization.profiles import FoldSettings, Reading, Tally, fold
from personalization.types import EventRecord
from personalization.visitors import Affinity, cookie, segments, store
from personalization.visitors.context import build_context
from tests.factories import make_article, make_editor, make_site

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def request_for(visitor_id=None, path="/", user=None, **headers):
    request = RequestFactory(headers={"User-Agent": FIREFOX, **headers}).get(path)
    request.user = user or AnonymousUser()
    if visitor_id:
        request.COOKIES["affinity_visitor"] = cookie._signer().sign(visitor_id.hex)
    return request


def test_nothing_is_asked_of_the_database_until_somebody_asks(django_assert_num_queries):
    visitor_id = store.create_visitor()
    with django_assert_num_queries(0):
        affinity = Affinity(request_for(visitor_id))
    with django_assert_num_queries(1):
        assert affinity.visitor_id == visitor_id
        assert affinity.consent == "granted"
        assert affinity.profile.views == 0
        assert affinity.is_counted


def test_without_a_cookie_there_is_no_visitor_and_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        affinity = Affinity(request_for())
        assert (affinity.visitor_id, affinity.profile, affinity.consent) == (None, None, "unknown")
        assert not affinity.is_counted


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_the_browsers_no_beats_a_cookie(header, django_assert_num_queries):
    affinity = Affinity(request_for(store.create_visitor(), **{header: "1"}))
    with django_assert_num_queries(0):
        assert (affinity.visitor_id, affinity.profile, affinity.consent) == (None, None, "denied")


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (Linux; Android 11) Chrome/120 Mobile Safari/537.36 Chrome-Lighthouse",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    ],
)
def test_a_bot_is_no_reader_even_with_a_cookie(user_agent):
    affinity = Affinity(request_for(store.create_visitor(), **{"User-Agent": user_agent}))
    assert affinity.visitor_id is None
    assert not affinity.is_counted


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "desktop"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15; SM-X910) Chrome/140.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/128 YaBrowser/24.10 Yowser/2.5 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Linux; Android 10; CUBOT X30) Chrome/120 Mobile Safari/537.36", "mobile"),
        ("", "other"),
    ],
)
def test_a_readers_browser_is_a_reader_and_of_a_device_class(user_agent, device):
    affinity = Affinity(request_for(**{"User-Agent": user_agent}))
    assert not affinity.is_bot
    assert affinity.context.device == device


def test_a_previewing_or_signed_in_editor_is_never_counted():
    visitor_id = store.create_visitor()
    preview = request_for(visitor_id)
    preview.is_preview = True
    for request in (preview, request_for(visitor_id, user=make_editor())):
        affinity = Affinity(request)
        assert affinity.visitor_id is None
        assert affinity.profile is None
        assert not affinity.is_counted
        assert affinity.consent == "granted"


def test_a_prefetched_page_is_personal_but_not_counted():
    affinity = Affinity(request_for(store.create_visitor(), **{"Sec-Purpose": "prefetch;prerender"}))
    assert affinity.visitor_id is not None
    assert not affinity.is_counted


def test_a_tampered_a_strange_and_an_orphaned_cookie_are_nobody():
    visitor_id = store.create_visitor()
    tampered = request_for(visitor_id)
    tampered.COOKIES["affinity_visitor"] = tampered.COOKIES["affinity_visitor"].replace(
        visitor_id.hex, uuid.uuid4().hex
    )
    strange = request_for()
    strange.COOKIES["affinity_visitor"] = "\x00é:::" + "x" * 5000
    for request in (tampered, strange, request_for(uuid.uuid4())):
        affinity = Affinity(request)
        assert (affinity.visitor_id, affinity.profile, affinity.consent) == (None, None, "unknown")


def test_deleting_a_visitor_deletes_every_row():
    page = make_article(make_site())
    visitor_id, other = store.create_visitor(), store.create_visitor()
    store.record_events(visitor_id, [EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())])
    assert store.delete_visitor(visitor_id) is True
    assert list(Visitor.objects.values_list("pk", flat=True)) == [other]
    assert Profile.objects.count() == 1
    assert not Event.objects.exists()
    assert store.delete_visitor(visitor_id) is False


def test_a_profile_comes_back_as_it_was_saved():
    row = Profile.objects.get(pk=store.create_visitor())
    now = timezone.now()
    readings = [
        Reading(7, "view", now - timedelta(hours=1), vector=np.array([0.6, 0.8], dtype=np.float32), topics={3: 0.5}),
        Reading(8, "view", now, vector=np.array([1.0, 0.0], dtype=np.float32)),
    ]
    tally = fold(Tally(), readings, FoldSettings())
    saved = store.save_tally(row, tally, "model@test", FoldSettings().half_life)
    row.save()
    loaded = store.load_profile(row.pk)
    np.testing.assert_allclose(loaded.vector, saved.vector, atol=1e-3)
    assert np.linalg.norm(loaded.vector) == pytest.approx(1.0, abs=1e-6)
    assert loaded.topics == saved.topics
    assert loaded.recent == saved.recent
    assert (loaded.views, loaded.visits) == (2, 2)
    np.testing.assert_allclose(store.tally_of(Profile.objects.get(pk=row.pk)).vector_sum, tally.vector_sum, atol=2e-3)


def test_context_reads_campaign_referrer_and_country(settings):
    settings.WAGTAIL_PERSONALIZATION = {"COUNTRY_HEADER": "CF-IPCountry"}
    context = Affinity(
        request_for(
            path="/?utm_source=news&utm_other=x",
            Referer="https://www.example.com/search?q=1",
            **{"CF-IPCountry": "fr"},
        )
    ).context
    assert dict(context.utm) == {"source": "news"}
    assert context.referrer_host == "www.example.com"
    assert context.country == "FR"
    assert context.at.tzinfo is not None


def test_country_is_read_from_no_header_unless_a_setting_names_it():
    assert Affinity(request_for(**{"CF-IPCountry": "FR"})).context.country == ""


@pytest.mark.parametrize("referrer", ["http://testserver/here", "http://[::bad", "", "javascript:alert(1)"])
def test_our_own_or_a_broken_referrer_is_none(referrer):
    assert Affinity(request_for(Referer=referrer)).context.referrer_host == ""


def test_a_fragment_hands_on_its_pages_referrer():
    request = request_for(path="/?referrer=news.example.org", Referer="http://testserver/page/")
    assert Affinity(request).context.referrer_host == "news.example.org"


def test_segments_cost_one_query_for_many_rules_and_then_none(django_assert_num_queries):
    rules = {"match": "all", "rules": [{"type": "device", "value": ["desktop"]}]}
    for number in range(5):
        Segment.objects.create(name=f"Segment {number}", rules=rules)
    segments.forget_compiled()
    with django_assert_num_queries(1):
        first = Affinity(request_for()).segments
    with django_assert_num_queries(0):
        assert Affinity(request_for()).segments == first
    assert len(first) == 5


def test_a_preview_may_force_segments(django_assert_num_queries):
    affinity = Affinity(request_for())
    affinity.forced_segments = frozenset({4})
    with django_assert_num_queries(0):
        assert affinity.segments == {4}


def test_a_segment_with_broken_rules_matches_nobody_and_breaks_nothing(caplog):
    Segment.objects.create(name="Broken", rules={"match": "all", "rules": [{"type": "no such rule"}]})
    segments.forget_compiled()
    assert Affinity(request_for()).segments == frozenset()
    assert "matches nobody" in caplog.text


def test_groups_are_read_only_if_a_rule_asks_and_only_for_who_is_signed_in(django_assert_num_queries):
    members = Group.objects.create(name="Members")
    reader = get_user_model().objects.create_user("ann")
    reader.groups.add(members)
    rules = {"match": "all", "rules": [{"type": "user_group", "operator": "in", "value": [members.pk]}]}
    unrelated = {"match": "all", "rules": [{"type": "signed_in", "value": "yes"}]}
    segment = Segment.objects.create(name="Signed in", rules=unrelated)

    def visit(user=None):
        return Affinity(request_for(user=user))

    with django_assert_num_queries(1):  # the segments
        assert visit().segments == set()
    with django_assert_num_queries(0):
        assert visit(reader).segments == {segment.pk}
    Segment.objects.filter(pk=segment.pk).update(rules=rules)
    segments.forget_compiled()
    with django_assert_num_queries(1):
        assert visit().segments == set()
    with django_assert_num_queries(0):
        assert visit().segments == set()
    with django_assert_num_queries(1):  # the groups
        assert visit(reader).segments == {segment.pk}
    with django_assert_num_queries(0):
        assert visit(reader).context.groups == {members.pk}


def test_the_query_of_the_address_and_of_the_page_that_fetches_is_bounded():
    query = build_context(
        request_for(path="/?Edition=Print&x=%00&" + "&".join(f"p{i}=v" for i in range(99))), None
    ).query
    assert query["edition"] == "Print"
    assert len(query) == 20
    fetched = build_context(request_for(path="/api/?query=edition%3Dweb%26a%3D" + "b" * 2000), None).query
    assert fetched["edition"] == "web"
    assert len(fetched["a"]) == 100
