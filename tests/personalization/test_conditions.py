"""Builder JSON, compiled matcher and SQL estimate say the same of the same visitors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalization.models import Profile, Visitor
from personalization.segmentation import (
    MAX_DEPTH,
    References,
    compile_tree,
    concerns_absent,
    descendants,
    get_rule_type,
    parse_rules,
    rule_types,
)
from personalization.types import RequestContext
from personalization.visitors import estimates
from personalization.visitors.conditions import condition_of
from personalization.visitors.store import profile_of

from .test_segmentation import KNOWN, MATCH, _groups, _rules_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
STORED = [rule_type for rule_type in rule_types() if not rule_type.depends_on_visit]
KNOWN_HERE = References(
    # Topic 6 has so many below it that the database adds them up in another way.
    topics=descendants(
        {1: None, 2: 1, 3: 2, 4: 1, 5: None, 6: None, 7: 6, 8: 6, 9: 8, **dict.fromkeys(range(50, 90), 6)}
    ),
    entities=KNOWN.entities,
    segments=KNOWN.segments,
)

IDS = st.integers(1, 9).map(str)
WEIGHTS = st.dictionaries(IDS, st.floats(0, 1), max_size=5)
MOMENTS = st.datetimes(datetime(2026, 2, 1), datetime(2026, 3, 4), timezones=st.just(UTC))
LONG_AGO = st.datetimes(datetime(2025, 1, 1), datetime(2026, 2, 1), timezones=st.just(UTC))
HABITS = st.fixed_dictionaries(
    {}, optional={"sections": WEIGHTS, "frequency": st.floats(0, 9), "engagement": st.floats(0, 1)}
)
ROWS = st.fixed_dictionaries(
    {
        "topics": WEIGHTS,
        "entities": WEIGHTS,
        "habits": HABITS,
        "clusters": WEIGHTS,
        "recent": st.lists(st.builds(lambda pk, at: [pk, at.isoformat()], st.integers(1, 9), MOMENTS), max_size=4),
        "answers": st.lists(st.integers(1, 9), max_size=3),
        "views": st.integers(0, 20),
        "visits": st.integers(0, 5),
        "device": st.sampled_from(["", "desktop", "mobile", "tablet", "other"]),
        "last_seen": st.none() | MOMENTS | LONG_AGO | st.integers(0, 9).map(lambda days: NOW - timedelta(days=days)),
    }
)
NODES = st.one_of([_rules_of(rule_type) for rule_type in STORED])
for _depth in range(MAX_DEPTH - 1):
    NODES = st.one_of(NODES, _groups(NODES, MATCH))


def stored(rows: list[dict[str, Any]]) -> list[Profile]:
    visitors = Visitor.objects.bulk_create([Visitor() for _row in rows])
    made = Profile.objects.bulk_create(
        [Profile(visitor=visitor, **row) for visitor, row in zip(visitors, rows, strict=True)]
    )
    return list(Profile.objects.filter(pk__in=[row.pk for row in made]))


def assert_they_agree(rules: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    profiles = stored(rows)
    tree = parse_rules(json.loads(json.dumps(rules)), KNOWN_HERE)
    matches, condition = compile_tree(tree), condition_of(tree, NOW)
    assert condition is not None
    expected = {
        row.pk for row in profiles if matches(profile_of(row), RequestContext(at=NOW, device=row.device or "other"))
    }
    among = Profile.objects.filter(pk__in=[row.pk for row in profiles])
    assert set(among.filter(condition).values_list("pk", flat=True)) == expected


@given(rules=_groups(NODES, MATCH), rows=st.lists(ROWS, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_matcher_and_database_agree_on_any_tree_and_any_visitors(rules: Any, rows: Any) -> None:
    assert_they_agree(rules, rows)


@given(rules=_groups(NODES, MATCH), rows=st.lists(ROWS, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_the_estimate_counts_whom_the_matcher_finds_in_its_crowd(rules: Any, rows: Any) -> None:
    Visitor.objects.all().delete()
    tree, profiles = parse_rules(rules, KNOWN_HERE), [row for row in stored(rows) if row.last_seen]
    lately = [row for row in profiles if row.last_seen >= NOW - timedelta(days=estimates.DAYS)]
    crowd, matches = profiles if concerns_absent(tree) else lately, compile_tree(tree)
    expected = [matches(profile_of(row), RequestContext(at=NOW, device=row.device or "other")) for row in crowd]
    with mock.patch.object(estimates.timezone, "localtime", return_value=NOW):
        found = estimates.estimate(tree)
        assert found == estimates.estimate_all({"it": tree})["it"]
    assert (found.matching, found.known) == (sum(expected), len(crowd))


@given(days=st.integers(1, 99), rows=st.lists(ROWS, max_size=6))
@settings(max_examples=50, deadline=None)
def test_everybody_known_was_seen_within_some_days_or_longer_ago(days: int, rows: Any) -> None:
    Visitor.objects.all().delete()
    known = sum(row.last_seen is not None for row in stored(rows))
    with mock.patch.object(estimates.timezone, "localtime", return_value=NOW):
        within, over = (
            estimates.estimate(
                parse_rules({"match": "all", "rules": [{"type": "last_seen", "operator": how, "value": days}]})
            )
            for how in ("within", "over")
        )
    assert within.known == over.known == known == (within.matching or 0) + (over.matching or 0)


@pytest.mark.parametrize("rule_type", STORED, ids=lambda rule_type: rule_type.code)
def test_every_rule_type_that_a_profile_can_answer_agrees(rule_type: Any) -> None:
    @given(rule=_rules_of(rule_type), rows=st.lists(ROWS, min_size=2, max_size=6))
    @settings(max_examples=25, deadline=None)
    def agree(rule: Any, rows: Any) -> None:
        assert_they_agree({"match": "all", "rules": [rule]}, rows)

    agree()


def test_the_database_is_asked_of_nothing_that_only_a_visit_can_tell() -> None:
    tree = parse_rules({"match": "any", "rules": [{"type": "country", "value": ["BE"]}]})
    assert get_rule_type("country").depends_on_visit
    assert condition_of(tree, NOW) is None
