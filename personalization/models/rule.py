"""Where editors overrule the recommender."""

from typing import Any

import swapper
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.models import Locale

from tagging import index

from .placement import Placement
from .segment import Segment

ONE_TARGET = (
    Q(page__isnull=False, topic__isnull=True, section__isnull=True)
    | Q(page__isnull=True, topic__isnull=False, section__isnull=True)
    | Q(page__isnull=True, topic__isnull=True, section__isnull=False)
)


class PlacementRule(models.Model):
    """An editor's word on a page, a topic or a section: in one placement or all, for a segment, a locale, a time.

    Which of several rules decides for a page: `personalization.recommendation.rules`. `topic` holds a topic's id and no
    foreign key, as a topic may be merged into another one (`operations.topics`).
    """

    class Action(models.TextChoices):
        PIN = "pin", _("Pin")
        EXCLUDE = "exclude", _("Exclude")
        BOOST = "boost", _("Boost")
        BURY = "bury", _("Bury")

    placement = ParentalKey(
        Placement,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="page_rules",
        verbose_name=_("placement"),
        help_text=_("Empty: in all placements."),
    )
    action = models.CharField(
        _("action"),
        max_length=7,
        choices=Action,
        default=Action.PIN,
        help_text=_(
            "A pin takes one place at the top: of a topic or section for the page that fits best. What is excluded "
            "never comes. Boost and bury move pages up or down."
        ),
    )
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="personalization_rules",
        verbose_name=_("page"),
    )
    topic = models.PositiveBigIntegerField(
        _("or topic"), null=True, blank=True, help_text=_("With all topics below it.")
    )
    section = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("or section"),
        help_text=_("A page with all pages below it."),
    )
    segment = models.ForeignKey(
        Segment,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("segment"),
        help_text=_("Empty: for everybody."),
    )
    locale = models.ForeignKey(
        Locale,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("language"),
        help_text=_("Empty: in every language."),
    )
    starts_at = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Empty: at once."))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: for good."))
    strength = models.FloatField(
        _("strength"),
        default=3.0,
        validators=[MinValueValidator(1.1), MaxValueValidator(100.0)],
        help_text=_("Of boost and bury: how many times as likely, or unlikely, the page becomes."),
    )
    sort_order = models.PositiveIntegerField(_("order"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    # Lets Wagtail's InlinePanel move rules up and down.
    sort_order_field = "sort_order"

    class Meta:
        verbose_name = _("editors’ rule")
        verbose_name_plural = _("editors’ rules")
        ordering = ["sort_order", "pk"]
        constraints = [models.CheckConstraint(condition=ONE_TARGET, name="personalization_one_target")]

    def __str__(self) -> str:
        page = self.page or self.section
        what = page.title if page else index.topic_names([self.topic or 0]).get(self.topic or 0, "–")
        return f"{self.get_action_display()}: {what}"

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if sum(value is not None for value in (self.page_id, self.topic, self.section_id)) != 1:
            errors["page"] = _("Choose one: a page, a topic or a section.")
        if self.topic is not None and not index.topic_names([self.topic]):
            errors["topic"] = _("There is no such topic any more. Choose another.")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            errors["ends_at"] = _("It has to end after it begins.")
        if errors:
            raise ValidationError(errors)

    @property
    def begins(self) -> Any:
        """When the rule came, or is to come, into force."""
        return self.starts_at or self.created_at
