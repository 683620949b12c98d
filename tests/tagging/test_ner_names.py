"""Names as strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.ner.names import canonical_key, clean_name, is_acronym_of, is_name

name_like = st.lists(
    st.sampled_from(
        [
            "The",
            "the",
            "Dr.",
            "Sir",
            "Angela",
            "Merkel's",
            "O’Neill’s",
            "U.S.",
            "“FBI”",
            "de",
            "l'",
            "’s",
            "(",
            ".",
            "A",
        ]
    )
    | st.text(max_size=5),
    max_size=6,
).map(" ".join)


@given(name_like, st.booleans())
def test_key_of_a_key_is_itself(name, person):
    key = canonical_key(name, person=person)
    assert canonical_key(key, person=person) == key


@pytest.mark.parametrize("spelling", ["FBI", "the FBI", "The FBI’s", "F.B.I.", "“FBI”", "the  FBI,", "our FBI"])
def test_spellings_of_one_name_share_a_key(spelling):
    assert canonical_key(spelling) == "fbi"


def test_honorifics_are_left_out_of_persons_only():
    assert canonical_key("Dr. Angela Merkel", person=True) == canonical_key("Angela Merkel's", person=True)
    assert canonical_key("Lord Howe Island") == "lord howe island"


def test_article_with_a_capital_is_shown_within_a_sentence():
    assert clean_name("The Hague", keep_article=True) == "The Hague"
    assert clean_name("The Hague") == "Hague"
    assert clean_name("the FBI’s", keep_article=True) == "FBI"


@pytest.mark.parametrize(
    "junk", ["", "x", "us", "monday", "Monday", "March", "août", "12", "—", "a b c d e f g h i j", "Read", "N" * 200]
)
def test_junk_is_no_name(junk):
    assert not is_name(junk)


@pytest.mark.parametrize("name", ["UN", "Mars", "Ada", "東京", "bell hooks LLC", "18F", "iPhone"])
def test_names_are_names(name):
    assert is_name(name)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("FBI", "Federal Bureau of Investigation"),
        ("FEC", "Federal Election Commission"),
        ("USA", "United States of America"),
        ("NOAA", "National Oceanic and Atmospheric Administration"),
    ],
)
def test_acronyms_are_recognised(short, long):
    assert is_acronym_of(short, long)


@pytest.mark.parametrize(("short", "long"), [("FBI", "Federal Reserve"), ("it", "Institute of Technology"), ("X", "X")])
def test_other_short_forms_are_not(short, long):
    assert not is_acronym_of(short, long)
