"""The dial of market stresses, and what the past says of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from riskgen.data.market import Prices
from riskgen.simulate import catalogue
from riskgen.simulate.path_curve import path_curve
from riskgen.stages.simulate.history import _windows


def calm(n: int = 60, horizon: int = 250) -> np.ndarray:
    rng = np.random.default_rng(1)
    common = rng.normal(0, 0.007, (n, horizon, 1))
    return np.asarray(common + rng.normal(0, 0.007, (n, horizon, 3)))


@pytest.mark.parametrize("name", ["gfc_2008", "covid_2020"])
def test_more_severity_is_more_loss_and_more_volatility(name: str) -> None:
    curve = path_curve(calm(), catalogue.load(name), seed=1)
    assert curve["severity"] == [0, 0.25, 0.5, 0.75, 1]
    ranks = curve["spearman"]
    assert ranks["max_drawdown"] == ranks["volatility"] == 1.0
    if name == "gfc_2008":  # the other one recovers within the horizon
        assert ranks["final_return"] == -1.0
    assert json.loads(json.dumps(curve, allow_nan=False)) == curve


def test_a_handful_of_paths_and_a_reweighting_have_no_curve() -> None:
    assert path_curve(calm(10), catalogue.load("gfc_2008"), seed=1) == {}
    assert path_curve(calm(), catalogue.load("rates_corr_break"), seed=1) == {}


def test_windows_of_the_past_do_not_overlap_nor_cross_a_gap() -> None:
    from test_stream import market_start

    schema = market_start().schema
    days = np.arange("2020-01-01", "2020-01-26", dtype="datetime64[D]")
    level = np.exp(np.cumsum(np.full(25, 0.01)))
    values = np.stack([level, level, level], axis=1)
    values[12:] *= 5.0
    prices = Prices(schema, days, values, (0, 12))
    windows = _windows(prices, 5)
    # 11 returns before the gap and 12 after it: two windows of five in each.
    assert windows.shape == (4, 5, 3)
    assert np.allclose(windows, 0.01)
