"""Paths begin where they are told to: in the market of a day, or in the tail of regimes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import truncnorm
from test_generator_contract import OPTIONS

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import RiskgenError, ScenarioError
from riskgen.models.base import Generator, sample
from riskgen.models.beginning import Beginning, Foresight, beginning
from riskgen.models.bootstrap import Bootstrap
from riskgen.models.garch.garch import Garch
from riskgen.models.timegan.pasts import StormyRegimes
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.timegan import TimeGAN
from riskgen.simulate.mechanisms.markets.stressed_paths import check, regime_of
from riskgen.simulate.scenario import StressScenario, parse_scenario
from riskgen.simulate.template import template

LAYOUT = Layout(fields=(Field("A", levels=0), Field("B", levels=0)), context_fields=())


def market(n: int = 1500, seed: int = 0) -> SequencePanel:
    """Two assets whose common volatility moves slowly, by a factor of four and more."""
    rng = np.random.default_rng(seed)
    level = np.zeros(n)
    for day in range(1, n):
        level[day] = 0.98 * level[day - 1] + 0.15 * rng.normal()
    values = np.exp(level)[:, None] * rng.normal(size=(n, 2))
    return SequencePanel(LAYOUT, values, np.zeros((1, 0)), np.array([0, n]))


def days(scale: float, n: int = 200) -> SequencePanel:
    values = scale * np.random.default_rng(1).normal(size=(n, 2))
    return SequencePanel(LAYOUT, values, np.zeros((1, 0)), np.array([0, n]))


@cache
def fitted(key: str) -> Any:
    if key == "garch":
        return Garch().fit(market(), seed=0)
    return TimeGAN(**{**OPTIONS["timegan"], "steps": 150}).fit(market(), seed=0)


def spread(generator: Generator, length: int = 5) -> float:
    return float(sample(generator, 256, seed=1, length=length).values.std())


@pytest.mark.parametrize("key", ["garch", "timegan"])
def test_paths_after_a_storm_are_wilder_than_paths_after_a_calm(key: str) -> None:
    generator = fitted(key)
    assert isinstance(generator, Beginning)
    calm, storm = (spread(generator.after(days(scale))) for scale in (0.3, 3.0))
    assert storm > 2 * calm
    assert calm < spread(generator) < storm


@pytest.mark.parametrize("key", ["garch", "timegan"])
def test_the_farther_into_the_tail_of_regimes_the_wilder(key: str) -> None:
    generator = fitted(key)
    found = [spread(generator.within(q)) for q in (0.0, 0.5, 0.9, 0.99)]
    assert found == sorted(found)
    assert found[-1] > 1.3 * found[0]


@pytest.mark.parametrize("key", ["garch", "timegan"])
def test_fewer_paths_are_the_first_of_more_wherever_they_begin(key: str) -> None:
    for generator in (fitted(key).after(days(2.0)), fitted(key).within(0.9)):
        few = sample(generator, 3, seed=1, length=5).values
        assert np.array_equal(few, sample(generator, 300, seed=1, length=5).values[: len(few)])


@pytest.mark.parametrize("key", ["garch", "timegan"])
def test_the_fitted_generator_and_what_is_stored_stay_as_they_were(key: str) -> None:
    generator = fitted(key)
    before = sample(generator, 2, seed=1, length=5).values
    sample(generator.after(days(3.0)), 2, seed=1, length=5)
    sample(generator.within(0.9), 2, seed=1, length=5)
    assert np.array_equal(sample(generator, 2, seed=1, length=5).values, before)


def test_a_garch_goes_on_from_the_variance_that_the_days_filter() -> None:
    generator, recent = fitted("garch"), days(2.0)
    volatility = generator._simulator.volatility
    variance = volatility.filtered(recent.values, recent.offsets)[-1]
    wanted = volatility.next(variance, recent.values[-1] - volatility.mean)
    assert generator.after(recent)._simulator.start[0] == pytest.approx(wanted)


def pasts() -> np.ndarray:
    return np.stack([days(scale).values for scale in (0.3, 1.0, 3.0)])


def test_a_garch_foresees_from_the_variances_after_each_past() -> None:
    generator = fitted("garch")
    starts = generator._simulator.starts_after(pasts())
    for past, start in zip(pasts(), starts, strict=True):
        alone = generator.after(SequencePanel(LAYOUT, past, np.zeros((1, 0)), np.array([0, 200])))
        assert alone._simulator.start[0] == pytest.approx(start)


@pytest.mark.parametrize("key", ["garch", "timegan"])
def test_what_is_foreseen_has_the_law_of_the_first_day_after_the_same_past(key: str) -> None:
    generator = fitted(key)
    assert isinstance(generator, Foresight)
    levels = [0.01, 0.1, 0.5, 0.9, 0.99]
    for past, drawn in zip(pasts(), generator.following(pasts(), 6_000, seed=2), strict=True):
        alone = generator.after(SequencePanel(LAYOUT, past, np.zeros((1, 0)), np.array([0, 200])))
        first = sample(alone, 6_000, seed=3, length=1).values
        assert drawn.shape == first.shape
        gaps = np.quantile(drawn, levels, axis=0) - np.quantile(first, levels, axis=0)
        assert np.abs(gaps).max() < 0.35 * first.std()
        assert drawn.std() == pytest.approx(first.std(), rel=0.06)


@pytest.mark.parametrize("key", ["garch", "timegan"])
def test_later_pasts_do_not_change_what_is_foreseen_from_earlier_ones(key: str) -> None:
    few = list(fitted(key).following(pasts()[:2], 50, seed=2))
    more = list(fitted(key).following(pasts(), 50, seed=2))[:2]
    assert np.allclose(few, more, atol=1e-4)
    assert not np.allclose(few, list(fitted(key).following(pasts()[:2], 50, seed=3)), atol=1e-4)


def test_the_tail_of_regimes_is_the_truncated_normal_law() -> None:
    loadings = np.array([[0.6, 0.4, 0.5], [0.1, -0.1, 0.0]])
    regimes = Regimes(np.zeros(3), loadings)
    stormy = StormyRegimes(regimes.mean, loadings, 0.9)
    slope = loadings.mean(axis=1)
    normals = stormy.normals(20_000, np.random.default_rng(0))
    along = normals @ slope / np.linalg.norm(slope)
    law = truncnorm(1.2815515655446004, np.inf)
    assert along.min() >= 1.2815
    assert along.mean() == pytest.approx(law.mean(), abs=0.01)
    assert along.std() == pytest.approx(law.std(), abs=0.01)
    across = normals @ np.array([-slope[1], slope[0]]) / np.linalg.norm(slope)
    assert across.std() == pytest.approx(1, abs=0.02)


def test_a_generator_without_a_state_says_so() -> None:
    with pytest.raises(RiskgenError, match="'bootstrap' cannot: its paths know no state"):
        beginning(Bootstrap(), "--start-from")
    with pytest.raises(RiskgenError, match="from 0 to below 1"):
        fitted("garch").within(1.0)


def conditioned(mechanism: str, keep: bool) -> StressScenario:
    text = template("mine", "market").replace("mechanism: transform", f"mechanism: {mechanism}")
    start, end = text.index("  vol_scale:"), text.index("plausibility:")
    knob = "  regime_quantile: {at0: 0, at1: 0.9, scale: linear, source: {kind: judgement}}\n"
    return parse_scenario(text[:start] + knob + text[start if keep else end :], "mine")


def test_a_condition_has_one_parameter_and_a_map_may_have_it_too() -> None:
    only, both = conditioned("condition", keep=False), conditioned("transform", keep=True)
    for scenario in (only, both):
        check(scenario, 0.5)
        assert regime_of((scenario,), 0.0) == 0.0
        assert regime_of((scenario,), 0.5) == pytest.approx(0.45)
    assert not only.hypothetical
    with pytest.raises(ScenarioError, match="its one parameter is 'regime_quantile'"):
        check(conditioned("condition", keep=True), 0.5)
