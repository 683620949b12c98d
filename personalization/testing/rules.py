"""The contract of a rule type, as tests. Subclass it in a test module, and say what `rule` is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from personalization.exceptions import InvalidRules
from personalization.segmentation import RuleType, compile_rules, get_rule_type, parse_rules
from personalization.types import ProfileState, ReadPage, RequestContext

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
VISITS: tuple[tuple[ProfileState | None, RequestContext], ...] = (
    (None, RequestContext(at=NOW)),
    (ProfileState(), RequestContext(at=NOW)),
    (
        ProfileState(
            topics={1: 0.5},
            entities={1: 0.5},
            sections={1: 3.0},
            devices={"mobile": 1.0},
            hours={12: 1.0},
            engagement=0.5,
            frequency=2.0,
            clusters={1: 0.9},
            answers=frozenset([1]),
            recent=(ReadPage(1, NOW),),
            views=9,
            visits=3,
            first_seen=NOW - timedelta(days=30),
            last_seen=NOW - timedelta(days=2),
        ),
        RequestContext(
            at=NOW,
            locale="fr",
            device="mobile",
            referrer_host="news.example.org",
            utm={"source": "newsletter"},
            country="FR",
            is_authenticated=True,
            query={"edition": "print"},
            groups=frozenset([1]),
        ),
    ),
)


class RuleTypeContract:
    """What every rule type promises.

    Give two fixtures: `rule`, a valid rule as stored, {"type": code, …}, and `wrong`, rules of the type that must
    be refused. A fixture `visits` may replace VISITS: (profile or None, context) pairs to match.
    """

    @pytest.fixture
    def visits(self) -> Any:
        return VISITS

    @pytest.fixture
    def rule_type(self, rule: dict[str, Any]) -> RuleType:
        found = get_rule_type(rule["type"])
        assert found is not None, "decorate the class with @register, in a module that AppConfig.ready imports"
        return found

    def test_it_has_words_for_editors(self, rule_type: RuleType, rule: dict[str, Any]) -> None:
        assert rule_type.label
        assert rule_type.summary.format(**{field.name: "x" for field in rule_type.fields})
        assert all(field.label for field in rule_type.fields)

    def test_its_fields_are_the_rules_values(self, rule_type: RuleType, rule: dict[str, Any]) -> None:
        assert {field.name for field in rule_type.fields} == rule.keys() - {"type"}
        assert not {"type", "match", "rules"} & {field.name for field in rule_type.fields}

    def test_it_answers_yes_or_no_to_whoever_comes(self, rule: dict[str, Any], visits: Any) -> None:
        matches = compile_rules(_tree(rule))
        for profile, context in visits:
            assert matches(profile, context) in (True, False)

    def test_the_same_visit_has_the_same_answer(self, rule: dict[str, Any], visits: Any) -> None:
        stored = json.loads(json.dumps(_tree(rule)))
        for profile, context in visits:
            first = compile_rules(_tree(rule))(profile, context)
            assert compile_rules(stored)(profile, context) is first

    def test_what_is_wrong_is_refused_by_name(self, wrong: list[dict[str, Any]]) -> None:
        assert wrong
        for rule in wrong:
            with pytest.raises(InvalidRules) as caught:
                compile_rules(_tree(rule))
            assert caught.value.path.startswith("rules[0].")

    @pytest.mark.django_db
    def test_the_builder_has_a_form_for_it(self, rule: dict[str, Any]) -> None:
        from personalization.viewsets.rule_form import RulesField

        field = RulesField()
        [block] = field.prepare_value(_tree(rule))
        assert field.block.child_blocks[rule["type"]].rule_type is get_rule_type(rule["type"])
        assert block.block_type == rule["type"]

    @pytest.mark.django_db
    def test_the_database_says_the_same_if_it_is_asked(self, rule: dict[str, Any], visits: Any) -> None:
        from personalization.models import Profile
        from personalization.visitors.conditions import condition_of
        from personalization.visitors.store import profile_of

        from .visitors import store_profile

        tree = parse_rules(_tree(rule))
        condition = condition_of(tree, NOW)
        if condition is None or not (rule_type := get_rule_type(rule["type"])) or rule_type.depends_on_visit:
            return
        matches = compile_rules(_tree(rule))
        for profile, context in visits:
            row = store_profile(profile or ProfileState(), context.device)
            expected = matches(profile_of(row), context)
            assert Profile.objects.filter(condition, pk=row.pk).exists() is bool(expected)


def _tree(rule: dict[str, Any]) -> dict[str, Any]:
    return {"match": "all", "rules": [rule]}
