"""The spaCy component "affinity_ner": `spacy.blank("en").add_pipe("affinity_ner")`. Worker only: imports spaCy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.language import Language
from spacy.tokens import Span

from . import weights
from .encoder import MiniLmEncoder
from .head import EntityHead, Name
from .reading import Window, read_documents

if TYPE_CHECKING:
    from spacy.tokens import Doc

NAME = "affinity_ner"
WEIGHTS = weights.FOLDER / "minilm_en.npz"

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
        """Set the entities of documents by a MiniLM pass of its own."""
        self.annotate_read(documents, list(read_documents(documents, self.encoder)))

    def annotate_read(self, documents: Sequence[Doc], windows: Sequence[Window]) -> None:
        """Set the entities of documents whose windows were encoded already, by the pass for the page vector."""
        found: list[list[Span]] = [[] for _ in documents]
        for window, names in zip(windows, self.head.find(windows), strict=True):
            document = documents[window.document]
            found[window.document] += [_span(document, window.first, name) for name in names]
        for document, spans in zip(documents, found, strict=True):
            _add(document, spans)


@Language.factory(NAME, assigns=["doc.ents"], default_config={"weights": "", "model": ""})
def make_affinity_ner(nlp: Language, name: str, weights: str, model: str) -> AffinityNer:
    """`weights`: a file of the training script; `model`: a folder with MiniLM. "" takes what is packaged."""
    return AffinityNer(MiniLmEncoder(model), load_head(Path(weights) if weights else WEIGHTS))


def load_head(path: Path = WEIGHTS) -> EntityHead:
    """The entity head from its weights."""
    return EntityHead(weights.load(path))


def _span(document: Doc, first: int, name: Name) -> Span:
    span = Span(document, first + name.start, first + name.end, label=name.label)
    span._.confidence = name.confidence
    return span


def _add(document: Doc, spans: Sequence[Span]) -> None:
    taken = {token.i for entity in document.ents for token in entity}
    free = [span for span in spans if not taken.intersection(range(span.start, span.end))]
    document.ents = [*document.ents, *free]
