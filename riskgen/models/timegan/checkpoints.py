"""Which weights of a course are kept: the earliest that are not clearly worse than the best.

Held-out likelihood still creeps up when most of what is learned is already who was
there: the last tenth of a percent costs more privacy than it brings quality. So the
one-standard-error rule (Breiman et al. 1984, section 3.4.3; Hastie et al. 2009, section
7.10) chooses among checkpoints as it does among trees: the simplest, here the
earliest, within one standard error of the best. Errors are paired, entity by entity,
since what tells entities apart tells nothing of two checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats

Weights = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Losses of what was set aside.

    Attributes
    ----------
    nats : ndarray of shape (n,)
        Loss of each entity, or stretch of one.
    counts : ndarray of shape (n,)
        Events of each; ones where entities count alike.
    """

    nats: Floats = field(repr=False)
    counts: Floats = field(repr=False)

    @classmethod
    def alone(cls, loss: float) -> HeldOut:
        """Return a loss that nothing is known of but its mean: no two are alike within errors."""
        return cls(np.array([loss]), np.ones(1))

    @property
    def mean(self) -> float:
        """Mean loss per event."""
        return float(self.nats.sum() / self.counts.sum())

    def behind(self, best: HeldOut) -> tuple[float, float]:
        """Return by how much the mean lies above that of ``best``, and its standard error.

        The error of a ratio of sums over entities (Cochran 1977, section 2.11), 0 for
        one entity.
        """
        total, n = self.counts.sum(), len(self.counts)
        above = self.nats - best.nats
        gap = float(above.sum() / total)
        if n < 2:
            return gap, 0.0
        rest = above - gap * self.counts
        return gap, float(np.sqrt(n / (n - 1) * np.square(rest).sum()) / total)


@dataclass(eq=False)
class Checkpoint:
    """Weights and what they lose on what was set aside."""

    held_out: HeldOut
    weights: Weights


class Checkpoints:
    """Checkpoints that may still be the ones to keep, earliest first, the best last.

    One that was worse than an earlier one is never kept, and one that fell behind the
    best by more than the margin does not come back: a handful is all that is held.

    Parameters
    ----------
    errors : float
        Margin in standard errors; 0 keeps the best.
    """

    def __init__(self, errors: float) -> None:
        self._errors = errors
        self.kept: list[Checkpoint] = []

    def note(self, held_out: HeldOut, weights: Callable[[], Weights]) -> bool:
        """Take notice of a checkpoint; returns whether it is the best so far."""
        if self.kept and not held_out.mean < self.kept[-1].held_out.mean:
            return False
        self.kept = [item for item in self.kept if self._within(item.held_out, held_out)]
        self.kept.append(Checkpoint(held_out, weights()))
        return True

    def _within(self, earlier: HeldOut, best: HeldOut) -> bool:
        gap, error = earlier.behind(best)
        return gap <= self._errors * error

    @property
    def best_loss(self) -> float:
        """Lowest mean loss so far; infinite before the first."""
        return self.kept[-1].held_out.mean if self.kept else np.inf

    @property
    def chosen(self) -> Checkpoint | None:
        """The earliest checkpoint within the margin; None before the first."""
        return self.kept[0] if self.kept else None

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all that is held, as named arrays."""
        found: dict[str, NDArray[np.generic]] = {}
        for number, item in enumerate(self.kept):
            found[f"{number}/nats"] = item.held_out.nats
            found[f"{number}/counts"] = item.held_out.counts
            found |= {f"{number}/weights/{k}": v.numpy().copy() for k, v in item.weights.items()}
        return found

    def restore(self, kept: list[Checkpoint]) -> None:
        """Go on with what :meth:`arrays` gave."""
        self.kept = kept


def checkpoints_of(tensors: dict[str, Tensor]) -> list[Checkpoint]:
    """Return the checkpoints that :meth:`Checkpoints.arrays` wrote."""
    found: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, _, rest = name.partition("/")
        found.setdefault(int(number), {})[rest] = value
    return [_checkpoint(found[number]) for number in sorted(found)]


def _checkpoint(parts: dict[str, Tensor]) -> Checkpoint:
    held_out = HeldOut(parts.pop("nats").numpy(), parts.pop("counts").numpy())
    return Checkpoint(held_out, {k.removeprefix("weights/"): v for k, v in parts.items()})
