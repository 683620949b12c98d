"""Preparing training text: made-up samples in, running text with exact names out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.ner.training import corpora, prepare
from tagging.ner.training.corpora import WrongData, read_sentences, to_example, verify, without_handles
from tagging.ner.training.detokenize import detokenize
from tagging.ner.training.examples import (
    Example,
    case_copies,
    generator,
    join,
    join_neighbours,
    read,
    recase,
    title_case,
    write,
)
from tagging.ner.training.markdown import paragraphs
from tagging.ner.training.score import score


def tagged(line: str) -> list[tuple[str, str]]:
    """'Ada/B-PER Lovelace/I-PER sat/O' as a sentence."""
    return [(token, tag) for token, _, tag in (word.rpartition("/") for word in line.split())]


def names(example: Example) -> list[tuple[str, str]]:
    return [(example.text[start:end], label) for start, end, label in example.spans]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Ada/B-PER Lovelace/I-PER met/O Babbage/B-PER ./O", [("Ada Lovelace", "PER"), ("Babbage", "PER")]),
        ("Ada/B-PER Charles/B-PER", [("Ada", "PER"), ("Charles", "PER")]),
        ("Lima/I-LOC and/O Oslo/I-LOC", [("Lima", "LOC"), ("Oslo", "LOC")]),
        ("Rome/B-LOC FC/I-ORG", [("Rome", "LOC"), ("FC", "ORG")]),
        ("The/B-band Kinks/I-band play/O Peru/B-country", [("The Kinks", "ORG"), ("Peru", "LOC")]),
        ("Acme/B-corporation 's/O Rocket/B-product", [("Acme", "ORG")]),
        ("Japanese/B-MISC cars/O", []),
    ],
)
def test_bio_tags_become_names_of_three_types(line: str, expected: list[tuple[str, str]]) -> None:
    assert names(to_example(tagged(line), "uner")) == expected
    assert names(to_example(tagged(line), "uner", spaced=True)) == expected


def test_handles_are_no_names() -> None:
    tweet = tagged("Oh/O @/B-PER ada_l/I-PER and/O @bob/B-PER saw/O @/O Rome/B-LOC Ada/B-PER Lovelace/I-PER")
    cleaned = to_example(without_handles(tweet), "btc")
    assert names(cleaned) == [("Ada Lovelace", "PER")]


def test_a_name_that_begins_with_a_handle_keeps_the_rest() -> None:
    cleaned = to_example(without_handles(tagged("@/B-ORG acme/I-ORG Corp/I-ORG rocks/O")), "btc")
    assert names(cleaned) == [("Corp", "ORG")]


def test_tokens_become_text_as_people_write_it() -> None:
    tokens = ["He", "said", '"', "do", "n't", "go", "(", "to", "Rome", ")", ",", "Ada", "'s", "friend", '"', "."]
    text, offsets = detokenize(tokens)
    assert text == "He said \"don't go (to Rome), Ada's friend\"."
    assert [text[at : at + len(token)] for token, at in zip(tokens, offsets, strict=True)] == tokens


@given(st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=6), max_size=20))
def test_every_token_stands_where_detokenize_says(tokens: list[str]) -> None:
    text, offsets = detokenize(tokens)
    assert [text[at : at + len(token)] for token, at in zip(tokens, offsets, strict=True)] == tokens
    assert text.replace(" ", "") == "".join(tokens)


def test_files_are_read_with_tabs_or_spaces(tmp_path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Ada\tB-PER\nsat\tO\n\n\nOslo B-LOC\n")
    assert list(read_sentences(path)) == [[("Ada", "B-PER"), ("sat", "O")], [("Oslo", "B-LOC")]]


def test_a_changed_file_is_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "sums.json").write_text(json.dumps({"a.conll": "0" * 64}))
    (tmp_path / "a.conll").write_text("Ada\tB-PER\n")
    monkeypatch.setattr(corpora, "CHECKSUMS", tmp_path / "sums.json")
    with pytest.raises(WrongData, match="SHA-256"):
        verify(tmp_path / "a.conll", tmp_path)


@pytest.mark.parametrize("name", ["conll2003/train.txt", "CoNLL-2003.conll", "x/eng.testa", "ner/conll_03.conll"])
def test_conll_2003_is_refused(tmp_path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("EU B-ORG\n")
    with pytest.raises(WrongData, match="licence"):
        verify(path, tmp_path)


def test_case_copies_keep_the_names_in_place() -> None:
    example = Example("The FBI met Ada's aunt.", ((4, 7, "ORG"), (12, 15, "PER")), "uner")
    copies = {case: recase(example, case) for case in ("lower", "title", "upper")}
    assert [copy.text for copy in copies.values()] == [
        "the fbi met ada's aunt.",
        "The Fbi Met Ada's Aunt.",
        "THE FBI MET ADA'S AUNT.",
    ]
    assert all(copy.spans == example.spans for copy in copies.values())
    assert recase(Example("Straße", (), "uner"), "upper") is None
    assert title_case("o'neil-smith of u.s.") == "O'neil-Smith Of U.S."


def test_case_copies_are_a_fixed_share() -> None:
    examples = [Example(f"Text {number}", (), "uner") for number in range(50)]
    shares = {"lower": 0.1, "upper": 0.2}
    copies = list(case_copies(examples, shares, generator(1)))
    assert len(copies) == 15
    assert copies == list(case_copies(examples, shares, generator(1)))


def test_joined_sentences_keep_their_names() -> None:
    examples = [Example(f"Ada met Bo {number}.", ((0, 3, "PER"), (8, 10, "PER")), "uner") for number in range(40)]
    joined = list(join_neighbours(examples, 4, generator(2)))
    assert len(joined) < 40
    assert all(text in ("Ada", "Bo") for example in joined for text, _ in names(example))
    assert sum(len(example.spans) for example in joined) == 80
    assert join(examples[:2], "\n").text == "Ada met Bo 0.\nAda met Bo 1."


def test_examples_survive_the_disk(tmp_path) -> None:
    examples = [Example("Ærø", ((0, 3, "LOC"),), "uner"), Example("", (), "btc")]
    write(tmp_path / "deep" / "a.jsonl", examples)
    assert list(read(tmp_path / "deep" / "a.jsonl")) == examples


def test_only_exact_names_of_the_right_type_count() -> None:
    gold = [[(0, 3, "PER"), (8, 12, "ORG")], [(0, 4, "LOC")]]
    found = [[((0, 3, "PER"), 0.9), ((8, 11, "ORG"), 0.9)], [((0, 4, "ORG"), 0.7)]]
    result = score(gold, found)
    assert (result.right, result.found, result.gold) == (1, 3, 3)
    assert score(gold, found, least=0.8).precision == 0.5
    assert score(gold, found, label="PER").f1 == 1
    assert score([], []).f1 == 0


def test_every_language_has_its_files_on_record() -> None:
    recorded = json.loads(corpora.CHECKSUMS.read_text())
    for folder in prepare.UNER.values():
        assert {f"ner/{folder}/{part}.conll" for part in ("train", "dev", "test")} <= recorded.keys()


def test_markdown_becomes_paragraphs_of_plain_text() -> None:
    text = """## What the **General Services** Administration has learned

Read [the guide of 18F](https://18f.gov "Guide"), written
by *Ada Lovelace* &amp; friends <br> in 2016.

{{< youtube abc >}}

Too short.

```python
print("no text at all, however long this line of code may become")
```
"""
    assert list(paragraphs(text)) == [
        "What the General Services Administration has learned",
        "Read the guide of 18F, written by Ada Lovelace & friends in 2016.",
    ]
