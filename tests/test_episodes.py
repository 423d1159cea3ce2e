"""A true ensemble envelops what happens as often as it should; a calm one does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest
from test_market import market_schema

from riskgen.data.market.prices import Prices
from riskgen.errors import DataError
from riskgen.evaluate.market.episodes import Episode, energy_scores, envelops, ranks, verdict


def paths(n: int, seed: int, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = np.exp(0.5 * rng.normal(size=(n, 1, 1)))
    common = rng.normal(size=(n, 40, 1))
    return np.asarray(0.01 * scale * level * (common + rng.normal(size=(n, 40, 4))))


def test_ranks_inside_the_true_ensemble_are_uniform() -> None:
    ensemble, real = paths(1000, seed=0), paths(300, seed=1)
    for name in ranks(ensemble, real[0]):
        found = [ranks(ensemble, one)[name] for one in real]
        assert kstest(found, "uniform").pvalue > 0.01


def test_an_ensemble_of_calm_paths_does_not_envelop_a_storm() -> None:
    calm, storm = paths(500, seed=0), paths(200, seed=1, scale=8.0)
    held = [envelops(ranks(calm, one)) for one in storm]
    assert np.mean([one["volatility"] for one in held]) < 0.1
    assert np.mean([one["max_drawdown"] for one in held]) < 0.5
    # Correlation knows no scale: there the ensemble is right.
    assert np.mean([one["correlation"] for one in held]) > 0.9


def test_the_energy_score_prefers_the_true_law_and_is_that_of_the_normal() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(4000, 1))
    true = energy_scores(rng.normal(size=(1000, 4000, 1)), real).mean()
    # E|X - y| - E|X - X'| / 2 for independent standard normals: 1 / sqrt(pi).
    assert true == pytest.approx(1 / np.sqrt(np.pi), abs=0.02)
    for scale in (0.5, 2.0):
        other = energy_scores(scale * rng.normal(size=(1000, 4000, 1)), real).mean()
        assert other > true + 0.02


def test_a_verdict_is_made_of_plain_values() -> None:
    found = verdict(paths(100, seed=0), paths(1, seed=1)[0])
    assert found["n_paths"] == 100
    assert set(found["ranks"]) == set(found["envelops"])


def history(n: int = 300) -> Prices:
    dates = np.datetime64("2020-01-01") + np.arange(n)
    values = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, (n, 2)), axis=0))
    return Prices(market_schema("A", "B"), dates.astype("datetime64[D]"), values)


def test_no_day_of_an_episode_or_its_embargo_is_learned() -> None:
    prices = history()
    found = Episode.of(prices, "2020-05-01", "2020-05-31", embargo=10, recent=50)
    assert len(found.realised) == 31
    assert found.before.dates[-1] == np.datetime64("2020-04-30")
    assert found.before.n_days == 51
    learned = found.training.dates
    near = (learned >= np.datetime64("2020-04-21")) & (learned <= np.datetime64("2020-06-10"))
    assert not near.any()
    assert found.training.n_days == 300 - 31 - 20
    assert len(found.training.starts) == 2
    gone = np.log(prices.values[151] / prices.values[120])
    assert found.realised.sum(axis=0) == pytest.approx(gone)


def test_an_episode_at_the_edge_of_the_history_is_refused() -> None:
    with pytest.raises(DataError, match="needs unbroken days around it"):
        Episode.of(history(), "2019-12-01", "2020-01-31", embargo=10, recent=50)
