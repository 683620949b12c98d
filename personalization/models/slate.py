"""What was served to whom, for reports and learning."""

import uuid

import swapper
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .visitor import Visitor


class ServedSlate(models.Model):
    """One answer of the recommender to a consenting visitor. Impressions and clicks carry its id."""

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
    served_at = models.DateTimeField(_("served at"), auto_now_add=True)

    class Meta:
        verbose_name = _("served slate")
        verbose_name_plural = _("served slates")
        indexes = [models.Index(fields=["placement", "served_at"], name="personalization_served")]

    def __str__(self) -> str:
        return f"{self.placement} {self.served_at:%Y-%m-%d %H:%M}"
