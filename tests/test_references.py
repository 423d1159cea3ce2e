"""Numbers that stay near one another are found, kept and simulated as such."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import polars as pl

from riskgen.data.codecs.references import Reference, steps_of
from riskgen.data.codecs.resemblance import MOST_EVENTS, Search
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.nearby import Nearby
from riskgen.data.panel import SequencePanel
from riskgen.data.schema import Schema
from riskgen.models.base import sample
from riskgen.models.registry import create

MONTHS, CLIENTS = 8, 300
FULL = 0.4  # of all clients pay the whole last bill


def channel(name: str, dtype: str, kind: str, role: str) -> dict[str, object]:
    return {"name": name, "dtype": dtype, "kind": kind, "role": role}


def schema() -> Schema:
    channels = (
        channel("client", "String", "identifier", "entity"),
        channel("month", "Datetime(us)", "timestamp", "time"),
        {**channel("bill", "Int64", "amount", "channel"), "meaning": "amount", "decimals": 0},
        {**channel("paid", "Int64", "amount", "channel"), "decimals": 0},
    )
    found = {"domain": "transactions", "resolution": "month", "channels": channels}
    return Schema.model_validate(found)


@cache
def credit(linked: bool = True) -> Events:
    """Some pay the whole last bill, others a part; a bill is the last one less that, and more."""
    rng = np.random.default_rng(0)
    bill = np.round(np.exp(rng.normal(9.0, 0.8, CLIENTS)))
    full = rng.random(CLIENTS) < FULL
    bills, paids = [bill], [np.round(bill * 0.3)]
    for _ in range(MONTHS - 1):
        paid = np.where(full, bill, np.round(bill * rng.uniform(0.1, 0.3, CLIENTS)))
        spent = np.where(full, np.exp(rng.normal(9.0, 0.8, CLIENTS)), 0.01 * bill)
        bill = np.round(bill - paid + spent)
        bills.append(bill)
        paids.append(paid)
    columns = [np.stack(part, axis=1).ravel() for part in (bills, paids)]
    if not linked:
        columns = [rng.permutation(values) for values in columns]
    starts = pl.datetime_range(
        pl.datetime(2024, 1, 1), pl.datetime(2024, MONTHS, 1), "1mo", eager=True
    ).cast(pl.Datetime("us"))
    frame = pl.DataFrame(
        {
            "client": np.repeat([f"c{i:04d}" for i in range(CLIENTS)], MONTHS),
            "month": pl.concat([starts] * CLIENTS),
            "bill": columns[0].astype(np.int64),
            "paid": columns[1].astype(np.int64),
        }
    )
    return Events.build(frame, schema())


@cache
def encoded() -> tuple[EventEncoder, SequencePanel]:
    encoder = EventEncoder.fit(credit())
    return encoder, encoder.encode(credit())


def share_in_full(events: Events) -> float:
    """Share of events after the first that pay exactly the bill before."""
    bill, paid = events.numbers("bill"), events.numbers("paid")
    later = np.ones(events.n_events, dtype=bool)
    later[events.offsets[:-1]] = False
    return float((paid[1:] == bill[:-1])[later[1:]].mean())


def test_a_payment_of_the_last_bill_is_found_and_a_bill_less_the_payment_too() -> None:
    references = encoded()[0].record.references
    assert references is not None
    assert Reference("bill", None) in references.means["paid"]
    assert references.means["bill"][0] == Reference("bill", "paid")
    assert [column.name for column in references.columns] == ["paid", "bill"]


def test_the_same_numbers_without_a_link_refer_to_nothing() -> None:
    assert EventEncoder.fit(credit(linked=False)).record.references is None


def test_linked_numbers_come_back_exactly() -> None:
    encoder, panel = encoded()
    back = encoder.decode(panel)
    for column in encoder.record.references.columns:
        real, bins = credit().numbers(column.name), column.quantiles.bins
        kept = (real >= bins.low) & (real <= bins.high)  # eleven clients reach as far
        assert kept.mean() > 0.98
        assert np.array_equal(back.numbers(column.name)[kept], real[kept])


def test_what_is_told_of_a_panel_is_what_a_sequence_is_told_step_by_step() -> None:
    _, panel = encoded()
    few = panel.take(np.arange(9))
    for tracker in (t for t in panel.layout.trackers if isinstance(t, Nearby)):
        told = tracker.signals(tracker.known_of(few), few.values)
        features, rows = tracker.features_of(few), 0
        for first, stop in zip(few.offsets[:-1], few.offsets[1:], strict=True):
            state = tracker.start(few.context[:1])
            for row in range(first, stop):
                values = few.values[row : row + 1]
                assert np.allclose(tracker.features(state)[0], features[row])
                assert np.allclose(tracker.signals(tracker.known(state), values)[0], told[row])
                state, rows = tracker.advance(state, values), rows + 1
        assert rows == len(few.values)


def test_no_real_number_is_said_to_be_near_nothing() -> None:
    _, panel = encoded()
    names = [item.name for item in panel.layout.fields]
    for tracker in (t for t in panel.layout.trackers if isinstance(t, Nearby)):
        absent = tracker.signals(tracker.known_of(panel), panel.values)[:, 0]
        levels = np.floor(panel.values[:, names.index(tracker.steers)]).astype(np.int64)
        assert absent[np.arange(len(levels)), levels].max() == 0
        assert absent.mean() > 0.05


def test_simulated_clients_pay_their_last_bill_as_often_as_real_ones() -> None:
    encoder, panel = encoded()
    options = {"hidden": 24, "head_width": 16, "steps": 150, "batch": 64, "window": 16}
    model = create("timegan", **options, audit=False, refine=False).fit(panel, seed=0)
    made = encoder.decode(sample(model, 400, seed=1))
    assert abs(share_in_full(credit()) - FULL) < 0.08
    assert abs(share_in_full(made) - share_in_full(credit())) < 0.12


def test_references_survive_storage() -> None:
    encoder, panel = encoded()
    again = EventEncoder.from_state(json.loads(json.dumps(encoder.state())))
    assert again.record.references is not None
    assert np.array_equal(again.encode(credit()).values, panel.values)
    assert again.decode(panel).frame.equals(encoder.decode(panel).frame)


def test_steps_take_each_event_once_and_in_order() -> None:
    owners = np.array([0, 0, 0, 2, 3, 3])
    rows = [part.tolist() for part in steps_of(owners)]
    assert rows == [[0, 4, 3], [1, 5], [2]]


def test_what_lies_beyond_a_columns_own_range_is_nothing_to_meet() -> None:
    references = encoded()[0].record.references
    assert references is not None
    below = np.full((3, len(references.columns)), -500.0)
    assert np.isnan(references.targets("paid", below, {})).all()


def test_no_simulated_payment_is_negative_whatever_the_bill() -> None:
    encoder, panel = encoded()
    options = {"hidden": 8, "head_width": 8, "steps": 20, "context_steps": 5, "window": 16}
    model = create("timegan", **options, audit=False, refine=False).fit(panel, seed=0)
    made = encoder.decode(sample(model, 200, seed=3))
    assert credit().numbers("paid").min() > 0
    assert made.numbers("paid").min() > 0


def test_a_large_table_is_searched_in_part_and_answers_alike() -> None:
    events = credit()
    columns = encoded()[0].record.references.columns
    times = 12  # the same clients again under other names, beyond what is searched
    owners = np.concatenate([events.owner + k * CLIENTS for k in range(times)])
    assert len(owners) > MOST_EVENTS
    numbers = {c.name: np.tile(events.numbers(c.name), times) for c in columns}
    found = Search(columns, numbers, owners).found()
    assert found is not None
    assert found.means == encoded()[0].record.references.means
