"""What was told with noise, and what it cost."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Release(models.Model):
    """The noisy numbers of one export for one choice of filters and day: drawn once, given to whoever asks again."""

    report = models.CharField(_("export"), max_length=60)
    filters = models.JSONField(_("filters"), default=dict)
    day = models.DateField(_("day"))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    epsilon = models.FloatField(_("epsilon"))
    per_visitor = models.PositiveIntegerField(_("counted of one visitor, at most"))
    numbers = models.JSONField(_("numbers"), help_text=_("Row to column to number; null where it is held back."))

    class Meta:
        verbose_name = _("noisy export")
        verbose_name_plural = _("noisy exports")
        constraints = [
            models.UniqueConstraint(fields=["report", "filters", "day"], name="personalization_release_once")
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.day}"
