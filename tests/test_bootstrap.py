"""The bootstrap against closed forms and against ``arch``."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import RiskgenError, TrainingError
from riskgen.models.base import sample
from riskgen.models.bootstrap import Bootstrap, stationary_rows


def long_path(values: np.ndarray, offsets: list[int]) -> SequencePanel:
    layout = Layout(tuple(Field(f"a{i}", 0) for i in range(values.shape[1])), ())
    return SequencePanel(layout, values, np.zeros((len(offsets) - 1, 0)), np.array(offsets))


def test_block_lengths_are_geometric() -> None:
    rows, _ = stationary_rows(
        np.array([0]),
        np.array([10_000_000]),
        n_paths=400,
        n_steps=500,
        mean_block=10.0,
        rng=np.random.default_rng(0),
    )
    anew = (np.diff(rows, axis=1) != 1).mean()
    assert anew == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / (400 * 499)))
    long_runs = (np.diff(rows, axis=1) == 1).reshape(-1)
    windows = np.lib.stride_tricks.sliding_window_view(long_runs[:100_000], 5).all(axis=1)
    assert windows.mean() == pytest.approx(0.9**5, abs=0.02)


def test_no_block_crosses_from_one_segment_into_the_next() -> None:
    first, last = np.array([0, 7, 20]), np.array([7, 20, 21])
    rows, _ = stationary_rows(
        first, last, n_paths=200, n_steps=50, mean_block=25.0, rng=np.random.default_rng(1)
    )
    going_on = np.diff(rows, axis=1) == 1
    segment = np.searchsorted(last, rows, side="right")
    crossed = going_on & (segment[:, 1:] != segment[:, :-1])
    # A fresh start may by chance be the next segment's first row: 1 in 21 of them.
    starts = np.isin(rows[:, 1:], first[1:])
    assert (crossed <= starts).all()
    assert crossed.sum() < 0.15 * (~going_on).sum() + 60
    assert set(np.unique(rows)) == set(range(21))


def test_assets_are_drawn_together() -> None:
    values = np.arange(300.0)[:, None] * np.array([[1.0, 2.0, -1.0]])
    drawn = sample(Bootstrap().fit(long_path(values, [0, 300]), seed=0), 9, seed=0, length=8)
    assert np.array_equal(drawn.values[:, 1], 2 * drawn.values[:, 0])
    assert np.array_equal(drawn.values[:, 2], -drawn.values[:, 0])


def test_autocorrelation_and_variance_of_the_mean_agree_with_arch() -> None:
    rng = np.random.default_rng(2)
    noise, series = rng.normal(size=600), np.empty(600)
    series[0] = noise[0]
    for t in range(1, 600):
        series[t] = 0.6 * series[t - 1] + noise[t]
    ours = sample(
        Bootstrap().fit(long_path(series[:, None], [0, 600]), seed=0), 1000, seed=0, length=600
    )
    means = ours.values.reshape(1000, 600).mean(axis=1)
    judge = StationaryBootstrap(10, series, seed=3)
    theirs = np.array([data[0][0].mean() for data in judge.bootstrap(1000)])
    assert means.mean() == pytest.approx(theirs.mean(), abs=4 * theirs.std() / np.sqrt(500))
    # Standard error of a standard deviation from 1,000 draws is about 2.2 %.
    assert means.std() == pytest.approx(theirs.std(), rel=0.13)
    lagged = ours.values.reshape(1000, 600) - series.mean()
    measured = (lagged[:, 1:] * lagged[:, :-1]).mean() / (lagged**2).mean()
    centred = series - series.mean()
    real = (centred[1:] * centred[:-1]).mean() / centred.var()
    # Politis and Romano (1994): each lag's autocovariance shrinks by (1 - p).
    assert measured == pytest.approx(0.9 * real, abs=0.02)


def entities() -> SequencePanel:
    layout = Layout((Field("kind", 4),), (Field("label", 2), Field("length", 0)))
    lengths = np.array([2, 3, 4])
    context = np.column_stack([[0.0, 0.0, 1.0], lengths])
    values = np.array([0, 0, 1, 1, 1, 3, 3, 3, 3], dtype=float)[:, None]
    return SequencePanel(layout, values, context, np.array([0, 2, 5, 9]))


def test_whole_entities_are_copied_with_their_context() -> None:
    panel = entities()
    drawn = sample(Bootstrap().fit(panel, seed=0), 600, seed=0)
    assert np.array_equal(drawn.lengths, drawn.context[:, 1])
    for kind, length in ((0, 2), (1, 3), (3, 4)):
        owner = np.repeat(np.arange(600), drawn.lengths)
        chosen = drawn.lengths == length
        assert (drawn.values[chosen[owner], 0] == kind).all()
        assert chosen.mean() == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 600))


def test_a_context_that_no_entity_has_cannot_be_drawn() -> None:
    panel = entities().take(np.array([0, 1]))
    with pytest.raises(RiskgenError, match="No training sequence"):
        sample(Bootstrap().fit(panel, seed=0), 1, seed=0, condition={"label": 1})


def test_an_empty_panel_is_refused() -> None:
    empty = long_path(np.zeros((0, 1)), [0, 0])
    with pytest.raises(TrainingError, match="no events"):
        Bootstrap().fit(empty, seed=0)
