"""What a market stress moves without being asked to (PROTOCOL A7c).

Statistics of every asset on the same paths before and after, beside the distance of two
halves of the base: what no parameter of the file is about must stay within twice that.
Moments only, added up part by part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.seeding import stream
from riskgen.simulate.collateral import LIMIT, WATCHED
from riskgen.simulate.mechanisms.accounts import Flags, Floats, Ints
from riskgen.simulate.sampled import packed, unpacked
from riskgen.simulate.severity_curve import FEWEST

GROUPS = 20
"""Random groups of paths, from which halves are put together: a standard deviation of 19
degrees of freedom is known to 16 % [J]."""

_HALVES = 200  # ways to take ten of twenty groups
_LAGS = range(1, 11)  # days over which volatility clusters
_SMALLEST = 1e-12

Moments = dict[str, Floats]


@dataclass(eq=False)
class PathCollateral:
    """Moments of the base, group by group, and of what was put out.

    Attributes
    ----------
    seed : int
        Names the halves.
    counts : ndarray of shape (GROUPS,)
        Paths of each group.
    base : dict of str to ndarray of shape (GROUPS, n_assets)
        Sums over the paths of a group.
    moved : dict of str to ndarray of shape (1, n_assets)
        Sums over all paths.
    """

    seed: int
    counts: Floats = field(default_factory=lambda: np.zeros(GROUPS), repr=False)
    base: Moments = field(default_factory=dict, repr=False)
    moved: Moments = field(default_factory=dict, repr=False)

    def add(self, base: Floats, stressed: Floats, keys: Floats) -> None:
        """Take note of paths (n_paths, horizon, n_assets); random keys choose their group.

        Fewer than 30 at once, which give no day a scale, do not count.
        """
        if len(base) < FEWEST:
            return
        members = (np.arange(GROUPS)[:, None] == np.floor(GROUPS * keys)).astype(np.float64)
        self.counts = self.counts + members.sum(axis=1)
        everybody = np.ones((1, len(base)))
        for name, values in _moments(base).items():
            self.base[name] = self.base.get(name, 0.0) + members @ values
        for name, values in _moments(stressed).items():
            self.moved[name] = self.moved.get(name, 0.0) + everybody @ values

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over the :meth:`state` of another part."""
        self.counts = self.counts + unpacked(state["counts"])
        for have, name in ((self.base, "base"), (self.moved, "moved")):
            rows = GROUPS if name == "base" else 1
            for moment, text in state[name].items():
                have[moment] = have.get(moment, 0.0) + unpacked(text).reshape(rows, -1)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`merge` takes, as JSON values."""
        return {
            "counts": packed(self.counts),
            "base": {name: packed(values) for name, values in self.base.items()},
            "moved": {name: packed(values) for name, values in self.moved.items()},
        }

    def facts(self, targets: Collection[str], assets: Sequence[str]) -> list[dict[str, Any]]:
        """Return of every statistic the asset that it moved most, worst first, as JSON values.

        Parameters
        ----------
        targets : collection of str
            Statistics that parameters of the file mean to move.
        assets : sequence of str
            Names of the columns.
        """
        if not self.base:
            return []
        distances, noises = self._distances(), self._noises()
        rows = []
        for name, distance in distances.items():
            ratio = distance / np.maximum(noises[name], _SMALLEST)
            worst, targeted = int(np.argmax(ratio)), name in targets
            rows.append(
                {
                    "statistic": name,
                    "asset": assets[worst] if worst < len(assets) else str(worst),
                    "distance": float(distance[worst]),
                    "noise": float(noises[name][worst]),
                    "ratio": float(min(ratio[worst], 1000.0)),
                    "targeted": targeted,
                    "status": "PASS" if targeted or ratio[worst] <= LIMIT else "FAIL",
                }
            )
        return sorted(rows, key=lambda row: -row["ratio"])

    def worst(self, targets: Collection[str]) -> float | None:
        """Return the largest ratio of an untargeted statistic; None without any."""
        ratios = [row["ratio"] for row in self.facts(targets, ()) if not row["targeted"]]
        return max(ratios, default=None)

    def _distances(self) -> Moments:
        n = self.counts.sum()
        before = _statistics({name: sums.sum(axis=0) / n for name, sums in self.base.items()})
        after = _statistics({name: sums[0] / n for name, sums in self.moved.items()})
        return {name: np.abs(after[name] - before[name]) for name in before}

    def _noises(self) -> Moments:
        """Return the root mean square distance of random halves of the base."""
        rng, total = stream(self.seed, "collateral", "halves"), dict[str, Floats]()
        for _ in range(_HALVES):
            order = rng.permutation(GROUPS)
            one, other = (self._part(half) for half in np.array_split(order, 2))
            for name in one:
                total[name] = total.get(name, 0.0) + (one[name] - other[name]) ** 2
        return {name: np.sqrt(found / _HALVES) for name, found in total.items()}

    def _part(self, groups: Ints) -> Moments:
        n = max(float(self.counts[groups].sum()), 1.0)
        return _statistics({name: sums[groups].sum(axis=0) / n for name, sums in self.base.items()})


def watched(positions: Ints) -> Flags:
    """Return which positions are looked at: with ever more paths the noise would vanish."""
    return np.asarray(positions < WATCHED)


def _moments(returns: Floats) -> Moments:
    """Return moments of each path and asset, (n_paths, n_assets).

    All but mean and variance are of units: each day less its mean, in the standard
    deviation of that day over the paths. What a stress does to all paths alike, a
    profile of volatility or a fall, moves no shape.
    """
    centred = returns - returns.mean(axis=0)
    scale = centred.std(axis=0)
    unit = centred / np.where(scale > 0, scale, 1.0)
    size, days = np.abs(unit), unit.shape[1]
    lags = [lag for lag in _LAGS if lag < days]
    found = {
        "mean": returns.mean(axis=1),
        "variance": (centred**2).mean(axis=1),
        "third": (unit**3).mean(axis=1),
        "fourth": (unit**4).mean(axis=1),
        "size": size.mean(axis=1),
    }
    if lags:
        found |= {
            "next": (unit[:, 1:] * unit[:, :-1]).mean(axis=1),
            "sizes": _mean_of([(size[:, k:] * size[:, :-k]).mean(axis=1) for k in lags]),
            "feedback": _mean_of([(unit[:, :-k] * unit[:, k:] ** 2).mean(axis=1) for k in lags]),
        }
    if (others := unit.shape[2] - 1) > 0:
        rest = unit.sum(axis=2, keepdims=True) - unit
        found["together"] = (unit * rest).mean(axis=1) / others
    return found


def _statistics(mean: Moments) -> Moments:
    """Return the statistics of each asset from means of moments, (n_assets,)."""
    found = {
        "mean": mean["mean"],
        "volatility": 0.5 * np.log(np.maximum(mean["variance"], 1e-300)),
        "skewness": mean["third"],
        "kurtosis": mean["fourth"],
    }
    if "next" in mean:
        room = np.maximum(1.0 - mean["size"] ** 2, _SMALLEST)
        found |= {
            "autocorrelation": mean["next"],
            "clustering": (mean["sizes"] - mean["size"] ** 2) / room,
            "leverage": mean["feedback"],
        }
    if "together" in mean:
        found["correlation"] = mean["together"]
    return found


def _mean_of(values: Sequence[Floats]) -> Floats:
    return np.asarray(np.mean(values, axis=0))
