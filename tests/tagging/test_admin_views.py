"""What else the tagging app adds to the admin: its menu, its icons, and the entities to read."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import NoReverseMatch, reverse
from wagtail import hooks
from wagtail.admin.icons import get_icons
from wagtail.admin.views.pages.create import CreateView
from wagtail.admin.views.pages.edit import EditView

from tagging.models import Entity, PageEntity
from tests.factories import make_article, make_editor, make_site, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    user = make_editor()
    client.force_login(user)
    return user


def name_on(page, name, label="PER", count=2):
    entity, _ = Entity.objects.get_or_create(key=name.lower(), label=label, defaults={"name": name})
    PageEntity.objects.create(page=page, entity=entity, count=count, salience=0.4, evidence=[f"There came {name}."])
    return entity


def test_one_menu_item_holds_everything(client, editor):
    html = client.get("/admin/").content.decode()
    for text in ("Affinity", "Topics", "Content analysis", "Entities"):
        assert f'"{text}"' in html
    names = [fn().name for fn in hooks.get_hooks("register_affinity_menu_item")]
    assert {"affinity-topics", "affinity-report", "affinity-entities"} <= set(names)


def test_the_menu_shows_nobody_what_he_may_not_open(client):
    client.force_login(make_user())
    assert "Affinity" not in client.get("/admin/").content.decode()


def test_the_icons_are_in_wagtails_sprite():
    sprite = get_icons()
    for name in ("affinity", "affinity-topics", "affinity-entities"):
        assert f'id="icon-{name}"' in sprite


def test_wagtails_page_views_still_let_us_add_a_side_panel():
    """The only place where no hook exists: a Wagtail that renames the method must be noticed here."""
    for view in (CreateView, EditView):
        assert view.get_side_panels.__name__ == "get_side_panels"
        assert hasattr(view.get_side_panels, "__wrapped__")


def test_no_entities_yet(client, editor):
    assert "No page names anybody or anything yet" in client.get(reverse("affinity_entities:index")).content.decode()


def test_entities_are_listed_by_the_number_of_pages(client, editor):
    site = make_site()
    first, second = make_article(site), make_article(site)
    name_on(first, "Lisbon", "LOC")
    for page in (first, second):
        name_on(page, "Ada Lovelace")
    Entity.objects.create(key="nobody", name="Nobody", label="PER")
    rows = client.get(reverse("affinity_entities:index")).context["object_list"]
    assert [(row.name, row.page_count, row.mention_count) for row in rows] == [("Ada Lovelace", 2, 4), ("Lisbon", 1, 2)]
    found = client.get(reverse("affinity_entities:index"), {"q": "lisb"}).context["object_list"]
    assert [row.name for row in found] == ["Lisbon"]
    places = client.get(reverse("affinity_entities:index"), {"label": "LOC"}).context["object_list"]
    assert [row.name for row in places] == ["Lisbon"]


def test_an_entity_shows_its_pages_and_sentences(client, editor):
    page = make_article(make_site(), "The engine")
    ada = name_on(page, "Ada Lovelace")
    html = client.get(reverse("affinity_entities:inspect", args=[ada.pk])).content.decode()
    assert "There came Ada Lovelace." in html
    assert "The engine" in html
    assert client.get(reverse("affinity_entities:inspect", args=[ada.pk + 1])).status_code == 404


def test_entities_cannot_be_added_or_deleted_by_hand():
    for action in ("add", "delete"):
        with pytest.raises(NoReverseMatch):
            reverse(f"affinity_entities:{action}", args=[1] if action != "add" else [])


def test_viewing_entities_is_a_permission(client):
    client.force_login(make_user())
    assert client.get(reverse("affinity_entities:index")).status_code == 302
    viewers = Group.objects.create(name="Viewers")
    viewers.permissions.add(Permission.objects.get(codename="view_entity"))
    client.force_login(make_user(viewers))
    page = make_article(make_site(), "A page of others")
    ada = name_on(page, "Ada Lovelace")
    html = client.get(reverse("affinity_entities:index")).content.decode()
    assert reverse("affinity_entities:inspect", args=[ada.pk]) in html
    assert (
        "No page that you may edit" in client.get(reverse("affinity_entities:inspect", args=[ada.pk])).content.decode()
    )
