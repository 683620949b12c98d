"""The tag report finds what is untidy, proposes what to keep, and does not nag."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from taggit.models import Tag
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import ModelLogEntry

from tagging import operations
from tagging.hygiene.spelling import misspelt
from tagging.models import TopicVector
from tests.factories import make_article, make_editor, make_embedding_model, make_site, make_topic, make_vector

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


def tagged(site, *names, publish=True):
    page = make_article(site, publish=False)
    page.tags.add(*(Tag.objects.get_or_create(name=name)[0] for name in names))
    revision = page.save_revision()
    if publish:
        revision.publish()
    page.refresh_from_db()
    return page


def found(kind=None):
    report = operations.tag_report(Tag)
    kinds = [kind] if kind else operations.KINDS
    return [(f.kind, *(use.tag.name for use in f.uses)) for k in kinds for f in report.findings.get(k, [])]


def test_a_tidy_site_has_no_findings(site):
    tagged(site, "Bridges", "Rivers")
    assert found() == []
    assert operations.tag_report(Tag).tag_count == 2


def test_names_that_differ_by_case_plural_accent_or_hyphen_are_one_finding_each(site):
    tagged(site, "Open data", "Café", "policy")
    tagged(site, "Open data", "policies")
    tagged(site, "open-data", "policies")
    tagged(site, "OPEN DATA", "cafe")
    findings = operations.tag_report(Tag).findings["name"]
    assert [[use.tag.name for use in finding.uses] for finding in findings] == [
        ["Open data", "OPEN DATA", "open-data"],
        ["policies", "policy"],
        ["Café", "cafe"],
    ]
    assert [finding.differences for finding in findings] == [("case", "punctuation"), ("plural",), ("accent",)]


def test_a_topics_own_tag_is_the_one_to_keep(site):
    make_topic("Policy")
    tagged(site, "policies")
    tagged(site, "policies", "policy")
    assert found() == [("name", "policy", "policies")]


def test_slips_of_the_pen_are_found_and_digits_and_short_words_are_not(site):
    tagged(site, "accessibility", "state", "2019 report", "person")
    tagged(site, "accessibility", "acessibility", "stage", "2018 report", "personal")
    assert found() == [("spelling", "accessibility", "acessibility")]


def test_every_slip_in_ten_thousand_names_is_found():
    consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
    syllables = [consonant + vowel for consonant in consonants for vowel in vowels]
    names = [f"{one}{two}tritation" for one in syllables for two in syllables][:8000]
    slips = {"hydroelectric": "hydroelectirc", "environment": "enviroment", "sustainability": "sustainibility"}
    assert {*slips.items()} <= {*misspelt([*names, *slips, *slips.values()])} | {
        (other, one) for one, other in misspelt([*names, *slips, *slips.values()])
    }


def test_a_synonym_of_a_topic_goes_to_the_topics_tag(site):
    make_topic("User experience", synonyms=["UX", "usability"])
    tagged(site, "UX")
    tagged(site, "User experience", "usability")
    make_topic("Opera", synonyms=["music theatre"])
    tagged(site, "music theatre")
    findings = operations.tag_report(Tag).findings["synonym"]
    assert [([use.tag.name for use in f.uses], f.new_name) for f in findings] == [
        (["music theatre"], "Opera"),
        (["User experience", "UX"], ""),
        (["User experience", "usability"], ""),
    ]


def test_tags_on_pages_about_the_same_thing_are_found_by_their_vectors(site):
    for number in range(6):
        for names, place in ((("Cars",), 0), (("Motoring",), 0), (("Opera",), 1), (("Gardens",), 2)):
            values = [0.1, 0.1, 0.1]
            values[place] = 1.0 + number / 100
            make_vector(tagged(site, *names), *values)
    assert found("vectors") == [("vectors", "Cars", "Motoring")]


def test_names_that_mean_other_things_are_not_taken_for_one(site):
    model = make_embedding_model()
    for name, vector in (("Cars", [1, 0, 0]), ("Motoring", [0, 1, 0])):
        TopicVector.objects.create(topic=make_topic(name), model=model, embedding=vector, content_hash="x")
        for _ in range(5):
            make_vector(tagged(site, name), 1, 0.1, 0)
    assert found("vectors") == []
    TopicVector.objects.filter(topic__name="Motoring").update(embedding=[0.9, 0.43, 0])
    assert found("vectors") == [("vectors", "Cars", "Motoring")]


def test_vectors_of_few_pages_say_nothing(site):
    for name in ("Cars", "Motoring"):
        for _ in range(4):
            make_vector(tagged(site, name), 1, 0, 0)
    assert found("vectors") == []


def test_tags_on_nothing_and_tags_on_most_pages(site):
    Tag.objects.create(name="Nobody")
    for number in range(10):
        tagged(site, "Everything", *(["Half"] if number % 2 else []))
    assert found() == [("common", "Everything"), ("orphan", "Nobody")]
    assert operations.tag_report(Tag).findings["common"][0].share == 1.0


def test_a_tag_that_only_a_draft_or_an_image_has_is_no_orphan(site):
    page = tagged(site)
    draft = page.get_latest_revision_as_object()
    draft.tags.add("Drafted")
    draft.save_revision()
    tagged(site, "Never published", publish=False)
    image = get_image_model().objects.create(title="A heron", file=get_test_image_file())
    image.tags.add("Pictured")
    assert found() == []
    uses = {use.tag.name: (use.pages, use.drafts, use.others) for use in operations.tag_uses(Tag)}
    assert uses == {"Drafted": (0, 1, 0), "Never published": (0, 1, 0), "Pictured": (0, 0, 1)}


def test_what_is_said_once_is_not_said_again(site):
    make_topic("organisation", synonyms=["organisations"])
    for _ in range(5):
        make_vector(tagged(site, "organisation", "organisations"), 1, 0, 0)
    assert found() == [("name", "organisation", "organisations")]


def test_an_ignored_finding_stays_away_until_its_tags_change(site):
    user = make_editor()
    tagged(site, "policy", "policies")
    finding = operations.tag_report(Tag).findings["name"][0]
    operations.ignore_finding(Tag, finding, user)
    report = operations.tag_report(Tag)
    assert (report.count, [f.key for f in report.ignored]) == (0, [finding.key])
    assert operations.find_finding(Tag, finding.key) == finding
    entry = ModelLogEntry.objects.get(action="tagging.ignore_finding")
    assert (entry.user, entry.message) == (user, "Ignored a finding on the tags “policies”, “policy”")
    assert entry.content_type == ContentType.objects.get_for_model(Tag)
    tagged(site, "Policy!")
    assert len(found()) == 1
    Tag.objects.filter(name="Policy!").delete()
    operations.heed_finding(Tag, finding, user)
    assert found() == [("name", "policies", "policy")]


def test_the_report_costs_the_same_for_few_and_many_tags(site):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            operations.tag_report(Tag)
        return len(captured)

    tagged(site, "policy", "policies")
    queries()
    few = queries()
    for number in range(5):
        tagged(site, f"river {number}a", f"rivers {number}a")
    assert queries() == few
