"""What readers get: lists, filters, languages, errors, and nothing that is not theirs to read."""

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Page

from tests.factories import make_article, make_private, make_site

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),  # of Wagtail's renditions
]


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def urls_of_lists(magazine):
    """Every place where articles are listed for everybody."""
    topic_page = magazine.topic_page("space")
    return ["/", "/articles/", "/articles/?topic=telescopes", topic_page.url, "/feed/", "/sitemap.xml"]


def test_lists_show_what_is_published(client, magazine):
    page = magazine.article("The great mirror")
    for url in urls_of_lists(magazine):
        text = text_of(client.get(url))
        assert "The great mirror" in text or page.full_url in text, url


def make_draft(magazine):
    return magazine.article("Hidden", publish=False)


def make_scheduled(magazine):
    return magazine.article("Hidden", go_live_at=timezone.now() + timedelta(days=1))


def make_expired(magazine):
    page = magazine.article("Hidden")
    page.unpublish(set_expired=True)
    return page


def make_expired_but_not_yet_processed(magazine):
    page = magazine.article("Hidden")
    Page.objects.filter(pk=page.pk).update(expire_at=timezone.now() - timedelta(minutes=1))
    return page


def make_restricted(magazine):
    page = magazine.article("Hidden")
    make_private(page)
    return page


@pytest.mark.parametrize(
    "make", [make_draft, make_scheduled, make_expired, make_expired_but_not_yet_processed, make_restricted]
)
def test_what_readers_may_not_see_is_in_no_list(client, magazine, make):
    magazine.article("In plain sight")
    page = make(magazine)
    for url in urls_of_lists(magazine):
        text = text_of(client.get(url))
        assert "Hidden" not in text, url
        assert page.slug not in text, url


def test_a_lead_story_that_was_withdrawn_leads_no_more(client, magazine):
    lead, other = magazine.article("Lead"), magazine.article("Other", date=date(2026, 3, 1))
    home = magazine.home
    home.lead_story = lead
    home.save_revision().publish()
    assert client.get("/").context["lead"].article == lead
    lead.unpublish()
    assert client.get("/").context["lead"].article == other


def test_the_index_is_newest_first_and_filtered_by_topic_and_what_is_below_it(client, magazine):
    old = magazine.article("Old mirror", "telescopes", date=date(2025, 1, 1))
    new = magazine.article("New mirror", "space", date=date(2026, 1, 2))
    bread = magazine.article("Bread", "baking", date=date(2025, 6, 1))
    assert listed(client.get("/articles/")) == [new, bread, old]
    assert listed(client.get("/articles/?topic=space")) == [new, old]
    assert listed(client.get("/articles/?topic=telescopes")) == [old]


def listed(response):
    return [card.article for card in response.context["cards"]]


def test_a_topic_page_is_ordered_by_score(client, magazine):
    some = magazine.article("Somewhat about it", score=0.75, date=date(2026, 2, 1))
    very = magazine.article("Very much about it", score=0.95, date=date(2025, 2, 1))
    assert listed(client.get(magazine.topic_page("space").url)) == [very, some]


def test_a_filter_without_articles_says_so(client, magazine):
    text = text_of(client.get("/articles/?topic=baking"))
    assert "There is nothing here yet." in text
    assert 'href="/articles/"' in text


def test_an_unknown_topic_is_not_found(client, magazine):
    assert client.get("/articles/?topic=alchemy").status_code == 404


@pytest.mark.parametrize("page", ["0", "99", "-1", "x", "\x00", ""])
def test_a_wrong_page_number_shows_a_page(client, magazine, page):
    magazine.article("The great mirror")
    assert "The great mirror" in text_of(client.get("/articles/", {"page": page}))


def test_long_lists_have_pages_that_keep_the_filter(client, magazine):
    for _ in range(13):
        magazine.article("Mirror")
    first = client.get("/articles/?topic=space")
    assert len(listed(first)) == 12
    assert 'href="?topic=space&amp;page=2"' in text_of(first)
    assert len(listed(client.get("/articles/?topic=space&page=2"))) == 1


@pytest.mark.parametrize("url", ["/", "/articles/", "/articles/?topic=space", "/space/", "/feed/", "/sitemap.xml"])
def test_more_articles_cost_no_more_queries(client, magazine, picture, url):
    url = magazine.topic_page("space").url if url == "/space/" else url
    for _ in range(2):
        magazine.article("Mirror", lead_image=picture)
    few = queries_of(client, url)
    for _ in range(6):
        magazine.article("Mirror", lead_image=picture)
    assert queries_of(client, url) <= few


def test_an_article_costs_the_same_however_many_recommendations_it_shows(client, magazine, picture):
    page = magazine.article("Mirror", lead_image=picture)
    magazine.article("Another", lead_image=picture)
    few = queries_of(client, page.url)
    for _ in range(6):
        magazine.article("Another", lead_image=picture)
    assert queries_of(client, page.url) <= few


def queries_of(client, url):
    text_of(client.get(url))  # makes the renditions of its pictures
    with CaptureQueriesContext(
        connection,
    ) as queries:
        text_of(client.get(url))
    return len(queries)


def test_the_article_shows_what_it_is_about(client, magazine):
    page = magazine.article("The great mirror", author="Ada Lovelace")
    page.tags.add("Astronomy")
    page.save_revision().publish()
    text = text_of(client.get(page.url))
    for part in ("By Ada Lovelace", "Telescopes", "Astronomy", "1 minute to read", "All about space"):
        assert part in text
    assert 'href="/articles/?topic=telescopes"' in text


def test_search_engines_learn_title_description_address_and_picture(client, magazine, picture):
    page = magazine.article("Mirror & lens", intro='A "big" one.', lead_image=picture)
    text = text_of(client.get(page.url + "?utm_source=x"))
    assert "<title>Mirror &amp; lens – Home of localhost</title>" in text
    assert '<meta name="description" content="A &quot;big&quot; one.">' in text
    assert f'<link rel="canonical" href="{page.full_url}">' in text
    assert '<meta property="og:image" content="http' in text
    assert 'hreflang="fr"' not in text.split("</head>")[0]


def test_translated_pages_name_each_other(client, french):
    head = text_of(client.get("/articles/")).split("</head>")[0]
    assert 'hreflang="en" href="http://localhost/articles/"' in head
    assert 'hreflang="fr" href="http://localhost/fr/articles/"' in head


def test_the_switch_leads_to_the_translation_or_else_to_the_other_home_page(client, french):
    page = french.article("Only in English")
    assert 'href="/fr/" hreflang="fr"' in body_of(client.get(page.url))
    assert 'href="/fr/articles/" hreflang="fr"' in body_of(client.get("/articles/"))
    assert 'href="/articles/" hreflang="en"' in body_of(client.get("/fr/articles/"))


def body_of(response):
    return text_of(response).split("<body", 1)[1]


def test_the_french_site_speaks_french(client, french):
    text = text_of(client.get("/fr/articles/"))
    assert '<html lang="fr">' in text
    for part in ("Aller au contenu", "Tous les thèmes", "Cuisine et boissons", "Il n’y a encore rien ici."):
        assert part in text


def test_each_language_has_its_feed(client, french):
    page = french.article("In English", intro="Short.", author="Ada")
    channel = ElementTree.fromstring(client.get("/feed/").content)[0]
    assert channel.findtext("language") == "en"
    item = channel.find("item")
    assert (item.findtext("title"), item.findtext("link"), item.findtext("description")) == (
        "In English",
        page.full_url,
        "Short.",
    )
    assert ElementTree.fromstring(client.get("/fr/feed/").content)[0].find("item") is None


def test_the_sitemap_has_both_languages_and_no_other_site(client, french):
    other = make_article(make_site("other.example", is_default=False))
    text = text_of(client.get("/sitemap.xml"))
    assert "<loc>http://localhost/articles/</loc>" in text
    assert "<loc>http://localhost/fr/articles/</loc>" in text
    assert other.slug not in text


@pytest.mark.parametrize(
    ("url", "title"), [("/nowhere/", "off the map"), ("/fr/nulle-part/", "n’est pas sur la carte")]
)
def test_a_wrong_address_is_answered_in_the_readers_language(client, french, url, title):
    response = client.get(url)
    assert response.status_code == 404
    text = response.content.decode()
    assert title in text
    assert 'content="noindex"' in text
    assert "All about food" in text or url.startswith("/fr/")


def test_a_failure_is_answered_with_a_page_that_needs_nothing(client, magazine, monkeypatch):
    monkeypatch.setattr("cms_site.listings.front_page", lambda request, home: 1 / 0)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()


def test_a_page_with_a_password_asks_for_it_in_the_sites_clothes(client, magazine):
    page = magazine.article("For friends")
    page.view_restrictions.create(restriction_type="password", password="open sesame")
    text = client.get(page.url).content.decode()
    assert "This page is for invited readers." in text
    assert "The river rose overnight" not in text


@pytest.mark.parametrize("url", ["/", "/articles/", "/nowhere/"])
def test_the_content_security_policy_is_strict(client, magazine, url):
    policy = client.get(url).headers["Content-Security-Policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert directives["default-src"] == ["'self'"]
    assert directives["style-src"] == ["'self'"]
    assert directives["script-src"] == ["'self'"]
    assert directives["object-src"] == ["'none'"]
    assert "unsafe" not in policy


def test_nothing_is_fetched_from_other_servers(client, magazine, picture):
    page = magazine.article("The great mirror", lead_image=picture)
    for url in ("/", "/articles/", page.url):
        text = text_of(client.get(url))
        for attribute in ('src="http', 'srcset="http', "//cdn", "<style", "style=", "onclick"):
            assert attribute not in text, (url, attribute)


def test_the_empty_site_says_that_it_is_empty(client, magazine):
    assert "Nothing has been published yet." in text_of(client.get("/"))
