"""The next options to try, given what was tried: a grid, or Optuna's TPE.

A proposal depends on the seed, its number and the trials before it and on
nothing else, so a study that was interrupted goes on as if it had not been.
Knows points and values, neither generators nor files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskgen.models.search import Axis, Point, Space, grid
from riskgen.seeding import derived_seed

if TYPE_CHECKING:
    import optuna

SAMPLERS = ("tpe", "grid")

RANDOM_FIRST = 6
"""Trials that are drawn at random before the Bayesian search has something to go by
[J]; Optuna's own default is 10, more than half of a study of minutes."""


@dataclass(frozen=True)
class Tried:
    """A point that was tried; ``value`` is None where training failed."""

    point: Point
    value: float | None


def propose(space: Space, sampler: str, tried: Sequence[Tried], seed: int) -> Point | None:
    """Return the next point of ``space``; None when a grid has no more.

    Parameters
    ----------
    space : mapping of str to Axis
        What may vary.
    sampler : str
        ``grid``, or ``tpe`` (tree-structured Parzen estimator, Bergstra et al. 2011).
    tried : sequence of Tried
        All trials so far, in order; smaller values are better.
    seed : int
        Same seed and trials, same proposal.
    """
    if sampler == "grid":
        seen = [item.point for item in tried]
        return next((point for point in grid(space, seed) if point not in seen), None)
    return _parzen(space, tried, seed)


def _parzen(space: Space, tried: Sequence[Tried], seed: int) -> Point:
    import optuna

    ranges = {name: _distribution(axis) for name, axis in space.items()}
    with _quiet():
        sampler = optuna.samplers.TPESampler(
            seed=derived_seed(seed, "tune", len(tried)) % 2**32, n_startup_trials=RANDOM_FIRST
        )
        study = optuna.create_study(direction="minimize", sampler=sampler)
        for item in tried:
            study.add_trial(_told(item, ranges))
        return {name: _short(value) for name, value in study.ask(ranges).params.items()}


def _short(value: Any) -> Any:
    # Nobody wants to type more digits, and no loss is known to so many.
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _told(
    item: Tried, ranges: dict[str, optuna.distributions.BaseDistribution]
) -> optuna.trial.FrozenTrial:
    import optuna

    failed = item.value is None
    state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
    return optuna.trial.create_trial(
        state=state, params=item.point, distributions=ranges, value=item.value
    )


def _distribution(axis: Axis) -> optuna.distributions.BaseDistribution:
    from optuna import distributions

    if axis.low is None or axis.high is None:
        return distributions.CategoricalDistribution(axis.values)
    if axis.whole:
        return distributions.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return distributions.FloatDistribution(axis.low, axis.high, log=axis.log)


@contextmanager
def _quiet() -> Iterator[Any]:
    """Keep Optuna's own messages away, and its level as it was for others."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
