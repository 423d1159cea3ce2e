"""Ranks that nothing stands at are told; in real sequences a rank is always there."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from habit_bank import habit_bank, habit_schema

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.panel import SequencePanel
from riskgen.data.repertoire import Repertoire
from riskgen.data.schema import Channel, Schema
from riskgen.models.base import sample
from riskgen.models.registry import create

SHOPS = 400


@cache
def panel() -> tuple[SequencePanel, Repertoire]:
    """Customers with a few shops of their own among 400, told apart by what they sell."""
    bank, rng = habit_bank(90, seed=2), np.random.default_rng(0)
    kinds = bank.frame["kind"].rank("dense").to_numpy().astype(np.int64)
    own = rng.integers(SHOPS // 4, size=(bank.n_entities, 6))
    shop = own[bank.owner, rng.integers(6, size=bank.n_events)] + SHOPS // 4 * (kinds - 1)
    frame = bank.frame.with_columns(merchant=pl.Series([f"m{code}" for code in shop]))
    merchant = Channel(name="merchant", kind="category", dtype="String", role="channel")
    channels = (*habit_schema().channels, merchant)
    schema = Schema.model_validate({**habit_schema().model_dump(), "channels": channels})
    found = EventEncoder.fit(Events.build(frame, schema))
    encoded = found.encode(Events.build(frame, schema))
    (repertoire,) = (t for t in encoded.layout.trackers if isinstance(t, Repertoire))
    return encoded, repertoire


def stepped(panel: SequencePanel, tracker: Repertoire) -> np.ndarray:
    """The definition: one event after another, signals asked before each."""
    rows = []
    for first, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        state = tracker.start(panel.context[:1])
        for row in range(first, stop):
            values = panel.values[row : row + 1]
            rows.append(tracker.signals(tracker.known(state), values)[0])
            state = tracker.advance(state, values)
    return np.stack(rows)


def levels_of(panel: SequencePanel, tracker: Repertoire) -> np.ndarray:
    column = [item.name for item in panel.layout.fields].index(tracker.steers)
    return np.floor(panel.values[:, column]).astype(np.int64)


def test_what_is_told_of_a_panel_is_what_a_sequence_is_told_step_by_step() -> None:
    encoded, tracker = panel()
    few = encoded.take(np.arange(12))
    told = tracker.signals(tracker.known_of(few), few.values)
    assert np.array_equal(told, stepped(few, tracker))


def test_no_real_event_comes_back_to_what_is_not_there() -> None:
    encoded, tracker = panel()
    told = tracker.signals(tracker.known_of(encoded), encoded.values)[:, 0]
    levels = levels_of(encoded, tracker)
    assert told[np.arange(len(levels)), levels].max() == 0
    assert told.mean() > 0.5  # most ranks are not there, or the test says nothing


def test_a_first_event_has_no_rank_to_come_back_to() -> None:
    encoded, tracker = panel()
    heads = encoded.offsets[:-1]
    told = tracker.signals(tracker.known_of(encoded)[heads], encoded.values[heads])[:, 0]
    first = tracker.column.recency.first_rank
    assert (told[:, first:] == 1).all()
    assert (told[:, :first] == 0).all()


def test_simulated_sequences_come_back_to_what_they_had() -> None:
    encoded, tracker = panel()
    options = {"hidden": 8, "head_width": 8, "steps": 40, "context_steps": 10}
    model = create("timegan", **options, audit=False, refine=False).fit(encoded, seed=0)
    drawn = sample(model, 40, seed=1)
    told = tracker.signals(tracker.known_of(drawn), drawn.values)[:, 0]
    levels = levels_of(drawn, tracker)
    back = levels >= tracker.column.recency.first_rank
    assert back.any()
    assert told[np.arange(len(levels)), levels].mean() < 1e-3
