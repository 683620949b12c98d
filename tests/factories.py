"""Sites, pages, topics and users of the reference site, as tests need them."""

from __future__ import annotations

import itertools
import math
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone
from wagtail.models import Locale, Page, PageViewRestriction, Site

from cms_site.models import ArticleIndexPage, ArticlePage, HomePage
from personalization.models import PageCounter, half_lives_in_force
from tagging.models import EmbeddingModel, PageVector, Suggestion, Topic

_number = itertools.count(1)

TEXT = "The river rose overnight and the old bridge was closed to cars. Engineers will inspect it on Monday."


def make_site(hostname: str = "localhost", *, is_default: bool = True) -> Site:
    """A site with a home page and an article index under it; the first one replaces Wagtail's own."""
    if is_default:
        Site.objects.all().delete()
        Page.objects.filter(depth=2).delete()
    make_locale("en")
    root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Root", slug="root"))
    home = root.add_child(instance=HomePage(title=f"Home of {hostname}", slug=f"home-{next(_number)}"))
    home.add_child(instance=ArticleIndexPage(title="Articles", slug="articles"))
    return Site.objects.create(hostname=hostname, root_page=home, is_default_site=is_default)


def article_index(site: Site) -> ArticleIndexPage:
    """The article index that `make_site` made."""
    return ArticleIndexPage.objects.get(path__startswith=site.root_page.path)


def make_article(site: Site, title: str = "", *, body: str = TEXT, publish: bool = True, **fields: Any) -> ArticlePage:
    """An article with one paragraph, as the editor's form makes it: a revision, then published."""
    number = next(_number)
    page = ArticlePage(
        title=title or f"Article {number}",
        slug=f"article-{number}",
        body=[("paragraph", f"<p>{body}</p>")] if body else [],
        **{"live": False, "date": date(2026, 1, 1), **fields},
    )
    article_index(site).add_child(instance=page)
    revision = page.save_revision()
    if publish:
        revision.publish()
    page.refresh_from_db()
    return page


def make_private(page: Page) -> PageViewRestriction:
    """Only logged-in users see the page and what is below it."""
    return PageViewRestriction.objects.create(page=page, restriction_type=PageViewRestriction.LOGIN)


def make_topic(name: str, parent: Topic | None = None, **fields: Any) -> Topic:
    """A topic at the root of the tree or below another."""
    number = next(_number)
    topic = Topic(name=name, **{"slug": f"topic-{number}", **fields})
    return parent.add_child(instance=topic) if parent else Topic.add_root(instance=topic)


def make_locale(code: str) -> Locale:
    """The locale of a language code."""
    return Locale.objects.get_or_create(language_code=code)[0]


def make_editor(username: str = "") -> User:
    """A superuser with the password "password"."""
    return get_user_model().objects.create_superuser(
        username or f"editor-{next(_number)}", email="editor@example.org", password="password"
    )


def make_embedding_model(name: str = "tiny@test", dimensions: int = 3) -> EmbeddingModel:
    """The live embedding model of vectors that a test writes by hand."""
    return EmbeddingModel.objects.get_or_create(name=name, dimensions=dimensions, is_live=True)[0]


def make_vector(page: Page, *values: float) -> PageVector:
    """The page's vector, brought to unit length, with filter columns as the outbox keeps them."""
    length = math.hypot(*values)
    return PageVector.objects.create(
        page=page,
        model=make_embedding_model(dimensions=len(values)),
        embedding=[value / length for value in values],
        is_live=page.live,
        is_public=not page.get_view_restrictions().exists(),
        locale=page.locale,
        site=page.get_site(),
        content_type=page.cached_content_type,
        first_published_at=page.first_published_at,
    )


def tag_page(page: Page, topic: Topic, score: float = 0.9) -> Suggestion:
    """The topic, applied to the page by machine."""
    return Suggestion.objects.create(
        page=page, topic=topic, score=score, state=Suggestion.State.APPLIED, source=Suggestion.Source.VECTOR
    )


def make_views(page: Page, views: float, as_of: datetime | None = None) -> PageCounter:
    """The page was read so many times just now, or at the moment `as_of`."""
    half_lives = half_lives_in_force()
    at = (as_of or timezone.now()).timestamp()
    reads = {name: at / getattr(half_lives, name) + math.log2(max(views, 1e-9)) for name in ("fast", "medium", "slow")}
    return PageCounter.objects.create(page=page, total=int(views), **reads)


def make_user(group: Group | None = None) -> User:
    """Somebody who may enter the admin, and do there what `group` may do."""
    user = get_user_model().objects.create_user(f"user-{next(_number)}", password="password")
    entry = Group.objects.get_or_create(name="Admin access")[0]
    entry.permissions.add(Permission.objects.get(codename="access_admin"))
    user.groups.add(entry, *([group] if group else []))
    return user
