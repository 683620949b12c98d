"""What one screen shows already, so that no page is recommended on it twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest

TEMPLATES_OWN = ""
"""Under this name stands what a template itself shows; placements have names."""


class Screen:
    """The pages that were shown while one request was answered, by placement."""

    def __init__(self) -> None:
        self._shown: dict[str, set[int]] = {}

    def show(self, page_ids: Iterable[int], placement: str = TEMPLATES_OWN) -> None:
        """From here on other placements leave these pages out."""
        self._shown.setdefault(placement, set()).update(page_ids)

    def beside(self, placement: str) -> frozenset[int]:
        """What others show. A placement that stands on the screen twice shows the same in both."""
        others = (page_ids for name, page_ids in self._shown.items() if name != placement)
        return frozenset().union(*others)

    @property
    def of_template(self) -> frozenset[int]:
        """What the template itself shows."""
        return frozenset(self._shown.get(TEMPLATES_OWN, ()))


def screen_of(request: HttpRequest | None) -> Screen:
    """The screen that this request answers with; a new one where there is no request."""
    screen: Screen | None = getattr(request, "affinity_screen", None)
    if screen is None:
        screen = Screen()
        if request is not None:
            request.affinity_screen = screen  # type: ignore[attr-defined]  # requests are where Django apps keep such
    return screen
