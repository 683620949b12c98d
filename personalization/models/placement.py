"""Named spots that show recommendations, and editors' rules for them."""

import swapper
from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel

from .segment import Segment


class Placement(ClusterableModel):
    """Where recommendations appear and how they are chosen there."""

    class Strategy(models.TextChoices):
        BLEND = "blend", _("Blend: profile, related, trending and recent together")
        SIMILAR = "similar", _("Related to the page being read")
        PROFILE = "profile", _("For this reader's interests")
        TRENDING = "trending", _("Trending now")
        RECENT = "recent", _("Newest first")

    name = models.SlugField(
        _("name"),
        max_length=80,
        unique=True,
        help_text=_('What templates and the API call it, as in {% recommended "sidebar" %}.'),
    )
    title = models.CharField(_("heading"), max_length=120, blank=True, help_text=_("Shown above the recommendations."))
    n = models.PositiveSmallIntegerField(
        _("number of items"), default=4, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    strategy = models.CharField(_("strategy"), max_length=8, choices=Strategy, default=Strategy.BLEND)
    page_types = ParentalManyToManyField(
        ContentType,
        blank=True,
        related_name="+",
        verbose_name=_("page types"),
        help_text=_("Only pages of these types are recommended. None chosen means all."),
    )
    minimum_score = models.FloatField(
        _("minimum score"),
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("0 to 1. Pages that fit less are left out; trending and recent fill the gap."),
    )
    exclude_read = models.BooleanField(
        _("leave out pages already read"), default=True, help_text=_("Works only for readers who consented.")
    )
    diversity = models.FloatField(
        _("diversity"),
        default=0.25,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("0 shows the best matches however alike, 1 the most varied list."),
    )

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PlacementRule(models.Model):
    """An editor's rule for one page in one placement: pinned or excluded, for all or for one segment."""

    class Action(models.TextChoices):
        PIN = "pin", _("Pin")
        EXCLUDE = "exclude", _("Exclude")

    placement = ParentalKey(Placement, on_delete=models.CASCADE, related_name="page_rules", verbose_name=_("placement"))
    action = models.CharField(_("action"), max_length=7, choices=Action, default=Action.PIN)
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="personalization_rules",
        verbose_name=_("page"),
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
    sort_order = models.PositiveIntegerField(_("order"), null=True, blank=True, editable=False)

    # Lets Wagtail's InlinePanel move rules up and down.
    sort_order_field = "sort_order"

    class Meta:
        verbose_name = _("page rule")
        verbose_name_plural = _("page rules")
        ordering = ["sort_order", "pk"]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.page_id}"
