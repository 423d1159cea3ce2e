"""Structuring: cash that stays below a threshold."""

from __future__ import annotations

import pytest
from fraud_bank import changed, dated_bank, inserted, run, toybank

from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events


def test_no_deposit_reaches_the_threshold_whatever_it_is() -> None:
    for threshold in (10_000, 500):
        scenario = changed(
            "structuring_cash", "at0: 10000, at1: 10000", f"at0: {threshold}, at1: {threshold}"
        )
        result = stress_events(toybank(), scenario, severity=1, seed=1, share=1.0)
        amounts = inserted(result, "signed_amount")["signed_amount"].to_numpy()
        assert amounts.min() > 0
        assert amounts.max() < threshold
        inside = (amounts >= 0.8 * threshold).mean()
        assert inside == pytest.approx(0.95, abs=0.01)


def test_deposits_look_like_cash_though_no_cash_came_in_before() -> None:
    result = run("structuring_cash")
    assert set(inserted(result, "category")["category"]) == {"cash"}
    assert "deposits look like the cash that goes out" in " ".join(result.omitted)
    blind = dated_bank()
    told = stress_events(blind, catalogue.load("structuring_cash"), severity=1, seed=1).omitted
    assert any(reason.startswith("cash_share: no kind of event speaks") for reason in told)
