"""What is fitted by a worker while editors watch."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class FittedByWorker(models.Model):
    """A row that asks a worker for something: its own outbox. A subclass adds `waiting`, "" while it asks for nothing.

    `outcome` says why the last fit came to nothing, {"message": …, "params": {…}}, and is empty where it did not.
    """

    waiting: models.CharField[str, str]

    started_at = models.DateTimeField(_("started at"), null=True, editable=False)
    progress = models.PositiveSmallIntegerField(_("progress in %"), default=0, editable=False)
    tried_at = models.DateTimeField(_("last tried"), null=True, editable=False)
    outcome = models.JSONField(_("outcome"), default=dict, editable=False)

    class Meta:
        abstract = True

    @property
    def is_busy(self) -> bool:
        """Whether a worker is at it, or asked to be."""
        return bool(self.waiting or self.started_at)
