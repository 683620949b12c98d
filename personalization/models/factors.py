"""Pages that go together by a factorisation of who read what, as a worker fitted it."""

import swapper
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .segment import Segment


class PageFactors(models.Model):
    """A page's neighbours among readers of one segment, or among all: `others` strongest first, with `weights` > 0.

    Rows, not a model object: a web process reads those of the pages it is asked about, and holds none in memory.
    """

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("segment")
    )
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("page"),
    )
    others = ArrayField(models.BigIntegerField(), verbose_name=_("other pages"))
    weights = ArrayField(models.FloatField(), verbose_name=_("weights"))

    class Meta:
        verbose_name = _("neighbours of a page by factorisation")
        verbose_name_plural = _("neighbours of pages by factorisation")
        constraints = [
            models.UniqueConstraint(
                fields=["page", "segment"], nulls_distinct=False, name="personalization_factors_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {len(self.others)}"
