"""Questions that editors wait for, on their way to the worker and back."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Inquiry(models.Model):
    """A question that only a worker can answer, since only it has the models: what would suit this draft?

    The row is deleted when its answer is fetched, or after some minutes: nothing of a draft is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=20)
    question = models.JSONField(_("question"))
    answer = models.JSONField(_("answer"), null=True, blank=True)
    failure = models.TextField(_("failure"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("question to the worker")
        verbose_name_plural = _("questions to the worker")
        indexes = [models.Index(fields=["created_at"], name="tagging_inquiry_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
