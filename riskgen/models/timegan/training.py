"""The two phases of training: the context block, then the events.

Each phase stops on its own held-out likelihood, since contexts overfit long
before events do, which costs privacy before it costs quality. Every random
number belongs to (seed, phase, step): a resumed run repeats an uninterrupted
one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from riskgen.errors import TrainingError
from riskgen.models.base import OnStep, StepReport
from riskgen.models.timegan.checkpoints import HeldOut
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.course import Course
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.likelihood import (
    Aside,
    context_loss,
    event_log_likelihood,
    held_out_contexts,
)
from riskgen.models.timegan.networks import ContextBlock, EventNetworks
from riskgen.models.timegan.stretches import Indices, Stretches, bucketed, epoch_windows
from riskgen.seeding import stream, torch_fence

EPOCHS = 8
WINDOWS = (19_200, 76_800)
"""Passes over the panel, and the fewest and most windows that are learned from, with
repeats: one to two minutes at 2,400 sequences of 50 events. Half the batch and twice the
steps of before gained as much as twice the time (Czech accounts: told apart at .92 after
75 CPU seconds, .91 after 127)."""

EARLY = 4.0
"""Extra weight of a first event, falling as 1/t: what the context alone says of an
event matters little to the likelihood of long histories, but a simulated history
begins with it [J]."""

LOOKS, FEWEST_BETWEEN = 25, 5
"""Held-out looks in a full budget, and the fewest steps between two of them [J]: 40 took
an eighth of two minutes."""

CONTEXT_SHARE = 0.2
"""Share of the wall-clock limit, if there is one, that the context block may use [J]."""

TIED = 0.01
"""A held-out loss this much (relative) above the marginals' is still a tie: data
without any dependence are no failure of training [J]."""


class Budget:
    """How much of the training budget is used: steps, and seconds if limited."""

    def __init__(self, steps: int, max_seconds: float | None) -> None:
        self.steps, self.max_seconds = steps, max_seconds
        self._began = time.monotonic()
        self._looks = 0

    def asks(self, step: int, used: float) -> bool:
        """Return whether it is time for a look after ``step`` steps, ``used`` of the budget."""
        if self.max_seconds is None:
            return step % max(FEWEST_BETWEEN, self.steps // LOOKS) == 0 or used >= 1.0
        # Seconds may end long before the steps do: looks follow whichever is used up first.
        looks, self._looks = self._looks, int(used * LOOKS)
        return self._looks > looks or used >= 1.0

    def fraction(self, step: int) -> float:
        """Return the used part of the budget, 0 to 1."""
        used = step / self.steps if self.steps else 1.0
        if self.max_seconds is not None:
            used = max(used, (time.monotonic() - self._began) / self.max_seconds)
        return min(used, 1.0)


def default_steps(stretches: Stretches, config: TimeGANConfig) -> int:
    """Return the number of event steps that a panel of this size gets."""
    windows = int((-(-stretches.lengths // config.window)).sum())
    fewest, most = (n // config.batch for n in WINDOWS)
    return int(np.clip(EPOCHS * -(-windows // config.batch), fewest, most))


def run_phase(
    course: Course,
    budget: Budget,
    losses: Callable[[int], Callable[[nn.Module], Tensor]],
    held_out: Callable[[nn.Module], HeldOut],
    seed: int,
    on_step: OnStep | None,
) -> None:
    """Train ``course`` until its budget is used or its held-out loss stops falling."""
    if course.warm and course.step == 0:
        # Where it begins is a candidate too: a few customers may have nothing to add.
        course.look(held_out(course.average))
    while not course.finished:
        used = budget.fraction(course.step)
        with torch_fence(seed, "train", course.name, course.step):
            loss = course.advance(losses(course.step), used)
        used = budget.fraction(course.step)
        if budget.asks(course.step, used):
            course.look(held_out(course.average))
        course.finished = course.finished or used >= 1.0
        if on_step is not None:
            on_step(StepReport(course.name, course.step, used, loss, course.known))
    course.settle()


def train_context(
    course: Course,
    data: EventDataset,
    parts: tuple[Indices, Indices],
    config: TimeGANConfig,
    seed: int,
    on_step: OnStep | None,
) -> None:
    """Train the context block, a :class:`ContextBlock`, on some sequences; others judge it."""
    train, aside = parts
    judges = torch.from_numpy(aside if len(aside) else train)
    size = min(len(train), 4 * config.batch)

    def losses(step: int) -> Callable[[nn.Module], Tensor]:
        rng = stream(seed, "train", "context", step)
        chosen = torch.from_numpy(rng.choice(train, size=size, replace=False))
        return lambda network: context_loss(_context(network), data, chosen)

    def judge(network: nn.Module) -> HeldOut:
        return held_out_contexts(_context(network), data, judges)

    budget = Budget(config.context_steps, _limit(config, CONTEXT_SHARE))
    run_phase(course, budget, losses, judge, seed, on_step)


def train_events(
    course: Course,
    data: EventDataset,
    train: Stretches,
    aside: Stretches,
    config: TimeGANConfig,
    seed: int,
    on_step: OnStep | None,
) -> None:
    """Train generator, supervisor and recovery; the network is :class:`EventNetworks`."""
    # Windows of one history begin anywhere: no event of theirs is a first one.
    early = 0.0 if data.windowed else EARLY
    batches = Batches(train, config.window, config.batch, seed)
    judges = Aside(data, aside, config.window)
    usual = config.batch * float(np.minimum(train.lengths, config.window).mean())

    def losses(step: int) -> Callable[[nn.Module], Tensor]:
        batch = data.batch(batches.at(step))
        # A constant divisor: events count alike, whatever the lengths in a batch.
        weight = 1.0 + early / (1.0 + batch.place[batch.real])
        return lambda network: (
            -(weight @ event_log_likelihood(_events(network), batch).sum(dim=1) / usual)
        )

    def judge(network: nn.Module) -> HeldOut:
        return judges.loss(_events(network))

    steps = default_steps(train, config) if config.steps is None else config.steps
    budget = Budget(steps, _limit(config, 1.0 - CONTEXT_SHARE))
    run_phase(course, budget, losses, judge, seed, on_step)


def _limit(config: TimeGANConfig, share: float) -> float | None:
    return None if config.max_seconds is None else share * config.max_seconds


def check_learned(name: str, held_out: float, baseline: float) -> None:
    """Raise TrainingError when the held-out loss never beat independent marginals."""
    if not held_out <= baseline + TIED * max(abs(baseline), 1.0):
        raise TrainingError(
            f"Training did not learn: the held-out loss of the {name} phase, {held_out:.3f} nats, "
            f"never beat independent columns, {baseline:.3f}. Nothing was saved. Give it more "
            "steps or a smaller learning rate, or use the bootstrap generator."
        )


class Batches:
    """Batch number ``step`` of an endless series of epochs, without memory of draws."""

    def __init__(self, train: Stretches, window: int, batch: int, seed: int) -> None:
        self._train, self._window, self._size, self._seed = train, window, batch, seed
        self._epochs = self._series()
        self._first, self._epoch = 0, next(self._epochs)

    def _series(self) -> Iterator[list[Stretches]]:
        per_entity = len(self._train.lengths) >= self._size
        for number in range(10**9):
            rng = stream(self._seed, "train", "epoch", number)
            windows = epoch_windows(self._train, self._window, per_entity, rng)
            yield bucketed(windows, self._size, rng)

    def at(self, step: int) -> Stretches:
        """Return the windows of batch number ``step``; steps may not go back an epoch."""
        while step >= self._first + len(self._epoch):
            self._first += len(self._epoch)
            self._epoch = next(self._epochs)
        return self._epoch[step - self._first]


def _context(network: nn.Module) -> ContextBlock:
    assert isinstance(network, ContextBlock)
    return network


def _events(network: nn.Module) -> EventNetworks:
    assert isinstance(network, EventNetworks)
    return network
