"""The entity head as torch trains it: word shapes and MiniLM states, a BiLSTM, a linear-chain CRF."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tagging.ner.minilm.labels import TAGS, may_follow
from tagging.ner.minilm.tokens import Shape
from tagging.reading.states import STATE_SIZE

ILLEGAL = -10_000.0


@dataclass(frozen=True, slots=True)
class Size:
    """Widths of the layers: the reach of the head, and its weight on disk."""

    projection: int = 224
    shape: int = 16
    corpus: int = 8
    hidden: int = 128


class Network(nn.Module):
    """Emission scores for each token, and the CRF that reads them.

    Corpora differ in what they call a name: a learned vector says which one a text is from, so that
    the head can be asked to read everything the way one of them does.
    """

    def __init__(self, size: Size, corpora: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.size = size
        self.normalize = nn.LayerNorm(STATE_SIZE, elementwise_affine=False)
        self.project = nn.Linear(STATE_SIZE, size.projection)
        self.shape = nn.Embedding(len(Shape), size.shape)
        self.corpus = nn.Embedding(corpora, size.corpus)
        width = size.projection + size.shape + size.corpus
        self.lstm = nn.LSTM(width, size.hidden, bidirectional=True, batch_first=True)
        self.score = nn.Linear(2 * size.hidden, len(TAGS))
        self.crf = Crf()
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, shapes: Tensor, corpora: Tensor, lengths: Tensor) -> Tensor:
        """(batch, tokens, 768), (batch, tokens), (batch,), (batch,) to scores (batch, tokens, tags)."""
        projected = torch.relu(self.project(self.dropout(self.normalize(states))))
        corpus = self.corpus(corpora)[:, None].expand(-1, states.shape[1], -1)
        width = self.dropout(torch.cat([projected, self.shape(shapes)], dim=-1))
        packed = nn.utils.rnn.pack_padded_sequence(
            torch.cat([width, corpus], dim=-1), lengths, batch_first=True, enforce_sorted=False
        )
        hidden, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        scores: Tensor = self.score(self.dropout(hidden))
        return scores


class Crf(nn.Module):
    """Scores of neighbouring tags; illegal neighbours are impossible."""

    illegal: Tensor
    opens_not: Tensor
    closes_not: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))
        illegal = [[not may_follow(before, after) for after in TAGS] for before in TAGS]
        self.register_buffer("illegal", torch.tensor(illegal))
        self.register_buffer("opens_not", torch.tensor([not may_follow("O", tag) for tag in TAGS]))
        self.register_buffer("closes_not", torch.tensor([not may_follow(tag, "O") for tag in TAGS]))

    def neighbours(self) -> Tensor:
        """(tags, tags): the score of one tag after another."""
        return self.transitions.masked_fill(self.illegal, ILLEGAL)

    def log_partition(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """(batch,): the logarithm of the summed weight of all legal sequences of tags."""
        neighbours = self.neighbours()
        alpha = scores[:, 0].masked_fill(self.opens_not, ILLEGAL)
        for step in range(1, scores.shape[1]):
            following = torch.logsumexp(alpha[:, :, None] + neighbours, dim=1) + scores[:, step]
            alpha = torch.where((step < lengths)[:, None], following, alpha)
        return torch.logsumexp(alpha.masked_fill(self.closes_not, ILLEGAL), dim=1)

    def loss(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """(batch,): the negative log-likelihood of the tags."""
        mask = torch.arange(tags.shape[1])[None] < lengths[:, None]
        emitted = scores.gather(2, tags[..., None]).squeeze(-1) * mask
        moved = self.neighbours()[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
        return self.log_partition(scores, lengths) - emitted.sum(1) - moved.sum(1)
