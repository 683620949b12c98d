"""The outbox: one row a page, saying whether what we know of the page is fresh."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PageAnalysis(models.Model):
    """The state of one page's analysis.

    `revision` grows with every change of the page that matters; a worker that finishes an older
    revision leaves the row stale, so that no change is lost.
    """

    class State(models.TextChoices):
        STALE = "stale", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Analysed")
        SKIPPED = "skipped", pgettext_lazy("page", "Skipped")
        FAILED = "failed", _("Failed")

    page = models.OneToOneField(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="tagging_analysis",
        verbose_name=_("page"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.STALE)
    revision = models.PositiveBigIntegerField(_("revision"), default=1)
    stale_since = models.DateTimeField(_("waiting since"), auto_now_add=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why the page was skipped or failed."))
    analyzed_at = models.DateTimeField(_("analysed at"), null=True, blank=True)
    content_hash = models.CharField(_("content hash"), max_length=32, blank=True)
    words = models.BinaryField(
        _("words"), default=b"", blank=True, help_text=_("The hashes of the page's words, and how often each is there.")
    )
    recognizer = models.CharField(_("recogniser"), max_length=200, blank=True)
    embedder = models.CharField(_("embedding model"), max_length=200, blank=True)
    topic_set = models.CharField(_("topic set"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("content analysis")
        verbose_name_plural = _("content analyses")
        indexes = [
            models.Index(
                fields=["stale_since"],
                name="tagging_waiting",
                condition=models.Q(state__in=["stale", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.get_state_display()}"
