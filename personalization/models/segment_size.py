"""How many visitors segments had, day by day."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .segment import Segment


class SegmentSize(models.Model):
    """The visitors of the 30 days up to `day` who belong to the segment; without one, all of them. No visitor's id."""

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, null=True, blank=True, related_name="sizes", verbose_name=_("segment")
    )
    day = models.DateField(_("day"))
    size = models.PositiveIntegerField(_("visitors"))
    is_shown = models.BooleanField(
        _("shown"), help_text=_("Not where the number would tell of a group too small to be shown.")
    )

    class Meta:
        verbose_name = _("segment size")
        verbose_name_plural = _("segment sizes")
        constraints = [
            models.UniqueConstraint(fields=["segment", "day"], name="personalization_size_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.day}: {self.size}"
