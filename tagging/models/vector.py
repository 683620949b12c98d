"""Vectors in pgvector: one row for each page and embedding model."""

import swapper
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from pgvector.django import HalfVectorField

from .topic import Topic


class EmbeddingModel(models.Model):
    """An embedding model that vectors were made with. Exactly one is live."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    dimensions = models.PositiveSmallIntegerField(_("dimensions"))
    backend = models.CharField(_("backend"), max_length=200, help_text=_("Dotted path of the class that embeds."))
    model = models.CharField(_("model"), max_length=200, help_text=_("What the backend loads."))
    is_live = models.BooleanField(pgettext_lazy("embedding model", "live"), default=False)
    switched_at = models.DateTimeField(_("switched at"), null=True, blank=True, help_text=_("When it last went live."))

    class Meta:
        verbose_name = _("embedding model")
        verbose_name_plural = _("embedding models")
        constraints = [
            models.UniqueConstraint(fields=["is_live"], condition=models.Q(is_live=True), name="tagging_one_live_model")
        ]

    def __str__(self) -> str:
        return self.name


class PageVector(models.Model):
    """A page's unit-length embedding, beside the columns that searches filter on.

    The filter columns are copies, kept by the outbox; the page itself decides visibility at read time.
    """

    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        on_delete=models.CASCADE,
        related_name="tagging_vectors",
        verbose_name=_("page"),
    )
    model = models.ForeignKey(EmbeddingModel, on_delete=models.CASCADE, verbose_name=_("embedding model"))
    embedding = HalfVectorField(verbose_name=_("embedding"))
    content_hash = models.CharField(_("content hash"), max_length=32, blank=True)
    is_live = models.BooleanField(_("live"))
    is_public = models.BooleanField(_("public"))
    locale = models.ForeignKey("wagtailcore.Locale", on_delete=models.CASCADE, verbose_name=_("locale"))
    site = models.ForeignKey(
        "wagtailcore.Site", on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("site")
    )
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, verbose_name=_("page type"))
    first_published_at = models.DateTimeField(_("first published at"), null=True, blank=True)

    class Meta:
        verbose_name = _("page vector")
        verbose_name_plural = _("page vectors")
        constraints = [models.UniqueConstraint(fields=["page", "model"], name="tagging_vector_once_a_model")]
        indexes = [
            models.Index(
                fields=["model", "locale", "site", "content_type"],
                name="tagging_vector_filter",
                condition=models.Q(is_live=True, is_public=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.page_id} @ {self.model_id}"


class TopicVector(models.Model):
    """A topic's name, description and synonyms as an embedding."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="vectors", verbose_name=_("topic"))
    model = models.ForeignKey(EmbeddingModel, on_delete=models.CASCADE, verbose_name=_("embedding model"))
    embedding = HalfVectorField(verbose_name=_("embedding"))
    content_hash = models.CharField(_("content hash"), max_length=32)

    class Meta:
        verbose_name = _("topic vector")
        verbose_name_plural = _("topic vectors")
        constraints = [models.UniqueConstraint(fields=["topic", "model"], name="tagging_topic_vector_once_a_model")]

    def __str__(self) -> str:
        return f"{self.topic_id} @ {self.model_id}"
