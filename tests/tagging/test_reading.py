"""How a page is cut into windows, and the one pass over them."""

from __future__ import annotations

from itertools import pairwise
from time import sleep

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.reading.ahead import one_ahead
from tagging.reading.states import STATE_SIZE, TextStates
from tagging.reading.windows import MAX_CHARACTERS, MAX_WINDOWS, WINDOW_WORDS, cut, page_windows, sampled
from tagging.types import PageText
from tests.story.deployment import wait_until

SENTENCE = "The river rose again and Ada Byron saw it from the old bridge of the town. "


def page(title: str = "", summary: str = "", *body: str) -> PageText:
    return PageText(1, title, summary, body, "en")


def cut_texts(text: str) -> list[str]:
    return [text[start:end] for start, end in cut(text)]


@given(st.text(max_size=3000))
def test_windows_hold_every_word_once_and_in_order(text):
    spans = cut(text)
    assert bool(spans) == bool(text.split())
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(found.split()) for found in cut_texts(text)) == "".join(text.split())


def test_a_short_text_is_one_window():
    words = " ".join(f"w{number}" for number in range(WINDOW_WORDS))
    assert cut_texts(words) == [words]


def test_a_long_text_is_cut_into_windows_of_about_equal_length():
    lengths = [len(found.split()) for found in cut_texts(SENTENCE * 70)]
    assert sum(lengths) == 70 * 16
    assert max(lengths) - min(lengths) <= 2 * 16
    assert max(lengths) <= WINDOW_WORDS * 1.34


def test_windows_end_where_sentences_do_and_lines_before_all():
    assert all(found.endswith("town.") for found in cut_texts(SENTENCE * 70))
    lines = "\n".join(["Word of no sentence " * 5] * 40)
    assert all(len(found.split()) % 20 == 0 for found in cut_texts(lines))


def test_without_a_sentence_end_no_name_is_cut_in_two():
    found = cut_texts("water Ada Lovelace " * 200)
    assert len(found) > 3
    assert all(text.startswith("water") or not text.startswith("Lovelace") for text in found)


def test_an_initial_ends_no_sentence():
    assert not any(text.endswith("Dr.") for text in cut_texts("we saw Dr. Ada at home " * 100))


def test_a_script_without_spaces_is_cut_too():
    found = cut_texts("東京は日本の首都です。" * 300)
    assert len(found) > 3
    assert all(len(window.encode()) < 3000 for window in found)


@pytest.mark.timeout(20)
def test_the_vector_of_200_000_words_is_sampled_from_start_to_end():
    text = page("", "", " ".join(f"w{number}" for number in range(200_000)))
    windows = page_windows([text], for_names=False)
    assert len(windows) == MAX_WINDOWS
    assert windows[0].text.startswith("w0 ")
    assert windows[-1].text.endswith(" w199999")
    for_names = page_windows([text], for_names=True)
    assert len(for_names) > 300
    assert sum(window.start >= MAX_CHARACTERS for window in for_names) < MAX_WINDOWS


def test_only_a_page_with_a_word_has_windows():
    assert page_windows([page("…", "", "—", "🙂"), page()], for_names=True) == []
    assert [window.page for window in page_windows([page(), page("Leeds")], for_names=True)] == [1]


@given(st.lists(st.text(min_size=1, max_size=40).filter(str.strip), max_size=60), st.text(max_size=9))
def test_every_offset_leads_back_to_its_paragraph(body, title):
    text = page(title.strip(), "", *body)
    for window in page_windows([text], for_names=True):
        for offset in range(window.start, window.end):
            paragraph, place = window.part.place(offset)
            expected = (text.paragraphs()[paragraph] + "\n")[place]
            assert window.part.text[offset] == expected


def test_the_windows_of_the_vector_are_among_those_for_names():
    text = page("Title", SENTENCE * 12, *[SENTENCE * 3] * 60)
    for_names = page_windows([text], for_names=True)
    weighted = [window for window in for_names if window.weight]
    assert weighted == page_windows([text], for_names=False)
    assert len(weighted) == 2 + MAX_WINDOWS < len(for_names)
    assert sum(window.weight for window in weighted) == pytest.approx(1)


def test_samples_reach_from_first_to_last():
    assert sampled(3, 8) == {0, 1, 2}
    assert {0, 99} < sampled(100, 8)
    assert sampled(5, 1) == {0}


def test_a_token_has_the_mean_of_its_word_pieces_and_none_has_zeros():
    pieces = np.array([[0, 3], [3, 6], [7, 9]], dtype=np.int32)
    states = np.arange(3, dtype=np.float32)[:, None].repeat(STATE_SIZE, axis=1)
    text = TextStates(np.zeros(384, dtype=np.float32), pieces, states)
    starts, ends = np.array([0, 6, 7, 20], dtype=np.int32), np.array([6, 7, 9, 22], dtype=np.int32)
    found = text.of_tokens(starts, ends)
    assert found.shape == (4, STATE_SIZE)
    assert found[:, 0].tolist() == [0.5, 0, 2, 0]


def test_the_next_step_is_made_while_one_is_in_use_and_no_more_than_that():
    made = []
    steps = one_ahead(made.append(number) or (number,) for number in range(5))
    used = []
    for (number,) in steps:
        used.append(number)
        wait_until(lambda: len(made) == min(used[-1] + 2, 5), 10, "the next step is made")
        sleep(0.02)
        assert made == list(range(min(number + 2, 5)))
    assert used == [0, 1, 2, 3, 4]


def test_what_a_step_raises_is_raised_in_its_turn():
    steps = one_ahead(6 // (2 - number) for number in range(4))
    assert [next(steps), next(steps)] == [3, 6]
    with pytest.raises(ZeroDivisionError):
        next(steps)
