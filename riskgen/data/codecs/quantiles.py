"""Numbers as levels: exact values that many share, quantile cells for the rest.

A codec of one column; it knows neither the column's name nor the panel.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from riskgen.data.codecs.bins import Bins
from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints, holders, shared_range
from riskgen.data.codecs.grain import is_whole

ATOM_SHARE = 0.002  # a value with this share of all events is a level of its own [J]
MOST_ATOMS = 48  # [J]
MOST_DECIMALS = 6  # finest unit that is looked for in a column without stated decimals [J]


def tailed_probabilities(n_bins: int) -> Floats:
    """Return inner edges of about ``n_bins`` cells, with fine cells in both tails.

    Everything up to 2.5 % and from 97.5 % is cut at 0.05, 0.1, 0.2, 0.4, 0.8
    and 1.5 %: amounts in uniform cells lose the tails that detectors look at.
    """
    tail = np.array([0.0005, 0.001, 0.002, 0.004, 0.008, 0.015])
    body = np.linspace(0.025, 0.975, max(n_bins - 13, 3))
    return np.concatenate([tail, body, 1.0 - tail[::-1]])


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Levels: missing (if the fitted column had any), atoms, quantile cells.

    Attributes
    ----------
    decimals : int
        Numbers are whole multiples of ``10 ** -decimals``.
    missing : bool
        Whether level 0 stands for a missing number.
    atoms : ndarray of shape (n_atoms,)
        Increasing; held by at least 11 entities and 0.2 % of events each.
    bins : Bins or None
        Cells of all other numbers; None when there were none.
    common : int
        Commonest level; what a missing number becomes if none were fitted.
    shift : float
        Whole number that the cells count from: 0, or near the lowest where all
        numbers lie far from 0 but close together, as dates do.
    """

    decimals: int
    missing: bool
    atoms: Floats = field(repr=False)
    bins: Bins | None = field(repr=False)
    common: int
    shift: float = 0.0

    @classmethod
    def fit(
        cls, values: Floats, owners: Ints, *, decimals: int | None, n_bins: int = 48
    ) -> Quantiles:
        """Learn levels from ``values`` (n,), missing as NaN, of entities ``owners`` (n,)."""
        known = np.isfinite(values)
        places = _decimals(values[known]) if decimals is None else decimals
        whole, holding = np.round(values[known] * 10.0**places), owners[known]
        atoms = _atoms(whole, holding, len(values))
        free = ~np.isin(whole, atoms)
        bins, shift = None, 0.0
        # What fewer than 11 entities hold besides the atoms becomes the nearest atom.
        enough = len(np.unique(holding[free])) >= SMALLEST_GROUP
        if enough or (len(atoms) == 0 and (free.any() or known.all())):
            shift = _shift(whole[free], holding[free])
            bins = Bins.fit(whole[free] - shift, holding[free], tailed_probabilities(n_bins))
        fitted = cls(places, not known.all(), atoms, bins, 0, shift)
        levels = np.bincount(np.floor(fitted.encode(values)).astype(np.int64), minlength=1)
        return replace(fitted, common=int(levels.argmax()))

    @property
    def levels(self) -> int:
        """Number of levels, at least 1."""
        return self.first_bin + (self.bins.levels if self.bins else 0)

    @property
    def first_bin(self) -> int:
        """Level of the lowest quantile cell."""
        return int(self.missing) + len(self.atoms)

    @property
    def lowest(self) -> float:
        """Smallest whole number that a level can mean; infinity if none means any."""
        cells = [] if self.bins is None else [self.bins.low + self.shift]
        return float(min([*self.atoms, *cells], default=np.inf))

    @property
    def highest(self) -> float:
        """Largest whole number that a level can mean; minus infinity if none means any."""
        cells = [] if self.bins is None else [self.bins.high + self.shift]
        return float(max([*self.atoms, *cells], default=-np.inf))

    def encode(self, values: Floats) -> Floats:
        """Return levels with places, shape (n,); NaN is missing."""
        known = np.isfinite(values)
        codes = np.full(len(values), 0.5 + (0 if self.missing else self.common))
        codes[known] = self._encode_whole(self.whole(values[known]))
        return codes

    def decode(self, codes: Floats) -> Floats:
        """Return numbers, shape (n,); missing is NaN."""
        return self.numbers(self.decode_whole(codes))

    def decode_whole(self, codes: Floats) -> Floats:
        """Return numbers in units of ``10 ** -decimals``; missing is NaN."""
        level = np.floor(codes).astype(np.int64)
        whole = np.full(len(codes), np.nan)
        binned = level >= self.first_bin
        if self.bins is not None and binned.any():
            whole[binned] = self.bins.decode(codes[binned] - self.first_bin) + self.shift
        atom = ~binned & (level >= int(self.missing))
        whole[atom] = self.atoms[level[atom] - int(self.missing)]
        return whole

    def bounds(self, levels: Ints) -> tuple[Floats, Floats]:
        """Return the smallest and largest whole number of each of the quantile cells."""
        assert self.bins is not None, "only cells have bounds"
        low, high = self.bins.bounds(levels - self.first_bin)
        return low + self.shift, high + self.shift

    def whole(self, values: Floats) -> Floats:
        """Return numbers of the column as multiples of ``10 ** -decimals``; NaN stays."""
        return np.asarray(np.round(values * 10.0**self.decimals))

    def numbers(self, whole: Floats) -> Floats:
        """Return numbers in the column's unit."""
        # Dividing rounds correctly: 1234 / 100 is the float64 nearest to 12.34.
        if self.decimals >= 0:
            return np.asarray(whole / 10.0**self.decimals)
        return np.asarray(whole * 10.0**-self.decimals)

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "decimals": self.decimals,
            "missing": self.missing,
            "atoms": self.atoms.tolist(),
            "bins": None if self.bins is None else self.bins.state(),
            "common": self.common,
            "shift": self.shift,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Quantiles:
        """Return the codec that ``state`` was taken from."""
        bins = None if state["bins"] is None else Bins.from_state(state["bins"])
        atoms = np.array(state["atoms"], dtype=np.float64)
        rest = {name: state[name] for name in ("decimals", "missing", "common", "shift")}
        return cls(atoms=atoms, bins=bins, **rest)

    def _encode_whole(self, whole: Floats) -> Floats:
        if len(self.atoms) == 0 and self.bins is None:
            return np.full(len(whole), 0.5)
        if len(self.atoms) == 0:
            return self._encode_binned(whole)
        right = np.clip(np.searchsorted(self.atoms, whole), 0, len(self.atoms) - 1)
        left = np.maximum(right - 1, 0)
        nearer = np.abs(self.atoms[left] - whole) < np.abs(self.atoms[right] - whole)
        nearest = np.where(nearer, left, right)
        codes = int(self.missing) + nearest + 0.5
        other = self.atoms[nearest] != whole
        if self.bins is not None and other.any():
            codes[other] = self._encode_binned(whole[other])
        return np.asarray(codes)

    def _encode_binned(self, whole: Floats) -> Floats:
        assert self.bins is not None, "a codec without atoms has bins"
        return self.first_bin + self.bins.encode(whole - self.shift)


def _shift(whole: Floats, owners: Ints) -> float:
    """Return a round number near the lowest, where magnitudes exceed the range tenfold.

    Three significant digits of a date are 100 days; of days since a date near
    it they are days.
    """
    reached = shared_range(whole, owners)
    if reached is None:
        return 0.0
    low, high = reached
    span = max(high - low, 1.0)
    if min(abs(low), abs(high)) <= 10.0 * span:
        return 0.0
    unit = 10.0 ** np.floor(np.log10(span))
    return float(np.floor(low / unit) * unit)


def _atoms(whole: Floats, owners: Ints, n: int) -> Floats:
    """Return the shared values: at least 11 entities and 0.2 % of ``n`` events."""
    if len(whole) == 0:
        return np.zeros(0)
    values, codes, counts = np.unique(whole, return_inverse=True, return_counts=True)
    likely = np.flatnonzero((counts >= ATOM_SHARE * n) & (counts >= SMALLEST_GROUP))
    place = np.full(len(values), -1)
    place[likely] = np.arange(len(likely))
    shared = holders(place[codes], owners, len(likely)) >= SMALLEST_GROUP
    kept = likely[shared]
    kept = kept[np.argsort(-counts[kept], kind="stable")[:MOST_ATOMS]]
    return np.sort(values[kept])


def _decimals(values: Floats) -> int:
    """Return the fewest decimals that keep all values, or six significant digits."""
    for places in range(MOST_DECIMALS + 1):
        if is_whole(values * 10.0**places).all():
            return places
    size = np.median(np.abs(values[values != 0]))
    return int(MOST_DECIMALS - 1 - np.floor(np.log10(size)))
