"""Training the entity head on kept MiniLM states."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tagging.ner.minilm import weights
from tagging.ner.minilm.crf import Floats
from tagging.ner.minilm.head import EntityHead
from tagging.ner.minilm.reading import TokenWindow
from tagging.reading.states import STATE_SIZE

from .examples import NameSpan, read
from .network import Network, Size
from .score import Score, score
from .states import CORPORA, RECASED, States

CASE_SHARES = (0.72, 0.08, 0.06, 0.08, 0.06)  # of RECASED: as written, lower, Title, UPPER, Heading


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is trained."""

    size: Size = field(default_factory=Size)
    epochs: int = 4
    batch_tokens: int = 2500
    learning_rate: float = 2.5e-3
    weight_decay: float = 0.01
    dropout: float = 0.3
    average: float = 0.998
    seed: int = 0


class Batches:
    """Shuffled batches of windows of about the same length, recased on the way."""

    def __init__(self, data: States, recipe: Recipe) -> None:
        self.data = data
        self.recipe = recipe
        self.random = np.random.default_rng(recipe.seed)
        self.lengths = np.diff(data.bounds)

    def epoch(self) -> list[npt.NDArray[np.int64]]:
        """The windows of each batch."""
        jitter = self.lengths * self.random.uniform(0.9, 1.1, len(self.lengths))
        order = np.argsort(jitter)
        batches, start = [], 0
        while start < len(order):
            longest = self.lengths[order[min(start + 400, len(order) - 1)]]
            end = start + max(1, self.recipe.batch_tokens // int(longest + 1))
            batches.append(order[start:end])
            start = end
        self.random.shuffle(batches)
        return batches

    def load(self, windows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """States, shapes, corpora, lengths and tags of a batch."""
        lengths = self.lengths[windows]
        states = np.zeros((len(windows), lengths.max(), STATE_SIZE), dtype=np.float32)
        shapes = np.zeros(states.shape[:2], dtype=np.int64)
        tags = np.zeros(states.shape[:2], dtype=np.int64)
        cases = self.random.choice(len(RECASED), len(windows), p=CASE_SHARES)
        for row, (window, length) in enumerate(zip(windows, lengths, strict=True)):
            tokens = slice(self.data.bounds[window], self.data.bounds[window + 1])
            states[row, :length] = self.data.states[tokens]
            shapes[row, :length] = self.data.shapes[cases[row], tokens]
            tags[row, :length] = self.data.tags[tokens]
        corpora = self.data.corpora[windows].astype(np.int64)
        arrays = (states, shapes, corpora, lengths.astype(np.int64), tags)
        return tuple(map(torch.from_numpy, arrays))  # type: ignore[return-value]


def train(data: States, recipe: Recipe) -> Iterator[Network]:
    """Train a head; yields the average of its weights after each epoch."""
    torch.manual_seed(recipe.seed)
    network = Network(recipe.size, len(CORPORA), recipe.dropout)
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    batches = Batches(data, recipe)
    steps = recipe.epochs * math.ceil(len(batches.epoch()) * 1.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps, pct_start=0.15)
    for _ in range(recipe.epochs):
        network.train()
        for windows in batches.epoch():
            states, shapes, corpora, lengths, tags = batches.load(windows)
            scores = network(states, shapes, corpora, lengths)
            loss = network.crf.loss(scores, tags, lengths).sum() / lengths.sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            if schedule.last_epoch < steps - 1:
                schedule.step()
            _approach(average, network, recipe.average)
        yield average.eval()


def _approach(average: Network, network: Network, decay: float) -> None:
    with torch.no_grad():
        for kept, new in zip(average.parameters(), network.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)


def exported(network: Network) -> dict[str, Floats]:
    """The weights by the names that `EntityHead` reads, asked to read as the main corpus was annotated."""
    state = {name: values.detach().numpy() for name, values in network.state_dict().items()}
    width = network.size.projection + network.size.shape
    named = {
        "project": state["project.weight"],
        "project_bias": state["project.bias"],
        "shape": state["shape.weight"],
        "score": state["score.weight"],
        "score_bias": state["score.bias"],
        "transitions": state["crf.transitions"],
    }
    corpus = state["corpus.weight"][CORPORA.index("uner")]
    for direction, suffix in (("forward", "l0"), ("backward", "l0_reverse")):
        inputs = state[f"lstm.weight_ih_{suffix}"]
        named[f"{direction}_input"] = inputs[:, :width]
        named[f"{direction}_recurrent"] = state[f"lstm.weight_hh_{suffix}"]
        bias = state[f"lstm.bias_ih_{suffix}"] + state[f"lstm.bias_hh_{suffix}"]
        named[f"{direction}_bias"] = bias + inputs[:, width:] @ corpus
    return {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in named.items()}


def windows_of(data: States) -> list[TokenWindow]:
    """Kept windows as the head reads them, all at once."""
    windows = []
    for example, start, end in zip(data.examples, data.bounds[:-1], data.bounds[1:], strict=True):
        shapes, states = data.shapes[0, start:end].astype(np.int64), data.states[start:end].astype(np.float32)
        windows.append(TokenWindow(int(example), int(start), shapes, states))
    return windows


def found_by(head: EntityHead, data: States, examples: int) -> list[list[tuple[NameSpan, float]]]:
    """The names that a head finds in each example, by character."""
    found: list[list[tuple[NameSpan, float]]] = [[] for _ in range(examples)]
    kept = windows_of(data)
    for window, names in zip(kept, head.find(kept), strict=True):
        for name in names:
            start = int(data.characters[window.first + name.start, 0])
            end = int(data.characters[window.first + name.end - 1, 1])
            found[window.document].append(((start, end, name.label), name.confidence))
    return found


def score_on(head: EntityHead, folder: Path, name: str, label: str = "", least: float = 0.0) -> Score:
    """A head's score on one prepared and encoded set."""
    examples = list(read(folder / f"{name}.jsonl"))
    found = found_by(head, States.load(folder / name), len(examples))
    return score((example.spans for example in examples), found, label, least)


def train_head(work: Path, language: str, target: Path) -> None:
    """Train by the recipe and save the weights of the last epoch's average; logs F1 on the development set."""
    folder = work / language
    network = None
    for epoch, network in enumerate(train(States.load(folder / "train"), Recipe()), start=1):
        found = score_on(EntityHead(exported(network)), folder, "dev")
        logging.info("epoch %d: F1 %.1f on dev", epoch, 100 * found.f1)
    if network is not None:
        weights.save(target, exported(network))
