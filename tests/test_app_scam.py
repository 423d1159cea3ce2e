"""A push payment scam: the owner pays, but whom and how much is new."""

from __future__ import annotations

import numpy as np
import pytest
from fraud_bank import run, toybank
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events


def test_a_victim_pays_somebody_new_from_home() -> None:
    result, base = run("app_scam"), toybank()
    events = result.events
    payees, devices = events.texts("counterparty"), events.texts("device")
    countries = events.texts("country")
    for entity in np.flatnonzero(result.touched)[:100]:
        rows = np.arange(events.offsets[entity], events.offsets[entity + 1])
        pushes, own = rows[result.affected[rows]], rows[~result.affected[rows]]
        assert 1 <= len(pushes) <= 3
        assert len(set(payees[pushes])) == 1
        assert payees[pushes[0]] not in set(payees[own])
        for push in pushes:
            for values in (devices, countries):
                before = [value for value in values[own[own < push]] if value is not None]
                assert values[push] == (before[-1] if before else None)
    assert result.affected.sum() + base.n_events - result.n_declined == events.n_events


def test_a_victim_without_balances_sends_more_than_ever() -> None:
    base = bank()
    kept = tuple(c for c in base.schema.channels if c.name != "left")
    plain = Events(
        base.schema.model_copy(update={"channels": kept}), base.frame.drop("left"), base.offsets
    )
    result = stress_events(plain, catalogue.load("app_scam"), severity=1, seed=1, share=1.0)
    assert result.achieved["above_own_p99"] == pytest.approx(0.8, rel=0.15)
    assert result.by_entity["times_own_p99"].min() >= 1
    assert any(reason.startswith("amount_ratio: no balances") for reason in result.omitted)
