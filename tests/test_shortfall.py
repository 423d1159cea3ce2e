"""One definition of a tail's quantile and mean, whoever asks for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskgen.evaluate.market.sample import history
from riskgen.evaluate.market.tails import lower_tails
from riskgen.simulate.portfolios.risk import LEVELS, tail_risks
from riskgen.simulate.portfolios.shortfall import lowest_means, tail_ends, tail_means


def test_a_share_of_equal_values_ends_at_the_next_value() -> None:
    cumulated = np.arange(1.0, 101.0)[None]
    assert tail_ends(cumulated, np.array([5.0]))[0] == 5
    assert tail_ends(cumulated, np.array([5.5]))[0] == 5
    assert tail_ends(cumulated, np.array([0.3]))[0] == 0


def test_the_mean_takes_as_much_of_the_last_value_as_the_share_needs() -> None:
    values, weights = np.array([[-10.0], [-4.0], [0.0]]), np.ones((1, 3))
    found = tail_means(values, weights, np.array([1]), np.array([1.5]))
    assert found[0, 0] == pytest.approx((-10.0 - 0.5 * 4.0) / 1.5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=5, max_size=40),
    st.floats(0.01, 0.6),
    st.integers(0, 100),
)
def test_a_weight_is_a_value_that_comes_several_times(
    counts: list[int], share: float, seed: int
) -> None:
    values = np.sort(np.random.default_rng(seed).normal(size=len(counts)))
    repeated = np.repeat(values, counts)
    weights = np.array([counts], dtype=float)
    wanted = np.array([share * sum(counts)])
    ends = tail_ends(np.cumsum(weights, axis=1), wanted)
    mean = tail_means(values[:, None], weights, ends, wanted)[0, 0]
    assert mean == pytest.approx(lowest_means(repeated[:, None], share)[0])


def test_the_simulation_and_the_evaluation_state_the_same_tail() -> None:
    gains = stats.t.rvs(4, size=3_000, random_state=0)
    sample = history([gains[:, None]], 1)
    tails = lower_tails(sample, gains, [1 - level for level in LEVELS])
    for risk, tail in zip(tail_risks(-gains, np.ones(3_000), seed=0), tails, strict=True):
        assert risk.var == pytest.approx(-tail.quantile[0])
        assert risk.es == pytest.approx(-tail.mean[0])
