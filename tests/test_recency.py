from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.codecs.kinds import Kind
from riskgen.data.codecs.ranks import Groups, find_ranks
from riskgen.data.codecs.recency import RANKS, Recency, fresh_names
from riskgen.data.codecs.repeats import Repeats, repeats_are_habits


def naive_ranks(codes: np.ndarray, owners: np.ndarray, kinds: np.ndarray) -> list[int]:
    """The definition: a list of recent codes for each entity and kind, latest first."""
    lists: dict[tuple[int, int], list[int]] = {}
    ranks = []
    for code, owner, kind in zip(codes.tolist(), owners.tolist(), kinds.tolist(), strict=True):
        recent = lists.setdefault((owner, kind), [])
        ranks.append(recent.index(code) if code in recent else -1)
        if code >= 0:
            recent[:] = [code, *(item for item in recent if item != code)]
    return ranks


@st.composite
def visits(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    owners = np.sort(rng.integers(draw(st.integers(1, 14)), size=n))
    codes = rng.integers(-1, draw(st.integers(1, 60)), size=n)
    return codes, owners, rng.integers(draw(st.integers(1, 3)), size=n)


@given(visits())
@settings(max_examples=80, deadline=None)
def test_ranks_equal_the_definition(events: tuple[np.ndarray, ...]) -> None:
    codes, owners, kinds = events
    rank, filled = find_ranks(codes, Groups.of(owners, kinds))
    assert rank.tolist() == naive_ranks(codes, owners, kinds)
    assert np.all(rank < np.maximum(filled, 1))


@given(visits())
@settings(max_examples=80, deadline=None)
def test_popular_levels_come_back_and_rare_ones_keep_their_repeats(
    events: tuple[np.ndarray, ...],
) -> None:
    codes, owners, kinds = events
    texts = [f"m{code}" for code in range(60)]
    codec = Recency.fit(codes, texts, owners, kinds)
    values = codec.encode(codes, texts, owners, kinds)
    assert np.all((values >= 0) & (values < codec.levels))
    decoded = codec.decode(values, owners, kinds)
    assert np.array_equal(decoded < 0, codes < 0)
    homes = set(zip(codec.homes.tolist(), codec.texts, strict=True))
    one_to_one: dict[tuple[int, int, int], int] = {}
    for code, owner, kind, found in zip(codes, owners, kinds, decoded, strict=True):
        if code >= 0 and (kind, texts[code]) in homes:
            assert codec.texts[found] == texts[code]
        elif code >= 0:
            assert found >= len(codec.texts)
            assert one_to_one.setdefault((owner, kind, code), found) == found
    named = {(owner, found) for (owner, _, _), found in one_to_one.items()}
    assert len(named) == len(one_to_one)


def crowd(n_entities: int = 30, n_events: int = 40) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Everyone visits shops 0 to 4; each entity has one private shop."""
    rng = np.random.default_rng(5)
    owners = np.repeat(np.arange(n_entities), n_events)
    codes = rng.integers(5, size=len(owners))
    private = rng.random(len(owners)) < 0.3
    codes[private] = 5 + owners[private]
    return codes, owners, [f"shop{code}" for code in range(5 + n_entities)]


def test_a_private_level_is_never_stored_nor_written() -> None:
    codes, owners, texts = crowd()
    kinds = np.zeros(len(codes), dtype=int)
    codec = Recency.fit(codes, texts, owners, kinds)
    assert set(codec.texts) == {f"shop{code}" for code in range(5)}
    assert "shop7" not in json.dumps(codec.state())
    decoded = codec.decode(codec.encode(codes, texts, owners, kinds), owners, kinds)
    names = fresh_names(decoded, len(codec.texts), owners, first=100)
    assert len(set(names)) == len(np.unique(owners))
    assert names[0] == "new-000100-000"


def test_columns_without_room_for_names_fall_back_to_popular_levels() -> None:
    codes, owners, texts = crowd()
    kinds = np.zeros(len(codes), dtype=int)
    codec = Recency.fit(codes, texts, owners, kinds)
    values = codec.encode(codes, texts, owners, kinds)
    decoded = codec.decode(values, owners, kinds, open_ended=False)
    assert decoded.min() >= 0
    assert decoded.max() < len(codec.texts)


def test_what_is_new_to_an_entity_is_not_drawn_from_what_it_has() -> None:
    codes, owners, texts = crowd()
    kinds = np.zeros(len(codes), dtype=int)
    codec = Recency.fit(codes, texts, owners, kinds)
    new = np.full(4, codec.first_rank - 2 + 0.01)
    decoded = codec.decode(new, np.zeros(4, dtype=int), np.zeros(4, dtype=int))
    assert len(set(decoded.tolist())) == 4


def test_a_new_level_is_one_of_its_kind() -> None:
    rng = np.random.default_rng(6)
    owners, kinds = np.repeat(np.arange(40), 50), rng.integers(2, size=2_000)
    codes = kinds * 10 + rng.integers(10, size=2_000)
    texts = [f"{'grocer' if code < 10 else 'fuel'}{code}" for code in range(20)]
    codec = Recency.fit(codes, texts, owners, kinds)
    values = codec.first_rank - 2 + rng.random(400)
    wanted = rng.integers(2, size=400)
    drawn = codec.decode(values, np.arange(400), wanted)
    trade = np.array([codec.texts[code].startswith("fuel") for code in drawn])
    assert np.array_equal(trade, wanted == 1)


def test_first_visits_follow_how_many_entities_hold_a_level() -> None:
    owners = np.repeat(np.arange(600), 2)
    codes = np.tile([0, 1], 600)
    codes[1::2] = np.arange(600) % 3  # half of all first visits to 0; 1 in 6 to 1; 1 in 6 to 2
    texts = ["a", "b", "c"]
    kinds = np.zeros(len(codes), dtype=int)
    codec = Recency.fit(codes, texts, owners, kinds)
    place = np.random.default_rng(7).random(30_000)
    drawn = codec.decode(codec.first_rank - 2 + place, np.arange(30_000), np.zeros(30_000, int))
    share = np.bincount(drawn, minlength=3) / 30_000
    held = np.array([600, 200, 200]) / 1_000
    assert share == pytest.approx(held, abs=0.012)


def test_older_levels_are_told_apart_by_the_place() -> None:
    n = RANKS + 20
    codes = np.concatenate([np.arange(n), np.arange(n)])
    owners, kinds = np.zeros(2 * n, dtype=int), np.zeros(2 * n, dtype=int)
    texts = [f"m{code}" for code in range(n)]
    codec = Recency.fit(codes, texts, owners, kinds)
    values = codec.encode(codes, texts, owners, kinds)
    assert np.all(np.floor(values[n:]) == codec.levels - 1)
    decoded = codec.decode(values, owners, kinds)
    assert np.array_equal(decoded[:n], decoded[n:])


def test_a_rank_that_nothing_stands_at_is_something_new() -> None:
    codes, owners, texts = crowd()
    kinds = np.zeros(len(codes), dtype=int)
    codec = Recency.fit(codes, texts, owners, kinds)
    decoded = codec.decode(np.array([codec.first_rank + 3.5]), np.zeros(1, int), np.zeros(1, int))
    assert 0 <= decoded[0] < len(codec.texts)


def test_long_histories_are_remembered_in_blocks() -> None:
    rng = np.random.default_rng(8)
    owners = np.repeat(np.arange(3_000), 20)
    codes = rng.integers(5_000, size=len(owners))
    kinds = np.zeros(len(codes), dtype=int)
    codes[1::2] = codes[::2]
    rank, _ = find_ranks(codes, Groups.of(owners, kinds))
    assert np.all(rank[1::2] == 0)


def test_a_kind_is_made_of_what_repeats_keep() -> None:
    rng = np.random.default_rng(9)
    owners = np.repeat(np.arange(20), 100)
    codes = rng.integers(12, size=2_000)
    known = {"trade": codes % 3, "weekday": rng.integers(7, size=2_000)}
    kind = Kind.fit(codes, owners, known, 0.98)
    assert kind.sizes == {"trade": 3}
    assert len(np.unique(kind.codes(known, 2_000))) == 3


def test_amounts_come_back_exactly_and_others_stay_their_own() -> None:
    owners = np.repeat(np.arange(3), 5)
    kinds = np.zeros(15, dtype=int)
    codes = np.array([0, 1, 0, 0, 1, 2, 2, 2, 3, 2, 4, 5, 6, 7, 4])
    repeats = Repeats(Kind({}))
    values = repeats.encode(codes, owners, kinds)
    assert np.floor(values).tolist() == [0, 0, 2, 1, 2, 0, 1, 1, 0, 2, 0, 0, 0, 0, 4]
    sources = repeats.sources(values, owners, kinds)
    assert np.array_equal(codes[sources], codes)
    assert repeats.sources(np.array([3.5]), np.zeros(1, int), np.zeros(1, int)).tolist() == [0]


def test_standing_orders_are_a_habit_and_popular_prices_are_not() -> None:
    rng = np.random.default_rng(10)
    owners = np.repeat(np.arange(100), 30)
    kinds, free = np.zeros(3_000, dtype=int), np.ones(3_000, dtype=bool)
    prices = rng.integers(60, size=3_000)
    assert not repeats_are_habits(prices, owners, kinds, free)
    rent = np.where(rng.random(3_000) < 0.2, 1_000 + owners, 5_000 + np.arange(3_000))
    assert repeats_are_habits(rent, owners, kinds, free)
    assert not repeats_are_habits(rent, owners // 10, kinds, owners < 90)
