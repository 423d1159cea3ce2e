"""A distance to real customers, its interval, and the same distance among real ones.

The floor answers how large the distance would be for a perfect generator: the
real entities are split at random, over and over, into sets of the same sizes
(PROTOCOL A5). Knows tallies and results, not events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.fidelity.tally import Tally, joined
from riskgen.evaluate.intervals import (
    distance_interval,
    percentile_interval,
    resampling_weights,
)
from riskgen.evaluate.result import Estimate, MetricResult, Threshold
from riskgen.evaluate.thresholds import Bands
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Distance = Callable[[Floats, Floats], Floats]

DRAWS = 200  # resamples behind an interval; its ends are good to about 1/10 of its width [J]
SPLITS = 200  # random splits of real entities behind a floor [J]
CHANCE = 0.99  # share of splits that a distance must exceed before it fails [J]


@dataclass(frozen=True, eq=False)
class Comparison:
    """One distance with all that is needed to judge it.

    Attributes
    ----------
    value : float
        Distance between synthetic and control.
    replicates : ndarray of shape (200,)
        The distance with entities of both sides resampled.
    splits : ndarray of shape (200,)
        The distance between random splits of the real entities.
    observed : float
        The distance between the generator's split and the control.
    n : int
        Synthetic entities compared.
    """

    value: float
    replicates: Floats
    splits: Floats
    observed: float
    n: int

    @property
    def estimate(self) -> Estimate:
        """The distance with its interval."""
        return distance_interval(self.value, self.replicates, n=self.n)

    @property
    def chance(self) -> float:
        """The distance that 99 % of random splits of real entities stay below."""
        return float(np.quantile(self.splits, CHANCE))

    @property
    def floor(self) -> Estimate:
        """The mean distance among real entities and where 95 % of splits fall."""
        return percentile_interval(float(np.mean(self.splits)), self.splits, n=self.n)


class Bench:
    """Resampled entities that all distances of one evaluation share.

    Parameters
    ----------
    n_synthetic, n_control, n_real : int
        Entities of each set; ``n_synthetic`` is at most ``n_real``.
    seed : int
        Names the resamples.
    """

    def __init__(self, n_synthetic: int, n_control: int, n_real: int, *, seed: int) -> None:
        rng = stream(seed, "bench", "resamples")
        self.synthetic = resampling_weights(n_synthetic, DRAWS, rng)
        self.control = resampling_weights(n_control, DRAWS, rng)
        self.first, self.second = _random_splits(
            n_real + n_control, n_synthetic, n_control, stream(seed, "bench", "splits")
        )

    def compare(
        self, distance: Distance, synthetic: Tally, control: Tally, real: Tally
    ) -> Comparison:
        """Return ``distance`` of synthetic to control, resampled, and its floor.

        Parameters
        ----------
        distance : callable
            Takes two arrays of shape (..., n_cells), returns shape (...,).
        synthetic, control, real : Tally
            Tallies on the same cells; ``real`` is the generator's split.
        """
        everyone = joined(real, control)
        return Comparison(
            float(distance(synthetic.total(), control.total())),
            distance(synthetic.total(self.synthetic), control.total(self.control)),
            distance(everyone.total(self.first), everyone.total(self.second)),
            float(distance(real.total(), control.total())),
            synthetic.n_entities,
        )


def averaged(parts: Sequence[Comparison]) -> Comparison:
    """Return the mean of several distances, resampled together."""
    return Comparison(
        float(np.mean([part.value for part in parts])),
        np.mean([part.replicates for part in parts], axis=0),
        np.mean([part.splits for part in parts], axis=0),
        float(np.mean([part.observed for part in parts])),
        parts[0].n,
    )


def against_noise(
    metric: str, title: str, found: Comparison, bands: Bands, *, method: str
) -> MetricResult:
    """Return the comparison judged by its ratio to the floor."""
    noise, chance = found.floor.value, found.chance
    source = (
        f"{bands.green:g} and {bands.red:g} times the floor, and no less than what 99 % of "
        f"random splits of real entities stay below. {bands.source}"
    )
    green = max(bands.green * noise, chance)
    threshold = Threshold(green, max(bands.red * noise, green), bands.basis, source)
    result = MetricResult(
        metric,
        title,
        "fidelity",
        "NOT_RUN",
        found.estimate,
        found.floor,
        references={"generator split": Estimate(found.observed, n=found.n)},
        threshold=threshold,
        method=method,
    )
    return result.judged()


def ks(first: Floats, second: Floats) -> Floats:
    """Return the largest gap between two distribution functions over ordered cells."""
    gap = np.cumsum(shares(first), axis=-1) - np.cumsum(shares(second), axis=-1)
    return np.asarray(np.abs(gap).max(axis=-1))


def total_variation(first: Floats, second: Floats) -> Floats:
    """Return half the summed difference of shares, 0 equal to 1 disjoint."""
    return np.asarray(0.5 * np.abs(shares(first) - shares(second)).sum(axis=-1))


def shares(counts: Floats) -> Floats:
    """Return counts as shares along the last axis; nothing counted gives zeros."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray(counts / np.where(total > 0, total, 1.0))


def _random_splits(
    n: int, n_first: int, n_second: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    orders = np.argsort(rng.random((SPLITS, n)), axis=1)
    first, second = np.zeros((SPLITS, n)), np.zeros((SPLITS, n))
    np.put_along_axis(first, orders[:, :n_first], 1.0, axis=1)
    np.put_along_axis(second, orders[:, n_first : n_first + n_second], 1.0, axis=1)
    return first, second
