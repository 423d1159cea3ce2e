"""Scores of windows: chance where nothing differs, certainty where all does, no shared row."""

from __future__ import annotations

import numpy as np
import pytest

from riskgen.evaluate.window_scores import blocked_aucs, published_scores, time_blocks


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
