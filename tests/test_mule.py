"""A mule account: in from strangers, out within hours."""

from __future__ import annotations

import polars as pl
from fraud_bank import inserted, run, toybank

from riskgen.data.events import SECONDS_PER_DAY


def test_a_mule_passes_on_what_strangers_send_and_keeps_no_more_than_a_fee() -> None:
    result = run("mule_pass_through")
    rows = inserted(result, "signed_amount", "counterparty")
    came, went = (rows.filter(sign * pl.col("signed_amount") > 0) for sign in (1, -1))
    known = set(toybank().codes("counterparty")[1])
    assert not set(came["counterparty"]) & known
    senders = came.group_by("owner").agg(pl.col("counterparty").n_unique())
    assert (senders["counterparty"] >= 5).mean() > 0.99
    sums = came.group_by("owner").agg(got=pl.col("signed_amount").sum())
    sums = sums.join(went.group_by("owner").agg(gave=-pl.col("signed_amount").sum()), on="owner")
    assert (sums["gave"] <= sums["got"]).all()
    assert (sums["gave"] >= 0.97 * sums["got"] - 0.01).mean() > 0.9
    first = toybank().seconds()[toybank().offsets[:-1]]
    age = (rows["at"].to_numpy() - first[rows["owner"].to_numpy()]) / SECONDS_PER_DAY
    assert age.max() < 63
