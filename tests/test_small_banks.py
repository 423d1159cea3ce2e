"""Frauds on tables that are hardly there: stressed by the rules, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from test_mechanisms import FRAUDS, bank

from riskgen.data.events import Events
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.validity import same_untouched, violations


def changed(base: Events, **columns: pl.Expr) -> Events:
    return Events(base.schema, base.frame.with_columns(**columns), base.offsets)


def shortened(base: Events) -> Events:
    place = np.arange(base.n_events) - base.offsets[:-1][base.owner]
    return base.where(place < 3)


BANKS: dict[str, Callable[[], Events]] = {
    "one customer": lambda: bank(1),
    "two customers": lambda: bank(2),
    "three events each": lambda: shortened(bank(70)),
    "no shops": lambda: changed(bank(70), shop=pl.lit(None, dtype=pl.String)),
    "shops that only pay": lambda: changed(
        bank(70), shop=pl.when(pl.col("signed") > 0).then(pl.lit("M01")).otherwise(None)
    ),
    "no payees": lambda: changed(bank(70), payee=pl.lit(None, dtype=pl.String)),
    "one moment": lambda: changed(
        bank(70), when=pl.lit(1_700_000_000_000_000).cast(pl.Datetime("us"))
    ),
}


@pytest.mark.parametrize("kind", BANKS)
@pytest.mark.parametrize("name", FRAUDS)
def test_a_poor_table_is_stressed_by_the_rules_or_refused(kind: str, name: str) -> None:
    base, scenario = BANKS[kind](), catalogue.load(name)
    for severity in (0.05, 1.0):
        try:
            result = stress_events(base, scenario, severity=severity, seed=7, share=1.0)
        except ScenarioError:
            assert name == "merchant_collusion"
            assert kind in ("no shops", "shops that only pay")
            continue
        assert violations(base, result) == 0
        assert same_untouched(base, result)
        assert all(np.isfinite(value) for value in result.achieved.values())


@pytest.mark.parametrize("name", FRAUDS)
def test_a_share_of_nothing_is_the_table_as_it_was(name: str) -> None:
    base = bank(20)
    result = stress_events(base, catalogue.load(name), severity=1, seed=7, share=0.0)
    assert result.events.frame.equals(base.frame)
    assert not result.touched.any()
    assert result.achieved == {}
