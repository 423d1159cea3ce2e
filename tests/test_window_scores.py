"""Scores of windows: chance where nothing differs, certainty where all does, no shared row."""

from __future__ import annotations

import numpy as np
import pytest

from riskgen.evaluate.market.window_scores import (
    blocked_aucs,
    published_floors,
    published_scores,
    time_blocks,
)


def windows(n: int, seed: int, length: int = 12) -> np.ndarray:
    """Overlapping windows of one stationary path of four columns."""
    rng = np.random.default_rng(seed)
    path = np.zeros((n + length, 4))
    for t in range(1, len(path)):
        path[t] = 0.8 * path[t - 1] + rng.normal(size=4)
    return np.stack([path[i : i + length] for i in range(n)])


def test_two_draws_of_one_process_are_near_chance() -> None:
    real, made = windows(800, 0), windows(800, 1)
    assert max(published_scores(real, made, seed=0, steps=60)) < 0.12
    assert np.mean(blocked_aucs(real, made, seed=0, steps=60)) == pytest.approx(0.5, abs=0.12)


def test_noise_is_told_apart_by_both() -> None:
    real = windows(800, 0)
    noise = np.random.default_rng(1).uniform(real.min(), real.max(), real.shape)
    # Two units learn slowly: the reference takes 2,000 steps to reach .5.
    assert np.mean(published_scores(real, noise, seed=0, steps=400)) > 0.2
    assert min(blocked_aucs(real, noise, seed=0, steps=80)) > 0.95


def test_the_published_judge_of_two_columns_misses_a_lost_order_that_the_other_catches() -> None:
    real = windows(1_500, 0)[:, :, :2]
    shuffled = np.random.default_rng(2).permuted(real, axis=1)
    assert np.mean(published_scores(real, shuffled, seed=0, steps=300, repeats=1)) < 0.1
    assert min(blocked_aucs(real, shuffled, seed=0, steps=200, repeats=1)) > 0.8


def test_levels_that_are_too_high_are_caught_by_both() -> None:
    real, raised = windows(800, 0), windows(800, 1) + 3.0
    assert np.mean(published_scores(real, raised, seed=0, steps=400, repeats=1)) > 0.2
    assert min(blocked_aucs(real, raised, seed=0, steps=80, repeats=1)) > 0.9


def test_real_windows_are_not_told_from_real_windows() -> None:
    assert max(published_floors(windows(1_500, 0), seed=0, steps=100, repeats=2)) < 0.1


def test_blocks_that_train_and_blocks_that_judge_share_no_row() -> None:
    starts = np.arange(0, 1_500)
    train, test = time_blocks(starts, 24)
    used, judged = ({s + k for s in part for k in range(24)} for part in (train, test))
    assert len(train) > 300
    assert len(test) > 300
    assert not used & judged


def test_metric_seeds_differ_and_one_seed_repeats() -> None:
    real, made = windows(300, 0), windows(300, 1) + 0.3
    first, again = (published_scores(real, made, seed=2, steps=40) for _ in range(2))
    assert first == again
    assert len(set(first)) > 1


def test_units_do_not_matter() -> None:
    real, made = windows(300, 0), windows(300, 1)
    scale, shift = np.array([1.0, 10.0, 0.1, 5.0]), np.array([0.0, 3.0, -1.0, 100.0])
    one = published_scores(real, made, seed=0, steps=20)
    other = published_scores(real * scale + shift, made * scale + shift, seed=0, steps=20)
    assert one == pytest.approx(other, abs=0.02)
