"""The gate itself."""

import pytest

from personalization.consent import PURPOSES, decide, is_speculative, refusal_by_browser


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, None),
        ({"DNT": "0", "Sec-GPC": "0"}, None),
        ({"DNT": "1"}, "dnt"),
        ({"Sec-GPC": " 1 "}, "gpc"),
        ({"DNT": "1", "Sec-GPC": "1"}, "gpc"),
    ],
)
def test_the_browser_may_refuse(headers, refusal):
    assert refusal_by_browser(headers) == refusal


@pytest.mark.parametrize(
    ("refusal", "purposes", "decision"),
    [(None, (), "unknown"), (None, ("analytics",), "granted"), ("gpc", PURPOSES, "denied"), ("dnt", (), "denied")],
)
def test_the_browsers_no_beats_an_earlier_yes(refusal, purposes, decision):
    assert decide(refusal, purposes) == decision


@pytest.mark.parametrize(
    ("headers", "is_ahead"),
    [
        ({}, False),
        ({"Sec-Purpose": "prefetch"}, True),
        ({"Sec-Purpose": "prefetch;prerender"}, True),
        ({"Purpose": "prefetch"}, True),
        ({"X-Moz": "prefetch"}, True),
    ],
)
def test_fetching_ahead_is_no_reading(headers, is_ahead):
    assert is_speculative(headers) is is_ahead
