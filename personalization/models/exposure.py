"""How much of what readers were shown is of whom."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ExposureGroup(models.Model):
    """One group of pages as of last night; the table is written anew each night. Shares are in [0, 1]."""

    class Kind(models.TextChoices):
        AUTHOR = "author", _("Author")
        SECTION = "section", _("Section")
        LANGUAGE = "language", _("Language")
        AGE = "age", _("Age")

    class Alert(models.TextChoices):
        LESS = "less", pgettext_lazy("exposure", "Seldom shown")
        MORE = "more", pgettext_lazy("exposure", "Often shown")
        FALLING = "falling", pgettext_lazy("exposure", "Shown less than before")
        RISING = "rising", pgettext_lazy("exposure", "Shown more than before")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=255)
    pages = models.FloatField(_("pages"), help_text=_("A page of two authors counts half for each."))
    of_pages = models.FloatField(_("share of the pages"))
    of_impressions = models.FloatField(_("share of what was shown"))
    before = models.FloatField(_("share before"))
    alert = models.CharField(_("worth a look"), max_length=8, choices=Alert, blank=True)
    measured_at = models.DateTimeField(_("measured at"))

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def ratio(self) -> float | None:
        """How many times its share of the pages it was shown; None where it has no pages."""
        return self.of_impressions / self.of_pages if self.of_pages else None
