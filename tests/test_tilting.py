"""Tilted draws bring rare paths about, and what they cost is known exactly."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from test_beginning import market
from test_bootstrap import long_path

from riskgen.data.panel import SequencePanel
from riskgen.models.base import sample
from riskgen.models.bootstrap import Bootstrap
from riskgen.models.garch.garch import Garch
from riskgen.models.injector import Injector
from riskgen.models.tilting import PLAIN, Picks, log_ratio, picked, tilting


@cache
def fitted(key: str) -> Any:
    if key == "garch":
        return Garch().fit(market(), seed=0)
    if key == "blocks":
        return Bootstrap().fit(market(600), seed=0)
    return Bootstrap(mean_block=1.0).fit(normal_days(), seed=0)


def normal_days(n: int = 4001) -> SequencePanel:
    """Days at even quantiles of the normal law: drawn one by one, a random walk."""
    return long_path(norm.ppf((np.arange(n) + 0.5) / n)[:, None], [0, n])


def chances_of(generator: Any, tilt: float) -> np.ndarray:
    score = generator.reach(generator.choices()).mean(axis=1)
    weight = np.exp(tilt * score / score.std())
    return np.asarray(weight / weight.sum())


def told(generator: Any, n_chunks: int, length: int) -> tuple[np.ndarray, Picks]:
    drawn = [generator.sample_told(i, seed=3, length=length) for i in range(n_chunks)]
    values = [panel.values.reshape(generator.chunk, length, -1) for panel, _ in drawn]
    return np.concatenate(values), np.concatenate([picks for _, picks in drawn])


@pytest.mark.parametrize("key", ["garch", "blocks", "walk"])
def test_weighted_means_of_tilted_paths_are_those_of_plain_ones(key: str) -> None:
    generator, length = fitted(key), 10
    assert tilting(generator) is generator
    chances = chances_of(generator, -0.4)
    chunks = 8_192 // generator.chunk
    paths, picks = told(generator.tilted(chances), chunks, length)
    plain = sample(generator, len(paths), seed=4, length=length).values.reshape(paths.shape)
    ratio = np.exp(log_ratio(picks, chances))
    assert ratio.max() <= 1 / PLAIN + 1e-9
    n = len(paths)
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(n))
    # A mean, a size, a tail: any function of the path.
    for statistic in (
        lambda x: x.sum(axis=(1, 2)),
        lambda x: (x**2).mean(axis=(1, 2)),
        lambda x: (x.sum(axis=1).max(axis=1) > 1.0).astype(float),
    ):
        tilted, even = ratio * statistic(paths), statistic(plain)
        error = np.hypot(tilted.std(), even.std()) / np.sqrt(n)
        assert tilted.mean() == pytest.approx(even.mean(), abs=4 * error)
    # And the tilt does move the paths.
    assert paths.sum(axis=(1, 2)).mean() < plain.sum(axis=(1, 2)).mean() - 4 * error


@pytest.mark.parametrize("key", ["garch", "blocks"])
def test_even_chances_and_no_tilt_are_one_law(key: str) -> None:
    generator = fitted(key)
    even = np.full(len(generator.choices()), 1.0 / len(generator.choices()))
    _, picks = generator.tilted(even).sample_told(0, seed=1, length=5)
    assert np.allclose(log_ratio(picks, even), 0)


@pytest.mark.parametrize("key", ["garch", "blocks"])
def test_what_is_told_of_a_plain_generator_is_what_it_draws(key: str) -> None:
    generator = fitted(key)
    panel, picks = generator.sample_told(2, seed=1, length=6)
    assert np.array_equal(panel.values, generator.sample_chunk(2, seed=1, length=6).values)
    assert picks.shape == (generator.chunk, 6)
    assert (picks[:, 0] >= 0).all()


def test_a_tilted_chunk_is_the_same_whoever_draws_it() -> None:
    for key in ("garch", "blocks"):
        generator = fitted(key)
        tilted = generator.tilted(chances_of(generator, 0.5))
        panel, _ = tilted.sample_told(1, seed=5, length=7)
        assert np.array_equal(panel.values, tilted.sample_chunk(1, seed=5, length=7).values)
        # The fitted one stays as it was.
        assert not np.array_equal(panel.values, generator.sample_chunk(1, seed=5, length=7).values)


def test_the_score_of_a_block_is_that_of_its_expected_days() -> None:
    generator = Bootstrap(mean_block=4.0).fit(long_path(np.arange(5.0)[:, None], [0, 3, 5]), seed=0)
    goes_on = 0.75
    expected = [0 + goes_on * (1 + goes_on * 2), 1 + goes_on * 2, 2, 3 + goes_on * 4, 4]
    assert generator.reach(generator.choices())[:, 0].tolist() == expected


def test_choices_follow_their_chances_in_nine_paths_of_ten() -> None:
    chances = np.array([0.7, 0.2, 0.1])
    found = picked(chances, 40_000, 3, np.random.default_rng(0))
    share = np.bincount(found.ravel(), minlength=3) / found.size
    assert share == pytest.approx((1 - PLAIN) * chances + PLAIN / 3, abs=0.01)


def test_a_generator_without_choices_is_not_tilted() -> None:
    student = Garch(innovations="student").fit(market(), seed=0)
    assert tilting(student) is None
    assert tilting(Injector()) is None
