"""Fits the network with torch. Only workers import this module."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .examples import step_counts, vocabulary, windows
from .network import Ids, Network, Numbers

Progress = Callable[[Iterable[Tensor], str], Iterable[Tensor]]
"""Goes through the steps that a name stands for, such as by a progress bar."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to learn: in so many passes, by ever smaller steps, from `rate` to 0.

    After `patience` passes that no longer help with the `spared` part of the visits it ends early.
    """

    size: int = 64
    most_pages: int = 10_000
    passes: int = 10
    patience: int = 2
    spared: float = 0.05
    dropout: float = 0.2
    rate: float = 0.005
    batch: int = 128
    seed: int = 0


class Recurrent(nn.Module):
    """What `Network` is, as torch learns it."""

    def __init__(self, counts: np.ndarray[tuple[int], np.dtype[np.int64]], options: Options) -> None:
        super().__init__()
        size = options.size
        self.pages = nn.Parameter(torch.randn(len(counts), size) / math.sqrt(size))
        self.bias = nn.Parameter(torch.log((torch.as_tensor(counts) + 1.0) / (counts.sum() + len(counts))).float())
        self.unit = nn.GRU(size, size, batch_first=True)
        self.onward = nn.Linear(2 * size, size, bias=False)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, rows: Tensor) -> Tensor:
        """(visits, steps) rows to (visits, steps, size): what is looked for after each step."""
        read = self.dropout(self.pages[rows])
        states, _last = self.unit(read)
        wanted: Tensor = self.dropout(self.onward(torch.cat([states, read], dim=-1)))
        return wanted

    def logits(self, wanted: Tensor) -> Tensor:
        """(…, size) to (…, pages)."""
        return wanted @ self.pages.T + self.bias

    def loss(self, table: Tensor) -> Tensor:
        """The mean cross-entropy of all steps of these windows."""
        targets = table[:, 1:]
        is_step = targets >= 0
        wanted = self(table[:, :-1].clamp(min=0))[is_step]
        return functional.cross_entropy(self.logits(wanted), targets[is_step])


def fit(
    sessions: Sequence[Sequence[int]], options: Options, progress: Progress = lambda steps, _name: steps
) -> Network:
    """The network of what is read next, from visits as page ids in the order of reading.

    The same visits and seed give the same network. Raises ValueError where no page was read after another.
    """
    page_ids = vocabulary(sessions, options.most_pages)
    table = windows(sessions, page_ids)
    if len(table) < 2:
        raise ValueError("no page was read after another one.")
    with _alone(options.seed):
        model = Recurrent(step_counts(table, len(page_ids)), options)
        _learn(model, torch.as_tensor(table, dtype=torch.long), options, progress)
    return network_of(model, page_ids)


def network_of(model: Recurrent, page_ids: Ids) -> Network:
    """What was learned, as arrays."""
    learned = {name: _array(values) for name, values in model.named_parameters()}
    return Network(
        page_ids=page_ids,
        pages=learned["pages"],
        bias=learned["bias"],
        inward=learned["unit.weight_ih_l0"],
        inward_bias=learned["unit.bias_ih_l0"],
        recurrent=learned["unit.weight_hh_l0"],
        recurrent_bias=learned["unit.bias_hh_l0"],
        onward=learned["onward.weight"],
    )


def _learn(model: Recurrent, table: Tensor, options: Options, progress: Progress) -> None:
    """Leaves the model as it was after the pass that helped most."""
    order = torch.randperm(len(table))
    spared = max(1, round(options.spared * len(table)))
    trial, rest = table[order[:spared]], table[order[spared:]]
    optimizer = torch.optim.Adam(model.parameters(), lr=options.rate)
    steps = options.passes * math.ceil(len(rest) / options.batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    best, kept, waited = math.inf, deepcopy(model.state_dict()), 0
    for number in range(1, options.passes + 1):
        model.train()
        shuffled = rest[torch.randperm(len(rest))]
        for batch in progress(_batches(shuffled, options), f"pass {number}"):
            optimizer.zero_grad()
            model.loss(batch).backward()  # type: ignore[no-untyped-call]  # torch says no types of it
            optimizer.step()
            schedule.step()
        loss = _loss(model, trial, options)
        waited = 0 if loss < best else waited + 1
        if not waited:
            best, kept = loss, deepcopy(model.state_dict())
        if waited >= options.patience:
            break
    model.load_state_dict(kept)


@torch.no_grad()
def _loss(model: Recurrent, table: Tensor, options: Options) -> float:
    model.eval()
    steps = [(int((batch[:, 1:] >= 0).sum()), float(model.loss(batch))) for batch in _batches(table, options)]
    return sum(count * loss for count, loss in steps) / sum(count for count, _loss in steps)


def _batches(table: Tensor, options: Options) -> list[Tensor]:
    return [table[start : start + options.batch] for start in range(0, len(table), options.batch)]


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread, chance of its own: neither what a worker did before nor what it does next is touched."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _array(values: Tensor) -> Numbers:
    return np.ascontiguousarray(values.detach().numpy(), dtype=np.float32)
