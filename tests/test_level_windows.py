"""The judges of simulated windows of levels, on sides with known answers."""

from __future__ import annotations

import numpy as np

from riskgen.data.panel import Floats
from riskgen.evaluate.level_windows import blocked_auc, published_floor, published_score

LENGTH = 12


def waves(n: int, seed: int) -> Floats:
    """A stationary pair of series that lean on each other."""
    rng = np.random.default_rng(seed)
    levels = np.zeros((n, 2))
    for step in range(1, n):
        levels[step] = 0.8 * levels[step - 1] + rng.normal(size=2)
    levels[:, 1] += 0.5 * levels[:, 0]
    return levels


def windows_of(table: Floats) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(table, LENGTH, axis=0).transpose(0, 2, 1)


def test_another_draw_of_the_same_process_passes_both_judges() -> None:
    real, made = waves(1500, 0), windows_of(waves(1500, 1))
    assert published_score(real, made, seed=0, steps=150).value < 0.1
    assert 0.4 < blocked_auc(real, made, seed=0, steps=100).value < 0.6
    assert published_floor(real, LENGTH, seed=0, steps=150).value < 0.1


def test_the_published_judge_of_two_columns_misses_a_lost_order_that_the_other_catches() -> None:
    real = waves(1500, 0)
    shuffled = np.random.default_rng(2).permutation(windows_of(real), axis=1)
    assert published_score(real, shuffled, seed=0, steps=300).value < 0.1
    assert blocked_auc(real, shuffled, seed=0, steps=200).value > 0.8


def test_levels_that_are_too_high_are_caught_by_both_judges() -> None:
    real = waves(1500, 0)
    raised = windows_of(waves(1500, 1)) + 3.0
    assert published_score(real, raised, seed=0, steps=600).value > 0.2
    assert blocked_auc(real, raised, seed=0, steps=100).value > 0.9


def test_a_judge_repeats_itself_with_the_same_seed() -> None:
    real, made = waves(700, 0), windows_of(waves(700, 1))
    first, again, other = (blocked_auc(real, made, seed=seed, steps=20).value for seed in (3, 3, 4))
    assert first == again != other
