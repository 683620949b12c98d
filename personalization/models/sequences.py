"""The network of what is read next, as a worker fitted it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SequenceVersion(models.Model):
    """One fit. Only the newest counts: its pages are proposed where nothing refused it.

    `arrays` is `recommendation.sequences.Network`'s own format; empty where it is refused or no longer the newest.
    `learned_from`: {"sessions", "pages", "since", "until"}. `evaluation`, on views later than all that was learned
    from: {"own", "other", "difference", "low", "high", "views", "since", "until"} in nDCG@10, `other` being
    transitions. Empty: nothing was measured.
    """

    fitted_at = models.DateTimeField(_("fitted at"), auto_now_add=True)
    arrays = models.BinaryField(_("arrays"), default=bytes)
    learned_from = models.JSONField(_("learned from"), default=dict)
    evaluation = models.JSONField(_("evaluation"), default=dict)
    refusal = models.JSONField(_("why it is not live"), default=dict, help_text=_("message and params, or empty."))

    class Meta:
        verbose_name = _("network of what is read next")
        verbose_name_plural = _("networks of what is read next")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.fitted_at:%Y-%m-%d %H:%M}"

    @property
    def is_live(self) -> bool:
        """Whether it may propose pages, being the newest one."""
        return not self.refusal
