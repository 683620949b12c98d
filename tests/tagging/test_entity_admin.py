"""Curating entities in the admin: list, form, merging with undo, bulk actions, Wikidata ids from a table."""

import csv
import io

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tagging import tasks
from tagging.models import Entity, PageEntity
from tagging.operations import entities
from tagging.operations.merge_candidates import merge_candidates
from tests.factories import make_article, make_editor, make_site, make_topic, make_user

pytestmark = pytest.mark.django_db

INDEX = "affinity_entities:index"


@pytest.fixture
def editor(client):
    user = make_editor("ines")
    client.force_login(user)
    return user


@pytest.fixture
def page():
    return make_article(make_site(), "The engine")


def make_entity(name, page=None, label="ORG", count=2, **fields):
    entity = Entity.objects.create(key=name.lower(), name=name, label=label, **fields)
    if page:
        PageEntity.objects.create(
            page=page, entity=entity, count=count, salience=0.4, evidence=[f"So said {name}."], aliases=[]
        )
    return entity


def edit_url(entity):
    return reverse("affinity_entities:edit", args=[entity.pk])


def listed(client, **query):
    return [row.name for row in client.get(reverse(INDEX), query).context["object_list"]]


class TestList:
    def test_merged_names_count_for_what_they_are_merged_into(self, client, editor, page):
        other = make_article(page.get_site(), "Another")
        fbi, bureau = make_entity("FBI", page), make_entity("The Bureau", page, count=3)
        PageEntity.objects.create(page=other, entity=bureau, count=1, salience=0.2)
        entities.merge(bureau, fbi, editor)
        (row,) = client.get(reverse(INDEX)).context["object_list"]
        assert (row.name, row.page_count, row.mention_count) == ("FBI", 2, 6)
        assert listed(client, q="bureau") == ["FBI"]

    def test_filters(self, client, editor, page):
        make_entity("Linked", page, topic=make_topic("Space"))
        make_entity("Identified", page, wikidata_id="Q42", label="PER")
        make_entity("Hidden", page, is_hidden=True)
        assert set(listed(client)) == {"Linked", "Identified"}
        assert listed(client, topic="yes") == ["Linked"]
        assert listed(client, topic="no") == ["Identified"]
        assert listed(client, wikidata="yes") == ["Identified"]
        assert listed(client, wikidata="no") == ["Linked"]
        assert listed(client, hidden="yes") == ["Hidden"]
        assert listed(client, label="PER") == ["Identified"]
        assert listed(client, q="q42") == ["Identified"]

    def test_the_number_of_queries_does_not_grow(self, client, editor, page):
        client.get(reverse(INDEX))

        def queries():
            with CaptureQueriesContext(connection) as captured:
                client.get(reverse(INDEX))
            return len(captured)

        make_entity("A", page, topic=make_topic("T"), wikidata_id="Q1")
        few = queries()
        for number in range(15):
            make_entity(f"B{number}", page, topic=make_topic(f"T{number}"))
        assert queries() == few

    def test_the_export_is_what_the_import_reads(self, client, editor, page):
        make_entity("NASA", page, topic=make_topic("Space"))
        response = client.get(reverse(INDEX), {"export": "csv"})
        text = b"".join(response.streaming_content).decode()
        (row,) = csv.DictReader(io.StringIO(text))
        assert (row["name"], row["label"], row["topic"], row["pages"]) == ("NASA", "ORG", "Space", "1")
        upload(client, text.replace("NASA,ORG,,", "NASA,ORG,Q23548,"), apply=True)
        assert Entity.objects.get(name="NASA").wikidata_id == "Q23548"


class TestForm:
    def test_each_change_is_in_the_history(self, client, editor, page):
        nasa, topic = make_entity("Nasa", page), make_topic("Space")
        data = {"name": "NASA", "topic": topic.pk, "wikidata_id": "https://www.wikidata.org/wiki/q23548"}
        response = client.post(edit_url(nasa), data | {"is_hidden": "on"}, follow=True)
        assert "was saved" in response.content.decode()
        nasa.refresh_from_db()
        assert (nasa.name, nasa.topic, nasa.wikidata_id, nasa.is_hidden) == ("NASA", topic, "Q23548", True)
        history = client.get(reverse("affinity_entities:history", args=[nasa.pk])).content.decode()
        assert "Renamed “Nasa” to “NASA”" in history
        assert "Linked to the topic “Space”" in history
        assert ModelLogEntry.objects.for_instance(nasa).count() == 4
        client.post(edit_url(nasa), data | {"is_hidden": "on"})
        assert ModelLogEntry.objects.for_instance(nasa).count() == 4
        html = client.get(edit_url(nasa)).content.decode()
        assert 'href="https://www.wikidata.org/wiki/Q23548" target="_blank"' in html
        assert "So said Nasa." in html

    def test_a_wrong_wikidata_id_is_explained(self, client, editor, page):
        nasa = make_entity("NASA", page)
        response = client.post(edit_url(nasa), {"name": "NASA", "wikidata_id": "23548"})
        assert "Write a Wikidata id as Q and a number, such as Q42." in response.content.decode()
        nasa.refresh_from_db()
        assert nasa.wikidata_id == ""

    def test_candidates_are_proposed_and_merged_at_one_click_and_back(self, client, editor, page):
        bureau = make_entity("Federal Bureau of Investigation", page)
        fbi = make_entity("FBI", page)
        make_entity("Ada Lovelace", page, label="PER")
        html = client.get(edit_url(bureau)).content.decode()
        merge_url = reverse("affinity_entities:merge_into", args=[fbi.pk, bureau.pk])
        assert merge_url in html
        assert "its initials" in html
        assert "Ada Lovelace" not in html
        html = client.post(merge_url, follow=True).content.decode()
        split_url = reverse("affinity_entities:split", args=[fbi.pk])
        assert "“FBI” is a name of “Federal Bureau of Investigation” now." in html
        assert html.count(split_url) == 2  # in the message, and on the page
        assert client.get(edit_url(fbi)).url == edit_url(bureau)
        html = client.post(split_url, follow=True).content.decode()
        assert "is a name of its own again" in html
        fbi.refresh_from_db()
        assert fbi.canonical is None

    def test_merging_into_a_chosen_name(self, client, editor, page):
        merkel, angela = make_entity("Merkel", page, label="PER"), make_entity("Angela Merkel", page, label="PER")
        url = reverse("affinity_entities:merge", args=[merkel.pk])
        assert "is found on 1 page" in client.get(url).content.decode()
        assert "are one already" in client.post(url, {"target": merkel.pk}).content.decode()
        assert client.post(url, {"target": angela.pk}).url == edit_url(angela)
        merkel.refresh_from_db()
        assert merkel.canonical == angela
        assert merkel.merge.merged_by == editor

    def test_the_chooser_finds_merged_names_and_offers_none_of_them(self, client, editor, page):
        merkel, angela = make_entity("Merkel", page, label="PER"), make_entity("Angela M.", page, label="PER")
        entities.merge(merkel, angela, editor)
        found = client.get(reverse("affinity_entity_chooser:choose_results"), {"q": "merkel"}).content.decode()
        assert "Angela M." in found
        assert reverse("affinity_entity_chooser:chosen", args=[angela.pk]) in found
        assert reverse("affinity_entity_chooser:chosen", args=[merkel.pk]) not in found


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("FBI", "Federal Bureau of Investigation"),
        ("Federal Bureau of Investigation", "FBI"),
        ("Federal Bureau of Investigation", "F.B.I."),
        ("Merkel", "Angela Merkel"),
        ("Angela Merkel", "Merkel"),
        ("Merkel Angela", "Angela Merkel"),
        ("Organisation for Economic Cooperation", "Organization for Economic Co-operation"),
        ("Muller's (Ltd) [x", "Muller's (Ltd) [y"),
    ],
)
def test_what_the_database_looks_through_holds_what_is_alike(name, other):
    entity, alike = make_entity(name), make_entity(other)
    make_entity("Zanzibar")
    assert [found.entity for found in merge_candidates(entity)] == [alike]


class TestBulk:
    def url(self, action, *chosen):
        query = "&".join(f"id={entity.pk}" for entity in chosen)
        return f"{reverse('wagtail_bulk_action', args=['tagging', 'entity', action])}?{query}&next={reverse(INDEX)}"

    def test_hide_and_show(self, client, editor, page):
        first, second, third = (make_entity(name, page) for name in ("One", "Two", "Three"))
        html = client.get(self.url("hide", first, second)).content.decode()
        assert "One" in html
        assert "Yes, hide" in html
        client.post(self.url("hide", first, second))
        assert listed(client) == ["Three"]
        client.post(self.url("show", first))
        assert set(listed(client)) == {"One", "Three"}
        assert ModelLogEntry.objects.for_instance(third).count() == 0

    def test_merge_the_chosen_into_one_of_them(self, client, editor, page):
        first, second, third = (make_entity(name, page) for name in ("One", "Two", "Three"))
        assert "Merge into" in client.get(self.url("merge", first, second, third)).content.decode()
        html = client.post(self.url("merge", first, second, third), {"target": third.pk}, follow=True).content.decode()
        assert "2 names were merged." in html
        assert listed(client) == ["Three"]

    def test_one_worker_is_asked_however_many_are_hidden(
        self, client, editor, page, monkeypatch, django_capture_on_commit_callbacks
    ):
        asked = []
        monkeypatch.setattr(tasks._broker, "send", lambda task, *arguments: asked.append(task.name))
        chosen = [make_entity(f"Name {number}", page) for number in range(5)]
        with django_capture_on_commit_callbacks(execute=True):
            client.post(self.url("hide", *chosen))
        assert asked == ["tagging.sweep"]

    def test_all_of_the_list_is_never_meant(self, client, editor, page):
        one = make_entity("One", page)
        client.post(f"{reverse('wagtail_bulk_action', args=['tagging', 'entity', 'hide'])}?id=all")
        one.refresh_from_db()
        assert not one.is_hidden


def upload(client, text, *, apply=False, url="affinity_entities:import_wikidata", **data):
    file = SimpleUploadedFile("names.csv", text.encode())
    response = client.post(reverse(url), {"file": file, **data})
    if not apply:
        return response
    return client.post(reverse(url), {"content": response.context["content"], "apply": "1", **data}, follow=True)


class TestWikidataImport:
    TABLE = (
        "name;label;wikidata_id\nNASA;;Q23548\nAda Lovelace;PER;q7259\nNobody;;Q1\nNASA;ORG;Q2\nJordan;;Q3\nFBI;;8333\n"
    )

    def test_the_preview_writes_nothing_and_names_each_error(self, client, editor, page):
        make_entity("NASA", page)
        make_entity("Ada Lovelace", page, label="PER")
        make_entity("FBI", page)
        for label in ("PER", "LOC"):
            make_entity("Jordan", page, label=label)
        html = upload(client, self.TABLE).content.decode()
        assert "4 lines have errors." in html
        assert "Line 4, “Nobody”: No page names “Nobody”." in html
        assert "Line 5, “NASA”: “NASA” is in line 2 already." in html
        assert "Line 6, “Jordan”: There are several “Jordan”" in html
        assert "Line 7, “FBI”: Write a Wikidata id as Q and a number" in html
        assert not Entity.objects.exclude(wikidata_id="").exists()
        html = upload(client, self.TABLE, apply=True).content.decode()
        assert "2 Wikidata ids were set." in html
        assert Entity.objects.get(name="Ada Lovelace").wikidata_id == "Q7259"

    @pytest.mark.parametrize(
        ("content", "error"),
        [
            (b"name\nNASA", "The column “wikidata_id” is missing"),
            (b"name,wikidata_id,colour\nNASA,Q1,red", "There is no column “colour”"),
            ("name,wikidata_id\nCafé,Q1".encode("latin-1"), "not in UTF-8"),
            (b"", "Choose a file"),
            (b"x" * 2_000_001, "larger than 2 MB"),
        ],
    )
    def test_a_file_that_cannot_be_read_is_explained(self, client, editor, content, error):
        file = SimpleUploadedFile("ids.csv", content)
        html = client.post(reverse("affinity_entities:import_wikidata"), {"file": file}).content.decode()
        assert error in html or "empty" in html

    def test_it_takes_merged_names_for_what_they_are_merged_into(self, client, editor, page):
        merkel, angela = make_entity("Merkel", page, label="PER"), make_entity("Angela Merkel", page, label="PER")
        entities.merge(merkel, angela, editor)
        upload(client, "name,wikidata_id\nMerkel,Q567\n", apply=True)
        angela.refresh_from_db()
        assert angela.wikidata_id == "Q567"


class TestPermissions:
    @pytest.fixture
    def viewer(self, client):
        group = Group.objects.create(name="Viewers")
        group.permissions.add(Permission.objects.get(codename="view_entity"))
        client.force_login(make_user(group))

    def test_who_may_only_view_sees_no_way_to_change(self, client, viewer, page):
        bureau, fbi = make_entity("Federal Bureau of Investigation", page), make_entity("FBI", page)
        html = client.get(reverse(INDEX)).content.decode()
        assert reverse("affinity_entities:inspect", args=[fbi.pk]) in html
        assert edit_url(fbi) not in html
        assert "bulk-action-checkbox" not in html
        html = client.get(reverse("affinity_entities:inspect", args=[bureau.pk])).content.decode()
        assert "merge" not in html.lower().split("</nav>")[-1]

    def test_who_may_only_view_can_change_nothing(self, client, viewer, page):
        one, two = make_entity("One", page), make_entity("Two", page)
        bulk = f"{reverse('wagtail_bulk_action', args=['tagging', 'entity', 'hide'])}?id={one.pk}"
        for url in (
            edit_url(one),
            reverse("affinity_entities:merge", args=[one.pk]),
            reverse("affinity_entities:merge_into", args=[one.pk, two.pk]),
            reverse("affinity_entities:split", args=[one.pk]),
            reverse("affinity_entities:import_wikidata"),
            bulk,
        ):
            client.post(url, {"name": "Changed", "target": two.pk})
        one.refresh_from_db()
        assert (one.name, one.canonical, one.is_hidden) == ("One", None, False)
        assert ModelLogEntry.objects.count() == 0
