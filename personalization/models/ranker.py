"""The ranker that is learned from what was served and clicked, and the versions that were fitted."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .fitting import FittedByWorker


class Ranker(FittedByWorker):
    """What ranks the candidates of blended placements: one row, `Ranker.load()`.

    Without a `current` version the weighted blend ranks. `is_held`: an editor chose what is live, so that no new
    version goes live by itself.
    """

    class Waiting(models.TextChoices):
        FIT = "fit", _("to be fitted")

    current = models.ForeignKey(
        "RankerVersion",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("live version"),
    )
    is_held = models.BooleanField(_("held by an editor"), default=False, editable=False)
    waiting = models.CharField(_("waiting"), max_length=5, choices=Waiting, blank=True, editable=False)

    class Meta:
        verbose_name = _("ranker")
        verbose_name_plural = _("rankers")

    def __str__(self) -> str:
        return gettext("Ranking")

    @classmethod
    def load(cls) -> Ranker:
        """The one row, with its version."""
        return cls.objects.select_related("current").get_or_create(pk=1)[0]


class RankerVersion(models.Model):
    """One fit, live, replaced or refused. It never changes. `parameters` are plain numbers, `recommendation.learned`'s.

    `learned_from`: {"slates", "clicks", "since", "until"}. `evaluation`, on days later than all that was learned
    from: {"own", "other", "difference", "low", "high", "slates", "clicks", "since", "until", "against"}, where
    `against` is the number of the version that was live, null for the weighted blend. Empty: nothing was measured.
    """

    class Method(models.TextChoices):
        LOGISTIC = "logistic", _("logistic regression")
        TREES = "trees", _("boosted trees")

    number = models.PositiveIntegerField(_("number"), unique=True)
    fitted_at = models.DateTimeField(_("fitted at"), auto_now_add=True)
    method = models.CharField(_("method"), max_length=10, choices=Method)
    parameters = models.JSONField(_("parameters"))
    learned_from = models.JSONField(_("learned from"), default=dict)
    evaluation = models.JSONField(_("evaluation"), default=dict)
    refusal = models.JSONField(_("why it is not live"), default=dict, help_text=_("message and params, or empty."))

    class Meta:
        verbose_name = _("version of the ranker")
        verbose_name_plural = _("versions of the ranker")
        ordering = ["-number"]

    def __str__(self) -> str:
        return gettext("version %(number)d") % {"number": self.number}
