"""Which pages are related to which, made ahead by the worker."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _


class RelatedPages(models.Model):
    """The pages most related to one page, best first, as `recommendation.related` found them.

    One row a page: lists are read and replaced as a whole. An item is [page id, score, shares of the score by
    signal, terms in common, id of a topic in common, id of an entity in common]. Pages that are gone may still
    stand in it, as whoever reads it asks what is visible anyway.
    """

    class State(models.IntegerChoices):
        FRESH = 0, _("Fresh")
        NEARBY = 1, _("Waiting, as pages around it have changed")
        CHANGED = 2, _("Waiting, as it has changed")

    page = models.OneToOneField(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="personalization_related",
        verbose_name=_("page"),
    )
    items = models.JSONField(_("related pages"), default=list)
    state = models.SmallIntegerField(_("state"), choices=State, default=State.FRESH)
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)

    class Meta:
        verbose_name = _("related pages of a page")
        verbose_name_plural = _("related pages of pages")
        indexes = [
            models.Index(fields=["-state", "page"], name="personalization_related", condition=models.Q(state__gt=0))
        ]

    def __str__(self) -> str:
        return f"{self.page_id}: {len(self.items)}"
