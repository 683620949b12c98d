"""A site with tags begins with topics that are learned from them; nothing that editors did is changed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tagging import operations
from tagging.models import PageAnalysis, Suggestion, Topic
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedder", "recognizer")]

State = Suggestion.State
RIVER = "Herons and kingfishers watched the weir from willow branches beside the slow water."
OPERA = "The soprano sang the aria twice before the curtain fell and the orchestra rose."


@pytest.fixture
def site():
    return make_site()


def adopt(*arguments, **options):
    out = StringIO()
    call_command("adopt_tags", *arguments, stdout=out, **options)
    return out.getvalue()


def tagged(site, *names, body=RIVER, publish=True, **fields):
    page = make_article(site, body=body, publish=False, **fields)
    page.tags.add(*names)
    revision = page.save_revision()
    if publish:
        revision.publish()
    page.refresh_from_db()
    return page


def tree():
    return [(topic.depth, topic.name, topic.synonyms) for topic in Topic.objects.order_by("path")]


def test_tags_become_topics_and_what_is_tagged_is_accepted(site):
    pages = [tagged(site, "Wetlands") for _ in range(3)]
    for _ in range(2):
        tagged(site, "Opera")
    out = adopt()
    assert tree() == [(1, "Wetlands", [])]
    rows = Suggestion.objects.all()
    assert {row.page_id for row in rows} == {page.pk for page in pages}
    for row, page in zip(rows.order_by("page_id"), pages, strict=True):
        assert (row.state, row.source, row.score) == (State.ACCEPTED, Suggestion.Source.EDITOR, 1.0)
        assert (row.decided_by, row.wrote_tag) == (None, False)
        assert row.decided_at == page.last_published_at
    assert "1 topics created" in out
    assert "1 tags on fewer than 3 live pages" in out


def test_spellings_become_one_topic_named_as_most_pages_have_it(site, settings):
    settings.TAGGIT_CASE_INSENSITIVE = False
    for name in ("Open data", "Open data", "Open data", "open data", "Open-Data", "Open Datas"):
        tagged(site, name)
    both = tagged(site, "Open data", "Open-Data")
    adopt()
    assert tree() == [(1, "Open data", ["Open-Data", "Open Datas"])]
    assert Suggestion.objects.count() == 7
    assert Suggestion.objects.filter(page=both).count() == 1


def test_running_again_changes_nothing_and_learns_what_is_new(site):
    for _ in range(3):
        tagged(site, "Wetlands")
    adopt()
    before = list(Suggestion.objects.values_list("pk", "decided_at"))
    again = adopt()
    assert tree() == [(1, "Wetlands", [])]
    assert list(Suggestion.objects.values_list("pk", "decided_at")) == before
    assert "0 topics created, 1 were there already" in again
    assert "3 were known" in again
    tagged(site, "Wetlands")
    assert "Learned from 1 tags" in adopt()


def test_topics_that_are_there_learn_too_whatever_they_are_called(site):
    museum = make_topic("Museum")
    design = make_topic("User experience", synonyms=["UX"])
    tagged(site, "museums", "UX")
    out = adopt("--min-pages", "1")
    assert Topic.objects.count() == 2
    assert set(Suggestion.objects.values_list("topic", flat=True)) == {museum.pk, design.pk}
    assert "0 topics created, 2 were there already" in out


def test_what_editors_decided_stands(site):
    topic = make_topic("Wetlands")
    yes, no, open_one = (tagged(site, "Wetlands") for _ in range(3))
    editor = make_editor()
    operations.add(yes.pk, topic.pk, editor)
    operations.add(no.pk, topic.pk, editor)
    operations.reject(no.pk, topic.pk, editor)
    Suggestion.objects.create(page=open_one, topic=topic, state="suggested", score=0.4, source="vector")
    out = adopt()
    states = dict(Suggestion.objects.values_list("page_id", "state"))
    assert states == {yes.pk: State.ACCEPTED, no.pk: State.REJECTED, open_one.pk: State.ACCEPTED}
    assert Suggestion.objects.get(page=yes).decided_by == editor
    assert "1 that editors rejected" in out


def test_taking_an_adopted_topic_back_leaves_the_tag_that_editors_typed(site):
    pages = [tagged(site, "Wetlands") for _ in range(3)]
    revisions = pages[0].revisions.count()
    adopt()
    assert pages[0].revisions.count() == revisions
    topic = Topic.objects.get()
    operations.undo(pages[0].pk, topic.pk, make_editor())
    operations.reject(pages[1].pk, topic.pk, make_editor())
    for page in pages:
        assert list(type(page).objects.get(pk=page.pk).tags.names()) == ["Wetlands"]


def test_drafts_and_types_that_are_not_analysed_do_not_count(site, settings):
    tagged(site, "Wetlands", publish=False)
    adopt("--min-pages", "1")
    assert tree() == []
    tagged(site, "Wetlands")
    settings.WAGTAIL_TAGGING = {"EXCLUDE_TYPES": ["wagtailcore.Page", "cms_site.ArticlePage"]}
    adopt("--min-pages", "1")
    assert tree() == []


def test_a_dry_run_prints_the_plan_and_does_nothing(site):
    make_topic("Museum")
    tagged(site, "Wetlands", "museum")
    tagged(site, "wetland")
    out = adopt("--dry-run", "--min-pages", "1")
    assert "+ Wetlands (2 pages, also wetland)" in out
    assert "= museum → Museum (1 pages)" in out
    assert "Nothing was done" in out
    assert Topic.objects.count() == 1
    assert not Suggestion.objects.exists()


def test_topics_are_made_below_a_parent_in_order(site):
    make_topic("Subjects", slug="subjects")
    tagged(site, "Zoos", "Art")
    adopt("--min-pages", "1", "--parent", "subjects")
    assert tree() == [(1, "Subjects", []), (2, "Art", []), (2, "Zoos", [])]
    assert Topic.find_problems() == ([], [], [], [], [])


def test_slugs_that_are_taken_are_left_to_their_owner(site):
    make_topic("Something else", slug="wetlands")
    tagged(site, "Wetlands", "!!!")
    out = adopt("--min-pages", "1")
    assert Topic.objects.get(name="Wetlands").slug == "wetlands-2"
    assert "Too long, or without a word, to be a topic: !!!." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--field", "nowhere.Page.tags"], "no installed model"),
        (["--field", "cms_site.ArticlePage.body"], "Tag fields of cms_site.ArticlePage: tags"),
        (["--field", "cms_site.LoadedItem.tags"], "no tag field of a page type"),
        (["--parent", "nowhere"], "no topic with the slug"),
        (["--min-pages", "0"], "at least 1"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(CommandError, match=message):
        adopt(*arguments)


def test_a_field_is_named(site, settings):
    settings.WAGTAIL_TAGGING = {"TAG_FIELD": "keywords"}
    tagged(site, "Wetlands")
    with pytest.raises(CommandError, match="TAG_FIELD"):
        adopt()
    adopt("--field", "cms_site.ArticlePage.tags", "--min-pages", "1")
    assert tree() == [(1, "Wetlands", [])]


def test_it_costs_the_same_for_few_and_many_pages(site):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            adopt("--min-pages", "1")
        return len(captured)

    tagged(site, "Wetlands")
    adopt("--min-pages", "1")
    tagged(site, "Wetlands")
    few = queries()
    for _ in range(6):
        tagged(site, "Wetlands")
    assert queries() == few


def test_pages_like_those_get_the_topic_suggested(site, settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10}
    for number in range(8):
        tagged(site, "Wetlands", title="At the river", body=f"{RIVER} Number {number}.")
        tagged(site, "Opera", title="On stage", body=f"{OPERA} Number {number}.")
    untagged = make_article(site, "At the river", body=f"{RIVER} Nobody tagged this one.")
    operations.analyze_batch(100)
    adopt()
    operations.sweep()
    assert PageAnalysis.objects.filter(state=PageAnalysis.State.STALE).count() == 17
    operations.analyze_batch(100)
    scores = dict(Suggestion.objects.filter(page=untagged).values_list("topic__name", "score"))
    assert scores["Wetlands"] > 1.5 * scores["Opera"]
    assert untagged.tags.count() == 0
