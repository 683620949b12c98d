"""The backlog by hand: resumable, honest about failures."""

import pytest
from django.core.management import CommandError, call_command

from tagging.models import PageAnalysis
from tests.factories import make_article, make_site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]


def states():
    return sorted(PageAnalysis.objects.values_list("state", flat=True))


@pytest.fixture
def articles():
    site = make_site()
    return [make_article(site, body=f"A text about river number {number}.") for number in range(5)]


def test_the_default_is_what_waits(articles, capsys):
    PageAnalysis.objects.filter(page=articles[0]).delete()
    call_command("analyze_pages", "--batch-size", "2")
    assert states() == ["done"] * 4
    assert "analysed" in capsys.readouterr().out


def test_all_includes_pages_never_seen_and_does_nothing_twice(articles, embedder):
    PageAnalysis.objects.filter(page=articles[0]).delete()
    call_command("analyze_pages", "--all")
    assert states() == ["done"] * 5
    calls = len(embedder.calls)
    call_command("analyze_pages", "--all")
    assert len(embedder.calls) == calls


def test_type_keeps_to_one_type_and_names_a_wrong_one(articles):
    call_command("analyze_pages", "--type", "cms_site.TopicPage")
    assert states() == ["stale"] * 5
    call_command("analyze_pages", "--type", "cms_site.ArticlePage")
    assert states() == ["done"] * 5
    for wrong in ("cms_site.Nothing", "nothing", "auth.User"):
        with pytest.raises(CommandError, match="no page type"):
            call_command("analyze_pages", "--type", wrong)


def test_limit_stops_early(articles):
    call_command("analyze_pages", "--limit", "3", "--batch-size", "2")
    assert states() == ["done"] * 3 + ["stale"] * 2
    with pytest.raises(CommandError, match="at least 1"):
        call_command("analyze_pages", "--limit", "0")


def test_failures_are_listed_at_the_end_with_their_reason_and_an_exit_code(articles, embedder, capsys):
    embedder._fails_on = "number 1"
    with pytest.raises(CommandError, match="1 page") as error:
        call_command("analyze_pages", "--batch-size", "2")
    assert error.value.returncode == 1
    assert states() == ["done"] * 4 + ["failed"]
    failed = PageAnalysis.objects.get(state="failed")
    assert f"Page {failed.page_id}: " in capsys.readouterr().err


def test_ctrl_c_stops_cleanly_and_a_second_run_finishes(articles, embedder, monkeypatch):
    real, batches = embedder.embed, []

    def interrupt_second_batch(texts):
        batches.append(texts)
        if len(batches) == 3:  # after the word that loads the model, and one batch
            raise KeyboardInterrupt
        return real(texts)

    monkeypatch.setattr(embedder, "embed", interrupt_second_batch)
    with pytest.raises(SystemExit) as stopped:
        call_command("analyze_pages", "--batch-size", "2")
    assert stopped.value.code == 130
    assert states() == ["done"] * 2 + ["stale"] * 3
    call_command("analyze_pages")
    assert states() == ["done"] * 5
    embedded = [text for batch in batches for text in batch if text.startswith("A text")]
    assert len(set(embedded)) == 5
