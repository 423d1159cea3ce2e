"""A portfolio's losses are told with intervals, and how a loss could come about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from riskgen.data.market.portfolio import Portfolio, read_portfolio
from riskgen.errors import DataError
from riskgen.simulate.paths import PathPart
from riskgen.simulate.portfolios.outcomes import FEATURES, Outcomes, falls
from riskgen.simulate.portfolios.reverse import find, story
from riskgen.simulate.portfolios.risk import LEVELS, tail_risks, weighted_quantile

ASSETS = ("A", "B", "C")
EQUAL = Portfolio(np.array([0.5, 0.5, 0.0]), "weight")


def paths(n: int = 1000, horizon: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(0, 0.01, (n, horizon, 1)) + rng.normal(0, 0.01, (n, horizon, 3)))


def outcomes(returns: np.ndarray, weight: np.ndarray | None = None) -> Outcomes:
    found = Outcomes(EQUAL, seed=1)
    found.add(PathPart(0, returns, returns, weight))
    return found


def test_tail_risks_of_a_normal_loss_are_the_closed_form_and_inside_the_interval() -> None:
    losses = np.random.default_rng(0).normal(size=20_000)
    for risk in tail_risks(losses, np.ones(20_000), seed=1):
        var = norm.ppf(risk.level)
        es = norm.pdf(var) / (1 - risk.level)
        assert risk.var == pytest.approx(var, rel=0.03)
        assert risk.es == pytest.approx(es, rel=0.03)
        assert risk.var_interval[0] < risk.var < risk.var_interval[1]
        assert risk.es_interval[0] < es < risk.es_interval[1]


def test_a_normal_loss_shifted_by_weights_has_the_shifted_tail() -> None:
    losses = np.random.default_rng(0).normal(size=50_000)
    weights = np.exp(losses - 0.5)
    found = tail_risks(losses, weights, seed=1)
    wanted = [1 + norm.ppf(level) for level in LEVELS]
    assert [risk.var for risk in found] == pytest.approx(wanted, rel=0.05)
    plain = tail_risks(losses + 1.0, np.ones(50_000), seed=1)
    # Fewer effective paths, wider intervals.
    for tilted, even in zip(found, plain, strict=True):
        assert np.diff(tilted.var_interval) > np.diff(even.var_interval)


def test_a_shortfall_of_few_losses_takes_as_much_of_a_path_as_the_level_needs() -> None:
    losses = np.arange(1.0, 11.0)
    found = tail_risks(losses, np.ones(10), seed=1)[0]
    assert (found.var, found.es) == (10.0, pytest.approx(10.0))
    double = tail_risks(np.repeat(losses, 2), np.ones(20), seed=1)[0]
    split = tail_risks(losses, np.full(10, 7.0), seed=1)[0]
    assert (double.var, double.es) == pytest.approx((split.var, split.es))
    assert weighted_quantile(losses, np.ones(10), 0.5) == 5.0


def test_weights_and_quantities_buy_and_hold() -> None:
    returns = np.log(np.array([[[1.1, 0.9, 2.0], [1.0, 1.0, 2.0]]]))
    assert EQUAL.profits(returns)[0] == pytest.approx([0.0, 0.0])
    pieces = Portfolio(np.array([10.0 * 100.0, -5.0 * 50.0, 0.0]), "quantity")
    assert pieces.value == 750
    assert pieces.profits(returns)[0, -1] == pytest.approx(100 + 25)


def test_a_fall_counts_from_the_peak_and_from_today() -> None:
    assert falls(np.array([[-1.0, 2.0, 0.5], [1.0, 2.0, 3.0]])) == pytest.approx([1.5, 0.0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("asset,size\nA,1\n", "has the columns asset, size. It needs 'asset' and one of"),
        ("asset,weight,quantity\nA,1,1\n", "one of 'weight'"),
        ("asset,weight\nD,1\n", "no simulated asset 'D'"),
        ("asset,weight\nA,1\nA,2\n", "holds 'A' in two rows"),
        ("asset,weight\nA,x\nB,1\n", "1 rows without a finite weight .first at row 1"),
        ("asset,weight\nA,0\n", "holds nothing"),
        ("", "cannot be read"),
    ],
)
def test_a_portfolio_that_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_portfolio(path, ASSETS, np.ones(3))


def test_a_portfolio_is_read_in_any_order_of_columns_and_assets(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Quantity,Asset\n3,C\n-2,A\n")
    found = read_portfolio(path, ASSETS, np.array([10.0, 20.0, 30.0]))
    assert found.exposure.tolist() == [-20.0, 0.0, 90.0]
    assert found.sized_by == "quantity"


def test_parts_added_up_apart_are_the_whole() -> None:
    whole, apart = outcomes(paths()), Outcomes(EQUAL, seed=1)
    for piece in (paths()[:300], paths()[300:]):
        apart.merge(outcomes(piece).state())
    assert apart.facts() == whole.facts()


def test_a_reverse_stress_finds_the_planted_path_and_says_what_happens() -> None:
    returns = paths()
    returns[123, :, :2] -= 0.018  # a bad month of two assets of three
    returns[456, 5:8, :2] -= 0.12  # far less plausible: a third within three days
    found, chosen = find(outcomes(returns), 0.25)
    assert chosen.tolist() == [123, 456]
    first, second = found["most_plausible"]
    assert first["m2"] < second["m2"]
    assert first["percentile_in_base"] >= 0.99
    assert found["share_by_weight"] == pytest.approx(2 / 1000)
    usual = np.median(outcomes(returns).rows[:, 3 + len(FEATURES) :], axis=0)
    told = story(returns[456], EQUAL, ASSETS, usual)
    assert told.startswith(("What costs most is A -", "What costs most is B -"))
    assert any(f"worst on day {day};" in told for day in (6, 7, 8))


def test_no_such_loss_is_said_with_the_largest_one() -> None:
    found, chosen = find(outcomes(paths()), 0.9)
    assert len(chosen) == found["n_found"] == 0
    assert found["sentence"].startswith("None of 1,000 paths loses as much; the largest loss is 0.")


def test_a_path_that_weighs_nothing_is_not_what_happens() -> None:
    returns, weight = paths(), np.ones(1000)
    returns[123, 5:8] -= 0.12
    returns[456, 5:8] -= 0.13
    weight[123] = 0.0
    found, chosen = find(outcomes(returns, weight), 0.25)
    assert chosen.tolist() == [456]
    assert found["share_by_weight"] == pytest.approx(1 / 999)
