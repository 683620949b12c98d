"""The demo's home pages, article indexes and topic pages, in English and in French."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from wagtail.models import Locale, Page, Site

from cms_site.models import ArticleIndexPage, HomePage, TopicPage
from tagging.models import Topic

from .ledger import Ledger

FRENCH_HOME = {"title": "The Meridian", "intro": "Des histoires de toutes les latitudes, choisies pour durer."}
FRENCH_INDEX = {"title": "Articles", "intro": "Tout ce que nous avons publié, du plus récent au plus ancien."}


def steps(sections: list[dict[str, Any]], ledger: Ledger) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "French", lambda: Locale.objects.get_or_create(language_code="fr")
    yield "Home page", lambda: ledger.once("home:en", add_home)
    yield "Article index", lambda: add_index(ledger)
    yield "French home page", lambda: translate(ledger, HomePage, "home", FRENCH_HOME)
    yield "French article index", lambda: translate(ledger, ArticleIndexPage, "index", FRENCH_INDEX)
    for section in sections:
        yield section["en"]["title"], partial(add_section, section, ledger)


def add_home() -> HomePage:
    """A home page in place of Wagtail's welcome page, as the root of the default site."""
    root = Page.get_first_root_node()
    home = HomePage(
        title="The Meridian", slug="meridian", intro="Stories from every latitude, chosen to last.", live=False
    )
    root.add_child(instance=home)
    home.save_revision().publish()
    old = Page.objects.filter(slug="home", depth=2, content_type__model="page", numchild=0).first()
    site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True, hostname="localhost")
    site.root_page, site.site_name = home, "The Meridian"
    site.save()
    if old:
        old.delete()
    return home


def add_index(ledger: Ledger) -> None:
    if home := ledger.find(HomePage, "home:en"):
        index = ArticleIndexPage(
            title="Articles", slug="articles", intro="Everything we have published, newest first.", live=False
        )
        ledger.once("index:en", lambda: publish(index, home))


def add_section(section: dict[str, Any], ledger: Ledger) -> None:
    topic = ledger.find(Topic, f"topic:{section['topic']}")
    home = ledger.find(HomePage, "home:en")
    if topic and home:
        page = TopicPage(title=section["en"]["title"], slug=section["topic"], topic=topic, live=False)
        page.intro = paragraph(section["en"]["intro"])
        page.search_description = section["en"]["intro"]
        ledger.once(f"section:{section['topic']}:en", lambda: publish(page, home))
    french = {"title": section["fr"]["title"], "intro": paragraph(section["fr"]["intro"])}
    translate(ledger, TopicPage, f"section:{section['topic']}", french)


def translate(ledger: Ledger, model: type[Page], key: str, texts: dict[str, str]) -> None:
    """Copy the English page of `key` for French, with its French texts."""

    def copy(page: Page) -> Page:
        french = page.copy_for_translation(Locale.objects.get(language_code="fr"))
        for field, text in texts.items():
            setattr(french, field, text)
        french.search_description = ""
        french.save_revision().publish()
        return french

    if english := ledger.find(model, f"{key}:en"):
        ledger.once(f"{key}:fr", lambda: copy(english))


def publish(page: Page, parent: Page) -> Page:
    parent.add_child(instance=page)
    page.save_revision().publish()
    return page


def paragraph(text: str) -> str:
    return f"<p>{text}</p>"


def serve_at(hostname: str, port: int) -> None:
    """Let the default site's absolute URLs name this address."""
    Site.objects.filter(is_default_site=True).exclude(hostname=hostname, port=port).update(hostname=hostname, port=port)
    Site.clear_site_root_paths_cache()
