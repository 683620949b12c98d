"""Named entities of the site, and where they are mentioned."""

import swapper
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Entity(models.Model):
    """A person, organisation or place that the site's pages mention."""

    class Label(models.TextChoices):
        PER = "PER", _("Person")
        ORG = "ORG", _("Organisation")
        LOC = "LOC", _("Place")
        MISC = "MISC", _("Other")

    key = models.CharField(_("key"), max_length=255, help_text=_("Name in lower case, as it is matched."))
    name = models.CharField(_("name"), max_length=255)
    label = models.CharField(_("kind"), max_length=4, choices=Label)

    class Meta:
        verbose_name = _("entity")
        verbose_name_plural = _("entities")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["key", "label"], name="tagging_one_entity")]

    def __str__(self) -> str:
        return self.name


class PageEntity(models.Model):
    """One entity on one page, with the sentences that mention it."""

    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="tagging_entities",
        verbose_name=_("page"),
    )
    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="pages", verbose_name=_("entity"))
    count = models.PositiveIntegerField(_("mentions"))
    salience = models.FloatField(_("salience"), help_text=_("How much the page is about it, 0 to 1."))
    aliases = ArrayField(models.CharField(max_length=255), default=list, blank=True, verbose_name=_("aliases"))
    evidence = ArrayField(models.TextField(), default=list, blank=True, verbose_name=_("sentences"))

    class Meta:
        verbose_name = _("entity on a page")
        verbose_name_plural = _("entities on pages")
        ordering = ["-salience", "entity__name"]
        constraints = [models.UniqueConstraint(fields=["page", "entity"], name="tagging_entity_once_a_page")]

    def __str__(self) -> str:
        return f"{self.entity} ({self.count})"
