"""The front door: searches that find what exists, whatever their plan."""

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tagging import index
from tagging.models import EmbeddingModel, PageVector, Suggestion
from tagging.types import SearchFilter
from tests.factories import make_article, make_locale, make_site, make_topic

pytestmark = pytest.mark.django_db


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def model():
    return EmbeddingModel.objects.create(name="tiny@test", dimensions=3, is_live=True)


def store(page, model, vector, **columns):
    defaults = {
        "is_live": True,
        "is_public": True,
        "locale": page.locale,
        "site": page.get_site(),
        "content_type": page.content_type,
    }
    return PageVector.objects.create(page=page, model=model, embedding=vector, **{**defaults, **columns})


def test_nothing_is_known_before_the_first_analysis():
    page = make_article(make_site())
    assert index.live_model_name() is None
    assert index.similar_to_page(page.pk, 4, SearchFilter()) == []
    assert index.nearest(unit(1, 0, 0), 4, SearchFilter()) == []
    assert index.topics_of([page.pk]) == {}


def test_similar_pages_come_nearest_first_and_never_the_page_itself(model):
    site = make_site()
    here, near, far = (make_article(site) for _ in range(3))
    store(here, model, unit(1, 0, 0))
    store(near, model, unit(1, 0.2, 0))
    store(far, model, unit(0, 1, 0))
    found = index.similar_to_page(here.pk, 10, SearchFilter())
    assert [neighbour.page_id for neighbour in found] == [near.pk, far.pk]
    assert found[0].score == pytest.approx(0.98, abs=0.01)
    assert found[1].score == pytest.approx(0, abs=0.01)


def test_vectors_of_other_models_are_never_mixed_in(model):
    site = make_site()
    page, other = make_article(site), make_article(site)
    old = EmbeddingModel.objects.create(name="old@test", dimensions=2)
    store(page, model, unit(1, 0, 0))
    store(other, old, unit(1, 0))
    assert index.similar_to_page(page.pk, 5, SearchFilter()) == []
    assert list(index.vectors([page.pk, other.pk])) == [page.pk]
    assert index.nearest(unit(1, 0), 5, SearchFilter()) == []


def test_a_filter_holds_for_every_column(model):
    site, elsewhere = make_site(), make_site("other.example", is_default=False)
    here = make_article(site)
    store(here, model, unit(1, 0, 0))
    store(make_article(site), model, unit(1, 0, 0), is_live=False)
    store(make_article(site), model, unit(1, 0, 0), is_public=False)
    foreign = store(make_article(site), model, unit(1, 0, 0), locale=make_locale("fr"))
    abroad = store(make_article(elsewhere), model, unit(1, 0, 0))
    home = store(site.root_page.specific, model, unit(1, 0, 0))
    excluded = store(make_article(site), model, unit(1, 0, 0))
    wanted = store(make_article(site), model, unit(1, 0, 0))

    def found(**search):
        return {neighbour.page_id for neighbour in index.similar_to_page(here.pk, 50, SearchFilter(**search))}

    everything = {row.page_id for row in (foreign, abroad, home, excluded, wanted)}
    assert found() == everything
    assert found(site_id=site.pk) == everything - {abroad.page_id}
    assert found(locale_id=here.locale_id) == everything - {foreign.page_id}
    assert found(types=[here.content_type_id]) == everything - {home.page_id}
    assert found(exclude=[excluded.page_id]) == everything - {excluded.page_id}


@pytest.mark.parametrize("exact_rows", [0, 5000], ids=["hnsw", "exact"])
def test_a_filtered_search_finds_as_many_rows_as_exist(model, settings, exact_rows):
    """400 pages near the query, 30 matching ones far away: the index's first 40 candidates match nothing."""
    settings.WAGTAIL_TAGGING = {"EXACT_SEARCH_ROWS": exact_rows, "HNSW_EF_SEARCH": 40}
    cache.clear()
    site = make_site()
    home = site.root_page.specific
    template = make_article(site)
    rare = [make_article(site) for _ in range(30)]
    crowd = clone_pages(template, 400)
    rng = np.random.default_rng(3)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX test_hnsw ON tagging_pagevector USING hnsw ((embedding::halfvec(3)) halfvec_cosine_ops)"
            f" WHERE model_id = {model.pk}"
        )
    near, far = unit(1, 0, 0), unit(-1, 0.3, 0)
    rows = [vector_row(page_id, template, model, near + rng.normal(0, 0.05, 3), home) for page_id in crowd]
    rows += [vector_row(page.pk, page, model, far + rng.normal(0, 0.05, 3), page) for page in rare]
    PageVector.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tagging_pagevector")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = index.nearest(near, 30, SearchFilter(types=[template.content_type_id]))
    assert {neighbour.page_id for neighbour in found} == {page.pk for page in rare}
    scores = [neighbour.score for neighbour in found]
    assert scores == sorted(scores, reverse=True)
    search = next(q["sql"] for q in queries if "<=>" in q["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {search}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert ("test_hnsw" in plan) == (exact_rows == 0)


def clone_pages(page, count):
    """Rows of the page table alone, in bulk: their content is of no interest here."""
    from wagtail.models import Page

    base = Page.objects.get(pk=page.pk)
    clones = []
    for number in range(count):
        clone = Page.objects.get(pk=page.pk) if number == 0 else clones[0].__class__(**model_values(base))
        clone.pk = clone.id = None
        clone._state.adding = True
        clone.path = f"{base.path[:8]}Z{number:03d}"
        clone.slug = f"clone-{number}"
        clone.translation_key = __import__("uuid").uuid4()
        clones.append(clone)
    return [clone.pk for clone in Page.objects.bulk_create(clones)]


def model_values(page):
    return {field.attname: getattr(page, field.attname) for field in page._meta.concrete_fields}


def vector_row(page_id, page, model, vector, typed):
    return PageVector(
        page_id=page_id,
        model=model,
        embedding=unit(*vector),
        is_live=True,
        is_public=True,
        locale_id=page.locale_id,
        site=None,
        content_type_id=typed.content_type_id,
    )


def test_topics_and_pages_about_them(model):
    site = make_site()
    science = make_topic("Science")
    physics = make_topic("Physics", science)
    first, second, hidden = (make_article(site) for _ in range(3))
    for page in (first, second):
        store(page, model, unit(1, 0, 0))
    store(hidden, model, unit(1, 0, 0), is_public=False)
    tag(first, physics, 0.7, "applied")
    tag(first, science, 0.5, "suggested")
    tag(second, science, 0.9, "accepted")
    tag(second, physics, 0.8, "rejected")
    tag(hidden, science, 1.0, "applied")

    assert [topic.name for topic in index.topics_of([first.pk, second.pk])[first.pk]] == ["Physics"]
    assert [topic.name for topic in index.topics_of([second.pk])[second.pk]] == ["Science"]
    about = index.pages_about(science.pk, 5, SearchFilter())
    assert [(item.page_id, item.score) for item in about] == [(second.pk, 0.9), (first.pk, 0.7)]
    assert index.pages_about(0, 5, SearchFilter()) == []


def tag(page, topic, score, state):
    return Suggestion.objects.create(page=page, topic=topic, score=score, state=state, source="vector")


def test_topic_choices_are_indented_in_tree_order():
    science = make_topic("Science")
    physics = make_topic("Physics", science)
    arts = make_topic("Arts")
    assert index.topic_choices() == [(arts.pk, "Arts"), (science.pk, "Science"), (physics.pk, "— Physics")]
    assert index.topic_names([physics.pk, 0]) == {physics.pk: "Physics"}
