"""The newest articles as RSS, one feed a language."""

from __future__ import annotations

from datetime import datetime

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest
from wagtail.models import Page

from . import navigation
from .listings import readable_below
from .querysets import ArticleQuerySet

LENGTH = 30


class ArticleFeed(Feed):
    """One instance serves all requests: nothing of a request is kept on it."""

    def get_object(self, request: HttpRequest, *args: object, **kwargs: object) -> Page:
        home = navigation.of(request).home
        if home is None:
            raise Http404("There is no site in this language.")
        return home

    def title(self, home: Page) -> str:
        return str(home.title)

    def link(self, home: Page) -> str:
        return home.full_url or "/"

    def description(self, home: Page) -> str:
        return str(home.intro)

    def items(self, home: Page) -> ArticleQuerySet:
        return readable_below(home).for_list().newest()[:LENGTH]

    def item_title(self, item: Page) -> str:
        return str(item.title)

    def item_description(self, item: Page) -> str:
        return str(item.intro)

    def item_link(self, item: Page) -> str:
        return item.full_url or "/"

    def item_author_name(self, item: Page) -> str:
        return str(item.author)

    def item_pubdate(self, item: Page) -> datetime:
        moment: datetime = item.first_published_at
        return moment
