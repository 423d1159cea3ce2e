"""A simulated balance stays near what its owner is used to."""

from __future__ import annotations

import numpy as np

from riskgen.data.codecs.habits import unlogged
from riskgen.data.footing import FAR, distances


def test_distances_are_differences_of_inverse_hyperbolic_sines_and_bounded() -> None:
    held = np.array([[0.0, 10.0, 1e9]])
    usual, lowest = distances(np.arcsinh(held), np.array([[10.0, -5.0]]))
    assert np.allclose(usual, [[-np.arcsinh(10.0), 0.0, FAR]])
    assert np.allclose(lowest, [[np.arcsinh(5.0), FAR, FAR]])


def test_where_nothing_was_measured_no_distance_is_told() -> None:
    for part in distances(np.arcsinh([[3.0, -2.0]]), np.array([[np.nan, np.nan]])):
        assert (part == 0.0).all()


def test_a_logged_balance_comes_back() -> None:
    values = np.array([-1_000.0, -0.5, 0.0, 2.0, 1e7])
    assert np.allclose(unlogged(np.sign(values) * np.log1p(np.abs(values))), values)
