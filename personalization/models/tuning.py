"""Settings of placements that were found in their logs, and what editors made of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .placement import Placement
from .segment import Segment


class PlacementTuning(models.Model):
    """One proposal, and so one version of a placement's setting: for the readers of a segment, or for all others.

    `before` and `proposed` are `recommendation.tuning.Setting`s as JSON; `before` is what held when it was proposed,
    and from the approval on what held until then. `figures` are of days later than all that was searched:
    `operations.tuning.figures`. What is approved for a segment is served from this row, the newest of them; what is
    approved for everybody is written to the placement itself.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")
        UNDONE = "undone", _("undone")
        REPLACED = "replaced", _("replaced by a newer proposal")

    placement = models.ForeignKey(
        Placement, on_delete=models.CASCADE, related_name="tunings", verbose_name=_("placement")
    )
    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, null=True, related_name="tunings", verbose_name=_("segment")
    )
    number = models.PositiveIntegerField(_("number"))
    before = models.JSONField(_("before"))
    proposed = models.JSONField(_("proposed setting"))
    figures = models.JSONField(_("figures on later days"), default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PROPOSED)
    proposed_at = models.DateTimeField(_("proposed at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("tuned setting of a placement")
        verbose_name_plural = _("tuned settings of placements")
        ordering = ["placement", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["placement", "number"], name="personalization_tuning_number"),
            models.UniqueConstraint(
                fields=["placement", "segment"],
                condition=models.Q(state="proposed"),
                nulls_distinct=False,
                name="personalization_tuning_open",
            ),
        ]

    def __str__(self) -> str:
        return gettext("version %(number)d") % {"number": self.number}
