"""Log returns to panels and back, and simulated returns to prices and rows."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_market import market_schema

from riskgen.data.dtypes import dtype_name
from riskgen.data.market import Prices
from riskgen.data.market.returns_encoding import (
    PathStart,
    PriceEncoder,
    path_dates,
    paths_frame,
    to_prices,
)
from riskgen.data.panel import SequencePanel


def prices_of(returns: np.ndarray, starts: tuple[int, ...] = (0,)) -> Prices:
    values = np.exp(np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)]))
    assets = [f"asset{i}" for i in range(returns.shape[1])]
    dates = np.arange(len(values)).astype("datetime64[D]")
    return Prices(market_schema(*assets), dates, values, starts)


def normal_returns(n: int = 600, n_assets: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.01, (n, n_assets)) * [1.0, 2.0, 5.0][:n_assets]


def test_encoding_and_decoding_give_the_returns_back() -> None:
    prices = prices_of(normal_returns())
    encoder = PriceEncoder.fit(prices)
    decoded = encoder.decode_returns(encoder.encode(prices))
    assert decoded.shape == (1, 600, 3)
    np.testing.assert_allclose(decoded[0], prices.log_returns(), atol=1e-12)


def test_normal_returns_are_standardised_to_mean_zero_and_unit_spread() -> None:
    panel_values = (
        PriceEncoder.fit(prices_of(normal_returns(20_000)))
        .encode(prices_of(normal_returns(20_000)))
        .values
    )
    np.testing.assert_allclose(np.median(panel_values, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(panel_values.std(axis=0), 1, rtol=0.02)


def test_a_crash_is_neither_clipped_nor_does_it_move_the_scale() -> None:
    calm = normal_returns()
    crashed = calm.copy()
    crashed[300, 0] = -0.4
    encoder = PriceEncoder.fit(prices_of(crashed))
    np.testing.assert_allclose(encoder.scale, PriceEncoder.fit(prices_of(calm)).scale, rtol=0.02)
    assert encoder.decode_returns(encoder.encode(prices_of(crashed)))[0, 300, 0] == pytest.approx(
        -0.4, abs=1e-12
    )


def test_each_segment_is_a_sequence_of_its_own() -> None:
    prices = prices_of(normal_returns(), starts=(0, 100, 301))
    panel = PriceEncoder.fit(prices).encode(prices)
    assert panel.lengths.tolist() == [99, 200, 299]
    assert panel.layout.context_fields == ()
    assert panel.layout.clock is None


@settings(max_examples=40, deadline=None)
@given(slope=st.floats(-5, 5).filter(lambda s: abs(s) > 0.01), intercept=st.floats(-0.01, 0.01))
def test_an_affine_copy_is_dropped_and_comes_back(slope: float, intercept: float) -> None:
    base = normal_returns(n_assets=2)
    returns = np.column_stack([base[:, 0], intercept + slope * base[:, 0], base[:, 1]])
    encoder = PriceEncoder.fit(prices_of(returns))
    assert [f.name for f in encoder.layout.fields] == ["asset0", "asset2"]
    decoded = encoder.decode_returns(encoder.encode(prices_of(returns)))[0]
    np.testing.assert_allclose(decoded, returns, atol=1e-9)


def test_a_nearly_equal_column_is_modelled_on_its_own() -> None:
    base = normal_returns(n_assets=1)
    noise = np.random.default_rng(2).normal(0, 1e-5, base.shape)
    encoder = PriceEncoder.fit(prices_of(np.hstack([base, base + noise])))
    assert len(encoder.layout.fields) == 2


def test_an_asset_that_stands_still_on_the_generators_days_is_handled() -> None:
    returns = normal_returns()
    returns[:, 1] = 0.0
    prices = prices_of(returns)
    encoder = PriceEncoder.fit(prices)
    panel = encoder.encode(prices)
    assert np.isfinite(panel.values).all()
    np.testing.assert_array_equal(encoder.decode_returns(panel)[0, :, 1], 0.0)


def test_an_asset_that_moves_on_few_days_has_a_finite_scale() -> None:
    returns = normal_returns()
    returns[np.arange(600) % 10 != 0, 1] = 0.0
    encoder = PriceEncoder.fit(prices_of(returns))
    assert encoder.scale[1] == pytest.approx(returns[:, 1].std())


def test_the_encoder_survives_json() -> None:
    prices = prices_of(np.column_stack([normal_returns(), normal_returns()[:, 0] * 2]))
    encoder = PriceEncoder.fit(prices)
    again = PriceEncoder.from_state(json.loads(json.dumps(encoder.state())))
    panel = encoder.encode(prices)
    assert again.layout.fields == encoder.layout.fields
    np.testing.assert_array_equal(again.decode_returns(panel), encoder.decode_returns(panel))


def test_paths_of_equal_length_decode_side_by_side() -> None:
    encoder = PriceEncoder.fit(prices_of(normal_returns()))
    values = np.arange(18.0).reshape(6, 3)
    panel = SequencePanel(encoder.layout, values, np.zeros((2, 0)), np.array([0, 3, 6]))
    decoded = encoder.decode_returns(panel)
    assert decoded.shape == (2, 3, 3)
    np.testing.assert_allclose(decoded[1, 0], values[3] * encoder.scale + encoder.centre)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 30))
def test_prices_of_paths_have_the_log_returns_they_were_made_of(n: int, horizon: int) -> None:
    returns = np.random.default_rng(n * 100 + horizon).normal(0, 0.02, (n, horizon, 2))
    last = np.array([100.0, 3.0])
    prices = to_prices(returns, last)
    whole = np.concatenate([np.broadcast_to(last, (n, 1, 2)), prices], axis=1)
    np.testing.assert_allclose(np.diff(np.log(whole), axis=1), returns, atol=1e-12)


def test_an_exploding_path_stays_positive_and_finite() -> None:
    prices = to_prices(np.array([[[500.0], [500.0]], [[-500.0], [-500.0]]]), np.array([10.0]))
    assert np.isfinite(prices).all()
    assert (prices > 0).all()


def test_business_days_follow_a_friday_with_a_monday() -> None:
    days = path_dates(np.datetime64("2018-12-28"), 3)
    assert [str(d) for d in days] == ["2018-12-31", "2019-01-01", "2019-01-02"]


def test_business_days_follow_a_sunday_with_a_monday() -> None:
    assert str(path_dates(np.datetime64("2018-12-30"), 1)[0]) == "2018-12-31"


def test_months_follow_a_month_end_with_month_ends() -> None:
    days = path_dates(np.datetime64("2019-01-31"), 3, "month")
    assert [str(d) for d in days] == ["2019-02-28", "2019-03-31", "2019-04-30"]


@pytest.mark.parametrize("step", ["business", "day", "week", "month"])
def test_dates_of_paths_increase(step: str) -> None:
    days = path_dates(np.datetime64("2020-02-27"), 40, step)
    assert len(days) == 40
    assert (np.diff(days).astype(int) > 0).all()


def test_a_frame_of_paths_has_the_columns_of_the_table() -> None:
    prices = prices_of(normal_returns(n_assets=2))
    columns = [
        c.model_copy(update={"decimals": 2}) if c.role == "channel" else c
        for c in prices.schema.channels
    ]
    aside = columns[1].model_copy(update={"name": "aside", "role": "dropped"})
    schema = prices.schema.model_copy(update={"channels": (columns[0], aside, *columns[1:])})
    start = PathStart.after(Prices(schema, prices.dates, prices.values))
    frame = paths_frame(np.full((3, 4, 2), -20.0), start)
    assert frame.columns == ["date", "aside", "asset0", "asset1"]
    assert frame.height == 12
    assert frame["date"].dtype == pl.Date
    assert frame["aside"].null_count() == 12
    assert frame["asset0"].min() == 0.01  # rounded, but never to zero


@pytest.mark.parametrize("dtype", ["Date", "Datetime(ms)", "Int64", "String"])
def test_dates_come_out_in_the_type_they_came_in(dtype: str) -> None:
    prices = prices_of(normal_returns(n_assets=1))
    time, asset = prices.schema.channels
    channels = (time.model_copy(update={"dtype": dtype}), asset)
    schema = prices.schema.model_copy(update={"channels": channels})
    frame = paths_frame(
        np.zeros((1, 2, 1)), PathStart.after(Prices(schema, prices.dates, prices.values))
    )
    assert dtype_name(frame["date"].dtype) == dtype


def test_a_start_survives_json() -> None:
    start = PathStart.after(prices_of(normal_returns()))
    again = PathStart.from_state(json.loads(json.dumps(start.state())), start.schema)
    assert again.date == start.date
    assert again.step == start.step
    np.testing.assert_array_equal(again.prices, start.prices)
