"""Named spots that show recommendations."""

from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from modelcluster.models import ClusterableModel


class Placement(ClusterableModel):
    """Where recommendations appear and how they are chosen there."""

    class Strategy(models.TextChoices):
        BLEND = "blend", _("Blend: profile, related, trending and recent together")
        SIMILAR = "similar", _("Related to the page being read")
        PROFILE = "profile", _("For this reader's interests")
        TRENDING = "trending", _("Trending now")
        RECENT = "recent", _("Newest first")

    class WhenRead(models.TextChoices):
        OUT = "out", _("Leave out")
        DOWN = "down", _("Behind all others")
        KEEP = "keep", _("Show like any other")

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
    when_read = models.CharField(
        _("pages already read"),
        max_length=4,
        choices=WhenRead,
        default=WhenRead.OUT,
        help_text=_("Known only of readers who consented."),
    )
    diversity = models.FloatField(
        _("diversity"),
        default=0.25,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("0 shows the best matches however alike, 1 the most varied list."),
    )
    max_per_topic = models.PositiveSmallIntegerField(
        _("at most so many of one topic"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit. Where pages run out, this limit gives way last."),
    )
    max_per_author = models.PositiveSmallIntegerField(
        _("at most so many of one author"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit. Where pages run out, this limit gives way before the one on topics."),
    )
    max_per_section = models.PositiveSmallIntegerField(
        _("at most so many of one section"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("A section is a page right below the home page. Empty: no limit. This limit gives way first."),
    )
    freshness_days = models.FloatField(
        _("days in which a page fades"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.1), MaxValueValidator(3650.0)],
        help_text=_("After so many days a page counts half as much, down to a sixteenth. Empty: age does not matter."),
    )
    popularity_debias = models.FloatField(
        _("less of what everybody reads"),
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("0 leaves the order alone, 1 helps seldom read pages most."),
    )
    patience = models.PositiveSmallIntegerField(
        _("times seen until a page counts half"),
        null=True,
        blank=True,
        default=5,
        validators=[MinValueValidator(1)],
        help_text=_("What a reader saw so often and never clicked goes down. Empty: never."),
    )
    exploration = models.FloatField(
        _("lists with a new page"),
        default=0.05,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text=_(
            "Share of lists, 0 to 0.5, in which a new page that was hardly seen takes one place, so that every new "
            "page gets its chance. 0.05 is one list in twenty."
        ),
    )
    weights = models.JSONField(
        _("weights of sources"),
        default=dict,
        editable=False,
        help_text=_("Approved by an editor, source by source. Empty: as the strategy has them."),
    )

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
