"""Recent popularity, kept as one decayed number a page."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _


class PageCounter(models.Model):
    """How much a page was read lately: `score` is the decayed number of views as of `as_of`."""

    page = models.OneToOneField(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="personalization_counter",
        verbose_name=_("page"),
    )
    score = models.FloatField(_("decayed views"), default=0.0)
    as_of = models.DateTimeField(_("as of"))
    total = models.PositiveBigIntegerField(_("views of all time"), default=0)

    class Meta:
        verbose_name = _("page counter")
        verbose_name_plural = _("page counters")

    def __str__(self) -> str:
        return f"{self.page_id}: {self.total}"
