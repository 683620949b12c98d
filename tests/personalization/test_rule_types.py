"""The contract that rule types keep: ours, and one as a site adds it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Q

from personalization.segmentation import RuleType, register, registry, rule_types
from personalization.segmentation.fields import Integer
from personalization.testing.rules import RuleTypeContract

from .test_segmentation import MATCHING

FIRST = {rule["type"]: rule for rule in reversed(MATCHING)}


@pytest.mark.parametrize("code", [rule_type.code for rule_type in rule_types()])
class TestOurs(RuleTypeContract):
    @pytest.fixture
    def rule(self, code: str) -> dict[str, Any]:
        return FIRST[code]

    @pytest.fixture
    def wrong(self, rule: dict[str, Any]) -> list[dict[str, Any]]:
        names = [name for name in rule if name != "type"]
        return [{**rule, names[-1]: [[]]}, {**rule, "unknown": 1}]


class TestOfASite(RuleTypeContract):
    @pytest.fixture(autouse=True)
    def _registered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(registry, "_registry", dict(registry._registry))

        @register
        class EveryNthPage(RuleType):
            code = "every_nth_page"
            label = "Every so many pages"
            summary = "every {n} pages"
            fields = (Integer(name="n", label="Pages", minimum=1, maximum=100),)

            def matcher(self, n: int) -> Any:
                return lambda profile, context: profile is not None and profile.views % n == 0

            def condition(self, now: Any, n: int) -> Q:
                return Q(views__in=range(0, 1000, n))

    @pytest.fixture
    def rule(self) -> dict[str, Any]:
        return {"type": "every_nth_page", "n": 3}

    @pytest.fixture
    def wrong(self) -> list[dict[str, Any]]:
        return [{"type": "every_nth_page", "n": 0}, {"type": "every_nth_page"}]
