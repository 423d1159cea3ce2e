"""Weights are the nearest to equal ones under which views hold, and say how few are left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.markets.players import players
from riskgen.simulate.reweighting.effective import Effective
from riskgen.simulate.reweighting.entropy import Infeasible, entropy_pooling
from riskgen.simulate.reweighting.reweighting import Reweighting, pool_size, solve
from riskgen.simulate.reweighting.statistics import Market, path_statistic
from riskgen.simulate.scenario import StressScenario, parse_scenario
from riskgen.simulate.scenario_parts import View

MARKET = Market(("shares", "rate", "gold"), {}, np.array([100.0, 2.0, 50.0]))


def paths(n: int = 4000, horizon: int = 60, seed: int = 0) -> np.ndarray:
    """Shares, a rate that moves with them, and gold that does not."""
    rng = np.random.default_rng(seed)
    shares, own, gold = rng.normal(0, 1, (3, n, horizon))
    rho = np.clip(0.4 + 0.35 * rng.normal(size=(n, 1)), -0.95, 0.95)
    rate = rho * shares + np.sqrt(1 - rho**2) * own
    return np.stack([0.01 * shares, 0.02 * rate, 0.008 * gold], axis=2)


def scenario(views: str, more: str = "") -> StressScenario:
    text = f"""
schema: riskgen.scenario/v1
id: mine
title: Mine
domain: market
typology: rates_shock
mechanism: reweight
severity: {{default: 0.6}}
views: [{views}]
{more}
"""
    return parse_scenario(text, "mine")


def solved(views: str, severity: float = 1.0, more: str = "") -> Reweighting:
    return solve(scenario(views, more), severity, paths(), MARKET, seed=1)


@pytest.mark.parametrize(
    ("k", "perplexity", "kish"), [(1, 0.6065, 0.368), (2, 0.1353, 0.0183), (3, 0.0111, 1.23e-4)]
)
def test_a_normal_statistic_shifted_by_k_deviations_leaves_what_theory_says(
    k: int, perplexity: float, kish: float
) -> None:
    # The population's weights at quantiles: samples of a few millions miss the far tail.
    x = np.linspace(-12, 12, 400_001)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    tilt = np.exp(k * x - k**2 / 2)
    step = x[1] - x[0]
    assert (tilt * np.log(tilt) * density).sum() * step == pytest.approx(k**2 / 2, rel=1e-6)
    assert np.exp(-(tilt * np.log(tilt) * density).sum() * step) == pytest.approx(
        perplexity, rel=1e-2
    )
    assert 1 / ((tilt**2 * density).sum() * step) == pytest.approx(kish, rel=1e-2)


@pytest.mark.parametrize("k", [0.5, 1.0, 2.0])
def test_a_view_on_a_mean_is_the_exponential_tilt_of_a_normal_law(k: float) -> None:
    x = np.random.default_rng(0).normal(size=200_000)
    tilt = entropy_pooling(x[:, None], np.array([k]), ("=",))
    weights = tilt.weights(x[:, None])
    assert tilt.multipliers[0] / tilt.scale[0] == pytest.approx(k, rel=0.05)
    assert weights.mean() == pytest.approx(1)
    assert (weights * x).mean() == pytest.approx(k, abs=1e-5)
    left = Effective.of(weights)
    assert left.entropy == pytest.approx(k**2 / 2, rel=0.05)
    assert left.perplexity / left.n == pytest.approx(np.exp(-(k**2) / 2), rel=0.1)
    assert left.kish / left.n == pytest.approx(np.exp(-(k**2)), rel=0.25)


def test_views_that_hold_already_leave_all_weights_equal() -> None:
    x = np.random.default_rng(0).normal(size=(500, 3))
    weights = entropy_pooling(x, x.mean(axis=0), ("=", ">=", "<=")).weights(x)
    assert np.allclose(weights, 1, atol=1e-9)
    loose = entropy_pooling(x, x.mean(axis=0) + np.array([0, -1, 1]), ("=", ">=", "<="))
    assert np.allclose(loose.weights(x), 1, atol=1e-9)
    assert Effective.of(weights).kish == pytest.approx(500)


def test_what_no_weights_can_do_is_refused_with_what_can_be_reached() -> None:
    x = np.random.default_rng(0).uniform(0, 1, (500, 1))
    with pytest.raises(Infeasible, match=r"to be = 2 on average.*between 0\.0\d+ and 0\.99"):
        entropy_pooling(x, np.array([2.0]), ("=",))
    twice = np.column_stack([x, x])
    with pytest.raises(Infeasible, match="all 2 demands"):
        entropy_pooling(twice, np.array([0.4, 0.6]), ("=", "="))
    with pytest.raises(Infeasible):
        entropy_pooling(np.ones((50, 1)), np.array([2.0]), ("=",))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 3),
    st.lists(st.sampled_from(["=", ">=", "<="]), min_size=3, max_size=3),
)
def test_weights_are_positive_meet_the_views_and_are_the_nearest_that_do(
    seed: int, k: int, kinds: list[str]
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, k)) @ rng.normal(size=(k, k))
    # Weights that exist make the views feasible; the answer may not be farther than they are.
    some = rng.exponential(size=300) ** 2
    some *= 300 / some.sum()
    targets, ops = some @ x / 300, tuple(kinds[:k])
    weights = entropy_pooling(x, targets, ops).weights(x)  # type: ignore[arg-type]
    assert (weights > 0).all()
    assert weights.mean() == pytest.approx(1)
    found = weights @ x / 300
    for value, target, op, scale in zip(found, targets, ops, x.std(axis=0), strict=True):
        gap = (value - target) / scale
        assert {"=": abs(gap), ">=": -gap, "<=": gap}[op] <= 1e-5
    assert Effective.of(weights).entropy <= Effective.of(some).entropy + 1e-9
    # Any other feasible weights: a mixture of the answer and the given ones.
    other = 0.5 * weights + 0.5 * some
    assert Effective.of(weights).entropy <= Effective.of(other).entropy + 1e-9


def test_a_correlation_is_met_and_what_is_not_asked_about_stays() -> None:
    view = (
        "{stat: correlation, pair: [shares, rate], op: '=', value: 0.6}, {stat: marginals, op: '='}"
    )
    found, pool = solved(view), paths()
    weights = found.weights(pool)
    moments = [
        (weights[:, None] * pool[:, :, i] * pool[:, :, j]).mean()
        for i, j in ((0, 0), (1, 1), (0, 1))
    ]
    assert moments[2] / np.sqrt(moments[0] * moments[1]) == pytest.approx(0.6, abs=5e-3)
    assert moments[0] == pytest.approx((pool[:, :, 0] ** 2).mean(), rel=1e-4)
    assert found.untargeted is not None
    assert found.untargeted <= 2
    assert found.asked["correlation(shares, rate)"] == pytest.approx(0.6)


def test_a_rate_rises_by_as_many_basis_points_as_asked_for() -> None:
    found, pool = solved("{stat: change_bp, asset: rate, op: '=', value: 20}"), paths()
    weights = found.weights(pool)
    # The rate begins at 2 %: a change by a tenth is 20 basis points.
    change = np.expm1(pool[:, :, 1].sum(axis=1))
    assert (weights * change).mean() == pytest.approx(0.1, rel=1e-3)


def test_a_condition_keeps_the_tail_and_the_dial_widens_it() -> None:
    view, pool = "{stat: max_drawdown, op: '>=', quantile: 0.95}", paths()
    for severity, kept in ((1.0, 0.05), (0.5, 0.05**0.5)):
        weights = solved(view, severity).weights(pool)
        assert (weights > 0).mean() == pytest.approx(kept, abs=1e-3)
        assert weights.mean() == pytest.approx(1)
        assert np.ptp(weights[weights > 0]) < 1e-9


def test_a_chance_is_met() -> None:
    view, pool = "{stat: change, op: '=', value: -0.05, quantile: 0.5}", paths()
    weights = solved(view).weights(pool)
    below = path_statistic(pool, View(stat="change", op="="), MARKET) <= -0.05
    assert (weights * below).mean() == pytest.approx(0.5, abs=1e-5)


def test_more_severity_is_more_entropy_and_none_is_none() -> None:
    view, pool = "{stat: max_drawdown, op: '>=', value: 0.11}", paths()
    steps = [solved(view, s) for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    entropy = [one.pool.entropy for one in steps]
    assert entropy == sorted(set(entropy))
    assert np.allclose(steps[0].weights(pool), 1, atol=1e-9)
    reached = [one.reached["max_drawdown"] for one in steps]
    assert reached == pytest.approx([one.asked["max_drawdown"] for one in steps], rel=1e-3)


def test_a_path_has_its_weight_whoever_else_is_drawn() -> None:
    found = solved("{stat: change, op: '=', value: -0.05}")
    fresh = paths(1000, seed=7)
    assert np.allclose(found.weights(fresh)[300:310], found.weights(fresh[300:310]), rtol=1e-12)
    # Paths that the multipliers were not solved on weigh 1 on average all the same.
    assert found.weights(paths(8000, seed=8)).mean() == pytest.approx(1, abs=0.1)


def test_too_few_effective_paths_are_refused_with_the_severity_that_is_reached() -> None:
    with pytest.raises(ScenarioError, match=r"beyond reach of reweighting.*up to severity 0\.\d\d"):
        solved("{stat: change, op: '=', value: -0.25}")
    rule = "plausibility: {min_ess: {kish: 1, frac: 0.0001}}"
    assert solved("{stat: change, op: '=', value: -0.15}", more=rule).pool.kish < 200
    with pytest.raises(ScenarioError, match="no severity reaches it"):
        solved("{stat: change, op: '=', value: -9}")


@pytest.mark.parametrize(
    ("views", "said"),
    [
        ("{stat: volatilty, op: '=', value: 1}", "'volatilty'. Known: 'volatility'"),
        ("{stat: correlation, op: '=', value: 1}", "needs 'pair"),
        ("{stat: change, asset: rates, op: '=', value: 1}", "'rates'. Known: 'rate'"),
        ("{stat: change, op: '='}", "neither value nor quantile"),
        ("{stat: correlation, pair: [rate, gold], op: '=', value: 1}", "within -1 and 1"),
        ("{stat: change_bp, op: '=', value: 1}", "needs 'asset'"),
    ],
)
def test_a_view_that_cannot_be_read_is_told(views: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        solved(views)


def test_a_scenario_needs_parameters_or_views() -> None:
    with pytest.raises(ScenarioError, match="'parameters' are missing"):
        scenario("")


def test_the_shipped_break_of_rates_needs_a_rate_and_says_so() -> None:
    shipped = catalogue.load("rates_corr_break")
    with pytest.raises(ScenarioError, match="cannot do without 'rates'"):
        players(shipped, ("AAPL", "XOM"))
    mine = parse_scenario(
        catalogue.text("rates_corr_break").replace(
            "\nroles:", "\ncolumns: {rates: rate, equity: shares}\nroles:"
        ),
        "mine",
    )
    roles = players(mine, MARKET.assets)
    assert roles == {"rates": 1, "equity": 0}
    market = Market(MARKET.assets, roles, MARKET.last)
    falling = paths()
    falling[:, :, 1] *= -1.0
    found = solve(mine, 0.2, falling, market, seed=1)
    assert found.untargeted is not None
    assert found.untargeted <= 2
    assert found.reached["change_bp(rates)"] == pytest.approx(
        found.asked["change_bp(rates)"], rel=1e-3
    )


def test_the_pool_is_smaller_for_wide_paths_and_the_same_for_all_requests() -> None:
    assert pool_size(60, 20) == 10_000
    assert pool_size(250, 200) == 1_000
