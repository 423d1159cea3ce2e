"""Everything that must hold before an effect is believed: PROTOCOL B5, all hard."""

from __future__ import annotations

from collections.abc import Sequence

from riskgen.data.split import Split
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.utility.leaks import (
    measure_disjoint,
    measure_duplicates,
    measure_nearness,
    measure_permuted,
)
from riskgen.evaluate.utility.pooling import pooled
from riskgen.evaluate.utility.shortcuts import measure_shortcuts
from riskgen.evaluate.utility.trial import Trial
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler

NEAR = 1_000  # simulated customers that are held against test and control [J]


def measure_checks(
    trial: Trial, split: Split, sampler: Sampler, *, seed: int, quick: bool
) -> list[MetricResult]:
    """Return the checks of one run: of the arm that validation put forward, and of the split.

    Parameters
    ----------
    trial : Trial
        With its scorers.
    split : Split
        What the trial was run on.
    sampler : Sampler
        The generator of this run.
    seed : int
        Same seed, same results.
    quick : bool
        Leave out shuffled labels, which need detectors of their own.
    """
    results = [measure_disjoint(split), measure_duplicates(split, seed=seed)]
    drawn = sampler.draw(min(NEAR, split.generator.n_entities), seed=derived_seed(seed, "nearness"))
    results.append(measure_nearness(split, drawn, seed=seed))
    if not quick:
        trees = BoostedTrees(Lens.of(split.generator))
        results.append(measure_permuted(split, trees, seed=seed))
    if trial.claim is not None:
        scorer = trial.scorers[trial.claim]
        results += measure_shortcuts(trial.claim, scorer, split, sampler, seed=seed)
    return results


def together(runs: Sequence[Sequence[MetricResult]]) -> list[MetricResult]:
    """Return each check over all runs that have it; see :func:`pooled`."""
    by_key: dict[str, list[MetricResult]] = {}
    for results in runs:
        for result in results:
            by_key.setdefault(result.metric, []).append(result)
    return [pooled(results) for results in by_key.values()]


def passed(checks: Sequence[MetricResult]) -> bool:
    """Whether every check passes: what could not be asked is no pass."""
    return all(check.status == "PASS" for check in checks)
