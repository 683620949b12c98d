"""Which names are proposed as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.ner.resemblance import resemblance


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("FBI", "Federal Bureau of Investigation", "initials"),
        ("Angela Merkel", "Merkel", "part"),
        ("Dr. Angela Merkel", "Angela Merkel", "words"),
        ("the F.B.I.", "FBI", "words"),
        ("Merkel Angela", "Angela Merkel", "words"),
        ("Organisation for Economic Cooperation", "Organization for Economic Co-operation", "spelling"),
        ("Ada Lovelace", "Charles Babbage", None),
        ("New York", "York Minster", None),
        ("EU", "Europe", None),
    ],
)
def test_what_is_proposed(one, other, reason):
    found = resemblance(one, other)
    assert (found and found.reason) == reason


@given(st.text(max_size=30), st.text(max_size=30))
def test_symmetric_and_bounded(one, other):
    found = resemblance(one, other)
    assert found == resemblance(other, one)
    assert found is None or 0 < found.score <= 1
