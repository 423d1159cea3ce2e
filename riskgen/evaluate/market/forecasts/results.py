"""From tests and scores of one-day forecasts to results that can be read alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from riskgen.evaluate.intervals import wilson
from riskgen.evaluate.market.forecasts.acerbi_szekely import RULE
from riskgen.evaluate.market.forecasts.backtests import SIGNIFICANCE, TESTS, Backtest, least_level
from riskgen.evaluate.market.forecasts.coverage import RED, YEAR, YELLOW, holm, zone
from riskgen.evaluate.market.forecasts.forecast import LEVELS, stated
from riskgen.evaluate.market.forecasts.power import ALTERNATIVES, NEEDED, zone_power
from riskgen.evaluate.market.forecasts.rivals import HISTORICAL
from riskgen.evaluate.market.forecasts.score import Scored
from riskgen.evaluate.result import Estimate, MetricResult, Threshold

FEWEST = 500  # out-of-time days (PROTOCOL A6)
FORECAST = "market.forecast"
SCORE = f"{FORECAST}.score"
LIGHT = f"{FORECAST}.traffic_light"
RIVAL_BETTER, RIVAL_EQUAL = "is better than it", "cannot be told from it"

_TITLES = {
    "kupiec": "Days beyond one-day VaR at {at} % are as many as stated (Kupiec)",
    "independence": "Days beyond one-day VaR at {at} % do not cluster (Christoffersen)",
    "coverage": "Days beyond one-day VaR at {at} %: number and clustering (Christoffersen)",
    "z1": "Losses beyond one-day VaR at {at} % are as large as stated (Acerbi-Szekely Z1)",
    "z2": "One-day expected shortfall at {at} %: days and losses beyond (Acerbi-Szekely Z2)",
}
_METHODS = {
    "kupiec": "Likelihood ratio of the proportion of failures (Kupiec 1995), chi-squared, "
    "1 degree.",
    "independence": "Likelihood ratio of a first-order Markov chain (Christoffersen 1998), "
    "chi-squared, 1 degree.",
    "coverage": "Sum of both likelihood ratios (Christoffersen 1998), chi-squared, 2 degrees.",
    "z1": "Acerbi and Szekely (2014), first test; law simulated from the forecasts, one-sided.",
    "z2": "Acerbi and Szekely (2014), second test; law simulated from the forecasts, one-sided. "
    f"Over 250 days at 97.5 % the paper's rule rejects below {RULE:g}.",
}
_HOW = (
    " Each day is forecast from the days before it; parameters are those of the fit and are never "
    "renewed. The equally weighted portfolio decides; p-values are adjusted for all tests at both "
    "levels (Holm 1979)."
)


def test_results(
    own: Sequence[Backtest], rivals: Mapping[str, Sequence[Backtest]]
) -> list[MetricResult]:
    """Return the result of each test at each level, then the traffic light."""
    found = [
        _tested(name, i, one, {rival: theirs[i] for rival, theirs in rivals.items()})
        for i, one in enumerate(own)
        for name in TESTS
    ]
    light = LEVELS.index(0.99)
    return [*found, _light(own[light], {name: theirs[light] for name, theirs in rivals.items()})]


def _tested(name: str, i: int, one: Backtest, rivals: Mapping[str, Backtest]) -> MetricResult:
    at, power = f"{100 * LEVELS[i]:g}", one.powers[name]
    source = f"{SIGNIFICANCE:.0%} after Holm's correction over {len(TESTS) * len(LEVELS)} tests"
    result = MetricResult(
        f"{FORECAST}.{name}.{at}",
        _TITLES[name].format(at=at),
        "market",
        "INCONCLUSIVE",
        estimate=Estimate(one.adjusted[name], n=one.n_days),
        references={rival: Estimate(theirs.adjusted[name]) for rival, theirs in rivals.items()},
        goal="higher",
        threshold=Threshold(SIGNIFICANCE, SIGNIFICANCE, "C", source),
        reason=_words(name, one),
        method=_METHODS[name] + _HOW,
        by=_parts(name, one),
    ).judged()
    if result.status != "PASS":
        return result
    short = _undecided(one, name, power)
    return (
        result
        if not short
        else replace(result, status="INCONCLUSIVE", band="amber", reason=f"{short} {result.reason}")
    )


def _undecided(one: Backtest, name: str, power: float) -> str:
    if power < NEEDED:
        return f"Cannot decide: a wrong forecast would pass too in {1 - power:.0%} of cases."
    if one.n_days < FEWEST:
        return f"Cannot decide: {one.n_days} days came later; {FEWEST} are needed."
    if one.others[name] > one.n_others / 2:
        return f"{one.others[name]} of {one.n_others} other portfolios are rejected at 5 %."
    return ""


def _words(name: str, one: Backtest) -> str:
    expected = one.n_days * stated(one.level)
    told = f"{one.beyond} of {one.n_days} days beyond where {expected:.1f} are stated"
    if name == "independence":
        told = f"{one.pairs[1]} of {one.pairs[0]} days beyond were followed by another"
    if name in ("z1", "z2"):
        told += f"; {name.upper()} {one.statistics[name]:.2f} (below 0 risk is understated)"
    return (
        f"{told}. Power {one.powers[name]:.2f} against {ALTERNATIVES[name]} "
        f"(at p ≤ {least_level():g})."
    )


def _parts(name: str, one: Backtest) -> dict[str, Estimate]:
    parts = {
        "share of days beyond": wilson(one.beyond, one.n_days),
        "stated share": Estimate(stated(one.level)),
        "statistic": Estimate(one.statistics[name]),
        "p-value, this test alone": Estimate(one.p_values[name]),
        f"power: {ALTERNATIVES[name]}": Estimate(one.powers[name]),
    }
    if one.n_others:
        share = one.others[name] / one.n_others
        parts["other portfolios rejected at 5 %"] = Estimate(share, n=one.n_others)
    if name == "independence":
        parts["days beyond after a day beyond"] = wilson(one.pairs[1], one.pairs[0])
    if name == "z2" and one.level == 0.975 and math.isfinite(one.latest_z2):
        parts[f"Z2 of the latest 250 days (rejected below {RULE:g})"] = Estimate(one.latest_z2)
    return parts


def _light(one: Backtest, rivals: Mapping[str, Backtest]) -> MetricResult:
    result = MetricResult(
        LIGHT,
        "Basel's traffic light: days beyond one-day VaR at 99 % in the latest 250",
        "market",
        "INCONCLUSIVE",
        method="Zones of Basel MAR99: green to 4, yellow from 5, red from 10." + _HOW,
    )
    if not one.years:
        reason = f"{one.n_days} days came after the learned ones; {YEAR} are needed."
        return replace(result, reason=reason)
    latest, power = one.years[0], zone_power()
    text = f"{zone(latest).capitalize()} zone. Where 2 % of days lie beyond instead of 1 %, "
    text += f"{power:.0%} of such years leave the green zone: green does not validate a model."
    earlier = {
        f"{k} years before" if k > 1 else "year before": float(x)
        for k, x in enumerate(one.years)
        if k
    }
    return replace(
        result,
        estimate=Estimate(float(latest), n=YEAR),
        references={name: Estimate(float(theirs.years[0])) for name, theirs in rivals.items()},
        threshold=Threshold(YELLOW - 1, RED - 1, "R", "Basel MAR99, MAR32"),
        reason=text,
        by={name: Estimate(count, n=YEAR) for name, count in earlier.items()},
    ).judged()


def score_results(name: str, scored: Scored) -> list[MetricResult]:
    """Return the score of the forecast called ``name`` against historical simulation."""
    found = [scored.against(name, HISTORICAL, i) for i in range(len(LEVELS))]
    adjusted = holm(np.array([one.p_value for one in found]))
    return [_scored(name, i, scored, float(p)) for i, p in enumerate(adjusted)]


def _scored(name: str, i: int, scored: Scored, p: float) -> MetricResult:
    own, at = scored.against(name, HISTORICAL, i), f"{100 * LEVELS[i]:g}"
    half = 1.959963984540054 * own.error
    result = MetricResult(
        f"{SCORE}.{at}",
        f"One-day VaR and ES at {at} % beside historical simulation (FZ0)",
        "market",
        "INCONCLUSIVE",
        estimate=Estimate(own.difference, own.difference - half, own.difference + half, n=own.n),
        references={
            other: Estimate(scored.against(other, HISTORICAL, i).difference)
            for other in scored.daily
            if other not in (name, HISTORICAL)
        },
        threshold=Threshold(0.0, 0.0, "J", "No worse than historical simulation, which is free"),
        method="Mean FZ0 (Patton, Ziegel and Chen 2019) less that of historical simulation, mean "
        "over portfolios; Diebold and Mariano (1995) with Newey-West errors, "
        f"{own.lags} days of memory; p-values by Holm over both levels. Below 0 is better.",
        by={"p-value, Holm": Estimate(p), "FZ0": Estimate(scored.mean(name, i))},
    )
    beside = _best_rival(name, i, scored)
    if p < SIGNIFICANCE and own.difference > 0:
        text = f"Historical simulation wins: its tail forecasts fit better (p = {p:.2g})."
        return replace(result, status="FAIL", band="red", reason=f"{text} {beside}")
    if p < SIGNIFICANCE:
        text = f"Better than historical simulation (p = {p:.2g})."
        return replace(result, status="PASS", band="green", reason=f"{text} {beside}")
    side = "worse" if own.difference > 0 else "better"
    text = f"Not told from historical simulation (p = {p:.2g}); {side} on these days."
    return replace(result, band="amber", reason=f"{text} {beside}")


def _best_rival(name: str, i: int, scored: Scored) -> str:
    """Say how the best rival does; its choice is paid for by Bonferroni's correction."""
    best = scored.best(i, name)
    test = scored.against(name, best, i)
    p = min(1.0, test.p_value * (len(scored.daily) - 1))
    if p >= SIGNIFICANCE:
        return f"The best rival, {best}, {RIVAL_EQUAL} (p = {p:.2g})."
    side = RIVAL_BETTER if test.difference > 0 else "is worse than it"
    return f"The best rival, {best}, {side} (p = {p:.2g})."
