from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from riskgen.data.clock import CALENDAR, PROGRESS, START, TIME, CalendarClock
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.schema import Channel, Resolution, Schema

RESOLUTIONS: list[Resolution] = ["clock", "day", "month", "step"]


def diary(resolution: Resolution, n_entities: int = 40) -> Events:
    """Entities that start within a fortnight and act now and then."""
    rng = np.random.default_rng(3)
    rows: list[tuple[str, object]] = []
    for entity in range(n_entities):
        at = int(rng.integers(14))
        for _ in range(int(rng.integers(2, 15))):
            rows.append((f"c{entity:03d}", moment(resolution, at, rng)))
            at += int(rng.integers(0, 4))
    dtype = {"clock": pl.Datetime("us"), "step": pl.Int64}.get(resolution, pl.Date)
    frame = pl.DataFrame(rows, schema={"customer": pl.String, "when": dtype}, orient="row")
    channels = (
        Channel(name="customer", dtype="String", kind="identifier", role="entity"),
        Channel(name="when", dtype="Date", kind="timestamp", role="time"),
    )
    return Events.build(
        frame, Schema(domain="transactions", channels=channels, resolution=resolution)
    )


def moment(resolution: Resolution, at: int, rng: np.random.Generator) -> object:
    if resolution == "clock":
        return datetime(2024, 2, 20) + timedelta(days=at, seconds=int(rng.integers(86_400)))
    if resolution == "day":
        return date(2024, 2, 20) + timedelta(days=at)
    return date(2023 + at // 12, at % 12 + 1, 1) if resolution == "month" else at


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_features_of_a_panel_equal_stepping_through_it(resolution: Resolution) -> None:
    encoder = EventEncoder.fit(diary(resolution))
    panel, clock = encoder.encode(diary(resolution)), encoder.clock
    whole = clock.features_of(panel)
    assert whole.shape == (panel.offsets[-1], CALENDAR[resolution] + PROGRESS)
    assert clock.n_features == whole.shape[1]
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() < 2
    for entity in range(panel.n_sequences):
        state = clock.start(panel.context[entity : entity + 1])
        for row in range(panel.offsets[entity], panel.offsets[entity + 1]):
            assert np.array_equal(clock.features(state)[0], whole[row])
            state = clock.advance(state, panel.values[row : row + 1])
            assert state[0, TIME] == clock.times(panel)[row]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_times_come_back_where_start_and_gaps_were_not_clipped(resolution: Resolution) -> None:
    events = diary(resolution)
    encoder = EventEncoder.fit(events)
    panel = encoder.encode(events)
    started = encoder.clock.start(panel.context)[:, START]
    first = encoder.clock.gaps.midnight(
        encoder.clock.gaps.ticks(events.seconds()[events.offsets[:-1]])
    )
    kept = started == first
    assert kept.sum() >= events.n_entities - 22
    rows = np.repeat(kept, events.lengths)
    assert np.array_equal(encoder.clock.times(panel)[rows], events.seconds()[rows])
    assert encoder.decode(panel).frame["when"].dtype == events.frame["when"].dtype


def test_lengths_are_whole_and_those_that_eleven_share_come_back() -> None:
    events = diary("day")
    encoder = EventEncoder.fit(events)
    lengths = encoder.clock.lengths(encoder.encode(events).context)
    assert lengths.dtype == np.int64
    assert lengths.min() >= 1
    assert lengths.max() <= encoder.clock.longest
    ordered = np.sort(events.lengths)
    inside = (events.lengths >= ordered[10]) & (events.lengths <= ordered[-11])
    assert np.array_equal(lengths[inside], events.lengths[inside])


def test_the_calendar_of_known_dates_is_right() -> None:
    clock = EventEncoder.fit(diary("clock")).clock
    state = np.zeros((2, 5))
    # 29 February 2024 was a Thursday, the last day of its month.
    state[:, TIME] = np.array(["2024-02-29T06:00", "2024-03-01T18:00"], "M8[s]").astype(float)
    weekday, month, hour = np.split(clock.features(state)[:, :13], [7, 11], axis=1)
    assert weekday.argmax(axis=1).tolist() == [3, 4]
    assert month[:, 2] * 31 == pytest.approx([29, 1])
    assert month[:, 3] * 31 == pytest.approx([0, 30])
    assert hour[:, 0] == pytest.approx([1, -1])
    assert hour[:, 1] == pytest.approx([0, 0], abs=1e-12)


def test_a_later_first_level_moves_time_on_and_never_back() -> None:
    clock = EventEncoder.fit(diary("day")).clock
    state = np.array([[86_400.0 * 10, 1.0, 5.0, 86_400.0 * 10, 86_400.0 * 99]])
    values = np.full((1, max(clock.time_columns) + 1), clock.gaps.first + 0.5)
    assert clock.advance(state, values)[0, TIME] == 86_400.0 * 11


def test_a_clock_is_saved_as_json() -> None:
    encoder = EventEncoder.fit(diary("clock"))
    panel = encoder.encode(diary("clock"))
    copy = CalendarClock.from_state(json.loads(json.dumps(encoder.clock.state())))
    assert np.array_equal(copy.features_of(panel), encoder.clock.features_of(panel))
    assert np.array_equal(copy.lengths(panel.context), encoder.clock.lengths(panel.context))
