"""Everything that ``riskgen evaluate`` asks of a fitted generator, and the answers.

Joins the measures; knows no files, no figures, and not which generator it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.market.prices import Prices
from riskgen.data.market.split import PriceSplit
from riskgen.data.split import Split
from riskgen.evaluate.answers import (
    fidelity_verdict,
    hasty,
    privacy_verdict,
)
from riskgen.evaluate.fidelity.suite import measure_fidelity
from riskgen.evaluate.market.answer import market_verdict, unasked_of_markets
from riskgen.evaluate.market.forecasts.suite import Days, Forecasts, measure_forecasts
from riskgen.evaluate.market.suite import measure_market
from riskgen.evaluate.privacy.suite import measure_privacy
from riskgen.evaluate.privacy.white_box import measure_white_box
from riskgen.evaluate.utility.experiment import OnPlan, Utility, judge_utility
from riskgen.evaluate.verdict import Results, Verdict
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import PathSampler, Sampler
from riskgen.simulate.foresight import PathForesight
from riskgen.simulate.scenario import StressScenario

Floats = NDArray[np.float64]
OnPhase = Callable[[str, float], None]

MOST_SYNTHETIC = 5_000  # entities drawn at most: more would not change an answer [J]
PATHS, HORIZON = 500, 250  # simulated paths of a trading year [J]
QUICK_PATHS = 100
FORECAST_DRAWS, QUICK_DRAWS = 2_000, 500
"""Draws a day of a one-day forecast: a 1 % quantile then rests on twenty of them. PROTOCOL A6
has 10,000, which would take timegan five minutes for seven years [J]."""
NO_PAST = (
    "This generator's paths know no state of the market: it has no forecast for a given day. An "
    "unconditional one fails the tests of clustering by construction."
)
STEPS, QUICK_STEPS = 250, 50  # of the networks that look for differences [J]


def evaluate_events(
    split: Split,
    sampler: Sampler,
    scenarios: Sequence[StressScenario],
    *,
    seed: int,
    quick: bool = False,
    simulated: bool = False,
    on_phase: OnPhase | None = None,
    on_plan: OnPlan | None = None,
    answered: Utility | None = None,
    groups: Sequence[str] = (),
) -> Results:
    """Judge a generator of event sequences: fidelity, utility, privacy.

    Parameters
    ----------
    split : Split
        The partition that the generator was fitted on.
    sampler : Sampler
        The fitted generator.
    scenarios : sequence of StressScenario
        What the utility experiment may train with.
    seed : int
        Same seed, same results.
    quick : bool
        Fewer arms' settings, no networks; no verdict can be green.
    simulated : bool
        Whether the table comes from a simulator; caps the utility verdict.
    on_phase : callable or None
        Told the name of what begins and the part of the work done, 0 to 1.
    on_plan : callable or None
        As for :func:`~riskgen.evaluate.utility.experiment.judge_utility`.
    groups : sequence of str
        Columns of categories by which customers are told apart.
    answered : Utility or None
        What the full experiment found: then the test is not looked at again.
    """
    say = on_phase or (lambda name, done: None)
    say("drawing customers", 0.0)
    n = min(split.generator.n_entities, MOST_SYNTHETIC)
    synthetic = sampler.draw(n, seed=derived_seed(seed, "evaluate", "draw"))
    say("fidelity", 0.1)
    fidelity = measure_fidelity(split.generator, split.control, synthetic, seed=seed, quick=quick)
    say("utility", 0.4)
    utility = answered or judge_utility(
        split,
        sampler,
        scenarios,
        seed=seed,
        simulated=simulated,
        quick=quick,
        on_plan=on_plan,
        groups=groups,
    )
    say("privacy", 0.8)
    privacy = measure_privacy(
        split.generator, split.control, synthetic, seed=seed, reference=split.reference
    )
    privacy += measure_white_box(sampler, split.generator, split.control, seed=seed)
    say("done", 1.0)
    # The full experiment was not quick, whatever this evaluation is.
    helps = utility.verdict if answered is not None else _paced(utility.verdict, quick)
    faithful, leaks = fidelity_verdict(fidelity), privacy_verdict(privacy)
    verdicts = [_paced(faithful, quick), helps, _paced(leaks, quick)]
    facts = _event_facts(split, n, utility, seed, quick, simulated)
    return Results([*fidelity, *utility.metrics, *privacy], verdicts, facts)


def evaluate_market(
    split: PriceSplit,
    sampler: PathSampler,
    *,
    seed: int,
    rivals: Mapping[str, PathSampler] | None = None,
    prices: Prices | None = None,
    foresight: PathForesight | None = None,
    quick: bool = False,
    simulated: bool = False,
    horizon: int = HORIZON,
    on_phase: OnPhase | None = None,
) -> Results:
    """Judge a generator of market paths against history and cheap rivals.

    Parameters
    ----------
    split : PriceSplit
        The partition that the generator was fitted on.
    sampler : PathSampler
        The fitted generator.
    seed, quick, simulated, on_phase
        As for :func:`evaluate_events`.
    rivals : mapping of str to PathSampler, or None
        Other fitted generators to print beside.
    prices : Prices or None
        The whole unbroken history; without it no forecast is measured.
    foresight : PathForesight or None
        The fitted generator, where it can be shown a past.
    horizon : int
        Trading days of a path.
    """
    say = on_phase or (lambda name, done: None)
    say("drawing paths", 0.0)
    n = QUICK_PATHS if quick else PATHS
    drawing = derived_seed(seed, "evaluate", "draw")
    paths = sampler.draw(n, seed=drawing, horizon=horizon)
    others = {
        name: rival.draw(n, seed=drawing, horizon=horizon) for name, rival in (rivals or {}).items()
    }
    say("market facts", 0.3)
    metrics = measure_market(
        split.generator.segment_returns(),
        split.control.segment_returns(),
        paths,
        split.generator.assets,
        seed=seed,
        rivals=others,
        steps=QUICK_STEPS if quick else STEPS,
    )
    say("one-day forecasts", 0.4)
    forecasts = _forecasts(split, prices, foresight, seed, QUICK_DRAWS if quick else FORECAST_DRAWS)
    metrics += forecasts.metrics
    say("done", 1.0)
    facts = {
        **_common(seed, quick, simulated),
        "forecasts": forecasts.facts,
        "paths": n,
        "horizon in days": horizon,
        "split": {"reason": split.reason, "hashes": split.hashes()},
    }
    verdicts = [_paced(v, quick) for v in (market_verdict(metrics), *unasked_of_markets())]
    return Results(metrics, verdicts, facts)


def _forecasts(
    split: PriceSplit,
    prices: Prices | None,
    foresight: PathForesight | None,
    seed: int,
    n: int,
) -> Forecasts:
    """Judge one-day forecasts of the last days, which come after all that were learned."""
    if prices is None or len(prices.starts) > 1:
        return Forecasts([], {})
    first = prices.n_days - split.test.n_days
    days = Days(prices.log_returns(), first, split.generator.segment_returns())
    draws = None
    if foresight is not None:
        drawing = derived_seed(seed, "evaluate", "forecast")
        draws = foresight.following(first, n, seed=drawing)
    found = measure_forecasts(days, draws, seed=seed, why_not=NO_PAST)
    shown = [str(prices.dates[first + 1]), str(prices.dates[-1])]
    return Forecasts(found.metrics, {**found.facts, "dates": shown} if found.facts else {})


def _paced(verdict: Verdict, quick: bool) -> Verdict:
    return hasty(verdict) if quick else verdict


def _event_facts(
    split: Split, n: int, utility: Utility, seed: int, quick: bool, simulated: bool
) -> dict[str, Any]:
    parts = {
        name: getattr(split, name)
        for name in ("generator", "control", "reference", "validation", "test")
    }
    return {
        **_common(seed, quick, simulated),
        "synthetic entities": n,
        "entities": {name: events.n_entities for name, events in parts.items()},
        "events": {name: events.n_events for name, events in parts.items()},
        "split": {
            "reason": split.reason,
            "time_disjoint": split.time_disjoint,
            "hashes": split.hashes(),
        },
        "utility": utility.facts,
    }


def _common(seed: int, quick: bool, simulated: bool) -> dict[str, Any]:
    return {"seed": seed, "quick": quick, "simulated": simulated}
