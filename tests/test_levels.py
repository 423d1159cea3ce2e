"""Series of levels: what kind each column is, windows of them, and what timegan makes of them."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import torch

from riskgen.data.levels.columns import Column, knots
from riskgen.data.levels.encoding import LevelEncoder
from riskgen.data.panel import Floats
from riskgen.errors import DataError, TrainingError
from riskgen.models.base import sample
from riskgen.models.bootstrap import Bootstrap
from riskgen.models.timegan.blocks import blocked
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.sampling import Simulator
from riskgen.models.timegan.spreads import match_spreads
from riskgen.models.timegan.starts import Starts
from riskgen.models.timegan.timegan import TimeGAN

WINDOW = 12
NAMES = ("price", "copy", "dial", "weather", "static", "still")


def table(n: int = 400, seed: int = 0) -> Floats:
    """A price, its affine copy, a dial of four values, hourly weather, static, a constant."""
    rng = np.random.default_rng(seed)
    price = np.exp(np.cumsum(0.05 * rng.normal(size=n)) + 3.0)
    dial = 10.0 * np.minimum(rng.poisson(0.7, size=n), 3)
    hourly = np.cumsum(rng.normal(size=n // 6 + 2))
    weather = np.interp(np.arange(n) / 6.0, np.arange(len(hourly)), hourly)
    static = rng.uniform(0.0, 50.0, size=n)
    return np.column_stack([price, 3.0 - 2.0 * price, dial, weather, static, np.full(n, 7.0)])


def encoder(data: Floats | None = None) -> LevelEncoder:
    data = table() if data is None else data
    return LevelEncoder.fit(data, [(0, len(data))], NAMES, WINDOW)


def kinds(found: LevelEncoder) -> dict[str, str]:
    return {column.name: column.kind for column in found.columns}


def test_the_kind_of_a_column_is_read_from_its_values() -> None:
    assert kinds(encoder()) == {
        "dial": "grid",
        "static": "noise",
        "weather": "held",
        "price": "walk",
    }


def test_a_walk_is_not_taken_for_a_held_column_nor_for_noise() -> None:
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(size=300))
    assert Column.fit("walk", [walk]).kind == "walk"
    assert Column.fit("stairs", [np.repeat(walk, 3)]).kind == "walk"
    assert Column.fit("reverting", [walk - 0.9 * np.roll(walk, 1)]).kind in ("walk", "noise")


def test_knots_are_where_a_slope_changes_and_the_first_move_of_a_stretch() -> None:
    line = np.interp(np.arange(10.0), [0, 3, 9], [0.0, 6.0, 0.0])
    assert knots([line])[0].nonzero()[0].tolist() == [0, 3]


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_the_logarithm_is_taken_of_wide_skewed_positive_columns_only(scale: float) -> None:
    walk = np.cumsum(np.random.default_rng(2).normal(size=2000)) * 0.05
    assert Column.fit("wide", [scale * np.exp(walk)]).log
    assert not Column.fit("narrow", [scale * (100.0 + walk)]).log
    assert not Column.fit("signed", [scale * walk]).log


def test_windows_come_back_as_the_rows_they_were_cut_from() -> None:
    data = table()
    found = encoder(data)
    panel = found.encode(data, [(0, len(data))])
    assert panel.spans is not None
    told = found.decode(panel)
    for window, (first, last) in zip(told, panel.spans, strict=True):
        # The row before a window tells its first moves. The 11 most extreme values at
        # each end of a column are not kept.
        error = np.abs(window - data[first + 1 : last]) / data.std(axis=0).clip(1e-9)
        assert np.median(error) < 1e-6
    assert np.allclose(told[:, :, 1], 3.0 - 2.0 * told[:, :, 0])
    assert (told[:, :, 5] == 7.0).all()


def test_no_window_reaches_across_a_gap_in_the_table() -> None:
    data = table()
    segments = [(0, 150), (170, 400)]
    found = LevelEncoder.fit(data, segments, NAMES, WINDOW)
    spans = found.encode(data, segments).spans
    assert spans is not None
    assert len(spans) == (150 - WINDOW) + (230 - WINDOW)
    assert not ((spans[:, 0] < 150) & (spans[:, 1] > 150)).any()
    assert not ((spans[:, 0] < 170) & (spans[:, 1] > 170)).any()


def test_features_of_a_panel_are_what_stepping_through_it_tells() -> None:
    data = table()
    found = encoder(data)
    panel = found.encode(data, [(0, len(data))]).take(np.array([0, 7, 300]))
    told = found.tracker.features_of(panel).reshape(3, WINDOW - 1, -1)
    state = found.tracker.start(panel.context)
    moves = panel.values.reshape(3, WINDOW - 1, -1)
    for step in range(WINDOW - 1):
        assert np.array_equal(told[:, step], found.tracker.features(state))
        state = found.tracker.advance(state, moves[:, step])


def test_an_encoder_survives_json() -> None:
    data = table()
    found = encoder(data)
    again = LevelEncoder.from_state(json.loads(json.dumps(found.state())))
    panel = found.encode(data, [(0, len(data))])
    assert np.array_equal(again.decode(panel), found.decode(panel))
    assert again.layout.fields == found.layout.fields


def test_one_extreme_value_cannot_be_read_from_the_encoder() -> None:
    data = table()
    data[200, 0] = 1e6
    data[200, 1] = 3.0 - 2e6
    numbers = json.dumps(encoder(data).state())
    assert "1000000" not in numbers
    highest = encoder(data).columns[-1]
    assert highest.in_units(np.array([highest.high]))[0] < 1e5


def test_a_table_too_short_or_without_change_is_refused() -> None:
    with pytest.raises(DataError, match="too few steps"):
        LevelEncoder.fit(table(20), [(0, 20)], NAMES, WINDOW)
    with pytest.raises(DataError, match="ever changes"):
        LevelEncoder.fit(np.ones((100, 2)), [(0, 100)], ("a", "b"), WINDOW)


@pytest.mark.parametrize("n_steps", [60, 400, 20_000])
def test_held_out_windows_share_no_step_with_training_windows(n_steps: int) -> None:
    starts = np.arange(0, n_steps - WINDOW + 1, max(1, n_steps // 3000))
    spans = np.column_stack([starts, starts + WINDOW])
    train, aside = blocked(spans, 0.1)
    used = np.zeros(n_steps, dtype=bool)
    for first, last in spans[train]:
        used[first:last] = True
    assert len(aside)
    assert not any(used[first:last].any() for first, last in spans[aside])
    assert len(train) > 0.3 * len(spans)


@cache
def fitted() -> tuple[LevelEncoder, TimeGAN]:
    data = table()
    found = encoder(data)
    options = {"hidden": 16, "head_width": 12, "steps": 200, "context_steps": 40}
    panel = found.encode(data, [(0, len(data))])
    return found, TimeGAN(**options, audit=False).fit(panel, seed=0)


def test_simulated_weather_keeps_its_slope_for_six_steps() -> None:
    found, generator = fitted()
    made = found.decode(sample(generator, 200, seed=1, length=23))
    bends = np.abs(np.diff(made[:, :, 3], n=2, axis=1)) > 1e-6
    assert 0.12 < bends.mean() < 0.22  # one in six
    assert set(np.unique(made[:, :, 2])) <= {0.0, 10.0, 20.0, 30.0}
    assert np.allclose(made[:, :, 1], 3.0 - 2.0 * made[:, :, 0])


def test_simulated_levels_stay_where_the_table_was() -> None:
    data = table()
    found, generator = fitted()
    made = found.decode(sample(generator, 200, seed=2, length=99))
    spread = data.std(axis=0)[:5]
    gap = np.abs(made.mean(axis=(0, 1))[:5] - data.mean(axis=0)[:5])
    assert (gap <= spread).all()
    assert np.isfinite(made).all()


def test_a_gauge_that_rests_rests_as_often_in_simulation() -> None:
    rng = np.random.default_rng(4)
    moves = np.where(rng.random(600) < 0.6, 0.0, rng.normal(size=600))
    level = 0.0
    gauge = np.array(
        [level := 0.95 * level * (move != 0) + level * (move == 0) + move for move in moves]
    )[:, None]
    found = LevelEncoder.fit(gauge, [(0, 600)], ("gauge",), WINDOW)
    assert found.columns[0].rests
    panel = found.encode(gauge, [(0, 600)])
    generator = TimeGAN(hidden=8, steps=120, context_steps=20, audit=False).fit(panel, seed=0)
    made = found.decode(sample(generator, 300, seed=1, length=11))[:, :, 0]
    assert 0.5 < (np.diff(made, axis=1) == 0).mean() < 0.7


def test_a_generator_of_returns_refuses_levels() -> None:
    data = table()
    panel = encoder(data).encode(data, [(0, len(data))])
    with pytest.raises(TrainingError, match="Take 'timegan'"):
        Bootstrap().fit(panel, seed=0)


def test_simulated_moves_are_made_as_large_as_real_ones() -> None:
    data = table()
    found, generator = fitted()
    panel = found.encode(data, [(0, len(data))])
    simulator = TimeGAN.from_state(generator.state(), panel.layout)._fitted()
    seen = simulator.event_coder.encode(panel.values)
    with torch.no_grad():
        simulator.networks.recovery.spread.mul_(0.75)
    shrunk = moves_of(simulator, panel.n_sequences)
    match_spreads(simulator, seen, WINDOW - 1, np.random.default_rng(0))
    real, widened = np.abs(panel.values[:, -1]).mean(), moves_of(simulator, panel.n_sequences)
    assert shrunk < 0.9 * real
    assert abs(np.log(widened / real)) < 0.1


def moves_of(simulator: Simulator, n: int) -> float:
    """Return the mean size of the simulated price's moves."""
    drawn = simulator.draw(n, np.random.default_rng(1), {}, WINDOW - 1)
    return float(np.abs(drawn.values[:, -1]).mean())


def test_windows_begin_where_the_history_has_been() -> None:
    rng = np.random.default_rng(0)
    angle = np.linspace(0.0, 6.0 * np.pi, 2000)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.02 * rng.normal(size=(2000, 2))
    found = LevelEncoder.fit(ring, [(0, 2000)], ("x", "y"), WINDOW)
    panel = found.encode(ring, [(0, 2000)])
    coder = RowCoder.fit(panel.layout.context_fields, panel.context)
    starts = Starts.fit(panel.context, coder, rng)
    drawn = starts.draw(500, coder, {}, rng)
    made = found.decode(panel.take(np.zeros(500, np.int64)))[:, 0] * 0.0
    context = np.column_stack([drawn["start 1"], drawn["start 2"], np.zeros((500, 2))])
    state = found.tracker.start(context)
    for k, column in enumerate(found.columns):
        made[:, k] = column.in_units(found.tracker.levels(state)[:, k])
    radius = np.hypot(made[:, 0], made[:, 1])
    assert np.quantile(radius, 0.05) > 0.8  # a mixture that missed the path would fill the ring
    assert starts.weight.min() * len(panel.context) >= 25


def test_a_wanted_level_is_where_windows_begin() -> None:
    found, generator = fitted()
    drawn = sample(generator, 50, seed=1, length=5, condition={"dial at start": 2})
    assert (found.decode(drawn)[:, 0, 2] == 20.0).all()
