from __future__ import annotations

import numpy as np
import pytest
import torch

from riskgen.evaluate.market.discriminative import (
    Sides,
    measure_discriminative,
    reference_score,
    strict_score,
    time_blocks,
)


def sides(shift: float, seed: int = 0) -> Sides:
    rng = np.random.default_rng(seed)
    real, made = rng.normal(0.5, 0.1, (2, 400, 8, 2))
    made = made + shift
    return Sides(real[:300], made[:300], real[300:], made[300:])


def test_two_draws_of_one_process_are_at_the_noise_floor() -> None:
    assert reference_score(sides(0.0), 60, 0).value < 0.98 / np.sqrt(200) + 0.05
    found = strict_score(sides(0.0), 60, 0)
    assert found.lower <= 0.5 <= found.upper


def test_unequal_numbers_of_windows_do_not_look_like_a_difference() -> None:
    rng = np.random.default_rng(0)
    real, paths = rng.normal(size=(3_000, 2)), rng.normal(size=(300, 8, 2))
    found = measure_discriminative([real], [], paths, seed=0, steps=10)[0]
    assert found.estimate.n == 120
    assert found.estimate.value < 0.15


def test_a_plain_difference_is_told_apart() -> None:
    assert strict_score(sides(0.3), 80, 0).value > 0.9


def test_time_blocks_share_no_day() -> None:
    days = np.arange(400.0)[:, None]
    train, test = time_blocks([days], 10)
    assert not set(train.ravel()) & set(test.ravel())
    assert train.shape[1:] == test.shape[1:] == (10, 1)
    assert len(test) == 20
    assert len(np.unique(test)) == test.size


def test_a_short_holdout_is_inconclusive_with_the_number_it_needs() -> None:
    rng = np.random.default_rng(0)
    real, later = rng.normal(size=(600, 2)), rng.normal(size=(60, 2))
    found = measure_discriminative([real], [later], rng.normal(size=(300, 8, 2)), seed=0, steps=5)
    assert [result.metric.rsplit(".", 1)[1] for result in found] == ["reference", "strict"]
    assert found[1].status == "INCONCLUSIVE"
    assert "20 are needed" in found[1].reason


def test_a_network_that_takes_gaussian_paths_for_real_never_passes() -> None:
    rng = np.random.default_rng(0)
    real, later = rng.normal(size=(900, 2)), rng.normal(size=(500, 2))
    found = measure_discriminative([real], [later], rng.normal(size=(300, 8, 2)), seed=0, steps=20)
    assert not any(result.status == "PASS" for result in found)
    assert "not comparable" in found[0].reason


def test_a_failure_that_earlier_days_would_get_too_is_withheld() -> None:
    rng = np.random.default_rng(0)
    real, later = rng.normal(size=(900, 2)), rng.normal(3.0, 0.3, size=(800, 2))
    paths = rng.normal(size=(300, 8, 2))
    strict = measure_discriminative([real], [later], paths, seed=0, steps=60)[1]
    assert strict.floor.value > 0.9
    assert strict.status == "INCONCLUSIVE"
    assert "market changed" in strict.reason


@pytest.mark.parametrize("seed", [3])
def test_scores_repeat_and_leave_the_callers_generator_alone(seed: int) -> None:
    before = torch.get_rng_state()
    first, again = (strict_score(sides(0.1), 20, seed) for _ in range(2))
    assert first == again
    assert torch.equal(before, torch.get_rng_state())
