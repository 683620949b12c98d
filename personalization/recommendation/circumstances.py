"""The circumstances of a list that a ranker may go by. Nothing of them identifies anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import log
from typing import Any, Final

PARTS_OF_DAY: Final = ((6, "night"), (12, "morning"), (18, "afternoon"), (24, "evening"))
"""Up to which hour, and what that part is called."""

SATURDAY: Final = 5
LONG_VISIT: Final = 8
"""Pages; longer visits are no different."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What kind of site brought the reader, on what, in which language, at which hour and day of the week (Monday 0).

    The placement's own name is one of them: a ranker may serve several. `pages` is how many pages this visit has read,
    the current one included; 0 where that is not known.
    """

    referrer: str = ""
    device: str = ""
    locale: str = ""
    hour: int = 12
    weekday: int = 0
    placement: str = ""
    pages: int = 0

    def indicators(self) -> dict[str, float]:
        """Each as a feature that is 1 here and 0 elsewhere, such as "referrer=search"; "visit=long" grows from 0 to 1.

        The longer a visit, the more its pages say, and the less what everybody reads.
        """
        part = next(name for until, name in PARTS_OF_DAY if self.hour < until)
        named = {
            "referrer": self.referrer,
            "device": self.device,
            "locale": self.locale,
            "hour": part,
            "day": "weekend" if self.weekday >= SATURDAY else "workday",
            "placement": self.placement,
        }
        found = {f"{name}={value}": 1.0 for name, value in named.items() if value}
        return found | {"visit=long": log(min(self.pages, LONG_VISIT)) / log(LONG_VISIT)} if self.pages > 1 else found

    def to_json(self) -> dict[str, Any]:
        """Without the placement, which a served slate has a column for."""
        plain = asdict(self)
        del plain["placement"]
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], placement: str) -> Circumstances:
        """What `to_json` wrote down; what an older log lacks is as if unknown."""
        known = {
            name: stored[name]
            for name in ("referrer", "device", "locale", "hour", "weekday", "pages")
            if name in stored
        }
        return cls(**known, placement=placement)
