"""What editors decide on some pages changes what is found on others."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tagging import operations
from tagging.models import Suggestion, Topic
from tagging.operations.embedding_models import model_row
from tagging.operations.lessons import decisions
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("recognizer")]

WORDS = "Herons and kingfishers watched the weir from willow branches."


@pytest.fixture
def site():
    return make_site()


def analyzed(site, title, body=WORDS):
    page = make_article(site, title, body=body)
    operations.analyze_batch()
    return page


def test_decisions_become_votes_of_pages_with_a_vector(site, embedder):
    topics = [make_topic("Wetlands"), make_topic("Opera")]
    first, second = analyzed(site, "One"), analyzed(site, "Two")
    editor = make_editor()
    operations.add(first.pk, topics[0].pk, editor)
    operations.add(second.pk, topics[1].pk, editor)
    operations.reject(second.pk, topics[1].pk, editor)
    with CaptureQueriesContext(connection) as queries:
        found = decisions(topics, model_row(embedder))
    assert found is not None
    assert dict(zip(found.page_ids, found.votes.tolist(), strict=True)) == {first.pk: [1, 0], second.pk: [0, -1]}
    assert found.vectors.shape == (2, embedder.dimensions)
    assert (found.age_days < 1).all()
    assert [len(words) for words in found.words] == [10, 10]
    assert len(queries) == 4  # the embedding model's row is one of them


def test_decisions_are_gathered_anew_only_when_something_changed(site, embedder):
    topic = make_topic("Wetlands")
    first, second = analyzed(site, "One"), analyzed(site, "Two")
    editor = make_editor()
    operations.add(first.pk, topic.pk, editor)
    model = model_row(embedder)
    before = decisions([topic], model)
    assert decisions([topic], model) is before
    first.body = [("paragraph", "<p>Otters again.</p>")]
    first.save_revision().publish()
    operations.analyze_batch()
    rewritten = decisions([topic], model)
    assert len(rewritten.words[0]) == 3
    operations.reject(first.pk, topic.pk, editor)
    assert decisions([topic], model).votes.tolist() == [[-1]]
    operations.add(second.pk, topic.pk, editor)
    assert decisions([topic], model).page_ids == (first.pk, second.pk)


def test_suggestions_that_nobody_decided_teach_nothing(site, embedder):
    topic = make_topic("Herons")
    analyzed(site, "Herons again")
    assert Suggestion.objects.filter(topic=topic).exists()
    assert decisions([topic], model_row(embedder)) is None


@pytest.mark.usefixtures("embedder")
def test_a_page_like_those_that_editors_tagged_is_rated_higher(site, settings):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10}
    topic = make_topic("Wetlands")
    before = Suggestion.objects.get(page=analyzed(site, "Before"), topic=topic).score
    editor = make_editor()
    for number in range(6):
        operations.add(analyzed(site, f"Page {number}").pk, topic.pk, editor)
    after = Suggestion.objects.get(page=analyzed(site, "After"), topic=topic).score
    assert Topic.objects.count() == 1
    assert after > 1.5 * before
