"""Did tuning help? Judged on seeds that had no say in the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from riskgen.stages.study import Trial

LEVEL = 0.95
"""One-sided confidence at which the best counts as better than the defaults [J]."""


@dataclass(frozen=True)
class Repeats:
    """What fresh seeds gave: mean and standard deviation, in the objective's units."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; 0 for one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0


@dataclass(frozen=True)
class Tuned:
    """The outcome of a study.

    Attributes
    ----------
    default : Trial or None
        Trial 0; None where it could not be trained.
    best : Trial
        Best first trial.
    default_repeats, best_repeats : Repeats or None
        On seeds that chose nothing; None where they were not run or failed.
    gain, noise : float or None
        Mean by which the best is below the defaults, seed by seed, and what it
        must exceed: the one-sided 95 % bound of Student's t.
    helped : bool
        Whether it does.
    sentence : str
        The verdict.
    """

    default: Trial | None
    best: Trial
    default_repeats: Repeats | None
    best_repeats: Repeats | None
    gain: float | None
    noise: float | None
    helped: bool
    sentence: str


def judged(trials: Sequence[Trial], best: Trial, seed: int) -> Tuned:
    """Return the verdict on ``best`` from its repeats and those of trial 0.

    Repeats are paired by seed: both set the same sequences aside.
    """
    first = next(trial for trial in trials if (trial.number, trial.seed) == (0, seed))
    default = first if first.value is not None else None
    pairs = _pairs(trials, best.number, seed)
    repeats = [Repeats(tuple(pair[side] for pair in pairs)) if pairs else None for side in (0, 1)]
    gain, noise = _gain([one - other for one, other in pairs])
    helped = default is None or (gain is not None and noise is not None and gain > noise)
    helped = helped and best.number != 0
    sentence = _sentence(default, best, gain, noise, helped, len(pairs))
    return Tuned(default, best, repeats[0], repeats[1], gain, noise, helped, sentence)


def _pairs(trials: Sequence[Trial], number: int, seed: int) -> list[tuple[float, float]]:
    values = {(t.number, t.seed): t.value for t in trials if t.seed != seed}
    found = []
    for one, other in ((values.get((0, s)), values.get((number, s))) for s in _seeds(values)):
        if one is not None and other is not None:
            found.append((one, other))
    return found


def _seeds(values: dict[tuple[int, int], float | None]) -> list[int]:
    return sorted({seed for _, seed in values})


def _gain(differences: list[float]) -> tuple[float | None, float | None]:
    n = len(differences)
    if n < 2:
        return (differences[0] if differences else None), None
    error = float(np.std(differences, ddof=1)) / np.sqrt(n)
    return float(np.mean(differences)), float(student.ppf(LEVEL, n - 1) * error)


def _sentence(
    default: Trial | None,
    best: Trial,
    gain: float | None,
    noise: float | None,
    helped: bool,
    n: int,
) -> str:
    if default is None:
        return f"The defaults could not be trained; trial {best.number} could."
    if best.number == 0:
        return "Tuning did not help: no trial beat the defaults."
    if gain is None or noise is None:
        return f"Not decided: trial {best.number} was repeated with {n} fresh seeds; 2 are needed."
    side = "below" if gain >= 0 else "above"
    found = f"trial {best.number} is {abs(gain):.4f} {side} the defaults over {n} fresh seeds"
    if helped:
        return f"Tuning helped: {found}, beyond the noise of {noise:.4f}."
    return f"Tuning did not help: {found}; only {noise:.4f} below would be beyond the noise."
