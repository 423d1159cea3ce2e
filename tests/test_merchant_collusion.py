"""Merchant collusion: many cards at one merchant."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from fraud_bank import dated_bank, run, with_rings

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.merchants import crowding


def test_collusion_needs_a_merchant() -> None:
    with pytest.raises(ScenarioError, match="cannot do without 'merchant'"):
        stress_events(dated_bank(), catalogue.load("merchant_collusion"), severity=1, seed=1)
    scenario = catalogue.load("merchant_collusion").model_copy(update={"roles": {}})
    with pytest.raises(ScenarioError, match="no payment names one"):
        stress_events(dated_bank(), scenario, severity=1, seed=1)


def test_forty_cards_meet_at_one_small_merchant_within_ten_days() -> None:
    result = run("merchant_collusion")
    rows = with_rings(result, "merchant", "signed_amount")
    rings = rows.group_by("ring").agg(
        cards=pl.col("owner").n_unique(),
        shops=pl.col("merchant").n_unique(),
        days=(pl.col("at").max() - pl.col("at").min()) / SECONDS_PER_DAY,
    )
    assert rings.height > 5
    assert (rings["shops"] == 1).all()
    assert (rings["cards"] == 40).all()
    assert (rings["days"] <= 10).all()
    back = rows.filter(pl.col("signed_amount") > 0)
    bought = rows.filter(pl.col("signed_amount") < 0).with_columns(-pl.col("signed_amount"))
    known = back.join(bought, on=["owner", "signed_amount"], how="semi")
    assert known.height > 0.95 * back.height


def test_crowding_is_a_poisson_residual() -> None:
    assert crowding(np.array([4.0]), np.array([4.0])) == 0
    assert crowding(np.array([43.0]), np.array([3.0])) == pytest.approx(20)
