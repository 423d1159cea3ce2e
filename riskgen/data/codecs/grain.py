"""How round a number is: the coarsest favoured step that it is a multiple of.

People draw 200, not 203.17. A codec of whole numbers; it knows no column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints

NOISE = 1e-9  # relative error that sums of floating numbers leave [J]
MOST_NOISE = 1e-4  # but never more than this part of a unit, or large amounts would lose cents [J]
LEAST_SHARE = 0.005  # share of events from which a step is worth a level [J]
Z = 3.0  # standard errors above chance from which a step is favoured [J]
MOST_STEP = 10_000.0  # coarsest step that is looked for, in the column's unit [J]


@dataclass(frozen=True, eq=False)
class Grain:
    """Favoured steps, each a multiple of the one before; level 0 is the unit itself.

    Attributes
    ----------
    steps : ndarray of shape (levels,)
        Whole numbers in units of the last decimal, from 1 upwards.
    """

    steps: Floats = field(repr=False)

    @classmethod
    def fit(cls, whole: Floats, owners: Ints, decimals: int) -> Grain:
        """Find the steps that numbers ``whole`` (n,) hit more often than by chance.

        Candidates are 1, 5, 10, 50, … units of the last decimal, up to 10,000
        of the column. The one that is least in excess of chance goes, until
        each is by three standard errors and half a percent of all events, and
        at least 11 entities use it. Only multiples of a step that are none of
        the next coarser one count for it, so that whole hundreds do not make
        fives look favoured.
        """
        steps = _candidates(decimals)
        finest = _coarsest(whole, steps)
        while len(steps) > 1:
            excess = _excess(np.bincount(finest, minlength=len(steps)), steps)
            used = np.unique(finest * (int(owners.max(initial=0)) + 1) + owners)
            users = np.bincount(used // (int(owners.max(initial=0)) + 1), minlength=len(steps))
            excess[users[1:] < SMALLEST_GROUP] = -np.inf
            weakest = int(excess.argmin()) + 1
            if excess[weakest - 1] >= 0:
                break
            steps = np.delete(steps, weakest)
            finest = np.where(finest >= weakest, finest - 1, finest)
        return cls(steps)

    @property
    def levels(self) -> int:
        """Number of favoured steps, at least 1."""
        return len(self.steps)

    def encode(self, whole: Floats) -> Floats:
        """Return the coarsest step's level of each number; missing is level 0."""
        return _coarsest(whole, self.steps).astype(np.float64)

    def snap(
        self, whole: Floats, levels: Ints, bounds: tuple[Floats, Floats], taken: Floats
    ) -> Floats:
        """Move numbers to the nearest multiple of their step and of no coarser one.

        Parameters
        ----------
        whole : ndarray of shape (n,)
            Numbers in units of the last decimal.
        levels : ndarray of shape (n,), int64
            Wanted steps.
        bounds : (ndarray, ndarray) of shape (n,)
            Range to stay in if a multiple lies there.
        taken : ndarray
            Increasing numbers that must not be hit (levels of their own).
        """
        step = self.steps[levels]
        base = np.round(whole / step)
        side = np.where(whole >= base * step, 1.0, -1.0)
        away = _away(base, np.append(self.steps, np.inf)[levels + 1] / step)
        # Where no multiple will do, the number stays as it is: the lesser fault.
        result, rank = whole.copy(), np.full(len(whole), 3)
        for offset in (0.0 * side, away, *(n * side for n in (1, -1, 2, -2, 3, -3))):
            trial = (base + offset) * step
            score = self._score(trial, levels, bounds, taken)
            better = score < rank
            result[better], rank[better] = trial[better], score[better]
        return result

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {"steps": self.steps.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Grain:
        """Return the grain that ``state`` was taken from."""
        return cls(np.array(state["steps"], dtype=np.float64))

    def _score(
        self, trial: Floats, levels: Ints, bounds: tuple[Floats, Floats], taken: Floats
    ) -> NDArray[np.int64]:
        """Return 0 where a trial is right and in bounds, 1 where right, 3 where not to be used."""
        coarser = np.append(self.steps, np.inf)[levels + 1]
        right = np.isinf(coarser) | (np.mod(trial, np.where(np.isinf(coarser), 1, coarser)) != 0)
        right &= ~np.isin(trial, taken)
        inside = (trial >= bounds[0]) & (trial <= bounds[1])
        # A cell of positive numbers must not yield a negative one, nor the reverse.
        kept = ((trial >= 0) | (bounds[0] < 0)) & ((trial <= 0) | (bounds[1] > 0))
        return np.where(right & kept, np.where(inside, 0, 1), 3).astype(np.int64)


def is_whole(scaled: Floats, digits: int = 52) -> NDArray[np.bool_]:
    """Whether numbers (n,) of ``digits`` binary digits are whole but for the noise of arithmetic.

    A billion with cents is not whole, although the cents are a small part of it.
    """
    size = np.abs(scaled)
    noise = np.minimum(max(NOISE, 8.0 * 2.0**-digits) * np.maximum(size, 1.0), MOST_NOISE)
    return np.asarray(np.abs(scaled - np.rint(scaled)) <= noise + size * 2.0 ** (1 - digits))


def _candidates(decimals: int) -> Floats:
    """Return 1, 5, 10, 50, … each a multiple of the one before."""
    powers = 10.0 ** np.arange(0, max(decimals, 0) + np.log10(MOST_STEP) + 1)
    steps = np.sort(np.concatenate([powers, 5.0 * powers]))
    return steps[steps <= MOST_STEP * 10.0 ** max(decimals, 0)]


def _coarsest(whole: Floats, steps: Floats) -> Ints:
    """Return the number of the coarsest step that each number is a multiple of."""
    level = np.zeros(len(whole), dtype=np.int64)
    for number in range(1, len(steps)):
        level[np.mod(whole, steps[number]) == 0] = number
    return level


def _away(base: Floats, ratio: Floats) -> Floats:
    """Return by how many steps to leave a multiple of the coarser step, ``ratio`` steps wide.

    The multiples in between take turns: if all went to the next one, endings
    in 1 and 9 would be twice as common as endings in 5.
    """
    ratio = np.where(np.isinf(ratio), 2.0, ratio)
    turn = np.mod(np.round(base / ratio), ratio - 1.0) + 1.0
    return np.where(turn > ratio / 2, turn - ratio, turn)


def _excess(counts: Ints, steps: Floats) -> Floats:
    """Return by how much each step but the first beats chance, in standard errors over 3.

    Of the multiples of the finer step that are none of the coarser one, a
    share of ``(finer / step - finer / coarser) / (1 - finer / coarser)`` would
    be multiples of ``step`` by chance.
    """
    coarser = np.append(steps[2:], np.inf)
    ratio, share = steps[:-1] / coarser, steps[:-1] / steps[1:]
    parents = (counts[:-1] + counts[1:]).astype(np.float64)
    chance = parents * (share - ratio) / (1.0 - ratio)
    more = counts[1:] - chance
    needed = np.maximum(Z * np.sqrt(chance), LEAST_SHARE * counts.sum())
    return np.asarray((more - needed) / np.sqrt(chance + 1.0))
