"""Saves article records as pages, through Wagtail's own revisions and publishing."""

from __future__ import annotations

import json
import uuid

from django.db import transaction
from wagtail.images.models import Image

from cms_site.models import ArticleIndexPage, ArticlePage

from .body import to_blocks
from .record import ArticleRecord


@transaction.atomic
def create_article(
    parent: ArticleIndexPage, record: ArticleRecord, *, lead_image: Image | None = None, publish: bool = True
) -> ArticlePage:
    """Add the article below `parent`; live as of the record's date, or a draft where `publish` is false."""
    page = ArticlePage(slug=record.slug, locale=parent.locale, lead_image=lead_image, live=False)
    fill(page, record)
    if publish:
        page.first_published_at = record.published
    parent.add_child(instance=page)
    revision = page.save_revision()
    if publish:
        revision.publish()
    return page


@transaction.atomic
def update_article(page: ArticlePage, record: ArticleRecord) -> None:
    """Bring the page to what the record says, as a new published revision."""
    draft = page.get_latest_revision_as_object()
    fill(draft, record)
    draft.save_revision().publish()


def fill(page: ArticlePage, record: ArticleRecord) -> None:
    page.title = record.title
    page.intro = record.summary
    page.author = record.author
    page.date = record.published.date()
    page.search_description = record.summary
    page.body = json.dumps(
        [{"type": kind, "value": value, "id": str(uuid.uuid4())} for kind, value in to_blocks(record.body)]
    )
    page.tags.set(record.tags)
