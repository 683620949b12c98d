"""The pages under test: `python -m tests.faults.backlog COMMAND`, in a process that knows the database under test.

load N      makes N published articles, all waiting for analysis
edit N SEED rewrites N articles the way an editor's save does
check       prints every article whose stored analysis is not the one of its present text
"""

from __future__ import annotations

import random
import sys
import uuid

import django

WORDS = ["river", "bridge", "council", "harbour", "market", "museum", "orchestra", "school", "election", "tram"]

# Whatever is stored of a page goes through its vector: this keeps count of it, through any crash.
AUDIT = """
CREATE TABLE stored (page_id integer, content_hash text);
CREATE FUNCTION note_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO stored VALUES (NEW.page_id, NEW.content_hash); RETURN NULL; END $$;
CREATE TRIGGER note_stored AFTER INSERT OR UPDATE OF embedding ON tagging_pagevector
FOR EACH ROW EXECUTE FUNCTION note_stored();
"""


def load(count: int) -> None:
    from django.db import connection

    from tagging import operations
    from tests.factories import article_index, make_article, make_site, make_topic

    site = make_site()
    for word in WORDS:
        make_topic(word.title(), description=f"All about the {word}.")
    pattern = make_article(site, "Pattern")
    page_ids = copies(pattern, article_index(site), count)
    pattern.delete()
    with connection.cursor() as cursor:
        cursor.execute(AUDIT)
    assert operations.mark_stale(page_ids) == count


def copies(pattern: object, index: object, count: int) -> list[int]:
    """Articles like `pattern`, each with its own words; written in bulk, since Wagtail adds them one by one."""
    from django.db import connection
    from wagtail.models import Page

    base = Page.objects.get(pk=pattern.pk)
    pages = [
        Page(
            title=f"Story {number}",
            draft_title=f"Story {number}",
            slug=f"story-{number}",
            url_path=f"{index.url_path}story-{number}/",
            path=Page._get_path(index.path, base.depth, number),
            depth=base.depth,
            numchild=0,
            content_type=base.content_type,
            locale=base.locale,
            translation_key=uuid.uuid4(),
            live=True,
            first_published_at=base.first_published_at,
        )
        for number in range(2, count + 2)
    ]
    page_ids = [page.pk for page in Page.objects.bulk_create(pages, batch_size=500)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cms_site_articlepage (page_ptr_id, intro, author, date, body)"
            " SELECT made.id, %s || made.id, author, date, body FROM cms_site_articlepage"
            " JOIN unnest(%s) AS made(id) ON page_ptr_id = %s",
            ["The council met about the bridge: number ", page_ids, pattern.pk],
        )
    Page.objects.filter(pk=index.pk).update(numchild=count + 1)
    return page_ids


def edit(count: int, seed: int) -> None:
    from cms_site.models import ArticlePage

    chance = random.Random(seed)
    page_ids = list(ArticlePage.objects.order_by("pk").values_list("pk", flat=True))
    for article in ArticlePage.objects.filter(pk__in=chance.sample(page_ids, count)):
        article.intro = f"{' '.join(chance.choices(WORDS, k=8))}, said {uuid.uuid4().hex}."
        article.save()


def check() -> None:
    from cms_site.models import ArticlePage
    from tagging.models import PageAnalysis
    from tagging.text import extract

    known = dict(PageAnalysis.objects.values_list("page_id", "content_hash"))
    for article in ArticlePage.objects.iterator():
        if known.get(article.pk) != extract(article).content_hash:
            print(article.pk)


if __name__ == "__main__":
    django.setup()
    command, *numbers = sys.argv[1:]
    {"load": load, "edit": edit, "check": check}[command](*map(int, numbers))
