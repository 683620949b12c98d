"""Segments that are learned from profiles: how, the versions that were fitted, and the clusters they found."""

from __future__ import annotations

import swapper
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .fitting import FittedByWorker
from .placement import Placement
from .segment import Segment


class LearnedSegmentation(FittedByWorker):
    """One way to divide visitors. `waiting` asks a worker for something: the row is its own outbox."""

    class Method(models.TextChoices):
        KMEANS = "kmeans", _("Alike visitors: k-means, crowds of similar width")
        GMM = "gmm", _("Alike visitors: Gaussian mixture, crowds of different width")
        HDBSCAN = "hdbscan", _("Alike visitors: HDBSCAN, dense crowds only; others belong to none")
        LOGISTIC = "logistic", _("Visitors likely to reach a goal: logistic regression")
        BOOSTING = "boosting", _("Visitors likely to reach a goal: gradient boosting")

    class Goal(models.TextChoices):
        VIEW = "view", _("Reads the page, or one below it")
        CLICK = "click", _("Clicks on what the placement shows")
        FEEDBACK = "feedback", _("Says “more like this”")

    class Waiting(models.TextChoices):
        FIT = "fit", _("to be fitted")
        SCORE = "score", _("to be applied to all visitors")

    name = models.CharField(_("name"), max_length=120, unique=True)
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.KMEANS)
    least_clusters = models.PositiveSmallIntegerField(
        _("at least so many segments"), default=2, validators=[MinValueValidator(2), MaxValueValidator(50)]
    )
    most_clusters = models.PositiveSmallIntegerField(
        _("at most so many segments"),
        default=8,
        validators=[MinValueValidator(2), MaxValueValidator(50)],
        help_text=_("Between the two, the number is chosen by which groups are clearest (silhouette)."),
    )
    goal = models.CharField(_("goal"), max_length=10, choices=Goal, blank=True)
    goal_page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("goal page"),
        help_text=_("Such as the page that thanks for subscribing."),
    )
    goal_placement = models.ForeignKey(
        Placement, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("goal placement")
    )
    likeliest_percent = models.PositiveSmallIntegerField(
        _("likeliest visitors in %"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text=_("So many of a hundred visitors, those likeliest to reach the goal, make up the segment."),
    )
    seed = models.PositiveIntegerField(
        _("seed"), default=0, help_text=_("The same visitors and the same seed give the same segments.")
    )
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled one is not fitted anew, and its segments match nobody.")
    )
    current = models.ForeignKey(
        "LearnedVersion",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("version in use"),
    )
    waiting = models.CharField(_("waiting"), max_length=5, choices=Waiting, blank=True, editable=False)

    class Meta:
        verbose_name = _("learned segmentation")
        verbose_name_plural = _("learned segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        errors = {}
        if self.least_clusters and self.most_clusters and self.least_clusters > self.most_clusters:
            errors["most_clusters"] = _("This is less than the least number.")
        if self.is_of_goal:
            wanted = {"goal": self.goal, "goal_page": self.goal != self.Goal.VIEW or self.goal_page_id}
            wanted["goal_placement"] = self.goal != self.Goal.CLICK or self.goal_placement_id
            errors |= {field: _("This method needs it.") for field, value in wanted.items() if not value}
        if errors:
            raise ValidationError(errors)

    @property
    def deciding_settings(self) -> dict[str, object]:
        """What decides, beside the visitors, which segments are found."""
        if self.is_of_goal:
            return {"method": self.method, "goal": self.goal, "page": self.goal_page_id, "of": self.goal_placement_id}
        return {
            "method": self.method,
            "least": self.least_clusters,
            "most": self.most_clusters,
            "seed": self.seed,
        }

    @property
    def is_of_goal(self) -> bool:
        """Whether visitors likely to reach a goal are looked for, not crowds of alike ones."""
        return self.method in (self.Method.LOGISTIC, self.Method.BOOSTING)


class LearnedVersion(models.Model):
    """One fit, used or refused. `parameters` is `segmentation.learned.to_json` of the model, plain numbers.

    `clusters` lists what the model's columns stand for, in order:
    {"cluster": id, "size": visitors, "topics": {id: mean weight}, "distinctive": [topic ids], "silhouette": float}.
    """

    segmentation = models.ForeignKey(
        LearnedSegmentation, on_delete=models.CASCADE, related_name="versions", verbose_name=_("learned segmentation")
    )
    number = models.PositiveIntegerField(_("number"))
    fitted_at = models.DateTimeField(_("fitted at"), auto_now_add=True)
    settings = models.JSONField(_("settings"), help_text=_("Those that decide what is found, as they were."))
    parameters = models.JSONField(_("parameters"))
    clusters = models.JSONField(_("clusters"))
    visitors = models.PositiveIntegerField(_("visitors"))
    silhouette = models.FloatField(_("silhouette"), null=True)
    stability = models.FloatField(_("agreement with the version before (adjusted Rand index)"), null=True)
    compared = models.PositiveIntegerField(_("visitors in both"), default=0)
    evaluation = models.JSONField(
        _("evaluation"),
        default=dict,
        help_text=_("Of a goal: auc, low, high; learned_from, tested_on, reached. Of groups: newcomers, right."),
    )
    refusal = models.JSONField(_("why it is not used"), default=dict, help_text=_("message and params, or empty."))

    class Meta:
        verbose_name = _("version of learned segments")
        verbose_name_plural = _("versions of learned segments")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["segmentation", "number"], name="personalization_version")]

    def __str__(self) -> str:
        return f"{self.segmentation} {self.number}"


class LearnedCluster(models.Model):
    """One crowd, whichever version finds it. Its name is its segment's, which editors may change."""

    segmentation = models.ForeignKey(
        LearnedSegmentation, on_delete=models.CASCADE, related_name="found", verbose_name=_("learned segmentation")
    )
    segment = models.OneToOneField(
        Segment,
        on_delete=models.SET_NULL,
        null=True,
        related_name="learned_cluster",
        verbose_name=_("segment"),
    )
    has_had_segment = models.BooleanField(
        _("has had a segment"), default=False, help_text=_("A segment that an editor deleted is not made again.")
    )
    proposed_name = models.CharField(_("proposed name"), max_length=120)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("learned cluster")
        verbose_name_plural = _("learned clusters")

    def __str__(self) -> str:
        return self.segment.name if self.segment else self.proposed_name
