"""Rule trees: what they mean, what they refuse, and the laws their groups keep."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalization.exceptions import InvalidRules
from personalization.segmentation import MAX_DEPTH, MAX_RULES, RuleType, compile_rules, register, rule_types
from personalization.segmentation.fields import (
    Choice,
    Codes,
    Integer,
    Locales,
    MultipleChoice,
    Share,
    Text,
    TopicChoice,
)
from personalization.types import ProfileState, RequestContext

NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday
HERE = RequestContext(
    at=NOON,
    locale="fr",
    device="mobile",
    referrer_host="www.News.example.org",
    utm={"source": "Newsletter"},
    country="FR",
)
READER = ProfileState(
    topics={7: 0.4}, views=9, visits=3, first_seen=NOON - timedelta(days=30), last_seen=NOON - timedelta(days=6)
)


def _all(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": "all", "rules": list(rules)}


def _matches(rule: dict[str, Any], profile: ProfileState | None = READER, context: RequestContext = HERE) -> bool:
    return compile_rules(_all(rule))(profile, context)


MATCHING = [
    {"type": "topic", "topic": 7, "operator": "at_least", "value": 0.4},
    {"type": "topic", "topic": 8, "operator": "below", "value": 0.1},
    {"type": "views", "operator": "at_least", "value": 9},
    {"type": "visits", "operator": "exactly", "value": 3},
    {"type": "visitor", "value": "returning"},
    {"type": "last_seen", "operator": "within", "value": 6},
    {"type": "last_seen", "operator": "over", "value": 5},
    {"type": "device", "value": ["tablet", "mobile"]},
    {"type": "locale", "value": ["FR"]},
    {"type": "signed_in", "value": "no"},
    {"type": "referrer", "operator": "is", "value": "news.example.org"},
    {"type": "referrer", "operator": "contains", "value": "Example"},
    {"type": "utm", "parameter": "source", "operator": "is", "value": "newsletter"},
    {"type": "country", "value": ["be", "FR"]},
    {"type": "hours", "start": 12, "end": 13},
    {"type": "weekday", "value": ["wed"]},
]
OTHER = [
    {"type": "topic", "topic": 7, "operator": "at_least", "value": 0.41},
    {"type": "topic", "topic": 404, "operator": "at_least", "value": 0.01},
    {"type": "views", "operator": "at_most", "value": 8},
    {"type": "visitor", "value": "new"},
    {"type": "last_seen", "operator": "within", "value": 5},
    {"type": "last_seen", "operator": "over", "value": 6},
    {"type": "device", "value": ["desktop"]},
    {"type": "locale", "value": ["en"]},
    {"type": "signed_in", "value": "yes"},
    {"type": "referrer", "operator": "is", "value": "example.org"},
    {"type": "utm", "parameter": "campaign", "operator": "contains", "value": "e"},
    {"type": "country", "value": ["DE"]},
    {"type": "hours", "start": 13, "end": 12},
    {"type": "weekday", "value": ["sat", "sun"]},
]


@pytest.mark.parametrize("rule", MATCHING, ids=lambda rule: rule["type"])
def test_a_rule_finds_its_readers(rule: dict[str, Any]) -> None:
    assert _matches(rule)


@pytest.mark.parametrize("rule", OTHER, ids=lambda rule: rule["type"])
def test_a_rule_leaves_others_alone(rule: dict[str, Any]) -> None:
    assert not _matches(rule)


def test_every_built_in_rule_type_is_tried_above() -> None:
    tried = {rule["type"] for rule in MATCHING} & {rule["type"] for rule in OTHER}
    assert {rule_type.code for rule_type in rule_types()} - tried == {"visits"}


def test_night_hours_run_over_midnight() -> None:
    night = {"type": "hours", "start": 22, "end": 6}
    hours = [hour for hour in range(24) if _matches(night, context=replace(HERE, at=NOON.replace(hour=hour)))]
    assert hours == [0, 1, 2, 3, 4, 5, 22, 23]


def test_a_visitor_without_profile_is_new_and_has_read_nothing() -> None:
    assert _matches({"type": "visitor", "value": "new"}, profile=None)
    assert _matches({"type": "views", "operator": "exactly", "value": 0}, profile=None)
    assert not _matches({"type": "last_seen", "operator": "over", "value": 1}, profile=None)
    assert not _matches({"type": "topic", "topic": 7, "operator": "at_least", "value": 0.01}, profile=None)


@pytest.mark.parametrize("match", ["all", "any", "none"])
def test_a_group_without_rules_matches_nobody(match: str) -> None:
    assert not compile_rules({"match": match, "rules": []})(READER, HERE)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ([], "rules"),
        ({"rules": []}, "match"),
        ({"match": "some", "rules": []}, "match"),
        ({"match": ["all"], "rules": []}, "match"),
        ({"match": "all"}, "rules"),
        (_all(MATCHING[0], {"type": "views", "operator": "at_least", "value": -1}), "rules[1].value"),
        (_all({"type": "views", "operator": "at_least", "value": True}), "rules[0].value"),
        (_all({"type": "topic", "topic": 7, "operator": "at_least", "value": float("nan")}), "rules[0].value"),
        (_all({"type": "weekday", "value": []}), "rules[0].value"),
        (_all({"type": "country", "value": ["FRA"]}), "rules[0].value"),
        (_all({"type": "utm", "parameter": "id", "operator": "is", "value": "x"}), "rules[0].parameter"),
        (_all({"type": "referrer", "operator": "is", "value": " "}), "rules[0].value"),
        (_all({"type": "moon"}), "rules[0].type"),
        (_all({"type": "visitor", "value": "new", "colour": "red"}), "rules[0].colour"),
        (_all({"match": "any", "rules": ["x"]}), "rules[0].rules[0]"),
        (_all({"match": "any", "rules": [_all({"type": None})]}), "rules[0].rules[0].rules[0].type"),
    ],
)
def test_a_mistake_is_named_by_its_place(rules: Any, path: str) -> None:
    with pytest.raises(InvalidRules) as caught:
        compile_rules(rules)
    assert caught.value.path == path


def test_trees_too_deep_or_too_large_are_refused() -> None:
    tree = _all()
    for _ in range(2000):
        tree = _all(tree)
    with pytest.raises(InvalidRules, match="deep"):
        compile_rules(tree)
    with pytest.raises(InvalidRules, match="at most"):
        compile_rules(_all(*[MATCHING[0]] * MAX_RULES))


def test_a_site_adds_a_rule_type_in_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalization.segmentation.registry._registry", {})

    @register
    class FullMoon(RuleType):
        code = "moon"
        label = "Phase of the moon"
        summary = "day {day} of the moon"
        fields = (Integer(name="day", label="Day", maximum=29),)

        def matcher(self, day: int) -> Any:
            return lambda profile, context: context.at.day % 30 == day

    assert _matches({"type": "moon", "day": 4})
    with pytest.raises(ValueError, match="is taken by"):
        register(type("Other", (FullMoon,), {"__qualname__": "Other"}))


# --- laws ---------------------------------------------------------------------------------------------------------

VALUES = {
    TopicChoice: lambda field: st.integers(1, 9),
    Integer: lambda field: st.integers(field.minimum, field.maximum),
    Share: lambda field: st.floats(0, 1),
    Text: lambda field: st.text(min_size=1, max_size=9).filter(lambda text: text.strip() and "\x00" not in text),
    Locales: lambda field: st.lists(st.sampled_from(["en", "fr", "pt-br"]), min_size=1),
    Codes: lambda field: st.lists(st.sampled_from(["FR", "be"]), min_size=1),
    MultipleChoice: lambda field: st.lists(st.sampled_from([code for code, _ in field.choices]), min_size=1),
    Choice: lambda field: st.sampled_from([code for code, _ in field.choices]),
}


def _rules_of(rule_type: RuleType) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.name: VALUES[type(field)](field) for field in rule_type.fields}
    return st.fixed_dictionaries({"type": st.just(rule_type.code), **fields})


def _groups(nodes: st.SearchStrategy[Any], match: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"match": match, "rules": st.lists(nodes, max_size=3)})


MATCH = st.sampled_from(["all", "any", "none"])
NODES = st.one_of([_rules_of(rule_type) for rule_type in rule_types()])
for _depth in range(MAX_DEPTH - 1):
    NODES = st.one_of(NODES, _groups(NODES, MATCH))
TREES = _groups(st.one_of([_rules_of(rule_type) for rule_type in rule_types()]), MATCH)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
PROFILES = st.none() | st.builds(
    ProfileState,
    topics=st.dictionaries(st.integers(1, 9), st.floats(0, 1), max_size=4),
    views=st.integers(0, 50),
    visits=st.integers(0, 9),
    last_seen=st.none() | MOMENTS,
)
CONTEXTS = st.builds(
    RequestContext,
    at=MOMENTS,
    locale=st.sampled_from(["", "en", "fr"]),
    device=st.sampled_from(["desktop", "mobile", "tablet", "other"]),
    referrer_host=st.text(max_size=9),
    utm=st.dictionaries(st.sampled_from(["source", "medium"]), st.text(max_size=9)),
    country=st.sampled_from(["", "FR", "BE"]),
    is_authenticated=st.booleans(),
)


@given(tree=_groups(NODES, MATCH), profile=PROFILES, context=CONTEXTS)
@settings(max_examples=200, deadline=None)
def test_valid_rules_compile_and_survive_json(tree: dict[str, Any], profile: Any, context: RequestContext) -> None:
    answer = compile_rules(tree)(profile, context)
    assert answer is compile_rules(json.loads(json.dumps(tree)))(profile, context)


@given(
    rules=st.lists(TREES.filter(lambda tree: tree["rules"]), min_size=1, max_size=4), profile=PROFILES, context=CONTEXTS
)
@settings(max_examples=100, deadline=None)
def test_groups_keep_de_morgans_laws(rules: list[Any], profile: Any, context: RequestContext) -> None:
    def holds(match: str, nodes: list[Any]) -> bool:
        return compile_rules({"match": match, "rules": nodes})(profile, context)

    negated = [{"match": "none", "rules": [rule]} for rule in rules]
    assert holds("none", rules) is not holds("any", rules)
    assert holds("none", rules) is holds("all", negated)
    assert holds("none", negated) is holds("all", rules)


def test_fifty_segments_match_in_microseconds() -> None:
    pairs = zip(MATCHING, reversed(MATCHING), strict=True)
    trees = [_all(first, {"match": "any", "rules": [second, OTHER[0]]}) for first, second in pairs]
    matchers = [compile_rules(tree) for tree in (trees * 4)[:50]]
    best = min(_seconds(matchers) for _ in range(50))
    assert best < 500e-6, f"50 segments took {best * 1e6:.0f} µs"


def _seconds(matchers: list[Any]) -> float:
    start = time.perf_counter()
    for matches in matchers:
        matches(READER, HERE)
    return time.perf_counter() - start
