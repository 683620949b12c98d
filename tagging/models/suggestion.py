"""Machine tags with their provenance, and what editors decided about them."""

import swapper
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .topic import Topic


class Suggestion(models.Model):
    """One topic for one page: suggested or applied by machine, accepted or rejected by an editor.

    A rejection is kept for ever: the topic is never suggested for that page again.
    """

    class State(models.TextChoices):
        SUGGESTED = "suggested", _("Suggested")
        APPLIED = "applied", _("Applied")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    class Source(models.TextChoices):
        VECTOR = "vector", _("What the page is about")
        ENTITY = "entity", _("Who and what it names")
        SYNONYM = "synonym", _("The topic's own words")
        MIXED = "mixed", _("Several signals")
        EDITOR = "editor", _("An editor")

    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="tagging_suggestions",
        verbose_name=_("page"),
    )
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="suggestions", verbose_name=_("topic"))
    state = models.CharField(_("state"), max_length=9, choices=State)
    score = models.FloatField(_("probability"), help_text=_("How likely editors are to accept it, 0 to 1."))
    logit = models.FloatField(
        _("score before calibration"), null=True, blank=True, help_text=_("Empty where an editor added the topic.")
    )
    source = models.CharField(_("source"), max_length=8, choices=Source)
    evidence = models.TextField(_("evidence"), blank=True)
    similar = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        verbose_name=_("similar pages"),
        help_text=_("Pages like this one that editors gave the topic."),
    )
    model = models.CharField(_("model"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    wrote_tag = models.BooleanField(
        _("wrote the tag"), default=False, help_text=_("The page had no such tag before it was accepted.")
    )

    class Meta:
        verbose_name = _("topic of a page")
        verbose_name_plural = _("topics of pages")
        ordering = ["-score"]
        constraints = [models.UniqueConstraint(fields=["page", "topic"], name="tagging_topic_once_a_page")]
        indexes = [models.Index(fields=["topic", "state"], name="tagging_topic_state")]

    def __str__(self) -> str:
        return f"{self.topic}: {self.get_state_display()}"
