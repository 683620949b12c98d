"""How much pages are read: by everybody, and by who comes from where on what."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _

from .event import Event

_MOST_DOUBLINGS: Final = 1000.0


def reads_at(stored: float, half_life: float, now: datetime) -> float:
    """How many reads a stored logarithm stands for as of `now`; `half_life` in seconds."""
    return float(2.0 ** max(-_MOST_DOUBLINGS, min(_MOST_DOUBLINGS, stored - now.timestamp() / half_life)))


class Reads(models.Model):
    """Reads by three half-lives, and of all time. A reader counts once for a page and hour.

    `fast`, `medium` and `slow` are forward-decayed sums, as logarithms to the base of 2: the sum of `2^(t/h)` over the
    reads at t, in seconds since 1970, of half-life h (`SignalState`). As of the moment t' these are `2^(fast - t'/h)`
    reads. The logarithm never overflows, and the order of two pages never changes with time: nothing has to be aged,
    and the most read page is found by an index.
    """

    fast = models.FloatField(_("short half-life"))
    medium = models.FloatField(_("middle half-life"))
    slow = models.FloatField(_("long half-life"))
    total = models.PositiveBigIntegerField(_("reads of all time"), default=0)

    class Meta:
        abstract = True


class PageCounter(Reads):
    """How much everybody reads a page."""

    page = models.OneToOneField(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="personalization_counter",
        verbose_name=_("page"),
    )

    class Meta:
        verbose_name = _("page counter")
        verbose_name_plural = _("page counters")
        indexes = [models.Index(models.F("medium").desc(), name="personalization_most_read")]

    def __str__(self) -> str:
        return f"{self.page_id}: {self.total}"


class ClassCounter(Reads):
    """How much a page is read by those who come from one kind of site on one class of device."""

    pk = models.CompositePrimaryKey("page_id", "referrer", "device")
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="personalization_class_counters",
        db_index=False,
        verbose_name=_("page"),
    )
    referrer = models.CharField(_("came from"), max_length=8, choices=Event.Referrer, blank=True)
    device = models.CharField(_("device"), max_length=8, blank=True)

    class Meta:
        verbose_name = _("page counter of a class")
        verbose_name_plural = _("page counters of classes")

    def __str__(self) -> str:
        return f"{self.page_id} {self.referrer}/{self.device}: {self.total}"
