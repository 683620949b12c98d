"""The demo's articles with their pictures, in every state a page can be in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from io import BytesIO

from django.core.files.base import ContentFile
from django.utils import timezone
from wagtail.images.models import Image
from wagtail.models import PageViewRestriction

from cms_site.articles.builder import create_article
from cms_site.models import ArticleIndexPage, ArticlePage

from . import pictures
from .content import DemoArticle, DemoContent
from .ledger import Ledger

PICTURES_PER_TOPIC = 2
READERS_PASSWORD = "affinity-demo"  # noqa: S105 - of the demo's private articles, told in the docs


def steps(content: DemoContent, ledger: Ledger) -> Iterator[tuple[str, Callable[[], object]]]:
    motifs = {sub["slug"]: main["slug"] for main in content.topics for sub in main["children"]}
    for number, article in enumerate(content.articles):
        picture = f"{article.topic}-{number % PICTURES_PER_TOPIC + 1}"
        yield picture, partial(add_picture, picture, motifs[article.topic], ledger)
        yield article.record.title, partial(add_article, article, picture, ledger)


def add_picture(name: str, motif: str, ledger: Ledger) -> None:
    def make() -> Image:
        content = BytesIO()
        pictures.draw(motif, name).save(content, "JPEG", quality=88)
        file = ContentFile(content.getvalue(), name=f"{name}.jpg")
        return Image.objects.create(title=name, description=pictures.ALT_TEXTS[motif], file=file)

    ledger.once(f"picture:{name}", make)


def add_article(article: DemoArticle, picture: str, ledger: Ledger) -> None:
    def make() -> ArticlePage:
        lead_image = ledger.find(Image, f"picture:{picture}")
        publish = article.status not in ("draft", "scheduled")
        page = create_article(parent, article.record, lead_image=lead_image, publish=publish)
        AFTERWARDS.get(article.status, lambda page, article: None)(page, article)
        return page

    if parent := ledger.find(ArticleIndexPage, f"index:{article.locale}"):
        ledger.once(f"article:{article.locale}:{article.record.slug}", make)


def hide(page: ArticlePage, article: DemoArticle) -> None:
    PageViewRestriction.objects.create(
        page=page, restriction_type=PageViewRestriction.PASSWORD, password=READERS_PASSWORD
    )


def schedule(page: ArticlePage, article: DemoArticle) -> None:
    page.go_live_at = timezone.now() - timedelta(days=article.days_ago)
    page.date = page.go_live_at.date()
    page.save_revision().publish()


def expire(page: ArticlePage, article: DemoArticle) -> None:
    page.refresh_from_db()
    page.expire_at = timezone.now() - timedelta(days=1)
    page.save(update_fields=["expire_at"])
    page.unpublish(set_expired=True)


AFTERWARDS: dict[str, Callable[[ArticlePage, DemoArticle], None]] = {
    "private": hide,
    "scheduled": schedule,
    "expired": expire,
}
