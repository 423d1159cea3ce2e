"""Streams depend on their name alone."""

from __future__ import annotations

import numpy as np
import torch

from riskgen.seeding import derived_seed, stream, torch_fence


def test_the_same_seed_and_path_give_the_same_numbers() -> None:
    assert np.array_equal(stream(3, "a", 1).random(5), stream(3, "a", 1).random(5))


def test_another_path_gives_independent_numbers() -> None:
    a, b = stream(3, "a", 1).random(20_000), stream(3, "a", 2).random(20_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03  # 4 standard errors of 1/sqrt(20,000)


def test_a_number_and_its_text_name_different_streams() -> None:
    assert derived_seed(0, 3) != derived_seed(0, "3")


def test_the_fence_leaves_the_callers_torch_state_untouched() -> None:
    before = torch.get_rng_state()
    with torch_fence(1, "x"):
        torch.rand(10)
    assert torch.equal(before, torch.get_rng_state())


def test_inside_the_fence_the_same_seed_gives_the_same_numbers() -> None:
    with torch_fence(1, "x"):
        first = torch.rand(4)
    with torch_fence(1, "x"):
        assert torch.equal(first, torch.rand(4))
