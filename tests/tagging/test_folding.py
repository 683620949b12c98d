"""Spellings of one name share a key; names that mean different things do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.hygiene.folding import difference, fold

WORDS = st.text(alphabet="abcesiuxyhé1 -'+.&", max_size=14)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Open Data", "open data", "case"),
        ("Straße", "STRASSE", "case"),
        ("Café culture", "cafe culture", "accent"),
        ("Malmø", "Malmo", "accent"),
        ("Open data", "open-data", "punctuation"),
        ("e-mail", "Email", "punctuation"),
        ("R & D", "R&D", "punctuation"),
        ("Policy", "policies", "plural"),
        ("Movies", "movie", "plural"),
        ("House", "houses", "plural"),
        ("bus", "Buses", "plural"),
        ("API", "APIs", "plural"),
        ("Réseau", "reseaux", "plural"),
        ("Sports clubs", "sport-club", "plural"),
    ],
)
def test_spellings_of_one_name(one, other, kind):
    assert fold(one) == fold(other)
    assert difference(one, other) == difference(other, one) == kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"),
        ("C++", "C#"),
        ("Web 2.0", "Web 20"),
        ("Part 1 23", "Part 12 3"),
        ("use", "US"),
        ("news", "new"),
        ("https", "http"),
        ("status", "statu"),
        ("мой", "мои"),
        ("が", "か"),
        ("!!!", "???"),
    ],
)
def test_names_that_are_not_the_same(one, other):
    assert fold(one) != fold(other)
    assert difference(one, other) == ""


@given(st.one_of(st.text(max_size=12), WORDS))
def test_folding_a_key_gives_the_key(name):
    assert fold(fold(name)) == fold(name)


@given(st.one_of(st.text(max_size=12), WORDS))
def test_a_name_is_never_folded_to_nothing_and_case_never_counts(name):
    assert bool(fold(name)) == bool(name)
    assert fold(name.casefold()) == fold(name)


@given(WORDS, WORDS)
def test_two_names_have_a_known_difference_exactly_where_they_share_a_key(one, other):
    assert bool(difference(one, other)) == (fold(one) == fold(other))
