"""Whether simulated paths have the tails, memory, dependence and losses of history.

Every fact is measured on history, on the simulation, on later real days (the
floor) and on generators with known answers; a pass that a wrong generator
would also get is withheld. Knows neither figures nor how the paths were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskgen.errors import DataError
from riskgen.evaluate.market.comparison import Compared, Family, compare
from riskgen.evaluate.market.controls import CONTROLS, control_paths
from riskgen.evaluate.market.curves import curves_of
from riskgen.evaluate.market.discriminative import STEPS, measure_discriminative
from riskgen.evaluate.market.families import families
from riskgen.evaluate.market.ranking import measure_ranking
from riskgen.evaluate.market.sample import ReturnSample, history, simulated
from riskgen.evaluate.market.tails import portfolios
from riskgen.evaluate.market.windows import measure_windows
from riskgen.evaluate.result import MetricResult
from riskgen.seeding import stream

Floats = NDArray[np.float64]

DRAWS = 200  # resampling draws; a 95 % quantile then rests on ten of them
MOST_DAYS = 30_000  # [J] simulated days that are measured; more paths are thinned
RIVALS = ("gbm", "iid", "block")
SHOWN = {
    "gbm": "Gaussian days (gbm)",
    "iid": "historical simulation (iid)",
    "block": "historical blocks of a year",
}
SHORTEST = 2
FEWEST_DAYS = 100  # [J] days of history below which nothing is compared


def measure_market(
    real: Sequence[Floats],
    control: Sequence[Floats],
    paths: Floats,
    assets: tuple[str, ...],
    *,
    seed: int,
    rivals: Mapping[str, Floats] | None = None,
    steps: int = STEPS,
) -> list[MetricResult]:
    """Measure simulated return paths against history.

    Parameters
    ----------
    real : sequence of ndarray of shape (n_days, n_assets)
        Log returns of the segments the generator was fitted to.
    control : sequence of such arrays
        Log returns it has not seen (later days); may be empty.
    paths : ndarray of shape (n_paths, horizon, n_assets)
        Simulated log returns.
    assets : tuple of str
        Names of the assets.
    seed : int
        For resampling and for the controls.
    rivals : mapping of str to ndarray of the shape of ``paths``
        Other generators to print beside; ``gbm``, ``iid`` and ``block`` always are.
    steps : int
        Training steps of the discriminative score's classifiers; 0 leaves it out.

    Returns
    -------
    list of MetricResult

    Raises
    ------
    DataError
        When shapes do not fit or a return is not a number.
    """
    _check(real, paths, assets)
    kept = _thinned(paths, seed)
    made = _controls(real, kept.shape, seed)
    shown = {name: _thinned(theirs, seed) for name, theirs in (rivals or {}).items()}
    beside = {**{name: made[name] for name in RIVALS}, **shown}
    horizon = kept.shape[1]
    truth = history(real, horizon, DRAWS, stream(seed, "market", "history"))
    synthetic = simulated(kept, DRAWS, stream(seed, "market", "paths"))
    others = {name: simulated(theirs) for name, theirs in {**made, **shown}.items()}
    later = [segment for segment in control if len(segment) > 1]
    if later:
        others["control"] = history(later, horizon)
    strategies = portfolios(len(assets), stream(seed, "market", "portfolios"))
    results = [
        result
        for family in families(len(assets), strategies)
        for result in _family(family, truth, synthetic, others, assets)
    ]
    whole = measure_windows(real, later, kept, {**beside, "calm": made["calm"]}, seed=seed)
    if later:
        whole += measure_ranking(real, later, kept, beside, seed=seed)
    if steps > 0:
        whole += measure_discriminative(real, later, kept, seed=seed, steps=steps)
    return [_tidied(result, (*RIVALS, *shown)) for result in results + whole]


def _family(
    family: Family,
    truth: ReturnSample,
    synthetic: ReturnSample,
    others: Mapping[str, ReturnSample],
    assets: tuple[str, ...],
) -> list[MetricResult]:
    real, made = family.measure(truth), family.measure(synthetic)
    needed = {fact.must_fail for fact in family.facts} | (set(others) - set(CONTROLS)) | set(RIVALS)
    beside = {name: family.measure(others[name]) for name in others if name in needed}
    results = []
    for i, fact in enumerate(family.facts):
        known = {name: theirs[i][0] for name, theirs in beside.items()}
        result = compare(fact, Compared(real[i], made[i], known), assets)
        results.append(replace(result, curves=curves_of(fact.metric, truth, synthetic)))
    return results


def _tidied(result: MetricResult, wanted: tuple[str, ...]) -> MetricResult:
    """Keep the rivals; the other controls only decide whether a measure has power."""
    found = result.references.items()
    kept = {SHOWN.get(name, name): item for name, item in found if name in wanted}
    return replace(result, references=kept)


def _controls(real: Sequence[Floats], shape: tuple[int, ...], seed: int) -> dict[str, Floats]:
    return {name: control_paths(name, real, shape[0], shape[1], seed=seed) for name in CONTROLS}


def _thinned(paths: Floats, seed: int) -> Floats:
    most = max(MOST_DAYS // paths.shape[1], 1)
    if len(paths) <= most:
        return paths
    chosen = stream(seed, "market", "thin").choice(len(paths), most, replace=False)
    return np.asarray(paths[np.sort(chosen)])


def _check(real: Sequence[Floats], paths: Floats, assets: tuple[str, ...]) -> None:
    if paths.ndim != 3 or paths.shape[2] != len(assets) or paths.shape[1] < SHORTEST:
        raise DataError(
            f"Simulated paths must have shape (n, horizon >= 2, {len(assets)}). "
            f"Found {paths.shape}. Simulate with the assets of the price table."
        )
    days = sum(len(segment) for segment in real)
    if days < FEWEST_DAYS:
        raise DataError(
            f"History is too short to compare with. Found {days} days of returns. "
            f"Give at least {FEWEST_DAYS}."
        )
    if not (np.isfinite(paths).all() and all(np.isfinite(s).all() for s in real)):
        raise DataError(
            "Some returns are not numbers. Found missing or infinite log returns. "
            "Clean the price table and train again."
        )
