"""The calendar keeps free-running sequences in time: bounds and pace of the next gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import torch

from riskgen.data.clock import FINISH, MOMENT, START, CalendarClock
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.models.base import sample
from riskgen.models.timegan.ahead import DATES, MONTH_DAYS, WEEKDAYS, Ahead, dates_of
from riskgen.models.timegan.support import (
    Guide,
    pull,
    ruled_out,
    with_observed,
)
from riskgen.models.timegan.timegan import TimeGAN


def guided(events: Events) -> EventEncoder:
    """Return an encoder of a small table that is guided as one of a large table is."""
    encoder = EventEncoder.fit(events)
    return replace(encoder, clock=replace(encoder.clock, guided=True))


def clock_of(events: Events) -> CalendarClock:
    return guided(events).clock


def test_few_entities_are_not_guided(tiny_events: Events) -> None:
    encoder = EventEncoder.fit(tiny_events)
    bounds, pace, _ = encoder.clock.guide_of(encoder.encode(tiny_events))
    later = np.setdiff1d(np.arange(tiny_events.n_events), tiny_events.offsets[:-1])
    assert np.all(bounds[later] == [0, encoder.clock.gaps.levels - 1])
    assert not pace.any()
    assert not encoder.clock.gap_sizes().any()


def test_real_gaps_lie_within_their_bounds_where_nothing_was_clipped(
    tiny_events: Events,
) -> None:
    encoder = guided(tiny_events)
    panel = encoder.encode(tiny_events)
    bounds, *_ = encoder.clock.guide_of(panel)
    level = np.floor(panel.values[:, encoder.clock.time_columns[0]])
    inside = (level >= bounds[:, 0]) & (level <= bounds[:, 1])
    last = tiny_events.seconds()[tiny_events.offsets[1:] - 1]
    first = tiny_events.seconds()[tiny_events.offsets[:-1]]
    told = encoder.clock.start(panel.context) / SECONDS_PER_DAY
    kept = np.floor(last / SECONDS_PER_DAY) + 1 == told[:, FINISH]
    kept &= np.floor(first / SECONDS_PER_DAY) == told[:, START]
    kept &= encoder.clock.lengths(panel.context) == tiny_events.lengths
    assert kept.sum() > 10
    assert inside[np.repeat(kept, tiny_events.lengths)].all()


def test_the_first_event_has_the_first_level_and_no_other(tiny_events: Events) -> None:
    encoder = guided(tiny_events)
    bounds, *_ = encoder.clock.guide_of(encoder.encode(tiny_events))
    heads = bounds[tiny_events.offsets[:-1]]
    assert np.all(heads == encoder.clock.gaps.first)


def test_the_last_event_must_reach_the_last_day(tiny_events: Events) -> None:
    clock = clock_of(tiny_events)
    now, days = 1_000 * SECONDS_PER_DAY, 7
    # time, events drawn, length, first day, end of the last day
    state = np.array([[now, 4.0, 5.0, now, now + (days + 1) * SECONDS_PER_DAY]])
    lowest, highest = clock.bounds(state)[0]
    assert lowest == highest == clock.gaps.level_of_ticks(np.array([float(days)]))[0]
    state[0, 1] = 2.0
    assert clock.bounds(state)[0].tolist() == [0, highest]


def test_the_pace_is_the_days_left_for_each_event_left(tiny_events: Events) -> None:
    clock = clock_of(tiny_events)
    now = 1_000 * SECONDS_PER_DAY
    state = np.array([[now, 2.0, 6.0, now, now + 12 * SECONDS_PER_DAY]])
    assert np.isclose(np.exp(clock.pace(state)[0]), (12 + MOMENT) / 4)


def test_gap_levels_take_as_many_days_as_they_decode_to(tiny_events: Events) -> None:
    clock = clock_of(tiny_events)
    days = np.exp(clock.gap_sizes()) - MOMENT
    exact = clock.gaps.level_of_ticks(np.arange(10.0))
    assert np.allclose(days[exact], np.arange(10.0))
    assert days[clock.gaps.first] < 1e-12


def test_a_pull_is_strongest_at_the_pace() -> None:
    sizes = torch.log(torch.tensor([0.5, 1.0, 2.0, 8.0]))
    near = pull(torch.log(torch.tensor([2.0])), sizes)
    assert near[0].argmax(dim=1).tolist() == [2, 2]
    assert near[0, :, 2].tolist() == [0.0, 0.0]


def test_an_observed_level_is_never_ruled_out() -> None:
    bounds = torch.tensor([[2, 3], [0, 1]])
    codes = torch.tensor([5, 0])
    out = ruled_out(with_observed(bounds, codes), 6)
    assert not out[torch.arange(2), codes].any()
    assert out[0].tolist() == [True, True, False, False, False, False]
    assert out[1].tolist() == [False, False, True, True, True, True]


def test_simulated_gaps_never_leave_their_bounds(tiny_events: Events) -> None:
    encoder = guided(tiny_events)
    options = {"hidden": 8, "head_width": 4, "steps": 4, "context_steps": 4, "audit": False}
    generator = TimeGAN(**options).fit(encoder.encode(tiny_events), seed=0)
    drawn = sample(generator, 200, seed=1)
    bounds, *_ = encoder.clock.opened().guide_of(drawn)
    level = np.floor(drawn.values[:, encoder.clock.time_columns[0]])
    assert np.all(level >= bounds[:, 0])
    assert np.all(level <= bounds[:, 1])


def test_each_gap_level_leads_to_the_right_day(tiny_events: Events) -> None:
    clock = clock_of(tiny_events)
    friday = np.array([date(2024, 2, 23).toordinal() - date(1970, 1, 1).toordinal()])
    ahead = Ahead.of(clock)
    found = dates_of(torch.from_numpy(friday)[:, None] + ahead.days)[:, 0].T
    found = torch.cat([found, torch.full((1, 3), DATES)])[ahead.places]
    level = int(clock.gaps.level_of_ticks(np.array([6.0]))[0])  # Thursday, 29 February
    assert found[level].tolist() == [3, WEEKDAYS + 28, WEEKDAYS + MONTH_DAYS]
    assert found[0].tolist() == [4, WEEKDAYS + 22, DATES]  # a short gap: the same Friday
    assert found[clock.gaps.first].tolist() == [DATES] * 3


def test_days_weigh_all_levels_that_lead_to_them_and_no_others(tiny_events: Events) -> None:
    clock = clock_of(tiny_events)
    days = np.array([19_000, 19_001])
    bounds, ahead = np.zeros((2, 2), dtype=np.int64), Ahead.of(clock)
    guide = Guide.of(bounds, np.zeros(2), days + 0.5, ahead)
    weights = torch.zeros(2, DATES)
    weights[:, 2] = 1.0
    for row, weighed in enumerate(guide.ahead.to_levels(guide.weighed(weights))):
        ahead = clock.gap_days()
        wednesdays = (ahead >= 0) & ((days[row] + ahead + 3) % 7 == 2)
        assert np.array_equal(weighed.numpy() > 0, wednesdays)


def test_each_short_gap_leads_to_the_right_hour_and_no_other_gap_to_any(
    tiny_events: Events,
) -> None:
    clock = clock_of(tiny_events)
    bounds, ahead = np.zeros((2, 2), dtype=np.int64), Ahead.of(clock)
    guide = Guide.of(bounds, np.zeros(2), 19_000 + np.array([10.5, 23.9]) / 24, ahead)
    hours = np.arange(24.0)
    found = ahead.weighed_hours(torch.tensor(hours).float().repeat(2, 1), guide.clock).numpy()
    taken = clock.gap_hours()
    short = np.isfinite(taken)
    assert short.sum() == clock.gaps.first
    assert np.array_equal(found[0, short], np.floor(10.5 + taken[short]))
    assert np.array_equal(found[1, short], np.floor(np.mod(23.9 + taken[short], 24)))
    assert (found[:, ~short] == 0).all()
