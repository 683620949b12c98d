"""Topics from the tags that a site has, and what those tags teach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils.text import slugify

from tagging.hygiene.folding import fold
from tagging.models import Suggestion, Topic

from .outbox import analyzable_pages
from .tag_models import PageTagField

MAX_NAME = Topic._meta.get_field("name").max_length
DECIDED = (Suggestion.State.ACCEPTED, Suggestion.State.REJECTED)
BATCH = 1000

Progress = Callable[[int], object]
"""Told how many pages more are done."""


@dataclass(slots=True)
class TagGroup:
    """Tags that differ by case, accent, punctuation or plural only, and the live pages that have one of them.

    `names` has the spelling that is on most pages first. `topic` is the topic that has this name already.
    """

    names: tuple[str, ...]
    description: str
    pages: frozenset[int]
    topic: Topic | None = None

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def synonyms(self) -> list[str]:
        """The other spellings; a topic is found in any case without their help."""
        others = {name.casefold(): name for name in self.names[1:]}
        others.pop(self.name.casefold(), None)
        return list(others.values())


@dataclass(slots=True)
class AdoptionPlan:
    """What `adopt` will do: groups to become topics, groups that are topics, and names on too few pages."""

    new: list[TagGroup] = field(default_factory=list)
    known: list[TagGroup] = field(default_factory=list)
    rare: list[TagGroup] = field(default_factory=list)
    unusable: list[TagGroup] = field(default_factory=list)

    @property
    def page_count(self) -> int:
        """How many (page, topic) pairs there are to learn from."""
        return sum(len(group.pages) for group in (*self.new, *self.known))


@dataclass(slots=True)
class AdoptionReport:
    """What became of the pairs: `learned` are new, `known` were accepted before, `rejected` stay rejected."""

    created: int = 0
    learned: int = 0
    known: int = 0
    rejected: int = 0


def plan_adoption(fields: Sequence[PageTagField], min_pages: int) -> AdoptionPlan:
    """Group the tags that live, analysable pages have in these fields. Reads only."""
    plan = AdoptionPlan()
    topics = _topics_by_key()
    for key, group in sorted(_groups(fields).items(), key=lambda item: item[1].name.casefold()):
        group.topic = topics.get(key)
        if group.topic:
            plan.known.append(group)
        elif len(group.pages) < min_pages:
            plan.rare.append(group)
        elif len(group.name) > MAX_NAME or not any(character.isalnum() for character in group.name):
            plan.unusable.append(group)
        else:
            plan.new.append(group)
    return plan


def adopt(plan: AdoptionPlan, parent: Topic | None = None, progress: Progress = lambda pages: None) -> AdoptionReport:
    """Make the topics, below `parent` or at the top, and take each tag on a page for an editor's yes.

    One transaction: pages are scored again only once everything there is to learn from is there. The tags
    themselves are left alone, now and when a decision is taken back later. May be called again and again.
    """
    report = AdoptionReport()
    with transaction.atomic():
        published = _published()
        slugs = set(Topic.objects.values_list("slug", flat=True))
        for group in plan.new:
            group.topic = _create(group, parent, slugs)
            report.created += 1
        for group in (*plan.new, *plan.known):
            _learn(group, published, report)
            progress(len(group.pages))
    return report


def _groups(fields: Sequence[PageTagField]) -> dict[str, TagGroup]:
    pages_by_name: dict[str, set[int]] = defaultdict(set)
    descriptions: dict[str, str] = {}
    for page_field in fields:
        tags = {tag.pk: tag for tag in page_field.tag_model._default_manager.all()}
        for tag_id, page_id in page_field.tags_of(analyzable_pages()):
            tag = tags[tag_id]
            pages_by_name[tag.name].add(page_id)
            descriptions.setdefault(tag.name, _description(tag))
    by_key: dict[str, list[str]] = defaultdict(list)
    for name in sorted(pages_by_name, key=lambda name: (-len(pages_by_name[name]), name)):
        by_key[fold(name)].append(name)
    return {
        key: TagGroup(
            names=tuple(names),
            description=next(filter(None, (descriptions[name] for name in names)), ""),
            pages=frozenset().union(*(pages_by_name[name] for name in names)),
        )
        for key, names in by_key.items()
    }


def _description(tag: Any) -> str:
    """What a site's own tag model says of a tag; taggit's own says nothing."""
    text = getattr(tag, "description", "")
    return text if isinstance(text, str) else ""


def _topics_by_key() -> dict[str, Topic]:
    """The site's topics by what their names and synonyms fold to; names first, then the order of the tree."""
    topics = list(Topic.objects.order_by("path"))
    found: dict[str, Topic] = {}
    for topic in topics:
        found.setdefault(fold(topic.name), topic)
    for topic in topics:
        for synonym in topic.synonyms:
            found.setdefault(fold(synonym), topic)
    return found


def _create(group: TagGroup, parent: Topic | None, slugs: set[str]) -> Topic:
    slug = next(slug for slug in _slugs(group.name) if slug not in slugs)
    slugs.add(slug)
    synonyms = [name for name in group.synonyms if len(name) <= MAX_NAME]
    topic = Topic(name=group.name, slug=slug, description=group.description, synonyms=synonyms)
    if parent is None:
        added: Topic = Topic.add_root(instance=topic)
    else:
        parent.refresh_from_db()  # treebeard keeps the number of children on it
        added = parent.add_child(instance=topic)
    return added


def _slugs(name: str) -> Iterator[str]:
    base = slugify(name, allow_unicode=True)[: MAX_NAME - 6] or "topic"
    yield base
    yield from (f"{base}-{number}" for number in range(2, 100_000))


def _published() -> dict[int, datetime]:
    """When each page was last published: the best there is for when its editors last agreed to its tags."""
    when = Coalesce("last_published_at", "first_published_at", "latest_revision_created_at", Now())
    return dict(analyzable_pages().annotate(when=when).values_list("pk", "when"))


def _learn(group: TagGroup, published: dict[int, datetime], report: AdoptionReport) -> None:
    rows = Suggestion.objects.filter(topic=group.topic, page_id__in=group.pages)
    decided = dict(rows.filter(state__in=DECIDED).values_list("page_id", "state"))
    rejected = sum(state == Suggestion.State.REJECTED for state in decided.values())
    report.rejected += rejected
    report.known += len(decided) - rejected
    new = sorted((group.pages & published.keys()) - decided.keys())
    report.learned += len(new)
    for start in range(0, len(new), BATCH):
        _accept(group, new[start : start + BATCH], published)


def _accept(group: TagGroup, page_ids: Iterable[int], published: dict[int, datetime]) -> None:
    """What an editor tagged, an editor accepted: with certainty, without a name, and with nothing to take back."""
    Suggestion.objects.bulk_create(
        [
            Suggestion(
                page_id=page_id,
                topic=group.topic,
                state=Suggestion.State.ACCEPTED,
                score=1.0,
                source=Suggestion.Source.EDITOR,
                decided_at=published[page_id],
            )
            for page_id in page_ids
        ],
        update_conflicts=True,
        unique_fields=["page", "topic"],
        update_fields=["state", "score", "source", "decided_at"],
    )
