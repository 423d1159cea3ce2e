"""A bust-out: all is used up within days, and nothing follows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from fraud_bank import inserted, run, toybank
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.cash import cash_rows


def test_a_bust_out_empties_the_account_with_cash_and_is_gone() -> None:
    result = run("bust_out")
    events, last = result.events, result.events.offsets[1:] - 1
    assert result.by_entity["n_after"].max() == 0
    # Some were empty before the last purchase that was planned.
    assert result.affected[last[result.touched]].mean() > 0.9
    before = toybank()
    for entity in np.flatnonzero(result.touched)[:50]:
        rows = np.arange(events.offsets[entity], events.offsets[entity + 1])
        first = rows[result.affected[rows]][0] - 1
        assert events.numbers("balance")[rows[-1]] < 0.5 * events.numbers("balance")[first] + 500
    cash = cash_rows(Accounts.of(events))[result.affected].mean()
    assert cash > 4 * cash_rows(Accounts.of(before))[Accounts.of(before).debits].mean()
    assert result.by_entity["n_removed"].sum() > 0


def test_a_payment_is_reversed_by_the_same_amount() -> None:
    rows = inserted(run("bust_out"), "signed_amount")
    paid = rows.filter(pl.col("signed_amount") > 0)
    assert (paid.group_by("owner").len()["len"] == 1).all()
    back = rows.join(paid.select("owner", paid="signed_amount"), on="owner")
    found = back.filter(pl.col("signed_amount") == -pl.col("paid"))["owner"].n_unique()
    assert found > 0.85 * paid.height


def test_a_card_without_credits_and_balances_busts_out_against_its_own_past() -> None:
    base = toybank()
    kept = base.schema.model_copy(
        update={
            "channels": tuple(
                c.model_copy(
                    update={"role": "channel", "formula": None}
                    if c.name == "amount"
                    else {"role": "dropped", "meaning": None}
                    if c.name in ("signed_amount", "balance", "direction")
                    else {}
                )
                for c in base.schema.channels
            )
        }
    )
    debits = base.where(Accounts.of(base).spent > 0)
    cards = Events(kept, debits.frame, debits.offsets)
    result = stress_events(cards, catalogue.load("bust_out"), severity=1, seed=1, share=1.0)
    told = " ".join(result.omitted)
    assert "no credit limit; of the owner's largest spending of 30 days so far" in told
    assert "reversed_payment_prob: no event of the table brings money in" in told
    assert result.achieved["utilisation"] == pytest.approx(0.95, rel=0.1)


def test_a_credit_limit_is_what_is_used_up() -> None:
    limit = Channel(
        name="limit", dtype="Float64", kind="amount", role="context", meaning="credit_limit"
    )
    base = bank()
    kept = [c for c in base.schema.channels if c.name != "left"]
    schema = base.schema.model_copy(update={"channels": (*kept, limit)})
    frame = base.frame.drop("left").with_columns(limit=pl.lit(1_000.0))
    cards = Events(schema, frame, base.offsets)
    result = stress_events(cards, catalogue.load("bust_out"), severity=1, seed=1, share=1.0)
    assert not [reason for reason in result.omitted if reason.startswith("utilisation")]
    assert np.median(result.by_entity["utilisation"]) == pytest.approx(0.95, abs=0.05)
    rows = inserted(result, "signed").filter(pl.col("signed") < 0)
    assert (rows.group_by("owner").agg(-pl.col("signed").sum())["signed"] <= 1_400).all()
