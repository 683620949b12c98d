"""The site's own names in the admin, from tables and from the command line."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tagging.models import Entity, GazetteerName
from tests.factories import make_editor, make_topic, make_user

from .test_entity_admin import upload

pytestmark = pytest.mark.django_db

INDEX = "affinity_known_names:index"
IMPORT = "affinity_known_names:import"
TABLE = """name,label,aliases,match_case,topic,wikidata_id
NASA,ORG,Nasa|National Aeronautics and Space Administration,yes,Space,Q23548
Aurora 5,Other,,no,,
"""


@pytest.fixture
def editor(client):
    user = make_editor("ines")
    client.force_login(user)
    return user


def names():
    return {row.name: row for row in GazetteerName.objects.all()}


class TestForm:
    def test_create_and_change(self, client, editor):
        space, rockets = make_topic("Space"), make_topic("Rockets")
        add = reverse("affinity_known_names:add")
        assert 'value="NASA"' in client.get(add, {"name": "NASA"}).content.decode()
        data = {"name": " NASA ", "label": "ORG", "aliases": "Nasa\n\nNational  Agency, Inc.\nNasa", "match_case": "on"}
        client.post(add, data | {"topic": space.pk, "wikidata_id": "q23548"})
        nasa = names()["NASA"]
        assert (nasa.aliases, nasa.wikidata_id, nasa.topic) == (["Nasa", "National Agency, Inc."], "Q23548", space)
        entity = Entity.objects.get(key="nasa")
        assert (entity.wikidata_id, entity.topic) == ("Q23548", space)
        edit = reverse("affinity_known_names:edit", args=[nasa.pk])
        assert "Nasa\nNational Agency, Inc." in client.get(edit).content.decode()
        client.post(edit, data | {"topic": rockets.pk, "wikidata_id": ""})
        entity.refresh_from_db()
        assert (entity.wikidata_id, entity.topic) == ("", rockets)
        assert ModelLogEntry.objects.for_instance(nasa).count() == 2

    def test_a_name_stands_for_one_only(self, client, editor):
        GazetteerName.objects.create(name="NASA", label="ORG", aliases=["The Agency"])
        add = reverse("affinity_known_names:add")
        html = client.post(add, {"name": "ESA", "label": "ORG", "aliases": "The Agency"}).content.decode()
        assert "“NASA” has this name, or one of these, already." in html
        html = client.post(add, {"name": "...", "label": "ORG"}).content.decode()
        assert "A name needs at least one word." in html
        assert set(names()) == {"NASA"}

    def test_list_search_and_delete(self, client, editor):
        assert "There are no known names yet" in client.get(reverse(INDEX)).content.decode()
        nasa = GazetteerName.objects.create(name="NASA", label="ORG", aliases=["The Agency"])
        GazetteerName.objects.create(name="Leeds", label="LOC")

        def listed(**query):
            return [row.name for row in client.get(reverse(INDEX), query).context["object_list"]]

        assert listed() == ["Leeds", "NASA"]
        assert listed(q="agency") == ["NASA"]
        assert listed(label="LOC") == ["Leeds"]
        client.post(reverse("affinity_known_names:delete", args=[nasa.pk]))
        assert set(names()) == {"Leeds"}


class TestImport:
    def test_preview_then_import_then_export(self, client, editor):
        space = make_topic("Space")
        html = upload(client, TABLE, url=IMPORT).content.decode()
        assert "NASA" in html
        assert names() == {}
        html = upload(client, TABLE, url=IMPORT, apply=True).content.decode()
        assert "2 added, 0 changed, 0 removed" in html
        nasa, aurora = names()["NASA"], names()["Aurora 5"]
        assert (nasa.aliases, nasa.match_case, nasa.topic) == (
            ["Nasa", "National Aeronautics and Space Administration"],
            True,
            space,
        )
        assert (aurora.label, aurora.match_case) == ("MISC", False)
        assert Entity.objects.get(key="nasa").wikidata_id == "Q23548"
        assert ModelLogEntry.objects.for_instance(nasa).get().user == editor
        exported = b"".join(client.get(reverse(INDEX), {"export": "csv"}).streaming_content).decode()
        html = upload(client, exported, url=IMPORT).content.decode()
        assert "2 lines change nothing." in html

    def test_one_wrong_line_and_nothing_is_imported(self, client, editor):
        GazetteerName.objects.create(name="ESA", label="ORG", aliases=["The Agency"])
        for number in range(2):
            make_topic(f"Twin{number}").__class__.objects.filter(name=f"Twin{number}").update(name="Twin")
        table = (
            "name,label,aliases,match_case,topic,wikidata_id\n"
            "Good,ORG,,,,\n,ORG,,,,\nA,XXX,,,,\nB,ORG,,maybe,,\nC,ORG,,,Nowhere,\nD,ORG,,,Twin,\n"
            "E,ORG,,,,x\nGood,LOC,,,,\nNASA,ORG,The Agency,,,\n" + "F" * 256 + ",ORG,,,,\n"
        )
        response = upload(client, table, url=IMPORT)
        errors = {line.number: line.error for line in response.context["plan"].errors}
        assert set(errors) == {3, 4, 5, 6, 7, 8, 9, 10, 11}
        assert "Kinds are: PER, ORG, LOC, MISC" in errors[4]
        assert "There is no topic “Nowhere”." in errors[6]
        assert "Write its slug." in errors[7]
        assert "is in line 2 already" in errors[9]
        assert "“The Agency” stands for “ESA” already." in errors[10]
        assert "Nothing can be imported until the file is right." in response.content.decode()
        upload(client, table, url=IMPORT, apply=True)
        assert set(names()) == {"ESA"}

    def test_replacing_removes_what_is_not_in_the_file(self, client, editor):
        GazetteerName.objects.create(name="ESA", label="ORG", aliases=["NASA"])
        make_topic("Space")
        html = upload(client, TABLE, url=IMPORT, replace="on").content.decode()
        assert "Removed" in html
        upload(client, TABLE, url=IMPORT, apply=True, replace="on")
        assert set(names()) == {"NASA", "Aurora 5"}

    def test_importing_needs_every_permission(self, client):
        group = Group.objects.create(name="Adders")
        group.permissions.add(Permission.objects.get(codename="add_gazetteername"))
        client.force_login(make_user(group))
        upload(client, "name,label\nNASA,ORG\n", url=IMPORT)
        client.post(reverse(IMPORT), {"content": "name,label\nNASA,ORG\n", "apply": "1"})
        assert names() == {}
        assert reverse(IMPORT) not in client.get(reverse(INDEX)).content.decode()


class TestCommand:
    def test_import_and_replace(self, tmp_path):
        make_topic("Space")
        GazetteerName.objects.create(name="ESA", label="ORG")
        path = tmp_path / "names.csv"
        path.write_text(TABLE)
        out = StringIO()
        call_command("import_gazetteer", path, stdout=out)
        assert "2 new, 0 changed, 0 same, 0 removed" in out.getvalue()
        assert set(names()) == {"ESA", "NASA", "Aurora 5"}
        call_command("import_gazetteer", path, "--replace", stdout=out)
        assert set(names()) == {"NASA", "Aurora 5"}

    def test_errors_name_their_line(self, tmp_path):
        path = tmp_path / "names.csv"
        path.write_text("name,label\nNASA,ORG\nX,planet\n")
        err = StringIO()
        with pytest.raises(CommandError, match="Nothing was imported"):
            call_command("import_gazetteer", path, stderr=err)
        assert "Line 3 (X): “planet” is no kind." in err.getvalue()
        assert names() == {}
        with pytest.raises(CommandError, match="No such file"):
            call_command("import_gazetteer", tmp_path / "missing.csv")
