"""Which pages are read together, and one after the other; and the sessions that say so."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _

from .visitor import Visitor


class PagePair(models.Model):
    """How often `target` was read after `source` in one session. Holds no visitor.

    `together` is the sum over sessions of the weight of the two pages' first reads, which falls with the number of
    pages in between; `steps` counts how often `target` was the very next page, `leaps` how often the next but one,
    `far_leaps` the one after. All are decayed to `as_of` (half-life: `SignalState.pairs`); the totals are not. Where
    both pages are the same: the sessions that read the page, and the steps and leaps away from it.
    `personalization.recommendation.history` has the formulas.
    """

    pk = models.CompositePrimaryKey("source_id", "target_id")
    source = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("page read first"),
    )
    target = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("page read after it"),
    )
    together = models.FloatField(_("read together"), default=0.0)
    together_total = models.FloatField(_("read together, of all time"), default=0.0)
    steps = models.FloatField(_("read next"), default=0.0)
    steps_total = models.FloatField(_("read next, of all time"), default=0.0)
    leaps = models.FloatField(_("read next but one"), default=0.0)
    far_leaps = models.FloatField(_("read two pages later"), default=0.0)
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("pair of pages")
        verbose_name_plural = _("pairs of pages")

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"


class SessionRead(models.Model):
    """A view in a session, of a visitor who agreed to statistics; goes with the visitor.

    What `PagePair` was made of, so that a view which arrives late can put right what its session counted for; and
    the sessions that are compared with a reader's own. `session` is when it began, `last_at` its last view.
    """

    pk = models.CompositePrimaryKey("visitor_id", "at", "page_id")
    visitor = models.ForeignKey(
        Visitor, on_delete=models.CASCADE, related_name="session_reads", db_index=False, verbose_name=_("visitor")
    )
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("page"),
    )
    at = models.DateTimeField(_("at"))
    session = models.DateTimeField(_("session"))
    is_first = models.BooleanField(_("first read in its session"))
    last_at = models.DateTimeField(_("last view of its session"))

    class Meta:
        verbose_name = _("view in a session")
        verbose_name_plural = _("views in sessions")
        indexes = [models.Index(fields=["page", "-at"], name="personalization_read_when")]

    def __str__(self) -> str:
        return f"{self.page_id} {self.at:%Y-%m-%d %H:%M}"
