"""`manage.py import_articles`: bulk, resumable, and clear about bad lines."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from cms_site.models import ArticlePage
from tests.factories import make_article, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def articles(tmp_path):
    """Writes lines, objects or raw text, into a file and returns its path."""

    def write(*lines):
        file = tmp_path / "articles.jsonl"
        texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        file.write_bytes(b"\n".join(texts) + b"\n")
        return file

    return write


def line(slug, **changes):
    return {"title": f"On {slug}", "body": "Some *words*.", "date": "2020-02-03", "slug": slug, **changes}


def test_articles_are_published_as_of_their_date(site, articles):
    call_command("import_articles", articles(line("a", summary="Short.", authors=["Ada"], tags=["X", "Y"])))
    page = ArticlePage.objects.get(slug="a")
    assert page.live
    assert (page.title, page.intro, page.author) == ("On a", "Short.", "Ada")
    assert page.first_published_at == datetime(2020, 2, 3, tzinfo=UTC)
    assert page.body[0].value.source == "<p>Some <em>words</em>.</p>"
    assert set(page.tags.names()) == {"X", "Y"}
    assert page.get_latest_revision_as_object().title == "On a"
    assert not page.has_unpublished_changes


def test_scripts_do_not_come_along(site, articles):
    call_command("import_articles", articles(line("a", body="<p>Fine</p><script>alert('stolen')</script>")))
    assert "stolen" not in json.dumps(list(ArticlePage.objects.get(slug="a").body.raw_data))


def test_bad_lines_are_named_and_the_rest_goes_on(site, articles, capsys):
    file = articles(
        line("a"),
        b"{broken",
        line("b", title="a\x00b"),
        line("c", date="soon"),
        line("a", title="Another article of the same slug"),
        b"",
        line("d"),
    )
    with pytest.raises(CommandError) as raised:
        call_command("import_articles", file)
    assert raised.value.returncode == 1
    assert set(ArticlePage.objects.values_list("slug", flat=True)) == {"a", "d"}
    told = capsys.readouterr().err
    assert "line 2: the line is not JSON" in told
    assert "line 3: title: contains a NUL character" in told
    assert "line 4: date: expected a date such as" in told
    assert "line 5: slug: 'a' was already used on line 1" in told
    assert "line 6" not in told


def test_a_second_run_goes_on_where_the_first_stopped(site, articles, capsys):
    file = articles(line("a"), line("b"), line("c"))
    call_command("import_articles", file, limit=2)
    page = ArticlePage.objects.get(slug="a")
    page.title = "An editor's title"
    page.save_revision().publish()
    call_command("import_articles", file)
    assert "1 created, 0 updated, 2 unchanged, 0 bad." in capsys.readouterr().out
    page.refresh_from_db()
    assert page.title == "An editor's title"


def test_update_brings_articles_to_what_the_file_says(site, articles):
    call_command("import_articles", articles(line("a", tags=["Old"])))
    call_command("import_articles", articles(line("a", title="New title", tags=["New"])), update=True)
    page = ArticlePage.objects.get(slug="a")
    assert page.title == "New title"
    assert list(page.tags.names()) == ["New"]
    assert page.revisions.count() == 2


def test_the_parent_can_be_chosen(site, articles):
    other = make_site("other.example", is_default=False)
    index = make_article(other).get_parent()
    call_command("import_articles", articles(line("a")), parent=str(index.pk))
    assert ArticlePage.objects.get(slug="a").get_parent() == index


@pytest.mark.parametrize("parent", ["nowhere", "999999"])
def test_an_unknown_parent_is_said(site, articles, parent):
    with pytest.raises(CommandError, match=f"no article index page with the id or slug '{parent}'"):
        call_command("import_articles", articles(line("a")), parent=parent)


def test_an_unreadable_file_is_said(site, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_articles", tmp_path / "nothing.jsonl")
