"""AdamW without what torch's own brings along.

``torch.optim`` imports the compiler of torch when its first optimiser is made: 3.4 CPU
seconds of every fit for what is never compiled. The same update (Loshchilov and
Hutter 2019, algorithm 2), over lists of tensors; a test compares it with torch's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

EPSILON = 1e-8
"""Added to the root of the second moment, as in the paper."""


@dataclass(eq=False)
class Group:
    """Parameters that move alike.

    Attributes
    ----------
    parameters : list of Tensor
        That are trained.
    decay : float
        Decoupled weight decay, times the rate.
    largest : float
        Largest rate of the schedule.
    """

    parameters: list[Tensor] = field(repr=False)
    decay: float
    largest: float


@dataclass(eq=False)
class Moments:
    """Moments of one parameter, and how many gradients they are of."""

    first: Tensor = field(repr=False)
    second: Tensor = field(repr=False)
    steps: int = 0


class AdamW:
    """Moves parameters along their gradients.

    Parameters
    ----------
    groups : list of Group
        Of all parameters.
    betas : tuple of float
        Decay of both moments.
    """

    def __init__(self, groups: list[Group], betas: tuple[float, float]) -> None:
        self.groups, self._betas = groups, betas
        self._moments: dict[Tensor, Moments] = {}

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Take one step at ``factor`` times the largest rates; forgets the gradients."""
        for group in self.groups:
            moved = [item for item in group.parameters if item.grad is not None]
            if moved:
                self._move(moved, factor * group.largest, group.decay)
        for group in self.groups:
            for item in group.parameters:
                item.grad = None

    def _move(self, moved: list[Tensor], rate: float, decay: float) -> None:
        known = [self._moments_of(item) for item in moved]
        gradients = [item.grad for item in moved if item.grad is not None]
        first, second = [item.first for item in known], [item.second for item in known]
        for item in known:
            item.steps += 1
        beta, gamma = self._betas
        torch._foreach_mul_(moved, 1.0 - rate * decay)
        torch._foreach_lerp_(first, gradients, 1.0 - beta)
        torch._foreach_mul_(second, gamma)
        torch._foreach_addcmul_(second, gradients, gradients, 1.0 - gamma)
        roots = torch._foreach_sqrt(second)
        torch._foreach_div_(roots, [math.sqrt(1.0 - gamma**item.steps) for item in known])
        torch._foreach_add_(roots, EPSILON)
        paces = [-rate / (1.0 - beta**item.steps) for item in known]
        torch._foreach_addcdiv_(moved, first, roots, paces)

    def _moments_of(self, item: Tensor) -> Moments:
        if item not in self._moments:
            self._moments[item] = Moments(torch.zeros_like(item), torch.zeros_like(item))
        return self._moments[item]

    def arrays(self) -> dict[str, Any]:
        """Return the moments as named arrays: number of the parameter, then what it is."""
        found: dict[str, Any] = {}
        for number, item in enumerate(self._all()):
            if item in self._moments:
                own = self._moments[item]
                found[f"{number}/first"] = own.first.numpy().copy()
                found[f"{number}/second"] = own.second.numpy().copy()
                found[f"{number}/steps"] = torch.tensor(own.steps).numpy()
        return found

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on with what :meth:`arrays` gave."""
        self._moments = {
            item: Moments(
                tensors[f"{number}/first"],
                tensors[f"{number}/second"],
                int(tensors[f"{number}/steps"]),
            )
            for number, item in enumerate(self._all())
            if f"{number}/steps" in tensors
        }

    def _all(self) -> list[Tensor]:
        return [item for group in self.groups for item in group.parameters]
