"""The recurrent two-sample test says of generators with known answers what it must."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.evaluate.controls import IIDRows, RealHoldout
from riskgen.evaluate.features import common_levels
from riskgen.evaluate.features.sequence import sequence_features, together
from riskgen.evaluate.fidelity.cohorts import Cohorts
from riskgen.evaluate.fidelity.sequence_judge import Readers, padded
from riskgen.evaluate.fidelity.sequence_two_sample import (
    measure_sequence_two_sample,
    told_apart_in_order,
)
from riskgen.evaluate.judges import StackedGRU


@pytest.fixture(scope="module")
def bank() -> dict[str, Events]:
    events = small_bank(300, seed=1)
    order = np.random.default_rng(0).permutation(300)
    parts = np.split(order, [100, 200])
    return {n: events.take(p) for n, p in zip(("real", "control", "other"), parts, strict=True)}


def test_rows_that_lost_their_customer_are_told_apart(bank: dict[str, Events]) -> None:
    drawn = IIDRows(bank["real"]).draw(100, seed=1)
    (found,) = told_apart_in_order(drawn, bank["control"], common_levels(bank["real"]), seed=0)
    assert found.auc.value > 0.95


def test_real_strangers_are_at_chance_in_every_repeat(bank: dict[str, Events]) -> None:
    drawn = RealHoldout(bank["other"]).draw(100, seed=1)
    found = told_apart_in_order(
        drawn, bank["control"], common_levels(bank["real"]), seed=0, repeats=2
    )
    assert len(found) == 2
    for one in found:
        assert one.auc.n == 200
        assert one.auc.lower < 0.5
        assert one.auc.upper > 0.5


def test_copies_of_the_control_are_not_told_apart(bank: dict[str, Events]) -> None:
    drawn = RealHoldout(bank["control"]).draw(100, seed=1)
    (found,) = told_apart_in_order(drawn, bank["control"], common_levels(bank["real"]), seed=0)
    assert found.auc.lower <= 0.5


def test_an_order_that_no_aggregate_shows_is_seen(bank: dict[str, Events]) -> None:
    """The same amounts of the same customer, sorted: every sum over a history stays."""
    base = bank["other"]
    amounts, owner = base.numbers("amount"), base.owner
    rising = amounts[np.lexsort((amounts, owner))]
    every = np.arange(base.n_events)
    drawn = base.edit(every, {"amount": (every, rising)})
    (found,) = told_apart_in_order(drawn, bank["control"], common_levels(bank["real"]), seed=0)
    assert found.auc.lower > 0.6


def test_the_metric_is_judged_beside_its_floor_and_left_out_when_quick(
    bank: dict[str, Events],
) -> None:
    few = {name: events.take(np.arange(45)) for name, events in bank.items()}
    cohorts = Cohorts.of(few["real"], few["control"], few["other"], seed=0)
    everyone, labelled = measure_sequence_two_sample(cohorts, seed=0)
    assert everyone.metric == "fidelity.c2st.sequences"
    assert everyone.floor is not None
    assert everyone.status in ("PASS", "INCONCLUSIVE", "FAIL")
    assert set(everyone.curves) == {"synthetic", "chance"}
    json.dumps(everyone.to_json(), allow_nan=False)
    assert labelled.status == "INCONCLUSIVE"
    assert "needs 40" in labelled.reason
    for result in measure_sequence_two_sample(cohorts, seed=0, quick=True):
        assert result.status == "NOT_RUN"
        assert result.estimate is None
        assert result.reason


def test_the_same_seed_gives_the_same_scores_and_leaves_torch_alone(
    bank: dict[str, Events],
) -> None:
    few = {name: events.take(np.arange(20)) for name, events in bank.items()}
    levels, before = common_levels(bank["real"]), torch.get_rng_state()
    first, again = (
        told_apart_in_order(few["other"], few["control"], levels, seed=3)[0] for _ in range(2)
    )
    assert np.array_equal(first.first, again.first)
    assert torch.equal(before, torch.get_rng_state())


def test_the_label_and_the_keys_are_not_read(bank: dict[str, Events]) -> None:
    base, levels = bank["other"], common_levels(bank["real"])
    every = np.arange(base.n_events)
    relabelled = base.edit(every, {"fraud": (every, 1 - base.numbers("fraud").astype(np.int8))})
    renamed = relabelled.take(np.arange(base.n_entities), renew=True)
    one, other = sequence_features(base, levels), sequence_features(renamed, levels)
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.numbers, other.numbers)


def test_padding_does_not_change_what_a_judge_says(bank: dict[str, Events]) -> None:
    features = sequence_features(bank["real"], common_levels(bank["real"]))
    features = together(features, features).last(30)
    torch.manual_seed(0)
    readers = Readers(1, features.sizes, features.numbers.shape[1], 4).eval()
    short, long = np.argsort(features.lengths)[[0, -1]]
    alone = readers(padded(features, np.array([[short]])))
    beside = readers(padded(features, np.array([[short, long]])))
    assert torch.allclose(alone[0, 0], beside[0, 0], atol=1e-5)


def test_a_stacked_network_is_torchs_own_with_the_same_weights() -> None:
    torch.manual_seed(0)
    stacked, inputs = StackedGRU(3, 5, 7), torch.randn(6, 3, 5, 4, requires_grad=True)
    plain = torch.nn.GRU(5, 7)
    with torch.no_grad():
        plain.weight_ih_l0.copy_(stacked.from_input[1])
        plain.weight_hh_l0.copy_(stacked.from_state[1])
        plain.bias_ih_l0.copy_(stacked.input_bias[1, :, 0])
        plain.bias_hh_l0.copy_(stacked.state_bias[1, :, 0])
    alone = inputs[:, 1].transpose(1, 2).detach().requires_grad_(True)
    ours, theirs = stacked(inputs)[:, 1].transpose(1, 2), plain(alone)[0]
    assert torch.allclose(ours, theirs, atol=1e-6)
    weights = torch.randn_like(theirs)
    (ours * weights).sum().backward()
    (theirs * weights).sum().backward()
    assert torch.allclose(inputs.grad[:, 1].transpose(1, 2), alone.grad, atol=1e-5)
    assert torch.allclose(stacked.from_state.grad[1], plain.weight_hh_l0.grad, atol=1e-4)
    assert torch.allclose(stacked.state_bias.grad[1, :, 0], plain.bias_hh_l0.grad, atol=1e-4)
    assert stacked.from_state.grad[0].abs().max() == 0
