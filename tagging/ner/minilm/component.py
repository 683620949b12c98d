"""The spaCy component "affinity_ner": `spacy.blank("en").add_pipe("affinity_ner")`. Worker only: imports spaCy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.language import Language
from spacy.tokens import Span

from tagging.reading.minilm import MiniLmEncoder, load_model

from .head import EntityHead, Name
from .reading import read_documents
from .weights import HEAD

if TYPE_CHECKING:
    from spacy.tokens import Doc

NAME = "affinity_ner"

if not Span.has_extension("confidence"):
    Span.set_extension("confidence", default=None)


class AffinityNer:
    """Sets `doc.ents` (PER, ORG, LOC), each with its mean posterior in [0, 1] as `ent._.confidence`.

    Entities that a component before it has set stay, and win where they overlap.
    """

    def __init__(self, encoder: MiniLmEncoder, head: EntityHead) -> None:
        self.encoder = encoder
        self.head = head

    def __call__(self, doc: Doc) -> Doc:
        self.annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], batch_size: int = 64) -> Iterator[Doc]:
        """Annotate the documents in batches, in order."""
        remaining = iter(stream)
        while batch := list(islice(remaining, batch_size)):
            self.annotate(batch)
            yield from batch

    def annotate(self, documents: Sequence[Doc]) -> None:
        """Set the entities of documents."""
        windows = list(read_documents(documents, self.encoder))
        found: list[list[Span]] = [[] for _ in documents]
        for window, names in zip(windows, self.head.find(windows), strict=True):
            document = documents[window.document]
            found[window.document] += [_span(document, window.first, name) for name in names]
        for document, spans in zip(documents, found, strict=True):
            _add(document, spans)


@Language.factory(NAME, assigns=["doc.ents"], default_config={"weights": "", "model": ""})
def make_affinity_ner(nlp: Language, name: str, weights: str, model: str) -> AffinityNer:
    """`weights`: a file of the training script; `model`: a folder with MiniLM. "" takes what is packaged."""
    return AffinityNer(MiniLmEncoder(partial(load_model, model)), EntityHead.load(Path(weights) if weights else HEAD))


def _span(document: Doc, first: int, name: Name) -> Span:
    span = Span(document, first + name.start, first + name.end, label=name.label)
    span._.confidence = name.confidence
    return span


def _add(document: Doc, spans: Sequence[Span]) -> None:
    taken = {token.i for entity in document.ents for token in entity}
    free = [span for span in spans if not taken.intersection(range(span.start, span.end))]
    document.ents = [*document.ents, *free]
