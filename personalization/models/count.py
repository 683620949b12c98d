"""How often what happened, without any visitor: what stays when single events are dropped."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _

from .event import Event


class EventCount(models.Model):
    """Events of one kind about one page in one hour (once single events are dropped: in one day), told apart by
    placement, class of device, country and kind of referrer. Only visitors who agreed to statistics are in it.

    `value` is the sum of the events' own: seconds of dwell, scroll depths, feedback. `readers` counts visitors at the
    first view of the page on each day, so that it adds up to the page's different readers of a day.
    """

    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="personalization_counts",
        db_index=False,
        verbose_name=_("page"),
    )
    hour = models.DateTimeField(_("hour"))
    kind = models.CharField(_("kind"), max_length=10, choices=Event.Kind)
    placement = models.CharField(_("placement"), max_length=80, blank=True)
    device = models.CharField(_("device"), max_length=8, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    referrer = models.CharField(_("came from"), max_length=8, choices=Event.Referrer, blank=True)
    n = models.PositiveBigIntegerField(_("events"))
    readers = models.PositiveBigIntegerField(_("readers"), default=0)
    value = models.FloatField(_("sum of values"), default=0.0)

    class Meta:
        verbose_name = _("event count")
        verbose_name_plural = _("event counts")
        constraints = [
            models.UniqueConstraint(
                fields=["page", "hour", "kind", "placement", "device", "country", "referrer"],
                name="personalization_count_once",
            )
        ]
        indexes = [models.Index(fields=["hour"], name="personalization_count_hour")]

    def __str__(self) -> str:
        return f"{self.kind} {self.page_id}: {self.n}"
