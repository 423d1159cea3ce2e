"""What every generator of a benchmark is given: the same rows to learn and to be judged by.

Events: entities are dealt at random to a training half and a held-out half of the
same window. Windows: a real series whose windows overlap. Real data is read from
a folder that the caller names and never copied beyond a temporary folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from riskgen.data.cleaning import clean
from riskgen.data.events import Events
from riskgen.data.schema import Schema
from riskgen.data.toybank import simulate_bank
from riskgen.stages.material import TableRequest, propose_schema

TOYBANK = "toybank"
TABLES = {
    # berka's window file: every transaction of some 1,200 accounts, January 1993 to March 1994.
    "berka": ("berka/transactions_window.parquet", {"entity": "account_id", "time": "date"}),
    "uci": ("uci_default/monthly_long.parquet", {}),
}
SERIES = {
    "stocks": "timegan_stock/stock_data.parquet",
    "energy": "timegan_energy/energy_data.parquet",
}
CUSTOMERS, DAYS, EVENTS_EACH, FRAUD_SHARE = 2_000, 180, 30.0, 0.02
MOST_ENTITIES = 13_500  # as many clients as the study learned from
WINDOW = 24


@dataclass(frozen=True)
class EventData:
    """A table that is learned and one that judges, with their schema."""

    schema: Schema
    train: Events
    held_out: Events

    def write(self, folder: Path) -> None:
        """Write what a process of its own needs: the schema and the raw rows.

        The held-out entities are for attacks on the weights after the fit, nothing else.
        """
        (folder / "schema.json").write_text(self.schema.model_dump_json())
        self.train.frame.write_parquet(folder / "train.parquet")
        self.held_out.frame.write_parquet(folder / "held_out.parquet")


def read_part(folder: Path, name: str = "train") -> Events:
    """Return what :meth:`EventData.write` wrote: ``train`` or ``held_out``."""
    schema = Schema.model_validate_json((folder / "schema.json").read_text())
    return Events.build(pl.read_parquet(folder / f"{name}.parquet"), schema)


def event_data(name: str, data: Path | None, scratch: Path, customers: int) -> EventData:
    """Return a data set of events, entities dealt at random to two halves."""
    if name == TOYBANK:
        table, told = scratch / "toybank.parquet", {}
        simulate_bank(
            n_customers=2 * customers,
            days=DAYS,
            seed=1,
            fraud_share=FRAUD_SHARE,
            events_per_customer=EVENTS_EACH,
        ).write_parquet(table)
    else:
        file, told = TABLES[name]
        assert data is not None
        table = data / file
    request = TableRequest(table, **told)
    source = request.open()
    drawn, _ = request.draw(source)
    events, schema, _ = clean(drawn.table, propose_schema(drawn, request))
    order = np.random.default_rng(0).permutation(events.n_entities)
    half = min(len(order) // 2, MOST_ENTITIES)
    train, held_out = np.sort(order[:half]), np.sort(order[half : 2 * half])
    return EventData(schema, events.take(train), events.take(held_out))


def series(name: str, data: Path) -> tuple[list[str], np.ndarray]:
    """Return column names and a table of shape (n_steps, n_columns) in order of time."""
    frame = pl.read_parquet(data / SERIES[name])
    frame = frame.drop([c for c in ("t", "date") if c in frame.columns])
    return frame.columns, frame.to_numpy().astype(np.float64)


def windows_of(table: np.ndarray) -> np.ndarray:
    """Return every window of 24 steps, shape (n, 24, n_columns)."""
    view = np.lib.stride_tricks.sliding_window_view(table, WINDOW, axis=0)
    return np.ascontiguousarray(view.transpose(0, 2, 1))
