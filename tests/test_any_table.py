"""Whatever the table holds: described or refused in plain words, and given back as promised."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_bank import QUIRKS, odd_banks, plain_bank, quirky
from round_trip import check_round_trip
from strategies import NUMBER_TOKEN, TOKEN, Rng, names, streams, tables

from riskgen.cli import main
from riskgen.data.cleaning import clean
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.inference.inference import infer_schema
from riskgen.data.market import clean_prices, split_prices
from riskgen.data.schema import Channel, Schema
from riskgen.data.schema_file import read_schema
from riskgen.data.split import NAMES, Split, _hashed_group, split_events
from riskgen.errors import RiskgenError
from riskgen.models.timegan.timegan import TimeGAN

EVENT_QUIRKS = sorted(q for q in QUIRKS if "time" not in q and "key" not in q and q != "few rows")


def examples(n: int) -> settings:
    """Return settings with ``n`` examples, and a hundred times as many in the long profile."""
    factor = settings().max_examples // 100
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=n * factor, deadline=None, suppress_health_check=slow)


def prepared(table: pl.DataFrame, schema: Schema | None = None, **named: str) -> Split | None:
    """Return the split of a table of transactions; None where it is refused, or prices."""
    try:
        found = infer_schema(table, **named) if schema is None else schema
        if found.domain == "transactions":
            return split_events(clean(table, found)[0])
        split_prices(clean_prices(table, found)[0])
    except RiskgenError as error:
        said = str(error)
    else:
        said = ""
    assert not holds_a_value(said)
    return None


def holds_a_value(said: str) -> bool:
    return TOKEN in said or str(NUMBER_TOKEN) in said or f"{NUMBER_TOKEN:,}" in said


@given(table=tables())
@examples(60)
def test_any_table_is_described_or_refused(table: pl.DataFrame) -> None:
    prepared(table)
    for one in table.columns[:2]:
        prepared(table, entity=one)
        prepared(table, time=one)
        prepared(table, label=one)
        prepared(table, domain="market", time=one)
        for other in table.columns[2:4]:
            prepared(table, entity=one, time=other, label=table.columns[-1])


@given(table=odd_banks())
@examples(60)
def test_any_bank_is_described_or_refused(table: pl.DataFrame) -> None:
    prepared(table)
    prepared(table, entity="customer", time="when", label="fraud")


def outcome(*words: str) -> tuple[int, str]:
    out = StringIO()
    with patch.object(sys, "argv", ["riskgen", *words]), redirect_stdout(out), redirect_stderr(out):
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


@given(table=st.one_of(tables(), odd_banks()), suffix=st.sampled_from(["parquet", "csv"]))
@examples(40)
def test_inspecting_a_file_ends_with_0_or_2_and_shows_no_value(
    table: pl.DataFrame, suffix: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{suffix}"
        try:
            getattr(table, f"write_{suffix}")(path)
        except (pl.exceptions.PolarsError, OSError):
            return  # what polars cannot write nobody hands in
        code, said = outcome("inspect", str(path), "--out", str(Path(folder) / "schema.yaml"))
        assert code in (0, 2), said
        assert not holds_a_value(said)


@given(called=st.lists(names(), min_size=2, max_size=6, unique=True), reason=names())
@examples(60)
def test_any_column_name_survives_the_schema_file(called: list[str], reason: str) -> None:
    kinds = [("identifier", "entity"), ("timestamp", "time"), *[("category", "channel")] * 4]
    channels = [
        Channel.model_validate(
            {"name": name, "dtype": "Int64", "kind": kind, "role": role, "reason": reason}
        )
        for name, (kind, role) in zip(called, kinds, strict=False)
    ]
    schema = Schema(domain="transactions", channels=tuple(channels), resolution="step")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schema.yaml"
        path.write_bytes(schema.to_yaml().encode())
        assert [c.name for c in read_schema(path).channels] == called


@given(table=odd_banks())
@examples(60)
def test_what_was_encoded_comes_back_as_promised(table: pl.DataFrame) -> None:
    split = prepared(table, entity="customer", time="when")
    if split is not None:
        encoder = EventEncoder.fit(split.generator)
        check_round_trip(encoder, split.generator)
        state = json.loads(json.dumps(encoder.state()))
        again = EventEncoder.from_state(state)
        panel = again.encode(split.test)
        assert again.decode(panel).frame.equals(encoder.decode(panel).frame)


@given(table=odd_banks(), rng=streams())
@examples(25)
def test_a_split_is_a_partition_whatever_the_order_of_rows(table: pl.DataFrame, rng: Rng) -> None:
    split = prepared(table, entity="customer", time="when")
    if split is None:
        return
    parts = {name: getattr(split, name) for name in NAMES}
    members = [key for part in parts.values() for key in part.entity_ids]
    assert len(members) == len(set(members))
    learned = max(parts[name].seconds().max() for name in NAMES[:3] if parts[name].n_events)
    if split.time_disjoint and np.isfinite(split.validation_window[0]):
        assert learned <= split.validation_window[0]
        assert split.validation_window[1] <= split.test_window[0]
        assert parts["validation"].seconds().max(initial=-np.inf) <= split.validation_window[1]
    again = prepared(
        table[pl.Series(rng.permutation(table.height))], entity="customer", time="when"
    )
    assert again is not None
    assert again.hashes() == split.hashes()


@given(rng=streams(), fewer=st.integers(10, 59))
@examples(15)
def test_a_group_depends_on_the_key_alone(rng: Rng, fewer: int) -> None:
    table = plain_bank(rng).with_columns(customer=pl.col("customer").str.slice(1).cast(pl.Int64))
    schema = infer_schema(table, entity="customer", time="when")

    def groups(frame: pl.DataFrame) -> dict[str, int]:
        events = Events.build(frame, schema)
        cuts = np.cumsum([0.5, 0.2, 0.1, 0.1, 0.1])
        return dict(
            zip(events.entity_ids, _hashed_group(events, "s", cuts, 0.3).tolist(), strict=True)
        )

    whole = groups(table)
    assert groups(table.with_columns(pl.col("customer").cast(pl.String))) == whole
    assert groups(table.with_columns(pl.col("customer").cast(pl.Int16))) == whole
    assert groups(table.filter(pl.col("customer") < fewer)).items() <= whole.items()


def others_changed(table: pl.DataFrame, split: Split) -> pl.DataFrame:
    """Return a table with other values in every row outside the generator's split."""
    until = split.generator.frame["when"].max()
    own = pl.col("customer").cast(pl.String).is_in(split.generator.entity_ids)
    own &= pl.col("when") <= until
    changes = [
        pl.when(own).then(name).otherwise(pl.lit("never seen")).alias(name)
        for name in ("category", "merchant")
        if table.schema[name] == pl.String
    ]
    if table.schema["amount"] == pl.Float64:
        odd = pl.col("amount") * 3 + 12_345.678_9
        changes.append(pl.when(own).then("amount").otherwise(odd).alias("amount"))
    changes.append(pl.when(own).then("count").otherwise(pl.col("count") + 977).alias("count"))
    return table.with_columns(changes)


@given(quirks=st.lists(st.sampled_from(EVENT_QUIRKS), max_size=3, unique=True), rng=streams())
@examples(25)
def test_nothing_fitted_depends_on_rows_outside_the_generators_split(
    quirks: list[str], rng: Rng
) -> None:
    table = quirky(quirks, rng, plain_bank(rng))
    split = prepared(table, entity="customer", time="when")
    if split is None:
        return
    changed = others_changed(table, split)
    again = prepared(changed, split.generator.schema)
    if again is None:
        return
    fitted, refitted = (EventEncoder.fit(s.generator) for s in (split, again))
    assert json.dumps(refitted.state()) == json.dumps(fitted.state())
    # Roles are decided on the whole table; what is measured once they are, is not.
    anew = prepared(changed, entity="customer", time="when")
    if anew is not None and roles(anew) == roles(split):
        state = EventEncoder.fit(anew.generator).state()
        assert measured(state) == measured(fitted.state())


def roles(split: Split) -> list[tuple[object, ...]]:
    channels = split.generator.schema.channels
    return [(c.name, c.role, c.kind, c.meaning, c.formula) for c in channels]


def measured(state: dict[str, object]) -> str:
    return json.dumps({name: part for name, part in state.items() if name != "schema"})


def test_weights_do_not_depend_on_rows_outside_the_generators_split() -> None:
    table = plain_bank(np.random.default_rng(3), n_entities=120)
    split = prepared(table, entity="customer", time="when")
    assert split is not None
    changed = prepared(others_changed(table, split), split.generator.schema)
    assert changed is not None
    tensors = []
    for part in (split.generator, changed.generator):
        panel = EventEncoder.fit(part).encode(part)
        tensors.append(TimeGAN(steps=6).fit(panel, seed=0).state().tensors)
    assert tensors[0].keys() == tensors[1].keys()
    assert all(np.array_equal(tensors[0][name], tensors[1][name]) for name in tensors[0])
