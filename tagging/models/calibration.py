"""What editors' decisions say about the scores: the curve that turns them into probabilities."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TopicCalibration(models.Model):
    """Platt's curve, fitted to the decisions of one moment: logistic(slope * logit + intercept). The newest counts."""

    fitted_at = models.DateTimeField(_("fitted at"), auto_now_add=True)
    decisions = models.PositiveIntegerField(_("decisions"), help_text=_("How many it was fitted to."))
    slope = models.FloatField(_("slope"))
    intercept = models.FloatField(_("intercept"))

    class Meta:
        verbose_name = _("calibration of topics")
        verbose_name_plural = _("calibrations of topics")
        ordering = ["-pk"]
        get_latest_by = "pk"

    def __str__(self) -> str:
        return f"{self.fitted_at:%Y-%m-%d %H:%M} ({self.decisions})"
