"""What editors tidy up: tags merged into one, findings they ignore, topics they may be missing."""

from typing import Any

import swapper
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class TagMerge(models.Model):
    """One tag on its way into another, or gone there, with all it takes to bring it back.

    Done page by page, so that it can be stopped and gone on with. A merge without a target is the deletion
    of a tag that nothing used.
    """

    class State(models.TextChoices):
        MERGING = "merging", _("Being merged")
        STUCK = "stuck", _("Not finished")
        MERGED = "merged", _("Merged")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    tag_model = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", verbose_name=_("tag model"))
    source_key = models.CharField(_("merged tag's id"), max_length=64)
    source_name = models.CharField(_("merged tag"), max_length=255)
    source_fields = models.JSONField(_("merged tag's fields"), help_text=_("As they were, to bring it back."))
    target_key = models.CharField(_("remaining tag's id"), max_length=64, blank=True)
    target_name = models.CharField(_("into"), max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.MERGING)
    rows = models.JSONField(
        _("moved rows"), default=dict, help_text=_("What was moved besides pages' own tags: of images, documents, …")
    )
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
        verbose_name = _("merged tag")
        verbose_name_plural = _("merged tags")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tag_model", "source_key"],
                condition=models.Q(state__in=["merging", "stuck", "undoing"]),
                name="tagging_one_merge_of_a_tag",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_name} → {self.target_name}"

    @property
    def model(self) -> Any:
        """The class of the two tags."""
        return self.tag_model.model_class()

    @property
    def is_deletion(self) -> bool:
        return not self.target_key

    @property
    def is_running(self) -> bool:
        """Whether there are steps to be taken."""
        return self.state in (self.State.MERGING, self.State.UNDOING)


class MergedPage(models.Model):
    """One page on which a tag was replaced; or was not, for the reason in `problem`.

    `met` is what `tag_field.swap_tag` returned; empty where the page was scheduled. `revisions` had the merged tag
    alone, `revisions_with_both` both: old versions, which name the remaining tag now.
    """

    merge = models.ForeignKey(TagMerge, on_delete=models.CASCADE, related_name="pages", verbose_name=_("merge"))
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("page"),
    )
    met = ArrayField(models.CharField(max_length=4), default=list, blank=True, verbose_name=_("tags met"))
    revisions = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("revisions"))
    revisions_with_both = ArrayField(
        models.BigIntegerField(), default=list, blank=True, verbose_name=_("revisions with both tags")
    )
    problem = models.TextField(_("problem"), blank=True)

    class Meta:
        verbose_name = _("page with a merged tag")
        verbose_name_plural = _("pages with a merged tag")
        constraints = [models.UniqueConstraint(fields=["merge", "page"], name="tagging_page_once_a_merge")]

    def __str__(self) -> str:
        return f"{self.merge_id}: {self.page_id}"


class IgnoredFinding(models.Model):
    """An editor's word that a finding of the tag report is none. `key` holds its kind and its tags."""

    tag_model = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", verbose_name=_("tag model"))
    key = models.CharField(_("finding"), max_length=32)
    ignored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ignored by"),
    )
    ignored_at = models.DateTimeField(_("ignored at"), auto_now_add=True)

    class Meta:
        verbose_name = _("ignored finding")
        verbose_name_plural = _("ignored findings")
        constraints = [models.UniqueConstraint(fields=["tag_model", "key"], name="tagging_ignored_once")]

    def __str__(self) -> str:
        return self.key


class MissingTopic(models.Model):
    """Pages that are alike and that no topic fits: perhaps a topic that the site has not got yet."""

    terms = ArrayField(models.CharField(max_length=120), verbose_name=_("distinctive words"))
    page_ids = ArrayField(models.BigIntegerField(), verbose_name=_("pages"), help_text=_("The most typical first."))
    coherence = models.FloatField(_("coherence"), help_text=_("How alike the pages are, 0 to 1."))
    found_at = models.DateTimeField(_("found at"), auto_now_add=True)
    is_dismissed = models.BooleanField(_("dismissed"), default=False)

    class Meta:
        verbose_name = _("missing topic")
        verbose_name_plural = _("missing topics")
        ordering = ["pk"]

    def __str__(self) -> str:
        return ", ".join(self.terms)
