"""What editors pinned comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from personalization.recommendation.rules import Rulebook
from personalization.recommendation.standing import Situation, Standing


@dataclass(frozen=True, slots=True)
class PinsFirst:
    """Each pin takes one place, in the editors' order: its page, or of a topic or section the page that stands best."""

    rules: Rulebook
    name: ClassVar[str] = "pins"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        chosen: list[int] = []
        for rule in self.rules.pins:
            fitting = (
                row
                for row in standing.order.tolist()
                if row not in chosen and self.rules.is_pinned_by(rule, situation.page_ids[row])
            )
            if (row := next(fitting, None)) is not None:
                chosen.append(row)
        return standing.in_order(chosen, held=len(chosen)) if chosen else standing
