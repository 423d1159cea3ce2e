"""Where the paths that weights are solved on come from: drawn as ever, or tilted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.panel import SequencePanel
from riskgen.models.tilting import Picks, Tilting, log_ratio, tilting
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.paths import PathSimulator


@dataclass(frozen=True, eq=False)
class Pool:
    """Paths and the law that they were drawn from.

    Attributes
    ----------
    returns : ndarray of shape (n_paths, horizon, n_assets)
        Daily log returns.
    log_ratio : ndarray of shape (n_paths,)
        Log of the base's law over the law drawn from; 0 for the base.
    picks : ndarray of shape (n_paths, horizon) or None
        What the generator chose, where that was asked for.
    """

    returns: Floats = field(repr=False)
    log_ratio: Floats = field(repr=False)
    picks: Picks | None = field(default=None, repr=False)

    @classmethod
    def base(cls, returns: Floats) -> Pool:
        """Return paths that were drawn as ever."""
        return cls(returns, np.zeros(len(returns)))

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self.returns)


@dataclass(frozen=True, eq=False)
class Source:
    """A generator that begins where a severity says, drawing pools.

    Attributes
    ----------
    simulator : PathSimulator
        Of that generator.
    seed : int
        Of the simulation: the base is its first paths.
    horizon : int
        Days of a path.
    """

    simulator: PathSimulator
    seed: int
    horizon: int

    @property
    def tilting(self) -> Tilting | None:
        """The generator as one that can be tilted, None where it cannot."""
        return tilting(self.simulator.generator)

    def base(self, n: int) -> Pool:
        """Return the first ``n`` paths of the simulation."""
        return Pool.base(self.simulator.draw(n, seed=self.seed, horizon=self.horizon))

    def tilted(self, n: int, chances: Floats | None, seed: int) -> Pool:
        """Return ``n`` paths with their choices, drawn with other chances where some are given."""
        generator = self.tilting
        assert generator is not None
        if chances is not None:
            generator = generator.tilted(chances)
        paths, picks = [], []
        for index in range(-(-n // self.simulator.generator.chunk)):
            panel, told = generator.sample_told(index, seed=seed, length=self.horizon)
            paths.append(self.simulator.encoder.decode_returns(panel))
            picks.append(told)
        chosen = np.concatenate(picks)[:n]
        ratio = np.zeros(n) if chances is None else log_ratio(chosen, chances)
        return Pool(np.concatenate(paths)[:n], ratio, chosen)

    def days(self) -> Floats:
        """Return the log returns of the day that each choice brings, (n_choices, n_assets)."""
        assert self.tilting is not None
        values, encoder = self.tilting.choices(), self.simulator.encoder
        offsets = np.array([0, len(values)], dtype=np.int64)
        panel = SequencePanel(encoder.layout, values, np.zeros((1, 0)), offsets)
        returns: Floats = encoder.decode_returns(panel)[0]
        return returns
