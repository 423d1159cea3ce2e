"""Paydays, month ends, weekends and opening hours come out of a fitted generator."""

from __future__ import annotations

import numpy as np
import pytest
from habit_bank import PAYDAY, habit_bank

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.evaluate.features.per_entity import day_of_month
from riskgen.evaluate.features.per_event import hour_of_day, weekday
from riskgen.evaluate.fidelity.cohorts import Cohorts
from riskgen.evaluate.fidelity.dynamics import measure_dynamics
from riskgen.evaluate.result import MetricResult
from riskgen.models.timegan.timegan import TimeGAN
from riskgen.simulate.engine import EventSimulator

N = 300
WEEK, MONTH = "fidelity.calendar.week", "fidelity.calendar.month"


@pytest.fixture(scope="module")
def real() -> Events:
    return habit_bank(N, seed=1)


@pytest.fixture(scope="module")
def control() -> Events:
    return habit_bank(N, seed=2)


@pytest.fixture(scope="module")
def simulated(real: Events) -> Events:
    """What a generator that was trained for about twenty seconds draws."""
    encoder = EventEncoder.fit(real)
    generator = TimeGAN(steps=260, audit=False).fit(encoder.encode(real), seed=0)
    return EventSimulator(generator, encoder).draw(N, seed=1)


def calendar(real: Events, control: Events, synthetic: Events) -> dict[str, MetricResult]:
    """Return both calendar measures: total variation, floor and limits by entity resampling."""
    results = measure_dynamics(Cohorts.of(real, control, synthetic, seed=0))
    return {result.metric: result for result in results if "calendar" in result.metric}


def with_shuffled_gaps(events: Events) -> Events:
    """Return the same customers with the times between their events in another order."""
    rng = np.random.default_rng(0)
    seconds = events.seconds()
    for first, last in zip(events.offsets[:-1], events.offsets[1:], strict=True):
        gaps = rng.permutation(np.diff(seconds[first:last]))
        seconds[first + 1 : last] = seconds[first] + np.cumsum(gaps)
    everything = np.arange(events.n_events)
    return events.edit(everything, {"when": (everything, seconds)})


def share(events: Events, kind: str, cells: np.ndarray) -> float:
    return float(cells[events.texts("kind") == kind].mean())


def on_payday(events: Events) -> np.ndarray:
    return day_of_month(events.seconds()) == PAYDAY


def on_last_day(events: Events) -> np.ndarray:
    return day_of_month(events.seconds() + SECONDS_PER_DAY) == 1


def test_a_second_draw_of_the_same_bank_keeps_the_calendar(real: Events, control: Events) -> None:
    found = calendar(real, control, habit_bank(N, seed=3))
    assert {name: result.band for name, result in found.items()} == {WEEK: "green", MONTH: "green"}


def test_shuffled_gaps_lose_the_calendar(real: Events, control: Events) -> None:
    found = calendar(real, control, with_shuffled_gaps(real))
    assert {name: result.band for name, result in found.items()} == {WEEK: "red", MONTH: "red"}


def test_hours_and_weekdays_survive_within_the_noise_floor(
    real: Events, control: Events, simulated: Events
) -> None:
    assert calendar(real, control, simulated)[WEEK].band == "green"


def test_days_of_the_month_survive_near_the_noise_floor(
    real: Events, control: Events, simulated: Events
) -> None:
    # Twenty seconds of training put nine salaries in ten on the day; the rest is the
    # distance that is left. A generator without dates in its gaps is three times as far.
    found = calendar(real, control, simulated)[MONTH]
    assert found.threshold is not None
    assert found.estimate is not None
    assert found.estimate.value < found.threshold.red


def test_salaries_come_on_the_payday_and_rents_on_the_last_day(
    real: Events, simulated: Events
) -> None:
    assert share(real, "salary", on_payday(real)) == 1.0
    assert share(simulated, "salary", on_payday(simulated)) > 0.8
    assert share(simulated, "rent", on_last_day(simulated)) > 0.8
    shuffled = with_shuffled_gaps(real)
    assert share(shuffled, "salary", on_payday(shuffled)) < 0.3


def test_shops_are_closed_on_sundays_and_at_night(real: Events, simulated: Events) -> None:
    assert share(real, "shop", weekday(real.seconds()) == 6) == 0.0
    assert share(simulated, "shop", weekday(simulated.seconds()) == 6) < 0.02
    hour = hour_of_day(simulated.seconds())
    assert share(simulated, "shop", (hour < 8) | (hour >= 20)) < 0.03
    hour = hour_of_day(simulated.seconds())
    assert share(simulated, "salary", (hour >= 2) & (hour < 3)) > 0.85
