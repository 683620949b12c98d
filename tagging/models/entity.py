"""Named entities of the site, and where they are mentioned."""

from __future__ import annotations

import swapper
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tagging.ner.entities import APPLY_FROM, MAX_EVIDENCE

from .topic import Topic

wikidata_validator = RegexValidator(r"^Q[1-9]\d*$", _("Write a Wikidata id as Q and a number, such as Q42."))


class Entity(models.Model):
    """A person, organisation or place that the site's pages mention.

    `key` is the name as the analysis finds it; `name` may be changed by editors. `canonical` is the entity
    that this one was merged into, directly or not: readers take that one for it.
    """

    class Label(models.TextChoices):
        PER = "PER", _("Person")
        ORG = "ORG", _("Organisation")
        LOC = "LOC", _("Place")
        MISC = "MISC", _("Other")

    key = models.CharField(_("key"), max_length=255, help_text=_("Name in lower case, as it is matched."))
    name = models.CharField(_("name"), max_length=255)
    label = models.CharField(_("kind"), max_length=4, choices=Label)
    is_hidden = models.BooleanField(
        _("hidden"), default=False, help_text=_("Not shown anywhere, and no reason for a topic.")
    )
    topic = models.ForeignKey(
        Topic,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="entities",
        verbose_name=_("topic"),
        help_text=_("Pages that name this are likely to be on this topic."),
    )
    wikidata_id = models.CharField(
        _("Wikidata id"), max_length=20, blank=True, validators=[wikidata_validator], help_text=_("Such as Q42.")
    )
    canonical = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        verbose_name=_("merged into"),
    )

    class Meta:
        verbose_name = _("entity")
        verbose_name_plural = _("entities")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["key", "label"], name="tagging_one_entity")]

    def __str__(self) -> str:
        return self.name


class PageEntityQuerySet(models.QuerySet["PageEntity"]):
    def resolved(self, *, visible_only: bool = True) -> list[PageEntity]:
        """The rows as readers see them, most salient first within a page: merged ones joined, hidden ones left out.

        Hidden ones are kept without `visible_only`, for those who curate them. Unsaved where they differ from
        what is stored. One query.
        """
        joined: dict[tuple[int, int], list[PageEntity]] = {}
        for row in self.select_related("entity__canonical"):
            root = row.entity.canonical or row.entity
            if not (root.is_hidden and visible_only):
                joined.setdefault((row.page_id, root.pk), []).append(row)
        rows = [_join(group) for group in joined.values()]
        return sorted(rows, key=lambda row: (row.page_id, -row.salience, row.entity.name))


def _join(rows: list[PageEntity]) -> PageEntity:
    """Rows of one page whose entities are one: counts summed, names and sentences put together."""
    root = rows[0].entity.canonical or rows[0].entity
    if len(rows) == 1 and rows[0].entity == root:
        return rows[0]
    names = {name for row in rows for name in (row.entity.name, *row.aliases)} - {root.name}
    sentences = dict.fromkeys(sentence for row in rows for sentence in row.evidence)
    return PageEntity(
        page_id=rows[0].page_id,
        entity=root,
        count=sum(row.count for row in rows),
        salience=max(row.salience for row in rows),
        confidence=max(row.confidence for row in rows),
        aliases=sorted(names),
        evidence=list(sentences)[:MAX_EVIDENCE],
    )


class PageEntity(models.Model):
    """One entity on one page, with the sentences that mention it."""

    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="tagging_entities",
        verbose_name=_("page"),
    )
    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="pages", verbose_name=_("entity"))
    count = models.PositiveIntegerField(_("mentions"))
    salience = models.FloatField(_("salience"), help_text=_("How much the page is about it, 0 to 1."))
    confidence = models.FloatField(
        _("confidence"), default=1.0, help_text=_("How likely the page names it at all, 0 to 1.")
    )
    aliases = ArrayField(models.CharField(max_length=255), default=list, blank=True, verbose_name=_("aliases"))
    evidence = ArrayField(models.TextField(), default=list, blank=True, verbose_name=_("sentences"))

    objects = PageEntityQuerySet.as_manager()

    class Meta:
        verbose_name = _("entity on a page")
        verbose_name_plural = _("entities on pages")
        ordering = ["-salience", "entity__name"]
        constraints = [models.UniqueConstraint(fields=["page", "entity"], name="tagging_entity_once_a_page")]

    def __str__(self) -> str:
        return f"{self.entity} ({self.count})"

    @property
    def is_doubtful(self) -> bool:
        """Whether only editors see it: readers do not, and it is no reason for a topic."""
        return self.confidence < APPLY_FROM


class EntityMerge(models.Model):
    """An editor's word that two entities are one. Removing the row undoes it; `Entity.canonical` follows."""

    source = models.OneToOneField(
        Entity, on_delete=models.CASCADE, related_name="merge", verbose_name=_("merged entity")
    )
    target = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="merges", verbose_name=_("into"))
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("merged by"),
    )
    merged_at = models.DateTimeField(_("merged at"), auto_now_add=True)

    class Meta:
        verbose_name = _("merged entity")
        verbose_name_plural = _("merged entities")
        constraints = [
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="tagging_merge_of_two")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"
