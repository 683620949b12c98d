"""What was served to whom, for reports and learning."""

import uuid

import swapper
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .visitor import Visitor


class ServedSlate(models.Model):
    """One answer of the recommender to a consenting visitor. Impressions and clicks carry its id.

    `features` is what the ranker went by, {"names": […], "pages": […], "rows": [[…]], "blend": […]}: the shown pages
    first, then the best of those left out, at most `recommendation.logged.KEPT` in all. `context` is what it knew of
    the moment: referrer class, device, locale, hour, weekday. Rankers are learned from both.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="slates", verbose_name=_("visitor"))
    placement = models.CharField(_("placement"), max_length=80)
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("page"),
    )
    segments = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("segments"))
    items = models.JSONField(_("items"), default=list, help_text=_("[page id, score, {source: share}] in order."))
    propensities = ArrayField(
        models.FloatField(),
        default=list,
        blank=True,
        verbose_name=_("propensities"),
        help_text=_("How probable it was that each item is shown. Empty: chance had no hand."),
    )
    context = models.JSONField(_("context"), default=dict)
    features = models.JSONField(_("features"), default=dict)
    ranker_version = models.PositiveIntegerField(
        _("ranker’s version"), null=True, help_text=_("Empty: the weighted blend ranked.")
    )
    served_at = models.DateTimeField(_("served at"), auto_now_add=True)

    class Meta:
        verbose_name = _("served slate")
        verbose_name_plural = _("served slates")
        indexes = [
            models.Index(fields=["placement", "served_at"], name="personalization_served"),
            models.Index(fields=["served_at"], name="personalization_served_at"),
        ]

    def __str__(self) -> str:
        return f"{self.placement} {self.served_at:%Y-%m-%d %H:%M}"
