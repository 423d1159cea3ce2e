from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskgen.data.codecs.bins import Bins
from riskgen.data.codecs.disclosure import guarded_range
from riskgen.data.codecs.quantiles import tailed_probabilities

WHOLE = st.integers(-(10**11), 10**11).map(float)


def fitted(values: np.ndarray, n_entities: int) -> tuple[Bins, np.ndarray]:
    owners = np.sort(np.arange(len(values)) % n_entities)
    return Bins.fit(values, owners, tailed_probabilities(48)), owners


@given(hnp.arrays(np.float64, st.integers(30, 300), elements=WHOLE), st.integers(11, 30))
@settings(max_examples=60, deadline=None)
def test_every_whole_number_in_range_survives_a_round_trip(
    values: np.ndarray, n_entities: int
) -> None:
    bins, _ = fitted(values, n_entities)
    inside = np.clip(values, bins.low, bins.high)
    assert np.array_equal(bins.decode(bins.encode(values)), inside)


@given(hnp.arrays(np.float64, st.integers(30, 300), elements=WHOLE), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_drawn_place_stays_inside_its_level(values: np.ndarray, seed: int) -> None:
    bins, _ = fitted(values, 13)
    rng = np.random.default_rng(seed)
    levels = rng.integers(bins.levels, size=200)
    decoded = bins.decode(levels + rng.random(200))
    low, high = bins.bounds(levels)
    assert np.all((low <= decoded) & (decoded <= high))
    assert np.array_equal(np.floor(bins.encode(decoded)), levels)


def test_every_cell_and_piece_holds_events_of_eleven_entities() -> None:
    rng = np.random.default_rng(0)
    values = np.round(np.exp(rng.normal(8, 2, 20_000)))
    bins, owners = fitted(values, 400)
    clipped = np.clip(values, bins.low, bins.high)
    piece = np.searchsorted(bins.knots, clipped, side="right") - 1
    for number in range(len(bins.knots) - 1):
        assert len(np.unique(owners[piece == number])) >= 11


def test_eleven_entities_reach_each_bound_and_the_bounds_are_round() -> None:
    rng = np.random.default_rng(1)
    values = np.round(np.exp(rng.normal(10, 2, 5_000)))
    owners = np.sort(rng.integers(200, size=5_000))
    low, high = guarded_range(values, owners)
    assert len(np.unique(owners[values <= low])) >= 11
    assert len(np.unique(owners[values >= high])) >= 11
    assert high < values.max()
    assert float(f"{high:.3g}") == high


@pytest.mark.parametrize("n_entities", [1, 10])
def test_fewer_than_eleven_entities_leave_one_rounded_number(n_entities: int) -> None:
    bins, _ = fitted(np.arange(1_000.0, 1_030.0), n_entities)
    assert bins.levels == 1
    assert bins.low == bins.high == 1_010.0


def test_uniform_places_give_the_distribution_back() -> None:
    # Kolmogorov-Smirnov distance of 200,000 draws: sampling noise is about .003.
    rng = np.random.default_rng(2)
    values = np.round(np.exp(rng.normal(6, 1.8, 100_000)))
    bins, _ = fitted(values, 1_000)
    levels = np.floor(bins.encode(values))
    drawn = np.sort(bins.decode(levels + rng.random(len(levels))))
    grid = np.quantile(values, np.linspace(0.001, 0.999, 400))
    real = np.searchsorted(np.sort(values), grid, side="right") / len(values)
    fake = np.searchsorted(drawn, grid, side="right") / len(drawn)
    assert np.abs(real - fake).max() < 0.006


def test_wide_open_cells_are_not_drawn_uniformly() -> None:
    # Between 1 and 10,000 half of a log-uniform number is below 100; uniformly only 1 %.
    bins = Bins.between([1.0, 10_000.0])
    drawn = bins.decode(np.linspace(0, 0.999, 1_001))
    assert np.median(drawn) == pytest.approx(100, rel=0.02)
    mirrored = Bins.between([-10_000.0, -1.0]).decode(np.linspace(0, 0.999, 1_001))
    assert np.median(mirrored) == pytest.approx(-100, rel=0.02)


def test_bins_are_saved_as_json() -> None:
    bins, _ = fitted(np.arange(500.0), 20)
    copy = Bins.from_state(json.loads(json.dumps(bins.state())))
    places = np.linspace(0, bins.levels - 1e-6, 999)
    assert np.array_equal(copy.decode(places), bins.decode(places))


@pytest.mark.parametrize("size", [2.0**53, 1e18, 1e35])
def test_numbers_beyond_the_exact_ones_stay_in_their_cell(size: float) -> None:
    values = np.sort(np.random.default_rng(0).uniform(-size, size, 200).round())
    for found in (values, np.full(200, size)):
        bins, _ = fitted(found, 20)
        decoded = bins.decode(bins.encode(found))
        assert np.array_equal(np.floor(bins.encode(decoded)), np.floor(bins.encode(found)))
