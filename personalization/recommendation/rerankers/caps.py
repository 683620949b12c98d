"""No more than so many pages of one topic, author or section."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from personalization.recommendation.standing import Kind, PageFacts, Situation, Standing

GIVES_WAY: tuple[Kind, ...] = ("section", "author", "topic")
"""Where pages run out, the cap on sections is dropped first, the one on topics last."""

Labels = frozenset[tuple[Kind, Hashable]]


@dataclass(frozen=True, slots=True)
class Caps:
    """`limits` maps a kind of label to how many pages of a list may share one. A page counts for each it has.

    In the order of the list each page that keeps all caps is taken, the others stand back. Where the places are not
    all filled by then, those come in their order that break only the first cap of `GIVES_WAY`, and so on: a list is
    never shorter for its caps. Held pages count, and are not moved.
    """

    limits: Mapping[Kind, int]
    name: ClassVar[str] = "caps"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        rows, wanted = standing.order.tolist(), situation.n + situation.spare
        taken, waiting = rows[: standing.held], rows[standing.held :]
        tally = _Tally(self.limits, [situation.facts[row] for row in taken])
        for kinds in _ever_looser(self.limits):
            full = [(kind, tally.full[kind]) for kind in kinds]
            passed = []
            for row in waiting:
                if len(taken) >= wanted:
                    return standing.in_order(taken)
                facts = situation.facts[row]
                for kind, labels in full:
                    if not labels.isdisjoint(facts.labels.get(kind, ())):
                        passed.append(row)
                        break
                else:
                    taken.append(row)
                    tally.add(facts)
            waiting = passed
        return standing.in_order(taken)

    def full(self, facts: Sequence[PageFacts]) -> Labels | None:
        """The labels that no further page may have in a list of these pages; None where it breaks a cap already."""
        tally = _Tally(self.limits, facts)
        counts = ((count, self.limits[kind]) for kind, of_kind in tally.counts.items() for count in of_kind.values())
        if any(count > limit for count, limit in counts):
            return None
        return frozenset((kind, label) for kind, labels in tally.full.items() for label in labels)


class _Tally:
    """How many pages were taken of each label; `full` are the labels of each kind that no further page may have."""

    def __init__(self, limits: Mapping[Kind, int], taken: Iterable[PageFacts] = ()) -> None:
        self.limits = limits
        self.counts: dict[Kind, dict[Hashable, int]] = {kind: {} for kind in limits}
        self.full: dict[Kind, set[Hashable]] = {kind: set() for kind in limits}
        for facts in taken:
            self.add(facts)

    def add(self, facts: PageFacts) -> None:
        for kind, limit in self.limits.items():
            counts = self.counts[kind]
            for label in facts.labels.get(kind, ()):
                counts[label] = counts.get(label, 0) + 1
                if counts[label] >= limit:
                    self.full[kind].add(label)


def _ever_looser(limits: Mapping[Kind, int]) -> Iterator[list[Kind]]:
    """The kinds that are capped: all of them, then fewer and fewer, at last none."""
    last_first = sorted(limits, key=lambda kind: GIVES_WAY.index(kind) if kind in GIVES_WAY else -1)
    return (last_first[dropped:] for dropped in range(len(last_first) + 1))
