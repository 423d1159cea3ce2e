from __future__ import annotations

import json

import numpy as np
import polars as pl
from conftest import tiny_schema

from riskgen.data.codecs.habits import Habits
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events


def two_kinds_of_customer(n: int = 44) -> Events:
    """Even ones spend 10 on a at noon daily, odd ones 1,000 on b weekly; one event for the last."""
    rng = np.random.default_rng(0)
    rows = []
    for entity in range(n):
        odd, days = entity % 2, 0
        for _ in range(1 if entity == n - 1 else 9):
            days += 7 if odd else 1
            amount = float(np.round((1_000 if odd else 10) * rng.uniform(0.99, 1.01), 2))
            seconds = days * 86_400 * 1_000_000
            rows.append((f"c{entity:03d}", seconds, amount, "ab"[odd], "DE", 0))
    names = [channel.name for channel in tiny_schema().channels]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("when").cast(pl.Datetime("us")), pl.col("fraud").cast(pl.Int8)
    )
    return Events.build(frame, tiny_schema())


def habit(encoder: EventEncoder, events: Events, name: str) -> np.ndarray:
    return encoder.encode(events).context_codes(name)


def test_habits_tell_customers_apart_by_size_pace_and_taste() -> None:
    events = two_kinds_of_customer()
    encoder = EventEncoder.fit(events)
    odd = np.arange(events.n_entities) % 2 == 1
    size = habit(encoder, events, "amount.median")
    assert size[odd].min() > size[~odd].max()
    top = habit(encoder, events, "category.top")
    assert len(set(top[odd])) == len(set(top[~odd])) == 1
    assert top[0] != top[1]
    pace = habit(encoder, events, "pace")
    assert pace[odd].min() > pace[~odd].max()


def test_what_cannot_be_measured_has_a_level_of_its_own() -> None:
    events = two_kinds_of_customer()
    encoder = EventEncoder.fit(events)
    fields = {item.name: item.levels for item in encoder.habits.fields}
    for name in ("pace", "amount.spread"):
        levels = habit(encoder, events, name)
        assert levels[-1] == fields[name] - 1
        assert levels[:-1].max() < fields[name] - 1


def test_each_level_of_a_habit_is_held_by_eleven_or_nobody() -> None:
    events = two_kinds_of_customer()
    encoder = EventEncoder.fit(events)
    for name, cuts in encoder.habits.cuts.items():
        # The last level is for what cannot be measured: here one entity.
        held = np.bincount(habit(encoder, events, name), minlength=len(cuts) + 2)[:-1]
        assert held.min() >= 11, name


def test_habits_are_saved_as_json() -> None:
    encoder = EventEncoder.fit(two_kinds_of_customer())
    copy = Habits.from_state(json.loads(json.dumps(encoder.habits.state())))
    assert copy.fields == encoder.habits.fields
