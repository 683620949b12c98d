"""Page types of the reference site."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey
from taggit.models import TaggedItemBase
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page, PageManager
from wagtail.search import index

from personalization.preview import SegmentPreviewMixin

from . import reading
from .blocks import ArticleBody
from .querysets import ArticleQuerySet


class HomePage(SegmentPreviewMixin, Page):
    """The front page: lead story, newest articles, recommendations."""

    intro = models.CharField(_("intro"), max_length=255, blank=True)
    lead_story = models.ForeignKey(
        "cms_site.ArticlePage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lead story"),
        help_text=_("Empty: the newest article."),
    )

    content_panels = [*Page.content_panels, FieldPanel("intro"), FieldPanel("lead_story")]
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["cms_site.ArticleIndexPage", "cms_site.TopicPage"]

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        from . import listings

        return {**super().get_context(request, *args, **kwargs), **listings.front_page(request, self)}


class ArticleIndexPage(Page):
    """All articles below it, newest first, by topic and by page."""

    intro = models.CharField(_("intro"), max_length=255, blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    parent_page_types = ["cms_site.HomePage"]
    subpage_types = ["cms_site.ArticlePage"]

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        from . import listings

        return {**super().get_context(request, *args, **kwargs), **listings.article_index(request, self)}


class ArticleTag(TaggedItemBase):
    content_object = ParentalKey("cms_site.ArticlePage", on_delete=models.CASCADE, related_name="tagged_items")


class ArticlePage(SegmentPreviewMixin, Page):
    """An article of the magazine."""

    intro = models.TextField(_("intro"), blank=True, help_text=_("One or two sentences."))
    author = models.CharField(_("author"), max_length=255, blank=True)
    date = models.DateField(_("date"), default=localdate)
    lead_image = models.ForeignKey(
        "wagtailimages.Image",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lead image"),
    )
    body = StreamField(ArticleBody(), blank=True, verbose_name=_("body"))
    tags = ClusterTaggableManager(through=ArticleTag, blank=True, verbose_name=_("tags"))

    objects = PageManager.from_queryset(ArticleQuerySet)()

    content_panels = [
        *Page.content_panels,
        FieldPanel("intro"),
        MultiFieldPanel([FieldPanel("author"), FieldPanel("date")], heading=_("Byline")),
        FieldPanel("lead_image"),
        FieldPanel("body"),
        FieldPanel("tags"),
    ]
    search_fields: ClassVar[list[index.BaseField]] = [
        *Page.search_fields,
        index.SearchField("intro"),
        index.SearchField("body"),
        index.FilterField("date"),
    ]
    parent_page_types = ["cms_site.ArticleIndexPage"]
    subpage_types: list[str] = []

    @property
    def reading_minutes(self) -> int:
        """How long the article takes to read, rounded up to whole minutes."""
        return reading.minutes(self.intro, *self.body.stream_block.get_searchable_content(self.body))

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        from . import listings

        return {**super().get_context(request, *args, **kwargs), **listings.article(request, self)}


class TopicPage(SegmentPreviewMixin, Page):
    """What the site has on one topic of the tree, with an introduction of its own."""

    intro = RichTextField(_("intro"), blank=True, features=["bold", "italic", "link"])
    topic = models.ForeignKey("tagging.Topic", on_delete=models.PROTECT, related_name="+", verbose_name=_("topic"))

    content_panels = [*Page.content_panels, FieldPanel("topic"), FieldPanel("intro")]
    parent_page_types = ["cms_site.HomePage"]
    subpage_types: list[str] = []

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        from . import listings

        return {**super().get_context(request, *args, **kwargs), **listings.topic_page(request, self)}


class LoadedItem(models.Model):
    """What load_demo has made, so that it makes nothing twice, whatever editors did to it since."""

    key = models.CharField(_("key"), max_length=200, unique=True)
    object_id = models.PositiveBigIntegerField(_("object id"))

    class Meta:
        verbose_name = _("loaded demo item")
        verbose_name_plural = _("loaded demo items")

    def __str__(self) -> str:
        return self.key
