"""A panel as padded training batches: features, lengths and noise.

Knows scalings and the noise of the paper, not the networks. Every batch belongs
to (seed, phase, step).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import SequencePanel
from riskgen.models.condition import has_own_length
from riskgen.models.timegan_2019.config import TimeGAN2019Config
from riskgen.models.timegan_2019.scaling import Scaling


@dataclass(frozen=True, eq=False)
class Batch:
    """Real sequences and the noise for as many made ones, time first.

    Attributes
    ----------
    s : Tensor of shape (n, n_static)
        Static features.
    x : Tensor of shape (n_steps, n, n_features)
        Temporal features; 0 in padding.
    lengths : Tensor of shape (n,), int64
        Steps of each sequence, real or made.
    real : Tensor of shape (n_steps, n), float32
        1 where a step exists.
    z_s, z : Tensor of shape (n, noise_width) and (n_steps, n, noise_width)
        Noise.
    """

    s: Tensor = field(repr=False)
    x: Tensor = field(repr=False)
    lengths: Tensor = field(repr=False)
    real: Tensor = field(repr=False)
    z_s: Tensor = field(repr=False)
    z: Tensor = field(repr=False)


class Batches:
    """Draws batches from a panel; features are made when they are needed."""

    def __init__(
        self, panel: SequencePanel, static: Scaling, temporal: Scaling, config: TimeGAN2019Config
    ) -> None:
        self.panel, self.static, self.temporal, self.config = panel, static, temporal, config
        self._whole = has_own_length(panel.layout)
        self._sequences = np.flatnonzero(panel.lengths > 0)
        self._weights = self._chances()

    @property
    def longest(self) -> int:
        """Most steps of a training sequence."""
        return self.config.longest if self._whole else self.config.window

    @property
    def mean_length(self) -> float:
        """Mean steps of a training sequence."""
        lengths = np.minimum(self.panel.lengths[self._sequences], self.longest)
        return float(self._weights @ lengths)

    def _chances(self) -> NDArray[np.float64]:
        """Count a customer once, and a path as often as it has windows."""
        lengths = self.panel.lengths[self._sequences].astype(np.float64)
        chances = np.ones_like(lengths)
        if not self._whole:
            chances = np.maximum(lengths - self.config.window + 1, 1.0)
        return np.asarray(chances / chances.sum())

    def draw(self, rng: np.random.Generator) -> Batch:
        """Return a batch: whole histories from their beginning, or windows at random places."""
        chosen = rng.choice(self._sequences, size=self.config.batch, p=self._weights)
        lengths = np.minimum(self.panel.lengths[chosen], self.longest)
        room = self.panel.lengths[chosen] - lengths
        shift = np.zeros_like(room) if self._whole else rng.integers(room + 1)
        steps = np.arange(int(lengths.max()))[:, None]
        real = steps < lengths
        rows = np.where(real, self.panel.offsets[chosen] + shift + steps, 0)
        x = self.temporal.encode(self.panel.values[rows.ravel()]).reshape(*rows.shape, -1)
        z_s, z = noise(rng, self.config, *rows.shape)
        return Batch(
            torch.from_numpy(self.static.encode(self.panel.context[chosen])),
            torch.from_numpy(x * real[..., None].astype(np.float32)),
            torch.from_numpy(lengths),
            torch.from_numpy(real.astype(np.float32)),
            z_s,
            z,
        )


def noise(
    rng: np.random.Generator, config: TimeGAN2019Config, n_steps: int, n: int
) -> tuple[Tensor, Tensor]:
    """Return z_S (n, noise_width) and z (n_steps, n, noise_width).

    A Wiener process is looked at ``window`` times in a unit of time, so that its
    variance is 1 at the end of a window; longer sequences go on beyond.
    """
    shape = (n, config.noise_width)
    if config.noise == "uniform":
        z_s, z = rng.random(shape), rng.random((n_steps, *shape))
    else:
        z_s, z = rng.standard_normal(shape), rng.standard_normal((n_steps, *shape))
    if config.noise == "wiener":
        z = np.cumsum(z, axis=0) / np.sqrt(config.window)
    return torch.from_numpy(z_s.astype(np.float32)), torch.from_numpy(z.astype(np.float32))
