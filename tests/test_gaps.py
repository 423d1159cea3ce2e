from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.codecs.gaps import SHORT, Gaps

DAY = 86_400.0
BASE = datetime(2024, 2, 27, tzinfo=UTC).timestamp()


def replayed(gaps: Gaps, values: np.ndarray, first_day: float) -> list[float]:
    time, times = np.array([first_day]), []
    for step in range(len(values)):
        time = gaps.advance(time, values[step : step + 1], np.array([step == 0]))
        times.append(float(time[0]))
    return times


@given(st.lists(st.integers(0, 40 * 86_400), min_size=1, max_size=60))
@settings(max_examples=80, deadline=None)
def test_times_of_day_come_back_to_the_second(steps: list[int]) -> None:
    times = BASE + np.cumsum(np.array(steps, dtype=float) % (31 * DAY))
    gaps = Gaps("clock")
    values = gaps.encode(times, np.array([0, len(times)]))
    assert replayed(gaps, values, np.floor(times[0] / DAY) * DAY) == times.tolist()


@pytest.mark.parametrize("resolution", ["day", "step"])
def test_days_come_back_exactly(resolution: str) -> None:
    times = BASE + DAY * np.cumsum([0, 0, 1, 7, 0, 62, 3])
    gaps = Gaps(resolution)
    values = gaps.encode(times, np.array([0, 7]))
    assert values.shape == (7, 1)
    assert replayed(gaps, values, times[0]) == times.tolist()


def test_months_come_back_on_their_day_even_where_it_is_missing() -> None:
    dates = np.array(["2023-11-30", "2023-12-30", "2024-02-29", "2024-03-30"], dtype="M8[s]")
    times = dates.astype(float)
    gaps = Gaps.fit(times, np.array([0, 4]), "month")
    assert gaps.month_day == 30
    values = gaps.encode(times, np.array([0, 4]))
    assert replayed(gaps, values, times[0]) == times.tolist()


@given(st.integers(0, 2**32 - 1), st.sampled_from(["clock", "day", "month", "step"]))
@settings(max_examples=60, deadline=None)
def test_drawn_times_never_go_back(seed: int, resolution: str) -> None:
    rng = np.random.default_rng(seed)
    gaps = Gaps(resolution)
    hour = rng.random(40) * 24
    values = np.column_stack([rng.random(40) * gaps.levels, hour])
    times = replayed(gaps, values, BASE)
    assert np.all(np.diff(times) >= 0)
    assert np.all(np.mod(times, 1) == 0)


def test_an_hour_that_has_passed_is_moved_to_what_is_left_of_the_day() -> None:
    gaps = Gaps("clock")
    same_day = np.array([[gaps.first + 1.5, 3.0]])  # no midnight, three o'clock
    evening = np.array([BASE + 20 * 3_600])
    found = gaps.advance(evening, same_day, np.array([False]))[0]
    assert evening[0] <= found < BASE + DAY


def test_a_short_gap_has_no_hour_and_a_long_one_counts_midnights() -> None:
    gaps = Gaps("clock")
    times = BASE + np.array([23 * 3_600, 23 * 3_600, 23 * 3_600 + SHORT - 1, 54 * 3_600])
    values = gaps.encode(times, np.array([0, 4]))
    assert np.floor(values[:, 0]).tolist()[:2] == [gaps.first, 0]
    assert 0 < values[2, 0] < gaps.first
    assert np.floor(values[3, 0]) == gaps.first + 1 + 1
    assert values[1:3, 1].tolist() == [0, 0]
    assert np.floor(values[[0, 3], 1]).tolist() == [23, 6]


def test_the_longest_gap_of_one_entity_is_not_kept() -> None:
    offsets = np.arange(41) * 3
    gap = np.column_stack([np.zeros(40), np.full(40, 70), np.full(40, 80)])
    gap[7, 2] = 1_234
    times = BASE + DAY * np.cumsum(gap, axis=1).ravel()
    gaps = Gaps.fit(times, offsets, "day")
    assert gaps.long is not None
    assert gaps.long.high <= 81
    assert "1234" not in json.dumps(gaps.state())
    few = Gaps.fit(times[:30], offsets[:11], "day")
    assert few.long is None


def test_a_gap_of_whole_days_has_the_level_that_events_so_far_apart_have() -> None:
    offsets, gap = np.arange(41) * 3, np.array([0.0, 70.0, 300.0])
    times = np.tile(BASE + DAY * np.cumsum(gap), 40)
    for gaps in (Gaps.fit(times, offsets, "day"), Gaps("day")):
        days = np.arange(1.0, 500.0)
        pairs = np.column_stack([np.full(len(days), BASE), BASE + DAY * days]).ravel()
        level = np.floor(gaps.encode(pairs, np.arange(len(days) + 1) * 2)[1::2, 0])
        assert np.array_equal(gaps.level_of_ticks(days), level)


def test_gaps_are_saved_as_json() -> None:
    offsets = np.arange(41) * 3
    times = BASE + DAY * np.cumsum(np.tile([0.0, 40.0, 90.0], 40))
    gaps = Gaps.fit(times, offsets, "clock")
    copy = Gaps.from_state(json.loads(json.dumps(gaps.state())))
    assert np.array_equal(copy.encode(times, offsets), gaps.encode(times, offsets))


def test_the_last_day_of_the_month_stays_the_last_where_short_months_are_commoner() -> None:
    ends = [datetime(2024, m, d, tzinfo=UTC).timestamp() for m, d in ((1, 31), (4, 30), (6, 30))]
    times = np.array(ends)
    gaps = Gaps.fit(times, np.array([0, 3]), "month")
    assert replayed(gaps, gaps.encode(times, np.array([0, 3])), times[0]) == ends
