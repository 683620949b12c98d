"""Visitors who said yes, and what was learned of them."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField


def every_purpose() -> list[str]:
    """What a visitor says yes to who is asked one question only."""
    return ["analytics", "personalization"]


class Visitor(models.Model):
    """A browser whose reader consented to some purpose. Without consent there is no row. Never a name or address.

    Where the site merges visitors at login, `user` is the account whose visitor this is, on all of its browsers:
    such a one is known by the session alone, never by the cookie.
    """

    class Purpose(models.TextChoices):
        ANALYTICS = "analytics", _("Statistics")
        PERSONALIZATION = "personalization", _("Personal recommendations")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purposes = ArrayField(
        models.CharField(max_length=15, choices=Purpose), default=every_purpose, verbose_name=_("granted purposes")
    )
    consented_at = models.DateTimeField(_("consented at"), auto_now_add=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="affinity_visitor",
        verbose_name=_("account"),
    )

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        permissions = [("protect_visitor", _("Can look up, export and delete what is stored about a visitor"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(purposes__len__gt=0) & Q(purposes__contained_by=every_purpose()),
                name="personalization_some_purpose",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Profile(models.Model):
    """A visitor's decayed interests, folded from events by a task. Exists only where personalization is granted."""

    visitor = models.OneToOneField(
        Visitor, on_delete=models.CASCADE, primary_key=True, related_name="profile", verbose_name=_("visitor")
    )
    vector = HalfVectorField(_("vector"), null=True, blank=True)
    vector_model = models.CharField(_("embedding model"), max_length=200, blank=True)
    vector_length = models.FloatField(_("length of the vector's sum"), default=0.0)
    shown_vector = HalfVectorField(_("vector of what was shown and not clicked"), null=True, blank=True)
    shown_length = models.FloatField(_("length of that vector's sum"), default=0.0)
    shown = models.FloatField(_("shown and not clicked"), default=0.0)
    last_impression = models.BigIntegerField(
        _("last impression"), default=0, help_text=_("Impressions up to this event are in the profile.")
    )
    mass = models.FloatField(_("mass"), default=0.0)
    topics = models.JSONField(_("topics"), default=dict, help_text=_("Topic id to weight, 0 to 1."))
    entities = models.JSONField(_("entities"), default=dict, help_text=_("Entity id to weight, 0 to 1."))
    habits = models.JSONField(
        _("habits"),
        default=dict,
        help_text=_("Sections, devices and hours of the day by how much was read; engagement and frequency."),
    )
    sums = models.JSONField(
        _("sums"), default=dict, help_text=_("The decayed sums that all of these are made of, by kind.")
    )
    recent = models.JSONField(_("recent pages"), default=list, help_text=_("[page id, ISO time], newest first."))
    views = models.PositiveIntegerField(_("pages read"), default=0)
    visits = models.PositiveIntegerField(_("visits"), default=0)
    first_seen = models.DateTimeField(_("first seen"), null=True, blank=True)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True)
    device = models.CharField(_("device"), max_length=8, blank=True)
    segments = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("segments"))
    clusters = models.JSONField(
        _("learned clusters"), default=dict, help_text=_("Id of a learned cluster to probability, 0 to 1.")
    )
    updated_at = models.DateTimeField(_("updated at"), null=True, blank=True)
    muted_topics = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("muted topics"))
    liked_topics = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("liked topics"))
    liked_vector = HalfVectorField(_("sum of the liked topics' vectors"), null=True, blank=True)
    hidden_pages = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("hidden pages"))
    answers = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("topics asked for"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        indexes = [
            models.Index(fields=["last_seen"], name="personalization_last_seen"),
            GinIndex(fields=["segments"], name="personalization_belongs"),
        ]

    def __str__(self) -> str:
        return str(self.visitor_id)
