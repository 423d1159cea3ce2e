"""Of checkpoints that are as good as one another, the earliest is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_generator_contract import events_panel

from riskgen.models.timegan import likelihood
from riskgen.models.timegan.checkpoints import Checkpoints, HeldOut, checkpoints_of
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.fitting import Training
from riskgen.models.timegan.likelihood import Aside
from riskgen.models.timegan.networks import EventNetworks

ENTITIES = 50
LOSSES = st.lists(st.floats(-5.0, 5.0, width=32), min_size=1, max_size=12)


def lost(means: float, noise: NDArray[np.float64] | None = None) -> HeldOut:
    spread = np.zeros(ENTITIES) if noise is None else noise
    return HeldOut(10.0 * np.arange(ENTITIES) + means + spread, np.ones(ENTITIES))


def noted(errors: float, looks: list[HeldOut]) -> Checkpoints:
    found = Checkpoints(errors)
    for number, look in enumerate(looks):
        found.note(look, lambda number=number: {"look": torch.tensor(float(number))})
    return found


def kept(errors: float, looks: list[HeldOut]) -> int:
    chosen = noted(errors, looks).chosen
    assert chosen is not None
    return int(chosen.weights["look"])


def noise(size: float, seed: int = 0) -> NDArray[np.float64]:
    drawn = np.random.default_rng(seed).normal(size=ENTITIES)
    return size * (drawn - drawn.mean())


def test_the_error_of_a_difference_is_that_of_paired_means() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, ENTITIES)) + 100.0 * rng.normal(size=ENTITIES)
    gap, error = HeldOut(first, np.ones(ENTITIES)).behind(HeldOut(second, np.ones(ENTITIES)))
    assert gap == pytest.approx((first - second).mean())
    assert error == pytest.approx((first - second).std(ddof=1) / np.sqrt(ENTITIES))


def test_the_error_of_a_ratio_agrees_with_resampled_entities() -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(1, 30, 400).astype(float)
    above = counts * (0.2 + 0.5 * rng.normal(size=400))
    error = HeldOut(above, counts).behind(HeldOut(np.zeros(400), counts))[1]
    draws = rng.integers(0, 400, (4_000, 400))
    resampled = above[draws].sum(axis=1) / counts[draws].sum(axis=1)
    assert error == pytest.approx(resampled.std(), rel=0.06)  # five standard errors of a spread


def test_an_earlier_checkpoint_within_the_error_is_kept() -> None:
    looks = [lost(5.0), lost(0.05, noise(1.0)), lost(0.0)]  # one standard error is .14
    assert kept(1.0, looks) == 1


def test_an_earlier_checkpoint_beyond_the_error_is_not_kept() -> None:
    assert kept(1.0, [lost(0.05, noise(0.1)), lost(0.0)]) == 1


def test_without_a_margin_the_best_is_kept() -> None:
    assert kept(0.0, [lost(0.05, noise(1.0)), lost(0.0), lost(0.5)]) == 1


def test_of_one_entity_the_best_is_kept() -> None:
    assert kept(9.0, [HeldOut.alone(loss) for loss in (3.0, 2.0, 1.0, 1.5)]) == 2


def test_what_tells_entities_apart_gives_no_margin() -> None:
    """Entities differ by hundreds of nats here: the error of an unpaired mean would be 20."""
    assert kept(1.0, [lost(0.01), lost(0.0)]) == 1


@given(LOSSES, st.floats(0.0, 3.0))
def test_what_is_kept_is_within_the_margin_and_the_best_is_the_lowest(
    losses: list[float], errors: float
) -> None:
    looks = [lost(loss, noise(1.0, seed)) for seed, loss in enumerate(losses)]
    found = noted(errors, looks)
    assert found.best_loss == min(look.mean for look in looks)
    means = [item.held_out.mean for item in found.kept]
    assert means == sorted(means, reverse=True)
    gap, error = found.kept[0].held_out.behind(found.kept[-1].held_out)
    assert gap <= errors * error


def test_stored_checkpoints_are_the_same_checkpoints() -> None:
    found = noted(2.0, [lost(0.1 / k, noise(1.0, k)) for k in range(1, 14)])
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in found.arrays().items()}
    again = checkpoints_of(tensors)
    assert len(again) == len(found.kept) > 1
    for mine, theirs in zip(found.kept, again, strict=True):
        assert mine.held_out.mean == theirs.held_out.mean
        assert mine.weights == theirs.weights


def test_a_look_at_kept_batches_is_a_look_at_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(events_panel(), TimeGANConfig(hidden=8, head_width=4), 0, None)
    network = training.courses["events"].average
    assert isinstance(network, EventNetworks)
    asked = (training.data, training.aside, 16)
    kept = Aside(*asked)
    first, again = kept.loss(network), kept.loss(network)
    monkeypatch.setattr(likelihood, "MOST_KEPT", 0)
    anew = Aside(*asked).loss(network)
    for look in (again, anew):
        assert np.array_equal(look.nats, first.nats)
    assert first.counts.sum() == training.aside.lengths.sum()
