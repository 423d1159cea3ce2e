"""Draw market paths from a fitted generator, part by part.

Parts follow the generator's chunks, as those of events do. Under a grid of severities
each chunk is put under every severity whole, and each path is taken from the one that
it falls to: it is what it would be alone at that severity. Knows no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.models.base import Generator
from riskgen.models.tilting import log_ratio, tilting
from riskgen.seeding import stream
from riskgen.simulate.engine import chunks_within
from riskgen.simulate.mechanisms.accounts import Floats, Ints
from riskgen.simulate.mechanisms.markets.stressed_paths import act_on_paths
from riskgen.simulate.reweighting.thinning import thinned
from riskgen.simulate.stress import Stress


@dataclass(frozen=True, eq=False)
class PathPart:
    """Some of the simulated market paths.

    Attributes
    ----------
    first : int
        Number of the first path in the whole simulation.
    base : ndarray of shape (n_paths, horizon, n_assets)
        Log returns as drawn.
    returns : ndarray of shape (n_paths, horizon, n_assets)
        What the simulation puts out; the base itself without a scenario.
    weight : ndarray of shape (n_paths,) or None
        How much each path counts, 1 on average; None where all count alike.
    severity : ndarray of shape (n_paths,), int64, or None
        Index of each path's severity among those of the stress; None where there is one.
    """

    first: int
    base: Floats = field(repr=False)
    returns: Floats = field(repr=False)
    weight: Floats | None = field(default=None, repr=False)
    severity: Ints | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self.base)

    def members(self, severity: int) -> Ints:
        """Return the paths of the part that are at one severity, increasing."""
        if self.severity is None:
            return np.arange(len(self))
        return np.flatnonzero(self.severity == severity)

    def take(self, paths: Ints) -> PathPart:
        """Return some of the paths, in increasing order; ``first`` stays the part's."""
        base = self.base[paths]
        # Who compares the two need not measure the same paths twice.
        returns = base if self.returns is self.base else self.returns[paths]
        weight = None if self.weight is None else self.weight[paths]
        severity = None if self.severity is None else self.severity[paths]
        return PathPart(self.first, base, returns, weight, severity)


@dataclass(frozen=True, eq=False)
class Draw:
    """How paths come about at one severity.

    Attributes
    ----------
    generator : Generator
        Beginning where the severity says.
    weigh : callable or None
        Tells the weight of each path from its log returns and from the log of the base's
        law over the law that it was drawn from.
    factor : int
        Paths that are drawn for each that is kept, by its weight.
    chances : ndarray of shape (n_choices,) or None
        With which the generator makes its choices, where they are tilted.
    """

    generator: Generator
    weigh: Callable[[Floats, Floats | None], Floats] | None = None
    factor: int = 1
    chances: Floats | None = field(default=None, repr=False)

    @property
    def plain(self) -> bool:
        """Whether the paths are the generator's own first ones."""
        return self.factor == 1 and self.chances is None


@dataclass(frozen=True, eq=False)
class PathSimulator:
    """A fitted generator and its encoder, drawing market paths.

    Attributes
    ----------
    generator : Generator
        Fitted on windows of one path.
    encoder : PriceEncoder
        The one that the generator's panel came from.
    """

    generator: Generator
    encoder: PriceEncoder

    def draw(self, n: int, *, seed: int, horizon: int) -> Floats:
        """Return log returns of the first ``n`` paths, shape (n, horizon, n_assets)."""
        parts = self.parts(n, seed=seed, horizon=horizon)
        return np.concatenate([part.base for part in parts])

    def parts(
        self,
        n: int,
        *,
        seed: int,
        horizon: int,
        stress: Stress | None = None,
        draws: Sequence[Draw] = (),
        chunks: range | None = None,
    ) -> Iterator[PathPart]:
        """Yield the first ``n`` paths, a chunk of the generator at a time.

        Parameters
        ----------
        n : int
            Number of paths, at least 1.
        seed : int
            Same seed, same paths and same stress.
        horizon : int
            Days of each path.
        stress : Stress or None
            What goes wrong. A chunk is stressed whole and cut afterwards.
        draws : sequence of Draw
            How paths come about at each severity of the stress; the generator's own
            when empty.
        chunks : range or None
            As for :func:`event_parts`.
        """
        size, severities = self.generator.chunk, (0.0,) if stress is None else stress.severities
        ways = tuple(draws) or (Draw(self.generator),) * len(severities)
        for index in chunks_within(n, size, chunks):
            first, drawn = index * size, self._drawn(ways, index, seed, horizon)
            runs = [
                self._run(first, base, weight, stress, severity, seed)
                for (base, weight), severity in zip(drawn, severities, strict=True)
            ]
            part = runs[0]
            if stress is not None and len(runs) > 1:
                part = _assembled(runs, stress.severity_of(first + np.arange(size)))
            yield part if first + size <= n else part.take(np.arange(n - first))

    def _run(
        self,
        first: int,
        base: Floats,
        weight: Floats | None,
        stress: Stress | None,
        severity: float,
        seed: int,
    ) -> PathPart:
        """Return a chunk that is at one severity as a whole."""
        returns = base
        if stress is not None:
            returns = act_on_paths(
                base,
                stress.scenarios,
                severity=severity,
                seed=seed,
                first=first,
                assets=self.encoder.assets,
            )
        return PathPart(first, base, returns, weight)

    def _drawn(
        self, ways: Sequence[Draw], index: int, seed: int, horizon: int
    ) -> list[tuple[Floats, Floats | None]]:
        """Return base and weights of each severity; whoever draws alike is drawn once for all."""
        known: dict[int, Floats] = {}
        found: list[tuple[Floats, Floats | None]] = []
        for way in ways:
            if not way.plain:
                found.append(self._chosen(way, index, seed, horizon))
                continue
            key = id(way.generator)
            if key not in known:
                known[key] = self._told(way, index, seed, horizon)[0]
            weigh = way.weigh
            found.append((known[key], None if weigh is None else weigh(known[key], None)))
        return found

    def _chosen(
        self, way: Draw, index: int, seed: int, horizon: int
    ) -> tuple[Floats, Floats | None]:
        """Return a chunk out of as many chunks as are drawn for it."""
        assert way.weigh is not None
        several = range(index * way.factor, (index + 1) * way.factor)
        told = [self._told(way, number, seed, horizon) for number in several]
        base = np.concatenate([returns for returns, _ in told])
        ratios = [ratio for _, ratio in told if ratio is not None]
        weight = way.weigh(base, np.concatenate(ratios) if ratios else None)
        uniform = float(stream(seed, "thinning", index).random())
        kept, counted = thinned(weight, self.generator.chunk, uniform)
        return base[kept], counted

    def _told(self, way: Draw, index: int, seed: int, horizon: int) -> tuple[Floats, Floats | None]:
        """Return a chunk of the generator, and the log ratio of its laws if it is tilted."""
        generator = None if way.chances is None else tilting(way.generator)
        if generator is None or way.chances is None:
            panel = way.generator.sample_chunk(index, seed=seed, length=horizon)
            return self.encoder.decode_returns(panel), None
        tilted = generator.tilted(way.chances)
        panel, picks = tilted.sample_told(index, seed=seed, length=horizon)
        return self.encoder.decode_returns(panel), log_ratio(picks, way.chances)


def _assembled(runs: Sequence[PathPart], severity: Ints) -> PathPart:
    """Take each path from the run of its severity."""
    first, weight = runs[0], None
    base, returns = first.base.copy(), first.returns.copy()
    if any(run.weight is not None for run in runs):
        weight = np.ones(len(severity))
    for k, run in enumerate(runs):
        mine = severity == k
        base[mine], returns[mine] = run.base[mine], run.returns[mine]
        if weight is not None and run.weight is not None:
            weight[mine] = run.weight[mine]
    return PathPart(first.first, base, returns, weight, severity)
