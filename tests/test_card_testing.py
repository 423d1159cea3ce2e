"""Card testing on tables that say whether an authorisation went through."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_mechanisms import bank

from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.payees import Payees
from riskgen.simulate.mechanisms.validity import violations

ANSWERS = {"Boolean": [True, False], "String": ["00 ok", "51 no funds"], "Int8": [1, 0]}


def cards(dtype: str, balances: bool = False) -> Events:
    """The bank with an answer to every authorisation, one in ten declined."""
    base = bank(120)
    lost = () if balances else ("left",)
    answer = Channel(name="answer", dtype=dtype, kind="flag", role="channel", meaning="approval")
    kept = [c for c in base.schema.channels if c.name not in lost]
    schema = base.schema.model_copy(update={"channels": (*kept, answer)})
    no = np.random.default_rng(0).random(base.n_events) < 0.1
    values = [ANSWERS[dtype][int(item)] for item in no]
    column = pl.Series("answer", values).cast(getattr(pl, dtype))
    return Events(schema, base.frame.drop(lost).with_columns(column), base.offsets)


@pytest.mark.parametrize("dtype", ANSWERS)
@pytest.mark.parametrize("severity", [0.5, 1.0])
def test_tests_are_declined_as_often_as_asked_and_the_cash_out_never(
    dtype: str, severity: float
) -> None:
    base = cards(dtype)
    result = stress_events(
        base, catalogue.load("card_testing_burst"), severity=severity, seed=1, share=1.0
    )
    assert result.achieved["decline_rate"] == pytest.approx(0.7 * severity, abs=0.03)
    assert violations(base, result) == 0
    assert result.events.frame["answer"].dtype == base.frame["answer"].dtype
    answers = result.events.frame["answer"].to_numpy()[result.affected]
    amounts = -result.events.numbers("signed")[result.affected]
    declined = answers == ANSWERS[dtype][1]
    assert set(answers[~declined].tolist()) == {ANSWERS[dtype][0]}
    assert not declined[amounts > 2].any()
    assert declined[amounts <= 2].mean() == pytest.approx(0.7 * severity, abs=0.03)


def test_balances_count_every_event_as_paid_so_nothing_is_declined() -> None:
    base = cards("Boolean", balances=True)
    result = stress_events(
        base, catalogue.load("card_testing_burst"), severity=1, seed=1, share=1.0
    )
    assert "decline_rate: balances count every event as paid" in result.omitted
    assert "decline_rate" not in result.requested


def test_no_fraud_is_modelled_on_a_payment_that_was_declined() -> None:
    base = cards("String")
    pool = Payees.of(Accounts.of(base)).pool
    assert set(base.texts("answer")[pool]) == {"00 ok"}
