"""Bad input and faults, end to end: a clear problem or a fallback, nothing half-written, and never a broken page."""

from __future__ import annotations

import json
import threading
import time
import uuid
from urllib.parse import quote

import numpy as np
import pytest
from django.core.files.images import ImageFile
from django.db import connection, connections, transaction
from django.template import Context, Template
from django.test import Client, RequestFactory
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from personalization.models import Event, Placement, ServedSlate, Visitor
from personalization.visitors import cookie, store
from tagging import embedding, index, ner, operations
from tagging.models import Entity, PageAnalysis, PageVector, Suggestion, Topic
from tagging.testing import FakeEmbedder, FakeRecognizer
from tests.factories import make_article, make_editor, make_site, make_topic, make_vector, make_views, tag_page

API = "/api/personalization/v1/"
ODD = [
    "\x00",
    "\x01",
    "\x1f",
    "\x7f",
    "\x85",
    "\u202e",
    " ",
    "sidebar\n",
    "en\n",
    "1\n",
    "９",
    "1e1",
    "%",
    "\U0001f600",
]


@pytest.fixture
def site(db):
    return make_site("testserver")


@pytest.fixture
def page(site):
    return make_article(site, "The river")


@pytest.fixture
def placement(db):
    return Placement.objects.create(name="sidebar", title="Read next", n=3)


@pytest.fixture
def reader(db):
    client = Client()
    client.cookies["affinity_visitor"] = cookie._signer().sign(store.create_visitor().hex)
    return client


def problem_fields(response):
    assert response.status_code in (400, 404), response.content
    assert response["Content-Type"] == "application/problem+json"
    return {error["field"] for error in response.json()["errors"]}


class TestRequests:
    @pytest.mark.parametrize("name", ["placement", "page", "n", "locale"])
    @pytest.mark.parametrize("odd", ODD)
    def test_control_characters_and_other_digits_are_refused_in_every_parameter(self, client, placement, name, odd):
        values = {"placement": "sidebar"} | {name: odd}
        query = "&".join(f"{key}={quote(value)}" for key, value in values.items())
        assert problem_fields(client.get(f"{API}recommendations/?{query}")) == {name}

    @pytest.mark.parametrize("odd", ODD)
    def test_a_name_that_can_be_none_is_an_unknown_placement(self, client, placement, odd):
        assert problem_fields(client.get(f"{API}fragments/{quote(odd)}/")) == {"placement"}

    @pytest.mark.parametrize(
        "field", ["event_id", "kind", "page", "at", "age_ms", "value", "slate", "placement", "position"]
    )
    @pytest.mark.parametrize("odd", ['"\\ud800"', '"\\u0000"', "1e400", "{}", "[[]]", "true", '""'])
    def test_no_json_value_is_a_fault(self, reader, page, field, odd):
        event = json.dumps({"event_id": str(uuid.uuid4()), "kind": "scroll", "value": 1, "page": page.pk})
        body = f'{{"events": [{event[:-1]}, "{field}": {odd}}}]}}'  # the last of two equal keys counts
        response = reader.generic("POST", f"{API}events/", body, content_type="application/json")
        assert problem_fields(response) == {f"events[0].{field}"}
        assert not Event.objects.exists()

    def test_no_depth_of_nesting_is_a_fault(self, reader, page):
        """What JSON's reader just takes is too deep for whoever would print it."""
        for depth in (*range(100, 800, 100), *range(800, 1000)):
            body = f'{{"events": [{{"event_id": 1, "page": 1, "kind": {"[" * depth + "]" * depth}}}]}}'
            response = reader.generic("POST", f"{API}events/", body, content_type="application/json")
            assert response.status_code == 400

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
    @pytest.mark.parametrize("path", ["consent/", "events/", "recommendations/", "fragments/sidebar/"])
    def test_other_methods_are_named_as_such(self, client, placement, method, path):
        if path == "consent/" and method in {"PUT", "DELETE"}:
            pytest.skip("an answer is put there, and taken back")
        response = client.generic(method, API + path)
        assert response.status_code == 405
        assert response["Content-Type"] == "application/problem+json"
        assert "OPTIONS" in response["Allow"]

    @pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*;q=0"])
    def test_whatever_is_accepted_the_answer_is_json(self, client, placement, accept):
        response = client.get(f"{API}recommendations/?placement=sidebar", headers={"accept": accept})
        assert (response.status_code, response["Content-Type"]) == (200, "application/json")

    @pytest.mark.parametrize("path", ["recommendations/?placement=sidebar", "fragments/sidebar/"])
    def test_head_and_options_serve_nobody(self, reader, page, placement, path):
        assert reader.head(API + path).status_code == 200
        assert reader.options(API + path).status_code == 200
        assert not ServedSlate.objects.exists()
        reader.get(API + path)
        assert ServedSlate.objects.count() == 1

    def test_the_cookie_of_a_visitor_who_is_gone_stores_nothing(self, reader, page, placement):
        Visitor.objects.all().delete()
        event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk}
        response = reader.post(f"{API}events/", {"events": [event]}, content_type="application/json")
        assert response.status_code == 204
        assert reader.get(f"{API}recommendations/?placement=sidebar").status_code == 200
        assert not Visitor.objects.exists()
        assert not Event.objects.exists()
        assert not ServedSlate.objects.exists()

    def test_a_placement_longer_than_lists_may_be_is_cut_not_refused(self, client, site, placement, settings):
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "MAX_ITEMS": 2}
        for _ in range(4):
            make_article(site)
        assert len(client.get(f"{API}recommendations/?placement=sidebar").json()["items"]) == 2


class TestTemplateTags:
    def render(self, tag, **context):
        request = RequestFactory().get("/nowhere/")
        return Template("{% load personalization_tags %}" + tag).render(Context({"request": request, **context}))

    @pytest.mark.parametrize("n", ["many", [], "1.5", float("inf"), {"n": 2}])
    def test_a_number_that_is_none_leaves_the_placements_own(self, site, placement, n, caplog):
        for _ in range(5):
            make_article(site)
        assert self.render('{% recommended "sidebar" n=n %}', n=n).count("data-affinity-item") == 3
        assert "no whole number" in caplog.text

    def test_a_failed_query_for_the_banner_spoils_neither_page_nor_transaction(self, page, monkeypatch, caplog):
        def fail(self):
            connection.cursor().execute("SELECT no_such_column")

        monkeypatch.setattr(type(page), "get_view_restrictions", fail)
        html = self.render("{% affinity_consent %}", page=page)
        assert "affinity.js" in html
        assert "data-page" not in html, "a page that may be private is not counted"
        assert "no_such_column" in caplog.text
        assert Placement.objects.count() == 0

    def test_a_page_that_is_not_found_has_its_list(self, client, page, placement, settings, tmp_path):
        (tmp_path / "404.html").write_text(
            '{% load personalization_tags %}{% recommended "sidebar" %}{% affinity_consent %}'
        )
        settings.TEMPLATES = [
            {**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]},
        ]
        response = client.get("/nowhere/")
        assert response.status_code == 404
        assert b"The river" in response.content

    @pytest.mark.parametrize("mode", ["segment-99", "segment-" + "9" * 5000, "segment-\x00", "segment-٣", "nonsense"])
    def test_a_preview_mode_that_does_not_exist_is_a_plain_preview(self, client, page, mode):
        client.force_login(make_editor())
        response = client.get(f"/admin/pages/{page.pk}/view_draft/?mode={quote(mode)}")
        assert response.status_code == 200
        assert "The river" in response.content.decode()


class TestMarkupInNames:
    EVIL = '"><img src=x onerror=alert(1)>{{ 7 }}</script>'

    @pytest.mark.parametrize("where", ["page", "fragment", "why"])
    def test_titles_topics_and_headings_are_text(self, reader, site, placement, where):
        Placement.objects.update(title=self.EVIL[:120])
        topic = make_topic(self.EVIL)
        read, other = make_article(site, f"Read {self.EVIL}"), make_article(site, f"Other {self.EVIL}")
        for article in (read, other):
            tag_page(article, topic)
            make_vector(article, 1, 0, 0)
        Visitor.objects.get().profile.__class__.objects.update(
            topics={str(topic.pk): 1.0}, mass=3.0, recent=[[read.pk, "2026-01-01T00:00:00+00:00"]]
        )
        if where == "page":
            html = reader.get(other.url).content.decode()
        elif where == "fragment":
            html = reader.get(f"{API}fragments/sidebar/").content.decode()
            assert "More on &quot;&gt;&lt;img" in html
            assert "Because you read" in html or "onerror" in html
        else:
            reader.force_login(make_editor())
            html = reader.get("/admin/affinity/why-this/").content.decode()
        assert "onerror" in html
        assert "<img src=x" not in html
        assert "alert(1)></script" not in html


WORDS = "The river Danube rose in Vienna, and Ada Lovelace of UNESCO measured it. "


@pytest.fixture
def recognizer(monkeypatch):
    fake = FakeRecognizer({"Danube": "LOC", "UNESCO": "ORG", "Ada Lovelace": "PER"})
    monkeypatch.setattr(ner, "get_recognizer", lambda language: fake)
    monkeypatch.setattr(ner, "current_name", lambda language: fake.name)
    return fake


@pytest.fixture
def embedder(monkeypatch):
    fake = FakeEmbedder("fake")
    monkeypatch.setattr(embedding, "get_embedder", lambda backend=None, model=None: fake)
    monkeypatch.setattr(embedding, "current_name", lambda: fake.name)
    return fake


@pytest.mark.usefixtures("recognizer", "embedder")
class TestAnalysis:
    BODIES = {
        "200,000 words": WORDS * 15_400,
        "a word of 300,000 letters": "a" * 300_000,
        "Cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎠᏂᏴᏫᏯ. " * 20,
        "right to left": "نهر الدانوب ארץ ישראל שלום עולם. " * 20,
        "no spaces": "東京都の川は美しい。" * 300,
        "control characters": "a\x01b \u202e evil \ufdd0 \U000f0000 words",
        "deep markup": "<div>" * 5000 + "words" + "</div>" * 5000,
    }
    EMPTY = {"no text": "", "emoji": "\U0001f600\U0001f389 " * 50, "marks": "... !!! ??? - " * 50}

    def test_odd_pages_are_analysed_or_say_why_not(self, site):
        done = {name: make_article(site, name, body=body) for name, body in self.BODIES.items()}
        empty = {name: make_article(site, name, body=body) for name, body in self.EMPTY.items()}
        picture = Image.objects.create(title="Flood", file=ImageFile(get_test_image_file(), name="flood.png"))
        empty["only pictures"] = make_article(site, "Pictures", body="", lead_image=picture)
        report = operations.analyze_batch(limit=100)
        assert report.failures == []
        assert {n for n, p in done.items() if self.state(p) != "done"} == set()
        assert {n for n, p in empty.items() if self.state(p) != "skipped"} == set()
        assert PageVector.objects.filter(page__in=[page.pk for page in done.values()]).count() == len(done)
        assert {e.name for e in index.entities_of([done["200,000 words"].pk])[done["200,000 words"].pk]} == {
            "Danube",
            "UNESCO",
            "Ada Lovelace",
        }
        assert set(PageAnalysis.objects.filter(state="skipped").values_list("reason", flat=True)) == {
            "The page has no text."
        }

    def state(self, page):
        return PageAnalysis.objects.get(page=page).state

    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    def test_a_topic_deleted_during_the_analysis_costs_no_page_its_own(self, site, recognizer, monkeypatch, settings):
        settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10}  # every topic is suggested
        doomed, kept = make_topic("River", description="Rivers."), make_topic("Bridge", description="Bridges.")
        pages = [make_article(site, f"River and bridge {n}", body=f"A bridge, a river: {n}.") for n in range(3)]
        real = recognizer.recognize

        def delete_meanwhile(texts):
            if texts[0].page_id:  # not the warming up
                Topic.objects.filter(pk=doomed.pk).delete()
            return real(texts)

        monkeypatch.setattr(recognizer, "recognize", delete_meanwhile)
        report = operations.analyze_batch()
        assert (report.analyzed, report.failures) == (3, [])
        assert {self.state(page) for page in pages} == {"done"}
        assert set(Suggestion.objects.values_list("topic_id", flat=True)) == {kept.pk}

    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    def test_findings_that_cannot_be_stored_fail_alone(self, site, embedder, monkeypatch):
        good, bad = make_article(site, "Good"), make_article(site, "Overflow", body="An overflow of numbers.")
        real = embedder.embed

        def overflowing(texts):
            vectors = real(texts)
            vectors[[n for n, text in enumerate(texts) if "verflow" in text]] = np.inf
            return vectors

        monkeypatch.setattr(embedder, "embed", overflowing)
        report = operations.analyze_batch()
        assert [failure.page_id for failure in report.failures] == [bad.pk]
        assert self.state(good) == "done"
        assert self.state(bad) == "failed"
        assert not Suggestion.objects.filter(page=bad).exists()

    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    def test_a_page_that_somebody_is_writing_to_keeps_none_of_the_others(self, site):
        pages = [make_article(site, f"Page {n}", body=f"{WORDS} Number {n}.") for n in range(3)]
        is_held, may_go = threading.Event(), threading.Event()

        def edit():
            with transaction.atomic():
                operations.lock_page(pages[1].pk)
                is_held.set()
                may_go.wait(60)
            connections.close_all()

        def work():
            operations.analyze_batch()
            connections.close_all()

        editor, worker = threading.Thread(target=edit), threading.Thread(target=work)
        editor.start()
        assert is_held.wait(60)
        worker.start()
        try:
            for _ in range(600):
                if self.state(pages[0]) == self.state(pages[2]) == "done":
                    break
                time.sleep(0.05)
            assert [self.state(page) for page in pages] == ["done", "running", "done"]
        finally:
            may_go.set()
            editor.join()
            worker.join()
        assert {self.state(page) for page in pages} == {"done"}

    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    def test_two_workers_at_once_share_the_work(self, site):
        make_topic("River", description="Rivers.")
        pages = [make_article(site, f"Page {n}", body=f"{WORDS} Number {n}.") for n in range(8)]
        operations.analyze_batch(page_ids=[pages[0].pk])  # the model's row is there
        reports, errors = [], []

        def work():
            try:
                while (report := operations.analyze_batch(limit=2)).claimed:
                    reports.append(report)
            except Exception as error:
                errors.append(error)
            finally:
                connections.close_all()

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert errors == []
        assert sum(report.analyzed for report in reports) == len(pages) - 1, "each page once"
        assert set(PageAnalysis.objects.values_list("state", flat=True)) == {"done"}
        assert Entity.objects.count() == 3


def test_views_of_a_page_that_was_withdrawn_do_not_bring_it_back(client, site, placement):
    page = make_article(site)
    make_views(page, 1000)
    page.unpublish()
    assert client.get(f"{API}recommendations/?placement=sidebar").json()["items"] == []
