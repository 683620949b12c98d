"""Drafts that editors want suggestions for, on their way to the worker and back."""

import uuid

import swapper
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class DraftAnalysis(models.Model):
    """The text of a form, until its suggestions are fetched. Deleted then, or after minutes: nothing is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("page"),
    )
    text = models.JSONField(_("text"))
    result = models.JSONField(_("result"), null=True, blank=True)
    failure = models.TextField(_("failure"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("analysis of a draft")
        verbose_name_plural = _("analyses of drafts")
        indexes = [models.Index(fields=["created_at"], name="tagging_draft_age")]

    def __str__(self) -> str:
        return str(self.id)
