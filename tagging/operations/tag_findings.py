"""What is untidy about a site's tags: many spellings of one, tags on the same pages, tags on none, tags on most."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import swapper
from django.contrib.contenttypes.models import ContentType
from django.db.models import Avg, Count, OuterRef, Subquery
from pgvector.django import HalfVectorField
from wagtail.log_actions import log

from tagging.hygiene.folding import difference, fold
from tagging.hygiene.spelling import misspelt
from tagging.models import IgnoredFinding, PageVector, Topic, TopicVector

from .site_centre import Array, centred, site_centre
from .tag_models import page_tag_fields
from .tag_uses import TagUse, page_rows, tag_uses

Kind = Literal["name", "synonym", "spelling", "vectors", "common", "orphan"]
KINDS: tuple[Kind, ...] = ("name", "synonym", "spelling", "vectors", "common", "orphan")

COMPARED = 2000  # tags, the most used: so many vectors are compared with each other
MIN_PAGES = 5  # below, the mean of a tag's pages says little about the tag
# Cosines from which on two tags may be one: of their pages alone, and of pages and names (docs/quality.md).
SAME_PAGES, LIKE_PAGES, LIKE_NAMES = 0.9, 0.75, 0.6
MOST = 0.5  # of the pages


@dataclass(frozen=True, slots=True)
class Finding:
    """Tags that should perhaps be one: `uses[0]` is the one to keep; or, by kind, a single tag to think about.

    `differences` say what the names differ by. `new_name` names a tag to be made, where none is to be kept.
    """

    kind: Kind
    uses: tuple[TagUse, ...]
    differences: tuple[str, ...] = ()
    new_name: str = ""
    share: float = 0.0

    @property
    def key(self) -> str:
        """The same as long as the finding is about the same tags."""
        names = sorted(str(use.tag.pk) for use in self.uses)
        return hashlib.blake2b("\x1e".join((self.kind, *names)).encode(), digest_size=16).hexdigest()

    @property
    def names(self) -> str:
        return ", ".join(f"“{use.tag.name}”" for use in self.uses)

    @property
    def tag_ids(self) -> tuple[Any, ...]:
        return tuple(use.tag.pk for use in self.uses)


@dataclass(slots=True)
class TagReport:
    """Everything found about the tags of one model, by kind; `ignored` is what editors do not want to see."""

    tag_model: type[Any]
    tag_count: int
    findings: dict[Kind, list[Finding]] = field(default_factory=dict)
    ignored: list[Finding] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.findings.values()))


def tag_models() -> list[type[Any]]:
    """The tag models of the page types' own tag fields."""
    return list(dict.fromkeys(found.tag_model for found in page_tag_fields()))


def tag_report(tag_model: type[Any]) -> TagReport:
    """Look at every tag now. Reads only; loads no model; the number of queries does not depend on the tags."""
    uses = tag_uses(tag_model)
    report = TagReport(tag_model, len(uses))
    ignored = set(IgnoredFinding.objects.filter(tag_model=_type_of(tag_model)).values_list("key", flat=True))
    seen: set[frozenset[Any]] = set()
    for found in _find(tag_model, uses):
        pairs = {frozenset((found.uses[0].tag.pk, use.tag.pk)) for use in found.uses[1:]}
        if pairs and pairs <= seen:
            continue  # said already, with a better reason
        seen |= pairs
        if found.key in ignored:
            report.ignored.append(found)
        else:
            report.findings.setdefault(found.kind, []).append(found)
    return report


def find_finding(tag_model: type[Any], key: str) -> Finding | None:
    """The finding with this key, ignored or not; None where the tags have changed since."""
    report = tag_report(tag_model)
    found = (finding for findings in (*report.findings.values(), report.ignored) for finding in findings)
    return next((finding for finding in found if finding.key == key), None)


def ignore_finding(tag_model: type[Any], finding: Finding, user: Any) -> None:
    """Remember that an editor does not want to see this finding again."""
    row = {"tag_model": _type_of(tag_model), "key": finding.key}
    if IgnoredFinding.objects.get_or_create(**row, defaults={"ignored_by": user})[1]:
        _log(finding, "tagging.ignore_finding", user)


def heed_finding(tag_model: type[Any], finding: Finding, user: Any) -> None:
    """Show a finding again."""
    if IgnoredFinding.objects.filter(tag_model=_type_of(tag_model), key=finding.key).delete()[0]:
        _log(finding, "tagging.heed_finding", user)


def _find(tag_model: type[Any], uses: Sequence[TagUse]) -> Iterator[Finding]:
    topics = list(Topic.objects.order_by("path"))
    topic_keys = {fold(topic.name) for topic in topics}
    by_key: dict[str, list[TagUse]] = defaultdict(list)
    for use in uses:
        by_key[fold(use.tag.name)].append(use)
    names = {topic.name.casefold() for topic in topics}
    for group in by_key.values():  # a topic's own tag is kept: accepting the topic would make it again
        group.sort(key=lambda use: use.tag.name.casefold() not in names)
    best = {key: group[0] for key, group in by_key.items()}
    yield from _by_name(by_key)
    yield from _by_synonym(topics, topic_keys, best)
    yield from _by_spelling(best, topic_keys)
    yield from _by_vector(tag_model, uses)
    yield from _common(tag_model, uses)
    yield from (Finding("orphan", (use,)) for use in sorted(uses, key=lambda use: use.tag.name) if not use.total)


def _by_name(by_key: dict[str, list[TagUse]]) -> Iterator[Finding]:
    for group in by_key.values():
        if len(group) > 1:
            kept, *others = group
            kinds = dict.fromkeys(difference(kept.tag.name, use.tag.name) for use in others)
            yield Finding("name", tuple(group), tuple(kinds))


def _by_synonym(topics: Iterable[Topic], topic_keys: set[str], best: dict[str, TagUse]) -> Iterator[Finding]:
    for topic in topics:
        for key in dict.fromkeys(map(fold, topic.synonyms)):
            use, own = best.get(key), best.get(fold(topic.name))
            if use is None or not use.total or key in topic_keys:
                continue
            yield Finding("synonym", (own, use) if own else (use,), new_name="" if own else topic.name)


def _by_spelling(best: dict[str, TagUse], topic_keys: set[str]) -> Iterator[Finding]:
    for pair in sorted(misspelt(best)):
        kept, other = sorted(pair, key=lambda key: (key not in topic_keys, -best[key].all_pages, key))
        if not (kept in topic_keys and other in topic_keys):
            yield Finding("spelling", (best[kept], best[other]))


def _common(tag_model: type[Any], uses: Iterable[TagUse]) -> Iterator[Finding]:
    types = {found.page_model for found in page_tag_fields() if found.tag_model is tag_model}
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(
        live=True, content_type__in=ContentType.objects.get_for_models(*types).values()
    )
    total = pages.count()
    for use in uses:
        if total >= 2 * MIN_PAGES and use.pages > MOST * total:
            yield Finding("common", (use,), share=min(use.pages / total, 1.0))


def _by_vector(tag_model: type[Any], uses: Sequence[TagUse]) -> Iterator[Finding]:
    wanted = [use for use in uses if use.pages >= MIN_PAGES][:COMPARED]
    means, centre = _mean_vectors(tag_model, [use.tag.pk for use in wanted]), site_centre()
    compared = [use for use in wanted if use.tag.pk in means]
    if centre is None or len(compared) < 2:
        return
    vectors = centred(np.array([means[use.tag.pk] for use in compared]), centre)
    cosines = np.triu(vectors @ vectors.T, 1)
    names = _name_vectors()
    rows, columns = (cosines >= LIKE_PAGES).nonzero()
    for row, column in sorted(zip(rows, columns, strict=True), key=lambda pair: -cosines[pair]):
        one, other = compared[row], compared[column]  # the more used one comes first
        likeness = _likeness(names.get(fold(one.tag.name)), names.get(fold(other.tag.name)))
        if cosines[row, column] >= SAME_PAGES if likeness is None else likeness >= LIKE_NAMES:
            yield Finding("vectors", (one, other))


def _likeness(one: Array | None, other: Array | None) -> float | None:
    return None if one is None or other is None else float(one @ other)


def _mean_vectors(tag_model: type[Any], keys: Sequence[Any]) -> dict[Any, Array]:
    """The mean vector of each tag's pages, computed by the database."""
    known = PageVector.objects.filter(model__is_live=True, is_live=True)
    sums: dict[Any, Array] = {}
    counts: Counter[Any] = Counter()
    vector = known.filter(page_id=OuterRef("object_key")).values("embedding")[:1]
    for rows in page_rows(tag_model):
        found = (
            rows.filter(tag_id__in=keys)
            .annotate(vector=Subquery(vector, output_field=HalfVectorField()))
            .filter(vector__isnull=False)
            .values("tag_id")
            .order_by("tag_id")
            .annotate(mean=Avg("vector", output_field=HalfVectorField()), n=Count("pk"))
        )
        for key, mean, count in found.values_list("tag_id", "mean", "n"):
            sums[key] = sums.get(key, 0) + np.asarray(mean, dtype=np.float64) * count
            counts[key] += count
    return {key: total / counts[key] for key, total in sums.items() if counts[key] >= MIN_PAGES}


def _name_vectors() -> dict[str, Array]:
    """What the names of tags mean, as far as topics have the same names."""
    rows = TopicVector.objects.filter(model__is_live=True).values_list("topic__name", "embedding")
    return {fold(name): np.asarray(vector, dtype=np.float64) for name, vector in rows}


def _type_of(tag_model: type[Any]) -> ContentType:
    return ContentType.objects.get_for_model(tag_model)


def _log(finding: Finding, action: str, user: Any) -> None:
    log(instance=finding.uses[0].tag, action=action, user=user, data={"tags": finding.names})
