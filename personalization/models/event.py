"""What consenting visitors' browsers reported."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .visitor import Visitor


class Event(models.Model):
    """One event. `event_id` is the client's own, so that a batch sent twice counts once.

    In Postgres the table is partitioned by `at` (migration 0002, `visitors.partitions`), and its primary key is
    (id, at). No unique index can reach over partitions: `visitors.events` keeps an event from being stored twice.
    """

    class Kind(models.TextChoices):
        IMPRESSION = "impression", _("Impression")
        VIEW = "view", pgettext_lazy("event", "View")
        CLICK = "click", _("Click")
        SCROLL = "scroll", _("Scroll")
        DWELL = "dwell", _("Dwell")
        FEEDBACK = "feedback", _("Feedback")

    class Referrer(models.TextChoices):
        DIRECT = "direct", _("Direct")
        INTERNAL = "internal", _("This site")
        SEARCH = "search", _("Search engine")
        SOCIAL = "social", _("Social network")
        MAIL = "mail", _("Web mailbox")
        OTHER = "other", _("Another site")

    event_id = models.UUIDField(_("client's event id"))
    visitor = models.ForeignKey(
        Visitor, on_delete=models.CASCADE, related_name="events", db_index=False, verbose_name=_("visitor")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="personalization_events",
        verbose_name=_("page"),
    )
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)
    value = models.FloatField(_("value"), null=True, blank=True)
    slate_id = models.UUIDField(_("slate"), null=True, blank=True)
    placement = models.CharField(_("placement"), max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), null=True, blank=True)
    device = models.CharField(_("device"), max_length=8, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    referrer = models.CharField(
        _("came from"), max_length=8, choices=Referrer, blank=True, help_text=_("Views only: the kind of site.")
    )
    utm_source = models.CharField(_("campaign's source"), max_length=100, blank=True)
    utm_medium = models.CharField(_("campaign's medium"), max_length=100, blank=True)
    utm_campaign = models.CharField(_("campaign"), max_length=100, blank=True)
    is_folded = models.BooleanField(_("in the profile"), default=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["visitor", "event_id"], name="personalization_event_once"),
            models.Index(fields=["visitor"], name="personalization_unfolded", condition=models.Q(is_folded=False)),
            models.Index(
                fields=["placement", "kind", "at"], name="personalization_ctr", condition=~models.Q(placement="")
            ),
            models.Index(
                fields=["visitor", "kind", "at"],
                name="personalization_seen",
                condition=models.Q(kind__in=["view", "impression"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.page_id}"
