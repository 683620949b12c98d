"""One line of JSON as an article record."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_site.articles.record import RecordError, from_json

GOOD = {
    "title": "The night train",
    "summary": "It is back.",
    "body": "Text.",
    "date": "2024-05-31",
    "authors": ["Ada", "Ben"],
    "tags": ["Trains", "trains", "Europe"],
    "slug": "night-train",
}


def record(**changes):
    return from_json(json.dumps({**GOOD, **changes}))


def test_all_fields_are_read():
    read = record()
    assert (read.slug, read.title, read.summary, read.body) == (
        "night-train",
        "The night train",
        "It is back.",
        "Text.",
    )
    assert read.published == datetime(2024, 5, 31, tzinfo=UTC)
    assert read.author == "Ada, Ben"


def test_tags_that_differ_only_by_case_are_one():
    assert record().tags == ("Trains", "Europe")


def test_a_missing_slug_comes_from_the_title():
    assert record(slug=None).slug == "the-night-train"
    assert record(slug="Été à Paris!").slug == "été-à-paris"


@pytest.mark.parametrize("date", ["2010-10-22 11:33:15 -0400", "2010-10-22T15:33:15Z", "2010-10-22T17:33:15+02:00"])
def test_moments_are_read_with_their_offset(date):
    assert record(date=date).published == datetime(2010, 10, 22, 15, 33, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"title": ""}, "title: is missing"),
        ({"title": None}, "title: is missing"),
        ({"title": ["a"]}, "title: expected text"),
        ({"title": "x" * 256}, "title: is 256 characters long, at most 255 fit"),
        ({"title": "a\x00b"}, "title: contains a NUL character"),
        ({"body": "a\x00b"}, "body: contains a NUL character"),
        ({"body": "\ud800"}, "body: contains half of a surrogate pair"),
        ({"body": {"a": 1}}, "body: expected text"),
        ({"date": ""}, "date: is missing"),
        ({"date": "yesterday"}, "date: expected a date"),
        ({"date": "2024-13-45"}, "date: expected a date"),
        ({"date": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "is in the future"),
        ({"authors": 7}, "authors: expected a list"),
        ({"authors": ["x" * 300]}, "authors: is 300 characters long"),
        ({"tags": ["x" * 101]}, "tags: is 101 characters long"),
        ({"tags": [["x"]]}, "tags: expected text"),
        ({"slug": "!!!", "title": "???"}, "slug: is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(changes, complaint):
    with pytest.raises(RecordError) as raised:
        record(**changes)
    assert complaint in str(raised.value)


@pytest.mark.parametrize("line", [b"{", b"[1]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_lines_that_are_no_json_objects_are_refused(line):
    with pytest.raises(RecordError):
        from_json(line)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), json_values))
def test_a_record_is_read_or_refused_never_a_crash(changes):
    try:
        read = record(**changes)
    except RecordError:
        return
    assert read.title
    assert read.slug
