"""A small magazine: two sections with topics below them, an article index, English and French."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from wagtail.images.models import Image
from wagtail.models import Locale, Page, Site

from cms_site.demo import pictures
from cms_site.models import TopicPage
from tagging.models import Topic
from tests.factories import article_index, make_article, make_locale, make_site, make_topic, make_vector, tag_page


@dataclass
class Magazine:
    site: Site
    topics: dict[str, Topic]

    @property
    def home(self) -> Page:
        return self.site.root_page.specific

    @property
    def index(self) -> Page:
        return article_index(self.site)

    def topic_page(self, slug: str) -> TopicPage:
        return TopicPage.objects.get(slug=slug)

    def article(self, title: str, topic: str = "telescopes", score: float = 0.9, **fields):
        """A published article, analysed and tagged."""
        page = make_article(self.site, title, **fields)
        make_vector(page, 1.0, 0.0, 0.0)
        tag_page(page, self.topics[topic], score)
        return page


@pytest.fixture
def magazine(db) -> Magazine:
    site = make_site()
    make_locale("fr")
    space, food = make_topic("Space", slug="space"), make_topic("Food and drink", slug="food")
    topics = {
        "space": space,
        "food": food,
        "telescopes": make_topic("Telescopes", space, slug="telescopes"),
        "baking": make_topic("Baking", food, slug="baking"),
    }
    home = site.root_page
    home.save_revision().publish()
    for topic in (space, food):
        home.add_child(instance=TopicPage(title=f"All about {topic.slug}", slug=topic.slug, topic=topic))
    return Magazine(site, topics)


@pytest.fixture
def french(magazine) -> Magazine:
    """The magazine with its home page and article index translated."""
    locale = Locale.objects.get(language_code="fr")
    for page in (magazine.home, magazine.index):
        page.copy_for_translation(locale).save_revision().publish()
    return magazine


@pytest.fixture
def picture(db, settings, tmp_path) -> Image:
    settings.MEDIA_ROOT = tmp_path
    file = BytesIO()
    pictures.draw("nature", "test").resize((300, 200)).save(file, "JPEG")
    return Image.objects.create(title="hills", description="Hills.", file=ContentFile(file.getvalue(), "hills.jpg"))
