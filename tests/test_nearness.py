"""A number that meets another or lies near it comes back to the last unit."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.codecs.grain import Grain
from riskgen.data.codecs.nearness import SMALL, WITHIN, Nearness, distance

PLAIN = Grain(np.ones(1))


def fitted(met: int = 2) -> Nearness:
    """Bills within a tenth of the last one, most of them."""
    rng = np.random.default_rng(0)
    target = np.round(np.exp(rng.normal(8.0, 1.0, 4_000)))
    whole = np.round(target * (1.0 + rng.normal(0.0, 0.05, 4_000)))
    targets = np.column_stack([target, *(rng.permutation(target) for _ in range(met - 1))])
    return Nearness.fit(whole, targets, np.repeat(np.arange(400), 10), cells=True)


CODEC = fitted()
NUMBERS = st.one_of(st.just(np.nan), st.integers(-(10**9), 10**9).map(float))


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_what_is_met_or_near_comes_back_exactly_and_the_rest_is_left_to_others(
    rows: list[tuple[float, float, float]],
) -> None:
    whole, *targets = np.array(rows).T
    stacked = np.column_stack(targets)
    codes = CODEC.encode(whole, stacked)
    others = np.full(len(whole), 77.5)
    back = CODEC.decode(codes, stacked, others, PLAIN, np.zeros(len(whole), dtype=np.int64))
    elsewhere = np.floor(codes) == CODEC.elsewhere
    assert np.array_equal(back[~elsewhere], whole[~elsewhere])
    assert (back[elsewhere] == 77.5).all()
    assert not CODEC.absent(stacked)[np.arange(len(codes)), np.floor(codes).astype(int)].any()


@given(st.integers(int(SMALL), 10**9), st.floats(-1.5 * WITHIN, 1.5 * WITHIN))
def test_exactly_what_lies_within_reach_is_near(target: int, away: float) -> None:
    whole = np.round(np.array([target * (1.0 + away)]))
    targets = np.array([[float(target), np.nan]])
    code = CODEC.encode(whole, targets)[0]
    lies = float(distance(whole, targets[:, 0])[0])
    edge = 1.0 / target  # whole numbers at the very edge may fall on either side
    if abs(abs(lies) - WITHIN) > edge:
        assert (code < CODEC.elsewhere) == (abs(lies) < WITHIN)


def test_nothing_is_near_to_nothing_or_to_next_to_nothing() -> None:
    targets = np.array([[np.nan, np.nan], [3.0, 9.0], [5_000.0, 5_000.0]])
    gone = CODEC.absent(targets)
    assert gone[0, : CODEC.elsewhere].all()
    assert not gone[1, :2].any()
    assert gone[1, 2 : CODEC.elsewhere].all()
    assert gone[2].tolist() == [False, True, *([False] * (CODEC.levels - 2))]
    assert not gone[:, CODEC.elsewhere].any()


def test_every_cell_is_held_by_eleven_entities_and_edges_are_round() -> None:
    rng = np.random.default_rng(1)
    target, owners = np.full(600, 10_000.0), np.repeat(np.arange(60), 10)
    whole = np.round(target * (1.0 + rng.normal(0.0, 0.02, 600)))
    codec = Nearness.fit(whole, target[:, None], owners, cells=True)
    codes = np.floor(codec.encode(whole, target[:, None]))
    for level in range(codec.met, codec.elsewhere):
        assert len(np.unique(owners[codes == level])) >= 11
    shown = [float(f"{edge:.2g}") for edge in codec.edges]
    assert np.allclose(shown, codec.edges)


def test_a_near_number_is_as_round_as_its_grain_says() -> None:
    grain = Grain(np.array([1.0, 100.0]))
    rng = np.random.default_rng(2)
    n = 500
    codes = CODEC.met + rng.uniform(0, CODEC.elsewhere - CODEC.met, n)
    targets = np.column_stack([np.full(n, 200_000.0), np.full(n, np.nan)])
    back = CODEC.decode(codes, targets, np.zeros(n), grain, np.ones(n, dtype=np.int64))
    assert np.mean(back % 100 == 0) > 0.95  # cells narrower than the grain keep what they can


def test_codecs_survive_storage() -> None:
    again = Nearness.from_state(json.loads(json.dumps(CODEC.state())))
    assert again.met == CODEC.met
    assert np.array_equal(again.edges, CODEC.edges)
