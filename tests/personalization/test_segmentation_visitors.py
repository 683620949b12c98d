"""Segments and the visitors known: how many match, and the reader who stands for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from personalization import signal_handlers
from personalization.models import Profile, Segment, Visitor
from personalization.segmentation import (
    RuleType,
    parse_rules,
    register,
    registry,
    visit_rules,
    wanted_topics,
    without_visit_rules,
)
from personalization.visitors import estimates
from personalization.visitors.estimates import estimate, estimate_all
from personalization.visitors.references import load_references, segments_that_follow
from personalization.visitors.representative import representative_profile
from tests.factories import make_embedding_model

CYCLING, GARDENS = 7, 8
BELGIAN = {"type": "country", "value": ["BE"]}
REGULAR = {"type": "views", "operator": "at_least", "value": 5}


def interest(topic: int, value: float = 0.2) -> dict[str, Any]:
    return {"type": "topic", "topic": topic, "operator": "at_least", "value": value}


def tree(match: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": match, "rules": list(rules)}


def make_profile(hours_ago: float = 1, **fields: Any) -> Profile:
    seen = timezone.now() - timedelta(hours=hours_ago)
    return Profile.objects.create(visitor=Visitor.objects.create(), last_seen=seen, visits=1, **fields)


def test_rules_that_depend_on_the_visit_are_told_apart() -> None:
    rules = tree("all", REGULAR, BELGIAN, tree("any", BELGIAN), tree("none", BELGIAN, interest(CYCLING)))
    parsed = parse_rules(rules)
    assert [rule_type.code for rule_type in visit_rules(parsed)] == ["country"]
    answerable = parse_rules(tree("all", REGULAR, tree("none", interest(CYCLING))))
    assert without_visit_rules(parsed) == answerable


def test_wanted_topics_are_those_asked_for_not_those_ruled_out() -> None:
    below = {**interest(9), "operator": "below"}
    rules = tree(
        "all", interest(CYCLING, 0.1), tree("any", interest(CYCLING, 0.3), below), tree("none", interest(GARDENS))
    )
    assert wanted_topics(parse_rules(rules)) == {CYCLING: 0.3}


@pytest.mark.django_db
def test_several_segments_are_counted_in_one_pass(django_assert_num_queries: Any) -> None:
    for views in (1, 5, 8):
        make_profile(views=views)
    trees = {"regular": tree("all", REGULAR), "belgian": tree("all", BELGIAN), "empty": tree("all")}
    with django_assert_num_queries(1):
        found = estimate_all({key: parse_rules(rules) for key, rules in trees.items()})
    assert {key: (one.matching, one.known) for key, one in found.items()} == {
        "regular": (2, 3),
        "belgian": (None, 3),
        "empty": (0, 3),
    }


@pytest.mark.django_db
def test_visitors_not_seen_for_a_month_are_not_counted() -> None:
    make_profile(hours_ago=24 * 29, views=9)
    make_profile(hours_ago=24 * 31, views=9)
    found = estimate(parse_rules(tree("all", REGULAR)))
    assert (found.matching, found.known, found.percent) == (1, 1, 100)


AWAY = {"type": "last_seen", "operator": "over", "value": 30}


@pytest.mark.django_db
def test_rules_about_those_who_stayed_away_are_counted_among_all_visitors_known() -> None:
    for days in (1, 29, 31, 40, 400):
        make_profile(hours_ago=24 * days, views=9, topics={"7": 0.5} if days == 40 else {})
    Profile.objects.create(visitor=Visitor.objects.create())  # consented, has read nothing yet
    found = estimate(parse_rules(tree("all", AWAY)), {"Cyclists": parse_rules(tree("all", interest(CYCLING)))})
    assert (found.matching, found.known, found.percent, found.is_of_all) == (3, 5, 60, True)
    assert found.shared == {"Cyclists": 1}
    nested = estimate(parse_rules(tree("all", REGULAR, tree("none", {**AWAY, "operator": "within"}))))
    assert (nested.matching, nested.known) == (3, 5)


@pytest.mark.django_db
def test_a_list_counts_each_segment_among_those_it_is_about(django_assert_num_queries: Any) -> None:
    for days in (1, 2, 31):
        make_profile(hours_ago=24 * days, views=9)
    trees = {"away": tree("all", AWAY), "regular": tree("all", REGULAR), "belgian": tree("all", BELGIAN)}
    with django_assert_num_queries(2):
        found = estimate_all({key: parse_rules(rules) for key, rules in trees.items()})
    assert {key: (one.matching, one.known, one.is_of_all) for key, one in found.items()} == {
        "away": (1, 3, True),
        "regular": (2, 2, False),
        "belgian": (None, 2, False),
    }


@pytest.mark.django_db
def test_a_sample_of_all_visitors_is_not_of_those_seen_last(
    monkeypatch: pytest.MonkeyPatch, even_views: dict[str, Any]
) -> None:
    monkeypatch.setattr(estimates, "MAX_PROFILES", 20)
    for number in range(40):
        make_profile(hours_ago=24 * (1 if number % 2 else 60), views=2)
    found = estimate(parse_rules(tree("all", even_views, AWAY)))
    assert (found.known, found.is_sample, found.is_of_all) == (20, True, True)
    assert found.matching  # of 20 drawn by chance; the 20 seen last would be none of them


@pytest.mark.django_db
def test_an_estimate_says_what_it_shares_with_others_in_one_more_query(django_assert_num_queries: Any) -> None:
    for views, topics in ((9, {"7": 0.5}), (9, {}), (1, {"7": 0.5})):
        make_profile(views=views, topics=topics)
    cyclists, belgians = parse_rules(tree("all", interest(CYCLING))), parse_rules(tree("all", BELGIAN))
    with django_assert_num_queries(2):
        found = estimate(parse_rules(tree("all", REGULAR, BELGIAN)), {"Cyclists": cyclists, "Belgians": belgians})
    assert (found.matching, found.known, found.shared) == (2, 3, {"Cyclists": 1})


@pytest.fixture
def even_views(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A rule of a site's own that the database knows nothing of."""
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))

    @register
    class EvenViews(RuleType):
        code = label = summary = "even"
        fields = ()

        def matcher(self) -> Any:
            return lambda profile, context: profile is not None and profile.views % 2 == 0

    return {"type": "even"}


@pytest.mark.django_db
def test_rules_that_the_database_does_not_know_are_tried_on_the_visitors_seen_last(
    monkeypatch: pytest.MonkeyPatch, even_views: dict[str, Any]
) -> None:
    monkeypatch.setattr(estimates, "MAX_PROFILES", 2)
    make_profile(hours_ago=3, views=8)
    for views in (6, 7):
        make_profile(views=views)
    found = estimate(parse_rules(tree("all", even_views)))
    assert (found.matching, found.known, found.is_sample) == (1, 2, True)
    both = estimate_all({"odd one": parse_rules(tree("all", even_views)), "regular": parse_rules(tree("all", REGULAR))})
    assert {key: (one.matching, one.known, one.is_sample) for key, one in both.items()} == {
        "odd one": (1, 2, True),
        "regular": (3, 3, False),
    }


@pytest.mark.django_db
def test_the_typical_reader_is_the_mean_of_those_who_belong() -> None:
    model = make_embedding_model()
    page = [[1, timezone.now().isoformat()]]
    common = {"vector_model": model.name, "vector_length": 1.0, "recent": page}
    make_profile(vector=[1, 0, 0], mass=2, views=6, topics={"7": 0.6}, **common)
    make_profile(vector=[0, 1, 0], mass=4, views=8, topics={"7": 0.2, "8": 0.4}, **common)
    make_profile(vector=[0, 0, 1], mass=9, views=1, topics={"9": 0.9}, **common)
    make_profile(vector=[0, 0, 1], mass=3, views=5, **{**common, "vector_model": "another@model"})
    segment = Segment.objects.create(name="Regulars", rules=tree("all", REGULAR, BELGIAN))
    reader = representative_profile([segment.pk])
    assert reader is not None
    assert reader.vector == pytest.approx(np.array([1, 1, 0]) / np.sqrt(2), abs=1e-3)
    assert reader.topics == pytest.approx({CYCLING: 0.8 / 3, GARDENS: 0.4 / 3})
    assert reader.mass == pytest.approx(3)
    assert reader.recent == ()


@pytest.mark.django_db
def test_where_nobody_belongs_yet_the_rules_make_the_reader() -> None:
    rules = tree("any", interest(CYCLING, 0.3), interest(GARDENS, 0.1))
    segment = Segment.objects.create(name="Outdoors", rules=rules)
    reader = representative_profile([segment.pk])
    assert reader is not None
    assert reader.vector is None
    assert reader.topics == pytest.approx({CYCLING: 0.6, GARDENS: 0.2})
    assert reader.mass > 0


@pytest.mark.django_db
@pytest.mark.parametrize("rules", [tree("all", BELGIAN), tree("all"), {"match": "all", "rules": [{"type": "moon"}]}])
def test_nothing_is_made_up_where_nothing_is_known(rules: dict[str, Any]) -> None:
    segment = Segment.objects.create(name="Nobody", rules=rules)
    make_profile(views=3, topics={"7": 0.5})
    assert representative_profile([segment.pk]) is None
    assert representative_profile([]) is None


@pytest.mark.django_db
def test_segments_follow_those_that_they_name_through_others() -> None:
    def named(segment: Segment) -> dict[str, Any]:
        return tree("any", tree("none", {"type": "segment", "operator": "in", "segment": segment.pk}))

    first = Segment.objects.create(name="First", rules=tree("all", REGULAR))
    second = Segment.objects.create(name="Second", rules=named(first))
    third = Segment.objects.create(name="Third", rules=named(second))
    Segment.objects.create(name="Other", rules=tree("all", interest(first.pk)))
    references = load_references()
    assert segments_that_follow(first.pk, references) == {second.pk, third.pk}
    assert segments_that_follow(third.pk, references) == set()


@pytest.mark.django_db
def test_workers_look_anew_at_every_segment_that_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Segment.objects.create(name="First", rules=tree("all", REGULAR))
    second = Segment.objects.create(
        name="Second", rules=tree("all", {"type": "segment", "operator": "in", "segment": first.pk})
    )
    asked: list[int] = []
    monkeypatch.setattr(signal_handlers, "refresh_segment_soon", asked.append)
    first.save()
    assert asked == [first.pk, second.pk]
