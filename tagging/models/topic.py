"""The site's own topic tree, edited in Wagtail."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node


class Topic(MP_Node):
    """A node of the site's taxonomy. Pages are tagged with topics by machine and by editors."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=120, unique=True, allow_unicode=True)
    description = models.TextField(
        _("description"),
        blank=True,
        help_text=_("One or two sentences: what a page on this topic is about. Pages are compared with it."),
    )
    synonyms = ArrayField(
        models.CharField(max_length=120),
        default=list,
        blank=True,
        verbose_name=_("synonyms"),
        help_text=_("Other words for the topic, in any language. Found as whole words only."),
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    node_order_by: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name
