"""The gate itself."""

import pytest

from personalization.consent import decide, is_speculative, refusal_by_browser


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
    ("refusal", "is_known", "decision"),
    [(None, False, "unknown"), (None, True, "granted"), ("gpc", True, "denied"), ("dnt", False, "denied")],
)
def test_the_browsers_no_beats_an_earlier_yes(refusal, is_known, decision):
    assert decide(refusal, is_known) == decision


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
