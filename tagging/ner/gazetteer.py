"""The site's own names, found in a text as whole tokens: they override what a recogniser guessed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tagging.types import EntityLabel, Mention, PageText

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import PhraseMatcher
    from spacy.tokens import Doc, Span

# spaCy's own tokeniser cuts Chinese into single characters, and the Latin words within it, too.
CUT_BY_US = ("zh",)
# Kana, Han, and the scripts of Thai, Lao, Burmese and Khmer put no space between words: each character is a token.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
INFIXES = (rf"(?<=[{_UNSPACED}])(?=.)", rf"(?=[{_UNSPACED}])", r"(?<=\w)['’](?=\w)", r"(?<=\w)[-‐‑–](?=\w)")


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name that the site knows, and other ways to write it. Without `match_case`, case does not matter."""

    name: str
    label: EntityLabel
    aliases: tuple[str, ...] = ()
    match_case: bool = True


class Gazetteer:
    """Finds known names. Making one loads nothing: the first search in a language builds that language's matcher."""

    def __init__(self, names: Sequence[KnownName] = ()) -> None:
        self._names = sorted(names, key=lambda known: known.name)
        self._finder = lru_cache(maxsize=64)(self._build)

    @cached_property
    def version(self) -> str:
        """A digest of all that bears on what is found; "" for a gazetteer without names."""
        parts = [(known.name, known.label, known.aliases, known.match_case) for known in self._names]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest() if parts else ""

    def override(self, texts: Sequence[PageText], found: Sequence[Sequence[Mention]]) -> list[list[Mention]]:
        """The mentions of each page with the known names among them, in reading order.

        A mention that overlaps a known name gives way to it. Of known names that overlap, the longest counts.
        """
        if not self._names:
            return [list(mentions) for mentions in found]
        return [_merge(mentions, list(self._mentions(text))) for text, mentions in zip(texts, found, strict=True)]

    def _mentions(self, text: PageText) -> Iterator[Mention]:
        finder = self._finder(text.language.split("-")[0])
        with finder.nlp.memory_zone():  # or spaCy keeps every word it ever saw
            for number, paragraph in enumerate(text.paragraphs()):
                yield from finder.find(paragraph, number)

    def _build(self, language: str) -> _Finder:
        return _Finder(_blank(language), self._names)


class _Match(NamedTuple):
    length: int
    start: int
    known: KnownName
    span: Span


class _Finder:
    """The matchers of one language: one that minds case, one that does not."""

    def __init__(self, nlp: Language, names: Sequence[KnownName]) -> None:
        from spacy.matcher import PhraseMatcher

        self.nlp = nlp
        self._sentences = nlp.add_pipe("sentencizer")
        self._names = {nlp.vocab.strings.add(known.name): known for known in names}
        self._matchers = [
            self._fill(PhraseMatcher(nlp.vocab, attr="ORTH"), [known for known in names if known.match_case]),
            self._fill(PhraseMatcher(nlp.vocab, attr="LOWER"), [known for known in names if not known.match_case]),
        ]

    def _fill(self, matcher: PhraseMatcher, names: Sequence[KnownName]) -> PhraseMatcher:
        for known in names:
            forms = (self.nlp.tokenizer(form) for form in dict.fromkeys((known.name, *known.aliases)))
            matcher.add(known.name, [form for form in forms if len(form)])
        return matcher

    def find(self, paragraph: str, number: int) -> Iterator[Mention]:
        doc = self.nlp.tokenizer(paragraph)
        matches = [*self._matches(doc)]
        if not matches:
            return
        self._sentences(doc)
        sentences: dict[int, str] = {}  # one string a sentence, however many names are in it
        for _length, _start, known, span in _longest(matches):
            start = span.sent.start
            sentences.setdefault(start, span.sent.text.strip())
            yield Mention(
                span.text, known.label, number, span.start_char, span.end_char, sentences[start], 1.0, known.name
            )

    def _matches(self, doc: Doc) -> Iterator[_Match]:
        for matcher in self._matchers:
            for key, start, end in matcher(doc):
                yield _Match(end - start, start, self._names[key], doc[start:end])


def _longest(matches: Sequence[_Match]) -> list[_Match]:
    """Matches that do not overlap, in reading order: the longest first, then the first, then the one in its case."""
    taken: set[int] = set()
    kept = []
    for match in sorted(matches, key=lambda m: (-m.length, m.start, not m.known.match_case, m.known.name)):
        places = range(match.start, match.start + match.length)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)


def _merge(found: Sequence[Mention], known: Sequence[Mention]) -> list[Mention]:
    taken = {(mention.paragraph, place) for mention in known for place in range(mention.start, mention.end)}
    others = [
        mention
        for mention in found
        if all((mention.paragraph, place) not in taken for place in range(mention.start, mention.end))
    ]
    return sorted([*others, *known], key=lambda mention: (mention.paragraph, mention.start))


def _blank(language: str) -> Language:
    """A tokeniser of the language; of any language, where spaCy does not know it, or needs another package for it."""
    import spacy
    from spacy.lang.punctuation import TOKENIZER_INFIXES
    from spacy.util import compile_infix_regex

    try:
        nlp = spacy.blank("xx" if language in CUT_BY_US else language)
    except ImportError:
        nlp = spacy.blank("xx")
    # Not the language's own infixes: some keep words with hyphens together. (spaCy's stub allows for no tokenizer.)
    nlp.tokenizer.infix_finditer = compile_infix_regex([*INFIXES, *TOKENIZER_INFIXES]).finditer  # type: ignore[union-attr]
    return nlp
