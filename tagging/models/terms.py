"""The terms of pages, in pgvector's sparse vectors, and on how many pages each is."""

import swapper
from django.db import models
from django.utils.translation import gettext_lazy as _
from pgvector.django import SparseVectorField

from tagging.lexical import DIMENSIONS


class PageTerms(models.Model):
    """The terms of one live page. A page that is not live has no row, and is not counted.

    `vector` holds 1 + ln(times) for each term's hash, whatever other pages say; how rare a term is, `TermCount`
    tells. `names` are the terms as they are written, a line each, by rising hash.
    """

    page = models.OneToOneField(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="tagging_terms",
        verbose_name=_("page"),
    )
    locale = models.ForeignKey("wagtailcore.Locale", on_delete=models.CASCADE, verbose_name=_("locale"))
    vector = SparseVectorField(_("terms"), dimensions=DIMENSIONS)
    names = models.TextField(_("names of the terms"), blank=True)

    class Meta:
        verbose_name = _("terms of a page")
        verbose_name_plural = _("terms of pages")

    def __str__(self) -> str:
        return str(self.page_id)


class TermCount(models.Model):
    """On how many live pages of a locale a term is."""

    locale = models.ForeignKey("wagtailcore.Locale", on_delete=models.CASCADE, verbose_name=_("locale"))
    term = models.PositiveIntegerField(_("term"), help_text=_("Its hash."))
    pages = models.IntegerField(_("pages"))

    class Meta:
        verbose_name = _("count of a term")
        verbose_name_plural = _("counts of terms")
        constraints = [models.UniqueConstraint(fields=["locale", "term"], name="tagging_term_once_a_locale")]

    def __str__(self) -> str:
        return f"{self.term}: {self.pages}"
