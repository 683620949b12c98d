"""The account of differential privacy: what exports said with noise, and what they spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Sum
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Release
from personalization.privacy import noisy

Numbers = Mapping[str, Mapping[str, int | None]]
"""Row to column to count; None where it is held back."""

PER_VISITOR: Final = 20


@dataclass(frozen=True, slots=True)
class Accountant:
    """Gives the numbers of one export, with noise, and books the epsilon that they cost.

    The unit of privacy is a visitor: `epsilon` bounds what an export tells of any one, whatever they did.
    """

    report: str
    epsilon: float
    per_visitor: int

    @classmethod
    def of_site(cls, report: str) -> Accountant | None:
        """By the site's settings; None where exports are exact."""
        chosen: Mapping[str, Any] | None = settings.DIFFERENTIAL_PRIVACY
        if chosen is None:
            return None
        return cls(report, chosen["epsilon"], chosen.get("per_visitor", PER_VISITOR))

    def released(self, filters: Mapping[str, Any], count: Callable[[int], Numbers], user: Any) -> Numbers:
        """The noisy numbers for these filters: drawn at the day's first question, and the same until its end.

        `count(most)` counts exactly, but at most `most` events of each visitor in all its numbers together.
        """
        key = {"report": self.report, "filters": dict(filters), "day": timezone.localdate()}
        release = Release.objects.filter(**key).first()
        if release is None:
            # Of two who ask at the same moment, the second gets what the first one's noise was.
            release, _is_new = Release.objects.get_or_create(**key, defaults={**self._drawn(count), "user": user})
        numbers: Numbers = release.numbers
        return numbers

    def _drawn(self, count: Callable[[int], Numbers]) -> dict[str, Any]:
        exact = count(self.per_visitor)
        places = [(row, column) for row, columns in exact.items() for column, n in columns.items() if n is not None]
        counts, spent = noisy([exact[row][column] or 0 for row, column in places], self.epsilon, self.per_visitor)
        drawn = dict(zip(places, counts, strict=True))
        numbers = {row: {column: drawn.get((row, column)) for column in columns} for row, columns in exact.items()}
        return {"numbers": numbers, "epsilon": spent, "per_visitor": self.per_visitor}


def spent(days: int) -> float:
    """The epsilon of all exports of the last so many days: by the law of composition, at most their sum."""
    since = timezone.localdate() - timedelta(days=days)
    return float(Release.objects.filter(day__gt=since).aggregate(total=Sum("epsilon", default=0.0))["total"])
