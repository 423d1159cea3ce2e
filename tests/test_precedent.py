"""Return periods are those of laws that are known, and the unheard-of is called so."""

from __future__ import annotations

import json

import numpy as np
import pytest

from riskgen.simulate.precedent import precedent

YEARS = 100.0


def exponential(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).exponential(size=n)


@pytest.mark.parametrize("level", [1.0, 3.0, 5.0])
def test_the_return_period_of_an_exponential_law_lies_in_the_interval(level: float) -> None:
    windows = 400
    truth = YEARS / windows * np.exp(level)
    held = 0
    for seed in range(20):
        found = precedent(exponential(windows, seed), level, YEARS)
        assert found.lower is not None
        held += found.lower <= truth <= (np.inf if found.upper is None else found.upper)
    # A 95 % interval of a percentile bootstrap in a tail covers less; three in four at least.
    assert held >= 15


def test_a_common_event_is_counted() -> None:
    past = np.tile([1.0, 2.0], 50)
    found = precedent(past, 2.0, YEARS)
    assert (found.n_as_severe, found.period) == (50, 2.0)
    assert "as severe in 50 of 100 windows" in found.sentence("drawdown")


def test_what_never_happened_has_no_precedent() -> None:
    found = precedent(exponential(200, 1), 9.0, YEARS)
    assert found.n_as_severe == 0
    assert "no precedent in 100 years" in found.sentence("drawdown")
    bounded = precedent(np.random.default_rng(1).uniform(size=200), 50.0, YEARS)
    assert bounded.period is None
    assert "beyond what these data can give" in bounded.sentence("drawdown")


def test_a_short_past_says_nothing() -> None:
    found = precedent(exponential(10, 1), 1.0, 2.0)
    assert found.period is None
    assert "too few to say" in found.sentence("drawdown")
    assert json.loads(json.dumps(found.facts(), allow_nan=False)) == found.facts()
