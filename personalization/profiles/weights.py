"""How much each kind of event says about a visitor's interests, in views: a view is 1."""

from __future__ import annotations

from typing import Final

from personalization.types import EventKind

SECONDS_WORTH_A_VIEW: Final = 90.0
LONGEST_DWELL: Final = 300.0
SCROLL_TO_THE_END: Final = 0.25
CLICK: Final = 0.5
FEEDBACK: Final = 2.0
"""More than a view, so that "less like this" outweighs having looked."""


def weight_of(kind: EventKind, value: float | None) -> float:
    """The weight of one event. Negative for negative feedback; 0 for an impression, which is the site's doing."""
    match kind:
        case "view":
            return 1.0
        case "dwell":
            return min(max(value or 0.0, 0.0), LONGEST_DWELL) / SECONDS_WORTH_A_VIEW
        case "scroll":
            return SCROLL_TO_THE_END * min(max(value or 0.0, 0.0), 1.0)
        case "click":
            return CLICK
        case "feedback":
            return FEEDBACK if (value or 0.0) > 0 else -FEEDBACK
        case "impression":
            return 0.0


def attention_of(kind: EventKind, value: float | None) -> float:
    """What part of a whole reading the event stands for, in [0, 1]: only time spent on a page counts."""
    return min(max(value or 0.0, 0.0), SECONDS_WORTH_A_VIEW) / SECONDS_WORTH_A_VIEW if kind == "dwell" else 0.0
