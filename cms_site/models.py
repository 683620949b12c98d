"""Page types of the reference site."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey
from taggit.models import TaggedItemBase
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from .blocks import ArticleBody


class HomePage(Page):
    """The front page: lead story, newest articles, recommendations."""

    intro = models.CharField(_("intro"), max_length=255, blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    max_count_per_parent = 1


class ArticleIndexPage(Page):
    """All articles below it, newest first, by topic and by page."""

    intro = models.CharField(_("intro"), max_length=255, blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    subpage_types = ["cms_site.ArticlePage"]


class ArticleTag(TaggedItemBase):
    content_object = ParentalKey("cms_site.ArticlePage", on_delete=models.CASCADE, related_name="tagged_items")


class ArticlePage(Page):
    """An article of the magazine."""

    intro = models.TextField(_("intro"), blank=True, help_text=_("One or two sentences."))
    author = models.CharField(_("author"), max_length=255, blank=True)
    date = models.DateField(_("date"))
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

    content_panels = [
        *Page.content_panels,
        FieldPanel("intro"),
        FieldPanel("author"),
        FieldPanel("date"),
        FieldPanel("lead_image"),
        FieldPanel("body"),
        FieldPanel("tags"),
    ]
    parent_page_types = ["cms_site.ArticleIndexPage"]
    subpage_types: list[str] = []


class TopicPage(Page):
    """What the site has on one topic of the tree, with an introduction of its own."""

    intro = RichTextField(_("intro"), blank=True)
    topic = models.ForeignKey(
        "tagging.Topic", on_delete=models.PROTECT, related_name="+", verbose_name=_("topic")
    )

    content_panels = [*Page.content_panels, FieldPanel("topic"), FieldPanel("intro")]
    subpage_types: list[str] = []
