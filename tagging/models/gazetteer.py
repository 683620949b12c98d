"""The site's own names, which the recogniser need not guess."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .entity import Entity, wikidata_validator
from .topic import Topic


class GazetteerName(models.Model):
    """A person, organisation, product or place that the site knows by name. It overrides the recogniser."""

    name = models.CharField(_("name"), max_length=255, unique=True)
    label = models.CharField(_("kind"), max_length=4, choices=Entity.Label)
    aliases = ArrayField(
        models.CharField(max_length=255),
        default=list,
        blank=True,
        verbose_name=_("also known as"),
        help_text=_("Other ways to write it, one a line. Found as whole words only."),
    )
    match_case = models.BooleanField(
        _("match case"), default=True, help_text=_("Needed for names that are also words: “Nature”, “Apple”.")
    )
    topic = models.ForeignKey(
        Topic,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="gazetteer_names",
        verbose_name=_("topic"),
        help_text=_("Pages that name this are likely to be on this topic."),
    )
    wikidata_id = models.CharField(
        _("Wikidata id"), max_length=20, blank=True, validators=[wikidata_validator], help_text=_("Such as Q42.")
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("known name")
        verbose_name_plural = _("known names")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
