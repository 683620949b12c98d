"""Signing in and out: what becomes of the visitor, and that consent is asked first."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model, login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory
from django.urls import path, reverse
from django.utils import timezone

from cms_site.urls import urlpatterns as site_urls
from personalization.models import Event, Profile, ServedSlate, Visitor
from personalization.signals import visitor_merged
from personalization.types import EventRecord
from personalization.visitors import Affinity, accounts, cookie, folding, store
from tests.factories import make_article, make_editor, make_site

pytestmark = pytest.mark.django_db
CONSENT = "/api/personalization/v1/consent/"
EVENTS = "/api/personalization/v1/events/"
BACKEND = "django.contrib.auth.backends.ModelBackend"
BOTH = {"analytics": True, "personalization": True}


@pytest.fixture(autouse=True)
def _merging(settings):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "LOGIN_MERGE": True}


@pytest.fixture
def page():
    return make_article(make_site("testserver"))


@pytest.fixture
def user():
    return get_user_model().objects.create_user("ada", password="lovelace")


urlpatterns = [
    path("login/", LoginView.as_view(next_page="/")),
    path("logout/", LogoutView.as_view(next_page="/")),
    *site_urls,
]


class Browser:
    """A browser's cookies and session, through Django's own login() and logout()."""

    def __init__(self, purposes=(), **headers):
        self.session, self.headers = SessionStore(), headers
        self.visitor_id = store.create_visitor("mobile", purposes) if purposes else None

    def request(self, user=None):
        request = RequestFactory(headers=self.headers).get("/")
        request.user, request.session = user or AnonymousUser(), self.session
        if self.visitor_id:
            request.COOKIES["affinity_visitor"] = cookie._signer().sign(self.visitor_id.hex)
        if self.session.session_key:
            request.COOKIES["sessionid"] = self.session.session_key
        request.affinity = Affinity(request)
        return request

    def sign_in(self, user):
        request = self.request()
        _ = request.affinity.purposes
        login(request, user, backend=BACKEND)
        self.session.save()
        return request.affinity

    def sign_out(self, user):
        request = self.request(user)
        _ = request.affinity.purposes
        logout(request)
        return request.affinity

    def affinity(self, user=None):
        return self.request(user).affinity

    def reads(self, visitor_id, *pages, days_ago=0):
        at = timezone.now() - timedelta(days=days_ago)
        store.record_events(visitor_id, [EventRecord(uuid.uuid4(), "view", page.pk, at) for page in pages])
        folding.fold_visitor(visitor_id)


class TestSigningIn:
    def test_the_browsers_reading_becomes_the_accounts(self, user, page):
        browser = Browser(["analytics", "personalization"])
        browser.reads(browser.visitor_id, page)
        ServedSlate.objects.create(visitor_id=browser.visitor_id, placement="sidebar")
        affinity = browser.sign_in(user)
        account = Visitor.objects.get()
        assert account.user == user
        assert account.pk != browser.visitor_id
        assert (affinity.visitor_id, affinity.counted_id) == (account.pk, account.pk)
        assert affinity.profile.views == 1
        assert Event.objects.get().visitor_id == account.pk
        assert ServedSlate.objects.get().visitor_id == account.pk
        assert browser.affinity(user).visitor_id == account.pk

    def test_a_second_browsers_reading_is_added(self, user, page):
        first, second = Browser(["analytics", "personalization"]), Browser(["analytics", "personalization"])
        other = make_article(page.get_site())
        first.reads(first.visitor_id, page, days_ago=2)
        second.reads(second.visitor_id, other)
        first.sign_in(user)
        affinity = second.sign_in(user)
        assert affinity.profile.views == 2
        assert affinity.profile.read_page_ids == {page.pk, other.pk}
        assert first.affinity(user).visitor_id == second.affinity(user).visitor_id
        assert Visitor.objects.count() == 1

    def test_what_waits_to_be_folded_is_folded_into_the_account(self, user, page):
        browser = Browser(["analytics", "personalization"])
        store.record_events(browser.visitor_id, [EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())])
        account_id = browser.sign_in(user).visitor_id
        assert folding.fold_visitor(account_id) == 1
        assert store.load_profile(account_id).views == 1

    def test_an_event_that_both_have_is_kept_once(self, user, page):
        event = EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())
        account_id = store.create_visitor(user_id=user.pk)
        browser = Browser(["analytics", "personalization"])
        for visitor_id in (account_id, browser.visitor_id):
            store.record_events(visitor_id, [event])
        browser.sign_in(user)
        assert Event.objects.count() == 1

    def test_a_no_of_either_beats_a_like_of_the_other(self, user):
        account_id, browser = store.create_visitor(user_id=user.pk), Browser(["personalization", "analytics"])
        Profile.objects.filter(pk=account_id).update(liked_topics=[1, 2], hidden_pages=[7])
        Profile.objects.filter(pk=browser.visitor_id).update(muted_topics=[2], liked_topics=[3], hidden_pages=[8])
        browser.sign_in(user)
        row = Profile.objects.get()
        assert (set(row.liked_topics), set(row.muted_topics), set(row.hidden_pages)) == ({1, 3}, {2}, {7, 8})

    def test_others_hear_of_it(self, user, django_capture_on_commit_callbacks):
        heard = []

        def listen(visitor_id, into_id, **kwargs):
            heard.append((visitor_id, into_id))

        visitor_merged.connect(listen)
        browser = Browser(["analytics"])
        with django_capture_on_commit_callbacks(execute=True):
            browser.sign_in(user)
        assert heard == [(browser.visitor_id, Visitor.objects.get().pk)]


class TestConsent:
    def test_unless_the_site_says_so_nothing_is_merged(self, user, settings):
        settings.WAGTAIL_PERSONALIZATION = {"LOGIN_MERGE": False}
        browser = Browser(["analytics", "personalization"])
        assert browser.sign_in(user).visitor_id == browser.visitor_id
        assert Visitor.objects.get().user is None

    def test_a_browser_without_consent_neither_gives_nor_sees_anything(self, user):
        store.create_visitor(user_id=user.pk)
        affinity = Browser().sign_in(user)
        assert (affinity.visitor_id, affinity.counted_id, affinity.consent) == (None, None, "unknown")

    @pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
    def test_a_browser_that_refuses_is_not_merged(self, user, header):
        browser = Browser(["analytics", "personalization"], **{header: "1"})
        assert browser.sign_in(user).counted_id is None
        assert Visitor.objects.get().user is None

    def test_with_no_purpose_in_common_both_stay_as_they_are(self, user):
        account_id, browser = store.create_visitor("", ["analytics"], user.pk), Browser(["personalization"])
        assert browser.sign_in(user).visitor_id == browser.visitor_id
        assert set(Visitor.objects.values_list("pk", flat=True)) == {account_id, browser.visitor_id}

    @pytest.mark.parametrize("stricter", ["account", "browser"])
    def test_the_stricter_consent_wins(self, user, page, stricter):
        every = ["analytics", "personalization"]
        store.create_visitor("", ["analytics"] if stricter == "account" else every, user.pk)
        browser = Browser(["analytics"] if stricter == "browser" else every)
        browser.reads(browser.visitor_id, page)
        affinity = browser.sign_in(user)
        assert affinity.purposes == {"analytics"}
        assert (affinity.visitor_id, affinity.profile) == (None, None)
        assert affinity.counted_id == Event.objects.get().visitor_id
        assert not Profile.objects.exists()

    def test_an_editor_is_no_reader_and_is_not_merged(self):
        browser = Browser(["analytics", "personalization"])
        browser.sign_in(make_editor())
        assert Visitor.objects.get().user is None


class TestSigningOut:
    def test_the_next_reader_of_the_browser_does_not_see_the_accounts_profile(self, user, page):
        browser = Browser(["analytics", "personalization"])
        browser.reads(browser.visitor_id, page)
        browser.sign_in(user)
        affinity = browser.sign_out(user)
        for after in (affinity, browser.affinity()):
            assert (after.visitor_id, after.counted_id, after.profile) == (None, None, None)
            assert after.consent == "unknown"
        assert Visitor.objects.get().user == user

    def test_whoever_signs_in_next_is_not_the_account_either(self, user, page):
        browser = Browser(["analytics", "personalization"])
        browser.sign_in(user)
        other = get_user_model().objects.create_user("grace")
        assert browser.sign_in(other).visitor_id is None
        assert browser.affinity(other).visitor_id is None

    def test_a_cookie_that_names_an_accounts_visitor_is_nobodys(self, user):
        browser = Browser()
        browser.visitor_id = store.create_visitor(user_id=user.pk)
        assert browser.affinity().visitor_id is None

    def test_signed_in_again_the_account_is_known_after_a_new_consent(self, user, page):
        first = Browser(["analytics", "personalization"])
        first.reads(first.visitor_id, page)
        first.sign_in(user)
        first.sign_out(user)
        first.visitor_id = store.create_visitor()
        assert first.sign_in(user).profile.views == 1


def test_an_account_that_is_deleted_takes_its_visitor_along(user, page):
    browser = Browser(["analytics", "personalization"])
    browser.reads(browser.visitor_id, page)
    browser.sign_in(user)
    user.delete()
    for model in (Visitor, Profile, Event):
        assert not model.objects.exists()


def test_through_the_sites_own_login_and_logout_pages(settings, user, page):
    settings.ROOT_URLCONF = __name__
    client = Client()
    client.put(CONSENT, BOTH, content_type="application/json")
    event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk}
    client.post(EVENTS, {"events": [event]}, content_type="application/json")
    assert client.post("/login/", {"username": "ada", "password": "lovelace"}).status_code == 302
    assert Event.objects.get().visitor.user == user
    assert client.get(CONSENT).json()["personalization"] is True
    assert client.cookies["affinity_visitor"].value == ""
    client.post("/logout/")
    assert client.get(CONSENT).json()["personalization"] is None
    assert Visitor.objects.get().user == user


class TestThroughTheApi:
    @pytest.fixture
    def client(self, user):
        client = Client()
        client.force_login(user)
        return client

    def choose(self, client, purposes):
        return client.put(CONSENT, purposes, content_type="application/json")

    def test_a_yes_while_signed_in_is_the_accounts_and_sets_no_visitor_cookie(self, client, user):
        assert self.choose(client, BOTH).json() == {**BOTH, "counted": True, "reason": ""}
        assert Visitor.objects.get().user == user
        assert "affinity_visitor" not in client.cookies
        assert client.get(CONSENT).json()["personalization"] is True
        client.logout()
        assert client.get(CONSENT).json()["personalization"] is None

    def test_events_of_one_who_is_signed_in_are_the_accounts(self, client, user, page):
        self.choose(client, BOTH)
        event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk}
        assert client.post(EVENTS, {"events": [event]}, content_type="application/json").status_code == 202
        assert Event.objects.get().visitor.user == user

    def test_what_is_said_now_holds_for_the_account_on_every_browser(self, client, user):
        store.create_visitor("", ["analytics"], user.pk)
        self.choose(client, BOTH)
        assert Visitor.objects.get().purposes == ["analytics", "personalization"]
        self.choose(client, {"analytics": True, "personalization": False})
        assert Visitor.objects.get().purposes == ["analytics"]

    def test_a_no_deletes_the_accounts_visitor(self, client):
        self.choose(client, BOTH)
        assert client.delete(CONSENT).json()["personalization"] is False
        assert not Visitor.objects.exists()
        assert accounts.SESSION_KEY not in client.session
        assert self.choose(client, BOTH).json()["personalization"] is True

    @pytest.mark.parametrize("way", ["page", "api"])
    def test_who_deletes_everything_on_the_own_page_deletes_the_accounts_visitor(self, client, way):
        self.choose(client, BOTH)
        if way == "page":
            client.post(reverse("personalization_you:delete"))
        else:
            client.delete("/api/personalization/v1/visitor/")
        assert not Visitor.objects.exists()

    def test_an_onboarding_answer_is_the_accounts(self, client, user):
        client.post(reverse("personalization_you:answers"), {"personalization": "1"})
        assert Visitor.objects.get().user == user
        assert "affinity_visitor" not in client.cookies
