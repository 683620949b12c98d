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

from personalization.exceptions import CircularRules, InvalidRules
from personalization.referrers import kind_of
from personalization.segmentation import (
    MAX_DEPTH,
    MAX_RULES,
    KnownSegment,
    References,
    RuleType,
    compile_rules,
    descendants,
    register,
    rule_types,
)
from personalization.segmentation.fields import (
    Choice,
    ClusterChoice,
    Codes,
    EntityChoice,
    GroupChoice,
    Integer,
    Locales,
    MultipleChoice,
    Number,
    PageChoice,
    SegmentChoice,
    Share,
    Text,
    TopicChoice,
)
from personalization.types import ProfileState, ReadPage, RequestContext

NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday
HERE = RequestContext(
    at=NOON,
    locale="fr",
    device="mobile",
    referrer_host="www.News.example.org",
    utm={"source": "Newsletter"},
    country="FR",
    query={"edition": "Print", "empty": ""},
    is_authenticated=True,
    groups=frozenset([3]),
)
READER = ProfileState(
    topics={7: 0.4, 71: 0.25},
    entities={5: 0.3},
    sections={20: 2.5},
    engagement=0.6,
    frequency=1.5,
    answers=frozenset([71]),
    clusters={2: 0.75, 3: 0.25},
    recent=(ReadPage(31, NOON), ReadPage(32, NOON)),
    views=9,
    visits=3,
    first_seen=NOON - timedelta(days=30),
    last_seen=NOON - timedelta(days=6),
)
SCIENCE, SPACE = 70, 71
KNOWN = References(
    topics=descendants({7: None, SCIENCE: None, SPACE: SCIENCE}),
    entities={5: frozenset([5, 6]), 6: frozenset([5, 6])},
    segments={
        1: KnownSegment("Regulars", {"match": "all", "rules": [{"type": "views", "operator": "at_least", "value": 9}]}),
        2: KnownSegment("Off", {"match": "all", "rules": [{"type": "visitor", "value": "returning"}]}, False),
    },
)


def _all(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": "all", "rules": list(rules)}


def _matches(rule: dict[str, Any], profile: ProfileState | None = READER, context: RequestContext = HERE) -> bool:
    return compile_rules(_all(rule), KNOWN)(profile, context)


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
    {"type": "signed_in", "value": "yes"},
    {"type": "referrer", "operator": "is", "value": "news.example.org"},
    {"type": "referrer", "operator": "contains", "value": "Example"},
    {"type": "utm", "parameter": "source", "operator": "is", "value": "newsletter"},
    {"type": "country", "value": ["be", "FR"]},
    {"type": "hours", "start": 12, "end": 13},
    {"type": "weekday", "value": ["wed"]},
    {"type": "topic", "topic": SCIENCE, "operator": "at_least", "value": 0.25},
    {"type": "entity", "entity": 6, "operator": "at_least", "value": 0.3},
    {"type": "section", "section": 20, "operator": "at_least", "value": 2.5},
    {"type": "answer", "operator": "named", "topic": SCIENCE},
    {"type": "cluster", "cluster": 2, "value": 0.75},
    {"type": "page", "operator": "read", "page": 32},
    {"type": "frequency", "operator": "at_least", "value": 1.5},
    {"type": "engagement", "operator": "at_least", "value": 0.6},
    {"type": "user_group", "operator": "in", "value": [3, 4]},
    {"type": "referrer_class", "value": ["other"]},
    {"type": "query", "parameter": "Edition", "operator": "is", "value": "print"},
    {"type": "query", "parameter": "empty", "operator": "is", "value": ""},
    {"type": "segment", "operator": "in", "segment": 1},
    {"type": "segment", "operator": "not_in", "segment": 2},
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
    {"type": "signed_in", "value": "no"},
    {"type": "referrer", "operator": "is", "value": "example.org"},
    {"type": "utm", "parameter": "campaign", "operator": "contains", "value": "e"},
    {"type": "country", "value": ["DE"]},
    {"type": "hours", "start": 13, "end": 12},
    {"type": "weekday", "value": ["sat", "sun"]},
    {"type": "visits", "operator": "at_most", "value": 2},
    {"type": "topic", "topic": SPACE, "operator": "below", "value": 0.25},
    {"type": "entity", "entity": 5, "operator": "below", "value": 0.3},
    {"type": "section", "section": 21, "operator": "at_least", "value": 0.1},
    {"type": "answer", "operator": "not_named", "topic": SPACE},
    {"type": "cluster", "cluster": 3, "value": 0.5},
    {"type": "page", "operator": "not_read", "page": 31},
    {"type": "page", "operator": "read", "page": 33},
    {"type": "frequency", "operator": "below", "value": 1.5},
    {"type": "engagement", "operator": "at_least", "value": 0.61},
    {"type": "user_group", "operator": "not_in", "value": [3]},
    {"type": "referrer_class", "value": ["search", "social", "direct"]},
    {"type": "query", "parameter": "edition", "operator": "contains", "value": "web"},
    {"type": "segment", "operator": "in", "segment": 2},
    {"type": "segment", "operator": "in", "segment": 404},
]


@pytest.mark.parametrize("rule", MATCHING, ids=lambda rule: rule["type"])
def test_a_rule_finds_its_readers(rule: dict[str, Any]) -> None:
    assert _matches(rule)


@pytest.mark.parametrize("rule", OTHER, ids=lambda rule: rule["type"])
def test_a_rule_leaves_others_alone(rule: dict[str, Any]) -> None:
    assert not _matches(rule)


def test_every_built_in_rule_type_is_tried_above() -> None:
    tried = {rule["type"] for rule in MATCHING} & {rule["type"] for rule in OTHER}
    assert {rule_type.code for rule_type in rule_types()} - tried == set()


def test_a_rule_on_a_topic_counts_all_below_it_together() -> None:
    reader = ProfileState(topics={1: 0.1, 2: 0.1, 3: 0.1, 9: 0.5})
    known = References(topics=descendants({1: None, 2: 1, 3: 2, 9: None}))
    for topic, share in ((1, 0.3), (2, 0.2), (3, 0.1), (9, 0.5)):
        rule = {"type": "topic", "topic": topic, "operator": "at_least"}
        assert compile_rules(_all({**rule, "value": share - 0.01}), known)(reader, HERE)
        assert not compile_rules(_all({**rule, "value": share + 0.01}), known)(reader, HERE)


def test_descendants_of_a_tree() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: 1, 5: None}
    assert descendants(parents) == {1: {1, 2, 3, 4}, 2: {2, 3}, 3: {3}, 4: {4}, 5: {5}}


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("", "direct"),
        ("www.google.co.uk", "search"),
        ("google.fr", "search"),
        ("mail.google.com", "mail"),
        ("us.mail.yahoo.com", "mail"),
        ("outlook.live.com", "mail"),
        ("com.google.android.gm", "mail"),
        ("mail.google.com.evil.example", "other"),
        ("google.evil.example", "other"),
        ("com.google.android.googlequicksearchbox", "search"),
        ("search.brave.com", "search"),
        ("news.ycombinator.com", "social"),
        ("duckduckgo.com", "search"),
        ("m.facebook.com", "social"),
        ("t.co", "social"),
        ("notfacebook.com", "other"),
        ("facebook.com.evil.example", "other"),
        ("news.example.org", "other"),
    ],
)
def test_the_kind_of_a_referring_site(host: str, kind: str) -> None:
    assert kind_of(host) == kind


def _segments(**trees: Any) -> References:
    known = {number: KnownSegment(name, rules) for number, (name, rules) in enumerate(trees.items(), 1)}
    return References(segments=known)


def _in(segment: int) -> dict[str, Any]:
    return {"type": "segment", "operator": "in", "segment": segment}


def test_a_segment_follows_the_rules_of_another() -> None:
    known = _segments(Outer=_all(_in(2)), Inner=_all({"match": "none", "rules": [_in(3)]}), Core=_all(OTHER[2]))
    assert compile_rules(_all(_in(1)), known)(READER, HERE)
    assert not compile_rules(_all({**_in(1), "operator": "not_in"}), known)(READER, HERE)


def test_segments_that_go_round_in_circles_are_refused_by_name() -> None:
    known = _segments(Cyclists=_all(MATCHING[0], _in(2)), Sporty={"match": "any", "rules": [_in(3)]}, Fit=_all(_in(1)))
    with pytest.raises(CircularRules, match="Cyclists → Sporty → Fit → Cyclists") as caught:
        compile_rules(known.segments[1].rules, known, 1)
    assert caught.value.path == "rules[1].segment"
    with pytest.raises(CircularRules, match="Sporty → Fit → Cyclists → Sporty"):
        compile_rules(_all(_in(2)), known)
    with pytest.raises(CircularRules, match="Cyclists → Cyclists"):
        compile_rules(_all(_in(1)), known, 1)


def test_a_segment_that_cannot_be_used_is_named_where_it_is_used() -> None:
    with pytest.raises(InvalidRules, match="“Broken”") as caught:
        compile_rules(_all(_in(1)), _segments(Broken=_all({"type": "moon"})))
    assert caught.value.path == "rules[0].segment"


def test_segments_cannot_multiply_without_end() -> None:
    doubling = {f"s{n}": _all(_in(n + 1), _in(n + 1)) for n in range(1, 30)}
    with pytest.raises(InvalidRules, match="names included"):
        compile_rules(_all(_in(1)), _segments(**doubling))


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

IDS = st.integers(1, 9)
VALUES = {
    **dict.fromkeys((TopicChoice, EntityChoice, PageChoice, SegmentChoice, ClusterChoice), lambda field: IDS),
    GroupChoice: lambda field: st.lists(IDS, min_size=1, max_size=3),
    Number: lambda field: st.floats(0, 10),
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
    topics=st.dictionaries(IDS, st.floats(0, 1), max_size=4),
    entities=st.dictionaries(IDS, st.floats(0, 1), max_size=4),
    sections=st.dictionaries(IDS, st.floats(0, 9), max_size=4),
    answers=st.frozensets(IDS, max_size=3),
    clusters=st.dictionaries(IDS, st.floats(0, 1), max_size=4),
    recent=st.lists(st.builds(ReadPage, IDS, MOMENTS), max_size=4).map(tuple),
    engagement=st.floats(0, 1),
    frequency=st.floats(0, 9),
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
    query=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
    groups=st.frozensets(IDS, max_size=3),
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
    matchers = [compile_rules(tree, KNOWN) for tree in (trees * 4)[:50]]
    best = min(_seconds(matchers) for _ in range(50))
    assert best < 500e-6, f"50 segments took {best * 1e6:.0f} µs"


def _seconds(matchers: list[Any]) -> float:
    start = time.perf_counter()
    for matches in matchers:
        matches(READER, HERE)
    return time.perf_counter() - start
