"""How many visitors of the last days belong to each segment, and to two at once; of no group too small to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from django.db.models import Count
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Profile, Segment, SegmentSize
from personalization.privacy import Cell, showable

from .keeping import kept

DAYS: Final = 30

Group = int | None | tuple[int, int]
"""A segment's id, None for everybody, or two ids (the lower first) for who belongs to both."""


@dataclass(frozen=True)
class Census:
    """The visitors of the last `DAYS` days, by the set of segments that they belong to as of their last page."""

    patterns: Mapping[frozenset[int], int]
    segments: tuple[int, ...]

    def size(self, segment: int | None = None) -> int | None:
        """Visitors of the segment, or all; None where the number would tell of a group too small to be shown."""
        return self._count(segment) if segment in self._shown else None

    def overlap(self, segment: int) -> dict[int, int]:
        """Other segments to the visitors who belong there, too, most first; without those that are held back."""
        sharing = {other: self._count(_pair(segment, other)) for other in self.segments if other != segment}
        return {
            other: n
            for other, n in sorted(sharing.items(), key=lambda item: (-item[1], item[0]))
            if n and self._may_be_shared(segment, other)
        }

    def measured(self) -> dict[int | None, tuple[int, bool]]:
        """Everybody and each segment: visitors, and whether the number may be shown."""
        return {group: (self._count(group), group in self._shown) for group in (None, *self.segments)}

    def _may_be_shared(self, one: int, other: int) -> bool:
        # The number stands on the pages of both, beside different ones.
        pair = _pair(one, other)
        return pair in self._shown_with(one) and pair in self._shown_with(other)

    def _shown_with(self, segment: int) -> Set[Group]:
        if segment not in self._kept:
            pairs = sorted((_pair(segment, other) for other in self.segments if other != segment), key=self._order)
            self._kept[segment] = self._showable([None, *self._by_size, *pairs])
        return self._kept[segment]

    @cached_property
    def _kept(self) -> dict[int, Set[Group]]:
        return {}

    @cached_property
    def _shown(self) -> Set[Group]:
        return self._showable([None, *self._by_size])

    @cached_property
    def _by_size(self) -> list[int]:
        return sorted(self.segments, key=self._order)

    def _showable(self, groups: list[Group]) -> Set[Group]:
        return showable({group: self._made_of(group) for group in groups}, self._cells, settings.K_ANONYMITY)

    def _made_of(self, group: Group) -> Set[int]:
        if isinstance(group, tuple):
            return self._places[group[0]] & self._places[group[1]]
        return self._places[group]

    @cached_property
    def _cells(self) -> list[Cell]:
        return [Cell.of_size(pattern, n, settings.K_ANONYMITY) for pattern, n in self.patterns.items()]

    @cached_property
    def _places(self) -> dict[int | None, Set[int]]:
        """Everybody and each segment to the indices of the cells that they are made of."""
        return {
            group: frozenset(i for i, pattern in enumerate(self.patterns) if group is None or group in pattern)
            for group in (None, *self.segments)
        }

    def _order(self, group: Group) -> tuple[int, str]:
        return -self._count(group), str(group)

    def _count(self, group: Group) -> int:
        return self._counts.get(group, 0)

    @cached_property
    def _counts(self) -> Counter[Group]:
        counts: Counter[Group] = Counter()
        for pattern, n in self.patterns.items():
            counts[None] += n
            for one in pattern:
                counts[one] += n
                for other in pattern:
                    if one < other:
                        counts[one, other] += n
        return counts


def census() -> Census:
    """As of now, with every segment there is. Two queries; the visitors are counted in the database."""
    segments = _segments()
    return kept(f"census:{len(segments)}:{max(segments, default=0)}", lambda: _take_census(segments))


def _take_census(segments: tuple[int, ...]) -> Census:
    since = timezone.now() - timedelta(days=DAYS)
    rows = Profile.objects.filter(last_seen__gte=since).order_by().values_list("segments").annotate(n=Count("pk"))
    patterns: Counter[frozenset[int]] = Counter()
    for belongs, n in rows:
        patterns[frozenset(belongs) & frozenset(segments)] += n
    return Census(patterns, segments)


def measure_segments() -> int:
    """Write down the sizes of today; how many. Run again, it corrects them."""
    day = timezone.localdate()
    rows = [
        SegmentSize(segment_id=segment, day=day, size=size, is_shown=is_shown)
        for segment, (size, is_shown) in _take_census(_segments()).measured().items()
    ]
    SegmentSize.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["segment", "day"], update_fields=["size", "is_shown"]
    )
    return len(rows)


def _segments() -> tuple[int, ...]:
    return tuple(Segment.objects.order_by("pk").values_list("pk", flat=True))


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
