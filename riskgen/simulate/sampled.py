"""Figures over any number of simulated entities, in memory that does not grow.

Counts, sums and extremes are exact. What needs the values themselves, a median
or a covariance, rests on a simple random sample of fixed size. Parts of a
simulation can be added up apart and put together in their order.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from riskgen.simulate.mechanisms.accounts import Floats, Ints
from riskgen.simulate.mechanisms.draws import uniforms

# The rank of a median of 10,000 is known to one percentile: a binomial standard
# error of 0.005, twice.
SAMPLE = 10_000


def keys_of(seed: int, first: int, count: int) -> Floats:
    """Return the random keys of ``count`` positions of a simulation, shape (count,)."""
    return keys_at(seed, first + np.arange(count))


def keys_at(seed: int, positions: Ints) -> Floats:
    """Return the random key of each position of a simulation, shape (n,)."""
    return uniforms(seed, ("simulate", "sample"), positions, 1)[:, 0]


@dataclass(eq=False)
class Sampled:
    """A simple random sample of rows: those with the smallest keys.

    A bottom-k sample (Cohen & Kaplan 2007, PODC): a position of the simulation
    has its key whoever draws it, so the same rows are kept whatever the parts.

    Attributes
    ----------
    size : int
        Most rows that are kept.
    names : tuple of str
        Of the columns.
    seen : int
        Rows that it is a sample of.
    keys : ndarray of shape (n,)
        In [0, 1), one for each row.
    rows : ndarray of shape (n, n_names)
        In the order in which they were added; NaN where there is no value.
    """

    size: int = SAMPLE
    names: tuple[str, ...] = ()
    seen: int = 0
    keys: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    rows: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def add(self, names: Sequence[str], keys: Floats, rows: Floats) -> None:
        """Take note of rows of shape (n, n_names), and let the largest keys go."""
        if len(keys) == 0:
            return
        assert not self.seen or self.names == tuple(names), "parts of different simulations"
        self.names, before = tuple(names), self.rows.reshape(-1, len(names))
        self.seen += len(keys)
        self.keys = np.concatenate([self.keys, keys])
        self.rows = np.concatenate([before, rows])
        if len(self.keys) > self.size:
            kept = np.sort(np.argpartition(self.keys, self.size)[: self.size])
            self.keys, self.rows = self.keys[kept], self.rows[kept]

    def merge(self, other: Sampled) -> None:
        """Take over what another part has kept."""
        self.add(other.names, other.keys, other.rows)
        self.seen += other.seen - len(other.keys)

    def columns(self) -> dict[str, Floats]:
        """Return the kept values of each column."""
        return {name: self.rows[:, i] for i, name in enumerate(self.names)}

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back, to the last bit."""
        kept = {"keys": packed(self.keys), "rows": packed(self.rows)}
        return {"names": list(self.names), "seen": self.seen, **kept}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the sample that ``state`` was taken from."""
        names, keys = tuple(state["names"]), unpacked(state["keys"])
        rows = unpacked(state["rows"]).reshape(len(keys), len(names))
        return cls(names=names, seen=int(state["seen"]), keys=keys, rows=rows)


@dataclass(eq=False)
class Totals:
    """Number, sum, least and most of named values; what is not finite does not count.

    Attributes
    ----------
    found : dict of str to list
        ``[n, sum, least, most]`` of each name that has a value.
    """

    found: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, values: Floats) -> None:
        """Take note of values of shape (n,)."""
        finite = values[np.isfinite(values)]
        if len(finite):
            least, most = float(finite.min()), float(finite.max())
            self._put(name, [len(finite), float(finite.sum()), least, most])

    def weigh(self, name: str, value: float, weight: int) -> None:
        """Take note of a mean over ``weight`` entities."""
        if np.isfinite(value):
            self._put(name, [weight, weight * value, value, value])

    def merge(self, other: Totals) -> None:
        """Take over what another part has found."""
        for name, found in other.found.items():
            self._put(name, found)

    def mean(self, name: str) -> float | None:
        """Return the mean; None without values."""
        n, total, *_ = self.found.get(name, [0, 0.0])
        return total / n if n else None

    def summaries(self) -> dict[str, float]:
        """Return ``name.mean``, ``name.max`` and ``name.min`` of every name."""
        result: dict[str, float] = {}
        for name, (n, total, least, most) in self.found.items():
            result |= {f"{name}.mean": total / n, f"{name}.max": most, f"{name}.min": least}
        return result

    def _put(self, name: str, found: Sequence[float]) -> None:
        n, total, least, most = self.found.get(name, [0, 0.0, np.inf, -np.inf])
        more, added, low, high = found
        self.found[name] = [n + more, total + added, min(least, low), max(most, high)]


@dataclass(eq=False)
class Profiles:
    """Means of curves of equal length over any number of entities.

    Attributes
    ----------
    found : dict of str to tuple of (int, ndarray)
        Entities and sum of each curve.
    """

    found: dict[str, tuple[int, Floats]] = field(default_factory=dict)

    def add(self, curves: Mapping[str, Floats], weight: int) -> None:
        """Take note of means over ``weight`` entities; curves that are not finite do not count."""
        for name, curve in curves.items():
            if np.isfinite(curve).all():
                self._put(name, weight, weight * curve)

    def merge(self, other: Profiles) -> None:
        """Take over what another part has found."""
        for name, (n, total) in other.found.items():
            self._put(name, n, total)

    def means(self) -> dict[str, Floats]:
        """Return the mean of each curve."""
        return {name: total / n for name, (n, total) in self.found.items()}

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back, to the last bit."""
        return {name: [n, packed(total)] for name, (n, total) in self.found.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the means that ``state`` was taken from."""
        return cls({name: (n, unpacked(total)) for name, (n, total) in state.items()})

    def _put(self, name: str, n: int, total: Floats) -> None:
        before, sum_before = self.found.get(name, (0, np.zeros(len(total))))
        self.found[name] = (before + n, sum_before + total)


def sample_facts(what: str, samples: Mapping[str, Sampled]) -> dict[str, Any]:
    """Return, under ``sampled``, of how many there is a sample; empty when all were kept.

    ``what`` names the figures that rest on it.
    """
    cut = {name: one for name, one in samples.items() if one.seen > len(one.keys)}
    if not cut:
        return {}
    told = ", ".join(f"{len(one.keys):,} of {one.seen:,} {name}" for name, one in cut.items())
    return {
        "sampled": {name: {"kept": len(one.keys), "of": one.seen} for name, one in cut.items()},
        "remarks": [f"{what} rest on a random sample: {told}."],
    }


def packed(values: Floats) -> str:
    """Return numbers as text that :func:`unpacked` takes back, to the last bit."""
    # Not as decimal numbers: half the size, and JSON has no NaN.
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode()


def unpacked(text: str) -> Floats:
    """Return the numbers in a text, shape (n,)."""
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)
