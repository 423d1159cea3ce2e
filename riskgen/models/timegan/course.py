"""The course of one training phase: optimiser, averages, weights to keep, early stop.

Knows networks as named parameters and a loss; not what they mean. All that
moves can be written to plain tensors and taken up again.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from riskgen.errors import TrainingError
from riskgen.models.timegan.checkpoints import Checkpoints, HeldOut, checkpoints_of
from riskgen.models.timegan.optimiser import AdamW, Group

BETAS = (0.9, 0.99)
CLIP = 1.0
AVERAGE = 0.998
"""Moments, gradient clip and weight average of the study's recipe."""

WARM_UP = 0.03
"""Fraction of the budget over which the learning rate rises [J]."""

EXPLODED = 1e4
"""Nats above the first loss at which training counts as diverged [J]."""

STRUCTURE = ("skip", "mixture_bias", "level", "own", "common", "renewal", "due", "common_steer")
STRUCTURE_RATE = 0.02
"""Largest learning rate of mixtures, correlations and volatility of
continuous fields: alone, at this rate, they predict held-out returns of 20 stocks
better than with networks at one rate of 0.004 (22.23 against 22.54 nats a day)."""

Arrays = dict[str, NDArray[Any]]


class Course:
    """One phase of training on one network.

    Parameters
    ----------
    name : str
        Phase, for reports and stored names.
    network : nn.Module
        What is trained.
    learning_rate, weight_decay : float
        Of AdamW (Loshchilov and Hutter 2019).
    patience : int
        Held-out looks without progress before :attr:`finished`.
    margin : float
        Standard errors within which an earlier checkpoint is as good as the best.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        learning_rate: float,
        weight_decay: float,
        patience: int,
        margin: float = 0.0,
    ) -> None:
        self.name, self.network, self.patience = name, network, patience
        self.average = copy.deepcopy(network).eval()
        self._begin: dict[str, Tensor] = _weights(network)
        self.checkpoints, self.first_loss = Checkpoints(margin), math.nan
        self.known: float | None = None  # the latest held-out loss
        self.step, self.waited, self.finished, self.looked = 0, 0, False, False
        self.warm = False
        self.optimiser = AdamW(_groups(network, learning_rate, weight_decay), BETAS)

    def begin_at(self, weights: dict[str, Tensor], pace: float) -> None:
        """Begin at ``weights`` of another fit, with ``pace`` of the learning rate."""
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)
        self._begin, self.warm = _weights(self.network), True
        for group in self.optimiser.groups:
            group.largest *= pace

    def advance(self, loss_of: Callable[[nn.Module], Tensor], fraction: float) -> float:
        """Take one step on ``loss_of(network)``; returns the loss in nats.

        Raises
        ------
        TrainingError
            When the loss is not finite or explodes.
        """
        self.network.train()
        loss = loss_of(self.network)
        value = float(loss.detach())
        self._check(value)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        self.optimiser.step(rate_factor(fraction))
        self.step += 1
        self.looked = False
        self._average()
        return value

    def _check(self, value: float) -> None:
        if math.isnan(self.first_loss):
            self.first_loss = value
        if not math.isfinite(value) or value > self.first_loss + EXPLODED:
            raise TrainingError(
                f"Training diverged: the loss of the {self.name} phase was {value:.3g} at step "
                f"{self.step} (first: {self.first_loss:.3g}). Nothing was saved. "
                "Try a smaller learning rate, or look for extreme values in the table."
            )

    @torch.no_grad()
    def _average(self) -> None:
        # Early steps count more, or the average would remember the initial weights.
        keep = min(AVERAGE, (1.0 + self.step) / (10.0 + self.step))
        means: list[Tensor] = list(self.average.parameters())
        current: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(means, current, 1.0 - keep)

    @property
    def best_loss(self) -> float:
        """Lowest held-out loss so far."""
        return self.checkpoints.best_loss

    @property
    def kept_loss(self) -> float:
        """Held-out loss of the weights that :meth:`settle` loads."""
        chosen = self.checkpoints.chosen
        return math.inf if chosen is None else chosen.held_out.mean

    def look(self, held_out: HeldOut) -> None:
        """Note what the averaged weights lose on what was set aside."""
        self.looked, self.known = True, held_out.mean
        progress = self.checkpoints.note(held_out, lambda: _weights(self.average))
        self.waited = 0 if progress else self.waited + 1
        self.finished = self.finished or self.waited >= self.patience

    def settle(self) -> None:
        """Load the chosen averaged weights into the network; those it began with without a look."""
        chosen = self.checkpoints.chosen
        self.network.load_state_dict(self._begin if chosen is None else chosen.weights)
        self.network.eval()

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the course as JSON values and named arrays."""
        arrays = {f"network/{k}": v.numpy().copy() for k, v in self.network.state_dict().items()}
        arrays |= {f"average/{k}": v.numpy().copy() for k, v in self.average.state_dict().items()}
        arrays |= {f"kept/{k}": v for k, v in self.checkpoints.arrays().items()}
        arrays |= {f"adam/{k}": v for k, v in self.optimiser.arrays().items()}
        document = {
            "step": self.step,
            "waited": self.waited,
            "finished": self.finished,
            "known": self.known,
            # JSON knows no NaN.
            "first_loss": None if math.isnan(self.first_loss) else self.first_loss,
        }
        return document, arrays

    def restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        """Take up what :meth:`state` returned."""
        self.step, self.waited = document["step"], document["waited"]
        self.finished, self.known = document["finished"], document["known"]
        first = document["first_loss"]
        self.first_loss = math.nan if first is None else first
        self.network.load_state_dict(_group(arrays, "network"))
        self.average.load_state_dict(_group(arrays, "average"))
        self.checkpoints.restore(checkpoints_of(_group(arrays, "kept")))
        self.optimiser.restore(_group(arrays, "adam"))


def _groups(network: nn.Module, learning_rate: float, weight_decay: float) -> list[Group]:
    """Divide parameters: few and interpretable ones move faster and are not decayed."""
    named = list(network.named_parameters())
    structure: list[Tensor] = [p for name, p in named if name.split(".")[-1] in STRUCTURE]
    rest: list[Tensor] = [p for name, p in named if name.split(".")[-1] not in STRUCTURE]
    return [Group(rest, weight_decay, learning_rate), Group(structure, 0.0, STRUCTURE_RATE)]


def rate_factor(fraction: float) -> float:
    """Return the learning rate, relative to its largest, when ``fraction`` is spent."""
    if fraction < WARM_UP:
        return (fraction + 1e-3) / (WARM_UP + 1e-3)
    through = min(1.0, (fraction - WARM_UP) / (1.0 - WARM_UP))
    return 0.5 * (1.0 + math.cos(math.pi * through))


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _group(arrays: Arrays, prefix: str) -> dict[str, Tensor]:
    start = prefix + "/"
    return {
        name.removeprefix(start): torch.from_numpy(np.array(value))
        for name, value in arrays.items()
        if name.startswith(start)
    }
