"""Small tables, and the command line, that every test may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from riskgen.cli import main
from riskgen.data.events import Events
from riskgen.data.schema import Channel, Schema

# The same examples in every run; HYPOTHESIS_PROFILE=long looks for new ones, for hours.
settings.register_profile("short", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=10_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

Outcome = tuple[int, str, str]
Riskgen = Callable[..., Outcome]


@pytest.fixture
def riskgen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Riskgen:
    """The command line in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, width: int = 100) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["riskgen", *words])
        monkeypatch.setenv("COLUMNS", str(width))
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def tiny_schema() -> Schema:
    """A bank with a clock, a category, a country, an amount and an event label."""
    return Schema(
        domain="transactions",
        resolution="clock",
        label_level="event",
        channels=(
            Channel(name="customer", dtype="String", kind="identifier", role="entity"),
            Channel(name="when", dtype="Datetime(us)", kind="timestamp", role="time"),
            Channel(
                name="amount",
                dtype="Float64",
                kind="amount",
                role="channel",
                meaning="amount",
                decimals=2,
            ),
            Channel(
                name="category",
                dtype="String",
                kind="category",
                role="channel",
                meaning="category",
            ),
            Channel(
                name="country", dtype="String", kind="category", role="channel", meaning="country"
            ),
            Channel(name="fraud", dtype="Int8", kind="flag", role="label"),
        ),
    )


def tiny_table(n_entities: int = 40, seed: int = 0) -> pl.DataFrame:
    """Customers with a level of spending and a favourite category; 1 in 8 has a fraud burst."""
    rng = np.random.default_rng(seed)
    rows = []
    for entity in range(n_entities):
        time = datetime(2025, 1, 1) + timedelta(hours=float(rng.uniform(0, 48)))
        level, favourite = rng.normal(3, 0.7), int(rng.integers(5))
        for step in range(int(rng.integers(8, 20))):
            fraud = entity % 8 == 0 and step >= 6 and step < 9
            time += timedelta(seconds=float(rng.exponential(300 if fraud else 60_000)) + 1)
            amount = round(float(np.exp(level + rng.normal(0, 0.5) + 1.5 * fraud)), 2)
            chosen = favourite if rng.random() < 0.6 else int(rng.integers(5))
            country = "XX" if fraud else "DE"
            rows.append((f"c{entity:04d}", time, amount, "abcde"[chosen], country, int(fraud)))
    names = ["customer", "when", "amount", "category", "country", "fraud"]
    table = pl.DataFrame(rows, schema=names, orient="row")
    return table.with_columns(pl.col("when").cast(pl.Datetime("us")), pl.col("fraud").cast(pl.Int8))


@pytest.fixture
def tiny_events() -> Events:
    return Events.build(tiny_table(), tiny_schema())
