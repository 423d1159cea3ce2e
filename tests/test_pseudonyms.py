"""Pseudonyms keep who repeats whom, and nothing of who it was."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from conftest import tiny_table
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.cleaning import clean
from riskgen.data.encoding import EventEncoder
from riskgen.data.inference.inference import infer_schema
from riskgen.data.personal.pseudonyms import fresh_ids
from riskgen.data.schema import Schema
from riskgen.data.split import split_events
from riskgen.errors import SchemaError

VALUES = st.lists(st.none() | st.sampled_from(["ann@x.example", "bob@x.example", "", "ä", "z"]))


def with_payees(n_payees: int = 12, seed: int = 0) -> pl.DataFrame:
    table = tiny_table(120, seed=seed)
    payee = np.random.default_rng(1).integers(0, n_payees, table.height)
    mails = [f"payee{i}@mail.example" for i in payee]
    return table.with_columns(mail=pl.Series(mails), number=pl.Series(payee * 7919 + 10**9))


def cleaned(table: pl.DataFrame, **choices: list[str]) -> tuple[pl.DataFrame, Schema, list[str]]:
    events, schema, notes = clean(table, infer_schema(table, **choices))
    return events.frame, schema, notes


@given(VALUES)
def test_two_rows_share_an_id_just_when_they_share_a_value(values: list[str | None]) -> None:
    column = pl.Series("x", values, dtype=pl.String)
    ids = fresh_ids(column)
    pairs = pl.DataFrame({"value": column, "id": ids}).unique()
    assert pairs.height == column.n_unique() == ids.n_unique()
    assert ids.is_null().equals(column.is_null())


@given(VALUES, st.permutations(["ann@x.example", "bob@x.example", "", "ä", "z"]))
def test_ids_are_the_same_whatever_the_values_are_called(
    values: list[str | None], renamed: list[str]
) -> None:
    names = dict(zip(["ann@x.example", "bob@x.example", "", "ä", "z"], renamed, strict=True))
    column = pl.Series("x", values, dtype=pl.String)
    other = pl.Series("x", [None if v is None else names[v] for v in values], dtype=pl.String)
    assert fresh_ids(column).equals(fresh_ids(other))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series(["b", "a", None, "b"]), ["P000001", "P000002", None, "P000001"]),
        (pl.Series([9, 4, 9], dtype=pl.Int32), [1, 2, 1]),
        (pl.Series([9.0, float("nan"), 4.0]), ["P000001", None, "P000002"]),
        (pl.Series([True, False]), ["P000001", "P000002"]),
        (pl.Series(["x", "y"], dtype=pl.Categorical), ["P000001", "P000002"]),
        (pl.Series([], dtype=pl.String), []),
        (pl.Series([None, None], dtype=pl.String), [None, None]),
    ],
)
def test_ids_count_from_one_by_first_appearance(values: pl.Series, expected: list[object]) -> None:
    assert fresh_ids(values).to_list() == expected


def test_personal_columns_are_dropped_kept_or_pseudonymised_as_asked() -> None:
    table = with_payees()
    roles = {}
    for choice in ({}, {"keep": ["mail"]}, {"pseudonymise": ["mail"]}):
        channel = infer_schema(table, **choice).channel("mail")
        roles[tuple(choice)] = (channel.role, channel.kind, channel.pseudonymised)
        assert channel.personal == "e-mail"
    assert roles == {
        (): ("dropped", "category", False),
        ("keep",): ("channel", "category", False),
        ("pseudonymise",): ("channel", "category", True),
    }


def test_cleaning_leaves_no_value_and_every_repetition() -> None:
    table = with_payees()
    frame, schema, notes = cleaned(table, pseudonymise=["mail", "number"])
    assert frame["mail"].str.contains(r"^P\d{6}$").all()
    assert frame["number"].max() == 12
    assert schema.channel("number").dtype == "Int64"
    before = table.sort("customer", "when", maintain_order=True)
    pairs = pl.DataFrame({"was": before["mail"], "is": frame["mail"]}).unique()
    assert pairs.height == 12
    assert any("'mail' (e-mail) was pseudonymised" in note for note in notes)
    assert not any("@" in note for note in notes)


def test_kept_columns_are_said_in_the_notes() -> None:
    _, _, notes = cleaned(with_payees(), keep=["mail"])
    assert "'mail' looks like personal data (e-mail) and is kept, because you named it." in notes


def test_a_written_schema_that_models_a_personal_column_is_said_too() -> None:
    table = with_payees()
    schema = infer_schema(table, keep=["mail"])
    silent = [c.model_copy(update={"personal": None}) for c in schema.channels]
    _, found, notes = clean(table, schema.model_copy(update={"channels": tuple(silent)}))
    assert found.channel("mail").personal == "e-mail"
    assert any("'mail' looks like personal data (e-mail)" in note for note in notes)


@pytest.mark.parametrize("first", [True, False])
def test_a_copy_comes_out_as_asked_whichever_column_is_the_first(first: bool) -> None:
    copy = pl.col("mail").alias("again" if first else "zagain")
    name, table = copy.meta.output_name(), with_payees()
    table = table.select(copy, pl.all()) if first else table.with_columns(copy)
    table = table.drop("number")
    for choice in ({"pseudonymise": ["mail", name]}, {"pseudonymise": ["mail"], "keep": [name]}):
        events, schema, _ = clean(table, infer_schema(table, **choice))
        made = EventEncoder.fit(events)
        frame = made.decode(made.encode(events)).frame
        assert frame["mail"].str.contains(r"^P\d{6}$").all()
        asked = schema.channel(name)
        assert asked.role == "derived" or asked.pseudonymised == ("keep" not in choice)
        assert frame[name].equals(events.frame[name])


def test_what_is_fitted_does_not_depend_on_payees_of_other_partitions() -> None:
    table = with_payees()
    schema = infer_schema(table, pseudonymise=["mail"])
    split = split_events(clean(table, schema)[0])
    learned = split.generator.frame.select("customer", "when")
    other = table.join(learned, on=["customer", "when"], how="anti")
    changed = pl.concat(
        [
            other.with_columns(mail=pl.lit("new") + pl.int_range(pl.len()).cast(pl.String)),
            table.join(learned, on=["customer", "when"], how="semi"),
        ]
    )
    again = split_events(clean(changed, schema)[0])
    assert again.generator.frame.equals(split.generator.frame)
    states = [EventEncoder.fit(part.generator).state() for part in (split, again)]
    assert states[0] == states[1]


def test_simulated_pseudonyms_are_read_back_in_the_type_of_the_schema() -> None:
    table = with_payees()
    schema = infer_schema(table, pseudonymise=["mail", "number"])
    events, schema, _ = clean(table, schema)
    encoder = EventEncoder.fit(events)
    made = encoder.decode(encoder.encode(events))
    assert made.frame["mail"].equals(events.frame["mail"])
    assert made.frame["number"].equals(events.frame["number"])


@pytest.mark.parametrize("column", ["when", "fraud"])
def test_time_and_label_cannot_be_pseudonymised(column: str) -> None:
    with pytest.raises(SchemaError, match="cannot be pseudonymised"):
        infer_schema(with_payees(), pseudonymise=[column])


def test_an_amount_is_no_key_and_a_column_has_one_role() -> None:
    table = with_payees()
    with pytest.raises(SchemaError, match="measured"):
        infer_schema(table, pseudonymise=["amount"])
    with pytest.raises(SchemaError, match="two roles"):
        infer_schema(table, pseudonymise=["mail"], drop=["mail"])
    with pytest.raises(SchemaError, match="'mail'"):
        infer_schema(table, pseudonymise=["mial"])


def test_keys_of_entities_need_no_pseudonym_and_the_reason_says_so() -> None:
    table = tiny_table(120)
    ids = {c: f"user{i}@mail.example" for i, c in enumerate(table["customer"].unique().sort())}
    table = table.with_columns(pl.col("customer").replace_strict(ids))
    channel = infer_schema(table, pseudonymise=["customer"]).channel("customer")
    assert (channel.role, channel.personal) == ("entity", "e-mail")
    assert "simulated entities get fresh keys" in channel.reason
