"""Groups of visitors, by rule."""

from django.db import models
from django.utils.translation import gettext_lazy as _


def no_rules() -> dict[str, object]:
    """A group without rules: matches nobody."""
    return {"match": "all", "rules": []}


class Segment(models.Model):
    """A named group. `rules` is a nested tree; see `segmentation.rules` for its form."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    public_name = models.CharField(
        _("name shown to visitors"),
        max_length=120,
        blank=True,
        help_text=_(
            "How the group is called on a visitor's own page. Left empty, it is only counted there; "
            "the data that a visitor may download names every group."
        ),
    )
    description = models.TextField(_("description"), blank=True)
    rules = models.JSONField(_("rules"), default=no_rules)
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled segment matches nobody, and keeps its rules.")
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
