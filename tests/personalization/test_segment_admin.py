"""Segments in Wagtail's admin: the rule builder, the list, the live estimate, who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from wagtail.models import ModelLogEntry
from wagtail.test.utils.form_data import nested_form_data, streamfield

from personalization.models import Profile, Segment, Visitor
from personalization.segmentation import compile_rules
from personalization.viewsets.rule_form import RulesField
from tagging.models import Entity
from tests.factories import make_editor, make_topic, make_user

from .test_segmentation import MATCHING, NODES

pytestmark = pytest.mark.django_db

ADD = "personalization_segments:add"


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def form(*rules: tuple[str, Any], match: str = "all", name: str = "Cyclists") -> dict[str, Any]:
    data = {"name": name, "description": "", "is_enabled": "on", "match": match, "rules": streamfield(list(rules))}
    return nested_form_data(data)


def group(match: str, *rules: tuple[str, Any]) -> tuple[str, Any]:
    return "group", {"match": match, "rules": streamfield(list(rules))}


def make_visitor(views: int = 1, days_ago: float = 0.05, **topics: float) -> Profile:
    return Profile.objects.create(
        visitor=Visitor.objects.create(),
        views=views,
        visits=1,
        topics={name.removeprefix("t"): weight for name, weight in topics.items()},
        last_seen=timezone.now() - timedelta(days=days_ago),
        device="mobile",
    )


def test_an_editor_builds_nested_rules_without_code(editor: Client) -> None:
    topic = make_topic("Cycling")
    rules = [
        ("topic", {"topic": str(topic.pk), "operator": "at_least", "value": "12.5"}),
        group("any", ("hours", {"start": "22", "end": "6"}), group("none", ("country", {"value": "fr, BE"}))),
        ("device", {}),
    ]
    response = editor.post(reverse(ADD), form(*rules) | {"rules-2-value-value": ["mobile", "tablet"]})
    assert response.status_code == 302
    segment = Segment.objects.get(name="Cyclists")
    assert segment.rules == {
        "match": "all",
        "rules": [
            {"type": "topic", "topic": topic.pk, "operator": "at_least", "value": 0.125},
            {
                "match": "any",
                "rules": [
                    {"type": "hours", "start": 22, "end": 6},
                    {"match": "none", "rules": [{"type": "country", "value": ["fr", "BE"]}]},
                ],
            },
            {"type": "device", "value": ["mobile", "tablet"]},
        ],
    }
    compile_rules(segment.rules)
    assert ModelLogEntry.objects.filter(action="wagtail.create", object_id=str(segment.pk)).exists()


def test_rules_keep_the_order_in_which_they_were_put(editor: Client) -> None:
    data = form(("visitor", {"value": "new"}), ("signed_in", {"value": "no"}))
    data |= {"rules-0-order": "1", "rules-1-order": "0"}
    editor.post(reverse(ADD), data)
    assert [rule["type"] for rule in Segment.objects.get().rules["rules"]] == ["signed_in", "visitor"]


def test_a_mistake_is_shown_at_its_rule_and_nothing_is_saved(editor: Client) -> None:
    rules = [
        ("visitor", {"value": "new"}),
        group("any", ("country", {"value": "France"}), ("views", {"operator": "at_least", "value": ""})),
    ]
    response = editor.post(reverse(ADD), form(*rules))
    assert response.status_code == 200
    assert not Segment.objects.exists()
    errors = response.context["form"].errors.as_data()["rules"][0].as_json_data()
    inner = errors["blockErrors"][1]["blockErrors"]["rules"]["blockErrors"]
    assert "codes such as FR" in inner[0]["blockErrors"]["value"]["messages"][0]
    assert inner[1]["blockErrors"]["value"]["messages"] == ["This field is required."]


@pytest.mark.parametrize("rules", [[], [group("any")]], ids=["no rules", "an empty group"])
def test_a_group_needs_a_rule(editor: Client, rules: list[Any]) -> None:
    response = editor.post(reverse(ADD), form(*rules))
    assert response.status_code == 200
    assert not Segment.objects.exists()


def test_a_topic_deleted_since_must_be_chosen_anew(editor: Client) -> None:
    rules = {"match": "all", "rules": [{"type": "topic", "topic": 404, "operator": "at_least", "value": 0.2}]}
    segment = Segment.objects.create(name="Cyclists", rules=rules)
    url = reverse("personalization_segments:edit", args=[segment.pk])
    assert editor.get(url).status_code == 200
    data = form(("topic", {"topic": "404", "operator": "at_least", "value": "20"}))
    assert "This field is required" in editor.post(url, data).content.decode()


def test_stored_rules_that_cannot_be_used_are_named(editor: Client) -> None:
    segment = Segment.objects.create(name="Old", rules={"match": "all", "rules": [{"type": "moon"}]})
    page = editor.get(reverse("personalization_segments:edit", args=[segment.pk])).content.decode()
    assert "rules[0].type" in page
    assert "Cannot be used" in editor.get(reverse("personalization_segments:index")).content.decode()


@override_settings(WAGTAIL_PERSONALIZATION={"K_ANONYMITY": 1})
def test_the_list_says_in_words_who_belongs_and_how_many(editor: Client) -> None:
    topic = make_topic("Cycling")
    interest = {"type": "topic", "topic": topic.pk, "operator": "at_least", "value": 0.2}
    Segment.objects.create(
        name="Cyclists",
        rules={
            "match": "all",
            "rules": [interest, {"match": "any", "rules": [{"type": "device", "value": ["mobile"]}]}],
        },
    )
    Segment.objects.create(name="Belgians", rules={"match": "any", "rules": [{"type": "country", "value": ["BE"]}]})
    make_visitor(**{f"t{topic.pk}": 0.3})
    make_visitor(**{f"t{topic.pk}": 0.1})
    page = editor.get(reverse("personalization_segments:index")).content.decode()
    assert "Cycling: at least 20\xa0% of reading and (device is Phone)" in page
    assert "1 of 2" in page
    assert "Country is BE" in page
    assert "depends on the visit" in page


def test_a_parameter_with_any_value_is_said_in_words(editor: Client) -> None:
    make_segment("Print", {"type": "query", "parameter": "edition", "operator": "is", "value": ""})
    page = editor.get(reverse("personalization_segments:index")).content.decode()
    assert "?edition in the address is anything" in page


def test_the_list_asks_no_query_per_segment(editor: Client, django_assert_max_num_queries: Any) -> None:
    url = reverse("personalization_segments:index")
    editor.get(url)
    for number in range(15):
        Segment.objects.create(name=f"Segment {number}", rules={"match": "all", "rules": [MATCHING[4]]})
    with django_assert_max_num_queries(20):
        editor.get(url)


def estimate(client: Client, *rules: tuple[str, Any]) -> str:
    return client.post(reverse("personalization_segments:estimate"), form(*rules)).content.decode()


@override_settings(WAGTAIL_PERSONALIZATION={"K_ANONYMITY": 1})
def test_the_estimate_counts_what_profiles_can_tell(editor: Client) -> None:
    for views in (1, 5, 9):
        make_visitor(views=views)
    Profile.objects.create(visitor=Visitor.objects.create())  # consented, has read nothing yet
    many = ("views", {"operator": "at_least", "value": "5"})
    answer = estimate(editor, many, ("country", {"value": "FR"}))
    assert "Would match 2 of 3 visitors of the last 30 days, 67 %." in answer
    assert "Country" in answer
    assert "depend on the visit alone" in estimate(editor, ("country", {"value": "FR"}))
    assert "Complete the rules" in estimate(editor, ("views", {"operator": "at_least", "value": ""}))
    assert not Segment.objects.exists()


def test_an_estimate_of_those_who_stayed_away_says_that_it_is_of_all_visitors_known(editor: Client) -> None:
    away = ("last_seen", {"operator": "over", "value": "30"})
    assert "read anything yet" in estimate(editor, away)
    for days in [60] * 15 + [2] * 25:
        make_visitor(days_ago=days)
    answer = estimate(editor, away)
    assert "Would match 15 of 40 visitors known, 38 %." in answer
    assert "last 30 days" not in answer
    make_segment("Away", {"type": "last_seen", "operator": "over", "value": 30})
    make_segment("Everybody", {"type": "views", "operator": "at_least", "value": 1})
    page = editor.get(reverse("personalization_segments:index")).content.decode()
    assert "15 of all 40" in page
    assert "25 of 25" in page


MANY = ("views", {"operator": "at_least", "value": "5"})


def make_segment(name: str, *rules: dict[str, Any], **fields: Any) -> Segment:
    return Segment.objects.create(name=name, rules={"match": "all", "rules": list(rules)}, **fields)


def test_the_estimate_says_what_is_shared_with_other_segments(editor: Client) -> None:
    for views in [9] * 24 + [1] * 10:
        make_visitor(views=views, t7=0.5 if views == 9 else 0.0)
    for _ in range(12):
        make_visitor(views=9)
    make_segment("Cyclists", {"type": "topic", "topic": 7, "operator": "at_least", "value": 0.2})
    make_segment("Nobody", {"type": "views", "operator": "at_least", "value": 99})
    make_segment("Off", {"type": "views", "operator": "at_least", "value": 1}, is_enabled=False)
    itself = make_segment("Regulars", {"type": "views", "operator": "at_least", "value": 5})
    answer = editor.post(
        f"{reverse('personalization_segments:estimate')}?segment={itself.pk}", form(MANY)
    ).content.decode()
    assert "Would match 36 of 46 visitors of the last 30 days, 78 %." in answer
    assert "24 are also in “Cyclists”" in answer
    for name in ("Nobody", "Off", "Regulars"):
        assert name not in answer


def test_no_group_of_fewer_than_k_visitors_is_counted_in_the_builder(editor: Client) -> None:
    make_visitor(views=9)
    assert "Would match fewer than 10 visitors:" in estimate(editor, MANY)
    Visitor.objects.all().delete()
    for views in [9] * 3 + [1] * 12:
        make_visitor(views=views)
    few = estimate(editor, MANY)
    assert "fewer than 10 of 15 visitors" in few
    assert "20" not in few
    rest = estimate(editor, group("none", MANY))
    assert "all but fewer than 10 of 15 visitors" in rest
    make_segment("Regulars", {"type": "views", "operator": "at_least", "value": 5})
    assert "fewer than 10 are also in “Regulars”" in estimate(editor, ("views", {"operator": "at_least", "value": "1"}))
    assert "fewer than 10 of 15" in editor.get(reverse("personalization_segments:index")).content.decode()


def test_a_circle_of_segments_is_refused_at_the_rule_that_closes_it(editor: Client) -> None:
    first = make_segment("Cyclists")
    second = make_segment("Sporty", {"type": "segment", "operator": "in", "segment": first.pk})
    rules = [MANY, group("any", MANY, ("segment", {"operator": "in", "segment": str(second.pk)}))]
    url = reverse("personalization_segments:edit", args=[first.pk])
    response = editor.post(url, form(*rules))
    assert response.status_code == 200
    errors = response.context["form"].errors.as_data()["rules"][0].as_json_data()
    at_rule = errors["blockErrors"][1]["blockErrors"]["rules"]["blockErrors"][1]["blockErrors"]
    assert "Cyclists → Sporty → Cyclists" in at_rule["segment"]["messages"][0]
    first.refresh_from_db()
    assert first.rules["rules"] == []
    assert (
        "Complete the rules"
        in editor.post(
            f"{reverse('personalization_segments:estimate')}?segment={first.pk}", form(*rules)
        ).content.decode()
    )


def test_a_segment_that_others_name_is_not_deleted(editor: Client) -> None:
    segment = make_segment("Cyclists", {"type": "visitor", "value": "new"})
    user = make_segment("Sporty", {"type": "segment", "operator": "not_in", "segment": segment.pk})
    url = reverse("personalization_segments:delete", args=[segment.pk])
    for method in (editor.get, editor.post):
        assert "the rules of “Sporty” name it" in method(url, follow=True).content.decode()
    assert Segment.objects.filter(pk=segment.pk).exists()
    user.delete()
    editor.post(url)
    assert not Segment.objects.filter(pk=segment.pk).exists()


def test_what_is_chosen_is_searched_by_name(editor: Client) -> None:
    science = make_topic("Science")
    make_topic("Space", science)
    for viewset, words, found in (
        ("personalization_topic_chooser", "spa", "Science"),
        ("personalization_segment_chooser", "cycl", "Those who ride"),
        ("affinity_entity_chooser", "ada love", "Person"),
    ):
        make_segment(f"Cyclists {viewset}", description="Those who ride")
        Entity.objects.get_or_create(key="ada lovelace", label="PER", defaults={"name": "Ada Lovelace"})
        results = editor.get(reverse(f"{viewset}:choose_results"), {"q": words}).content.decode()
        assert found in results
        assert editor.get(reverse(f"{viewset}:choose")).status_code == 200


def test_the_estimate_answers_nonsense_with_a_client_error(editor: Client) -> None:
    url = reverse("personalization_segments:estimate")
    assert editor.post(url, {"rules-count": "many"}).status_code == 400
    assert editor.post(url, {"match": "all"}).status_code == 400
    assert editor.get(url).status_code == 405


def test_who_may_not_edit_segments_sees_nothing_of_them(client: Client) -> None:
    client.force_login(make_user())
    for name in ("index", "add"):
        assert client.get(reverse(f"personalization_segments:{name}")).status_code == 302
    assert client.post(reverse("personalization_segments:estimate")).status_code == 302
    assert reverse("personalization_segments:index") not in client.get(reverse("wagtailadmin_home")).content.decode()


def test_a_permission_opens_what_it_names(client: Client) -> None:
    editors = Group.objects.create(name="Segment editors")
    editors.permissions.add(Permission.objects.get(codename="change_segment"))
    client.force_login(make_user(editors))
    assert client.get(reverse("personalization_segments:index")).status_code == 200
    assert client.get(reverse(ADD)).status_code == 302
    assert "Nobody who consented" in estimate(client, ("visitor", {"value": "new"}))


@given(rules=st.lists(NODES, min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_every_rule_survives_the_builder(rules: list[Any]) -> None:
    field = RulesField()
    stored = {"match": "all", "rules": rules}
    assert _as_stored(field.block.get_prep_value(field.prepare_value(stored))) == rules


def _as_stored(stream: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"match": child["value"]["match"], "rules": _as_stored(child["value"]["rules"])}
        if child["type"] == "group"
        else {"type": child["type"], **child["value"]}
        for child in stream
    ]
