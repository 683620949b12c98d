"""What each purpose allows, and that taking it back ends it at once."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from wagtail.models import Site

from personalization import operations, tasks
from personalization.models import Event, PageCounter, Placement, Profile, ServedSlate, Visitor
from personalization.signals import consent_given, consent_withdrawn
from personalization.types import EventRecord, RecQuery, RequestContext
from personalization.visitors import Affinity, folding, store
from tests.factories import make_article, make_site
from tests.personalization.test_visitors import request_for

URL = "/api/personalization/v1/consent/"
EVENTS = "/api/personalization/v1/events/"
STATISTICS = {"analytics": True, "personalization": False}
RECOMMENDATIONS = {"analytics": False, "personalization": True}
BOTH = {"analytics": True, "personalization": True}
NOTHING = {"analytics": False, "personalization": False}


@pytest.fixture
def page(db):
    return make_article(make_site("testserver"))


@pytest.fixture
def sent(monkeypatch):
    """The visitors whom a worker was asked to fold."""
    sent = []
    monkeypatch.setattr(tasks, "fold_soon", sent.append)
    return sent


def choose(client, purposes, method="put"):
    return getattr(client, method)(URL, purposes, content_type="application/json")


def read(client, page, **fields):
    event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk, **fields}
    return client.post(EVENTS, {"events": [event]}, content_type="application/json")


def view(page):
    return EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())


@pytest.mark.django_db
class TestStatisticsOnly:
    def test_events_are_counted_and_nobody_is_profiled(self, client, page, sent):
        assert choose(client, STATISTICS).json() == {**STATISTICS, "counted": True, "reason": ""}
        assert read(client, page).status_code == 202
        assert Event.objects.get().is_folded
        assert PageCounter.objects.get().total == 1
        assert not Profile.objects.exists()
        assert sent == []
        assert client.get(URL).json() == {**STATISTICS, "counted": True, "reason": ""}

    def test_the_request_knows_whom_to_count_and_nobody_to_choose_for(self, django_assert_num_queries):
        visitor_id = store.create_visitor(purposes={"analytics"})
        affinity = Affinity(request_for(visitor_id))
        with django_assert_num_queries(1):
            assert (affinity.visitor_id, affinity.counted_id) == (None, visitor_id)
            assert affinity.purposes == {"analytics"}
            assert affinity.consent == "granted"
            assert affinity.profile is None
            assert affinity.is_counted

    def test_lists_are_everybodys_and_no_slate_is_kept(self, client, page):
        Placement.objects.create(name="sidebar")
        choose(client, STATISTICS)
        answer = client.get("/api/personalization/v1/recommendations/?placement=sidebar").json()
        assert not ServedSlate.objects.exists()
        # A click on it counts for its placement all the same.
        assert read(client, page, slate=answer["meta"]["slate"], placement="sidebar").status_code == 202
        assert Event.objects.get().slate_id is None

    def test_what_was_only_counted_is_never_folded_into_a_later_profile(self, client, page):
        choose(client, STATISTICS)
        read(client, page)
        choose(client, BOTH)
        visitor_id = Visitor.objects.get().pk
        assert folding.fold_visitor(visitor_id) == 0
        assert store.load_profile(visitor_id).views == 0


@pytest.mark.django_db
def test_with_personalization_only_a_profile_is_kept_and_nothing_is_counted(client, page):
    choose(client, RECOMMENDATIONS)
    assert read(client, page).status_code == 202
    visitor_id = Visitor.objects.get().pk
    assert folding.fold_visitor(visitor_id) == 1
    assert store.load_profile(visitor_id).views == 1
    assert not PageCounter.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "put"])
def test_an_answer_to_the_one_question_of_before_holds_for_both(client, method):
    choose(client, {"personalization": True}, method)
    assert Visitor.objects.get().purposes == ["analytics", "personalization"]
    choose(client, {"personalization": False}, method)
    assert not Visitor.objects.exists()


@pytest.mark.django_db
class TestTakingBack:
    @pytest.fixture
    def visitor_id(self, client, page):
        choose(client, BOTH)
        visitor_id = Visitor.objects.get().pk
        slate = ServedSlate.objects.create(visitor_id=visitor_id, placement="sidebar")
        Placement.objects.create(name="sidebar")
        read(client, page, slate=str(slate.pk), placement="sidebar")
        folding.fold_visitor(visitor_id)
        read(client, page)
        return visitor_id

    def test_personalization_deletes_the_profile_and_what_was_chosen_by_it(self, client, visitor_id):
        assert choose(client, STATISTICS).json() == {**STATISTICS, "counted": True, "reason": ""}
        assert not Profile.objects.exists()
        assert not ServedSlate.objects.exists()
        assert list(Event.objects.values_list("visitor", "slate_id", "is_folded")) == [(visitor_id, None, True)] * 2

    def test_statistics_keeps_the_profile(self, client, visitor_id, page):
        choose(client, RECOMMENDATIONS)
        PageCounter.objects.all().delete()
        read(client, make_article(Site.objects.get()))
        assert Profile.objects.get().pk == visitor_id
        assert not PageCounter.objects.exists()

    @pytest.mark.parametrize("way", ["put", "delete"])
    def test_both_deletes_the_visitor_and_the_cookie(self, client, visitor_id, way):
        response = choose(client, NOTHING) if way == "put" else client.delete(URL)
        assert response.json() == {**NOTHING, "counted": False, "reason": ""}
        assert response.cookies["affinity_visitor"]["max-age"] == 0
        for model in (Visitor, Profile, Event, ServedSlate):
            assert not model.objects.exists()

    def test_the_signals_carry_what_changed(self, client, django_capture_on_commit_callbacks):
        heard = []

        def given(visitor_id, purposes, **kwargs):
            heard.append(("given", purposes))

        def withdrawn(visitor_id, purposes, **kwargs):
            heard.append(("withdrawn", purposes))

        consent_given.connect(given)
        consent_withdrawn.connect(withdrawn)
        for purposes in (STATISTICS, BOTH, BOTH, RECOMMENDATIONS, NOTHING):
            with django_capture_on_commit_callbacks(execute=True):
                choose(client, purposes)
        assert heard == [
            ("given", {"analytics"}),
            ("given", {"personalization"}),
            ("withdrawn", {"analytics"}),
            ("withdrawn", {"personalization"}),
        ]

    def test_a_slate_made_meanwhile_is_not_kept(self, page, visitor_id):
        query = RecQuery("sidebar", 3, 1, page.locale_id, RequestContext(at=timezone.now()), visitor_id=visitor_id)
        slate = operations.recommend(query)
        store.set_purposes(visitor_id, {"analytics"})
        operations.record_served(slate, query)
        assert not ServedSlate.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("purposes", [[], ["marketing"], ["analytics", "marketing"]])
def test_the_database_keeps_nobody_without_a_known_purpose(purposes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Visitor.objects.create(purposes=purposes)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("left", [{"analytics"}, set()])
def test_a_batch_in_flight_waits_for_the_withdrawal_and_obeys_it(page, left):
    """The batch was allowed when its request began; the withdrawal is committed before it is written."""
    visitor_id = store.create_visitor()
    recorded = []

    def send():
        recorded.append(store.record_events(visitor_id, [view(page)]))
        connection.close()

    sender = threading.Thread(target=send)
    with transaction.atomic():
        store.set_purposes(visitor_id, left)
        sender.start()
        sender.join(timeout=0.5)
        assert sender.is_alive()
    sender.join(timeout=10)
    assert recorded == [len(left)]
    assert not Profile.objects.exists()
    assert not Event.objects.filter(is_folded=False).exists()


def test_nothing_necessary_is_stored(page):
    client = Client()
    choose(client, NOTHING)
    read(client, page)
    assert not client.cookies
    assert not Visitor.objects.exists()
    assert not Event.objects.exists()
