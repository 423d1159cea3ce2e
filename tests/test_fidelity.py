"""Fidelity says of generators with known answers what it must (PROTOCOL 0.3)."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.evaluate.controls import IIDRows, IndepMarginals, RealHoldout
from riskgen.evaluate.curves import safe_edges
from riskgen.evaluate.fidelity.aggregates import intraclass, measure_aggregates
from riskgen.evaluate.fidelity.cohorts import Cohorts
from riskgen.evaluate.fidelity.comparison import ks, total_variation
from riskgen.evaluate.fidelity.dynamics import measure_dynamics, transition_distance
from riskgen.evaluate.fidelity.marginals import measure_marginals, pearson
from riskgen.evaluate.fidelity.suite import measure_fidelity
from riskgen.evaluate.fidelity.two_sample import told_apart
from riskgen.evaluate.fidelity.validity import measure_validity
from riskgen.evaluate.result import MetricResult

N = 440


@pytest.fixture(scope="module")
def bank() -> dict[str, Events]:
    events = small_bank(N, seed=1)
    order = np.random.default_rng(0).permutation(N)
    cut = {"real": order[:200], "control": order[200:320], "reference": order[320:]}
    return {name: events.take(np.sort(rows)) for name, rows in cut.items()}


def measured(bank: dict[str, Events], synthetic: Events) -> dict[str, MetricResult]:
    found = measure_fidelity(bank["real"], bank["control"], synthetic, seed=5, quick=True)
    return {metric.metric: metric for metric in found}


@pytest.fixture(scope="module")
def holdout(bank) -> dict[str, MetricResult]:
    return measured(bank, RealHoldout(bank["reference"]).draw(120, seed=3))


@pytest.fixture(scope="module")
def marginals(bank) -> dict[str, MetricResult]:
    return measured(bank, IndepMarginals(bank["real"]).draw(200, seed=3))


@pytest.fixture(scope="module")
def rows(bank) -> dict[str, MetricResult]:
    return measured(bank, IIDRows(bank["real"]).draw(200, seed=3))


def test_real_strangers_lie_at_the_noise_floor(holdout):
    distances = [m for m in holdout.values() if not m.metric.startswith("fidelity.c2st")]
    assert [m.metric for m in distances if m.status != "PASS"] == []


def test_real_strangers_cannot_be_told_from_real(holdout):
    found = holdout["fidelity.c2st.all"].estimate
    assert found.lower <= 0.5 or found.value <= 0.6


def test_shuffled_columns_pass_each_column_alone(marginals):
    alone = [m for m in marginals.values() if m.metric.startswith("fidelity.marginals")]
    assert len(alone) == 4
    assert all(m.status == "PASS" for m in alone)


@pytest.mark.parametrize(
    "metric",
    ["fidelity.c2st.all", "fidelity.icc.amount", "fidelity.transitions", "fidelity.aggregates"],
)
def test_shuffled_columns_fail_what_holds_customers_together(marginals, metric):
    assert marginals[metric].status == "FAIL"


@pytest.mark.parametrize(
    "metric",
    ["fidelity.c2st.all", "fidelity.icc.amount", "fidelity.lengths", "fidelity.gaps"],
)
def test_rows_without_customers_fail(rows, metric):
    assert rows[metric].status == "FAIL"


def test_rows_without_customers_pass_each_column_alone(rows):
    alone = [m for m in rows.values() if m.metric.startswith("fidelity.marginals")]
    assert all(m.status == "PASS" for m in alone)


def test_every_measured_distance_has_an_interval_and_a_floor(holdout, rows):
    for metric in (*holdout.values(), *rows.values()):
        if metric.estimate is None:
            assert metric.status in ("INCONCLUSIVE", "NOT_APPLICABLE", "NOT_RUN")
            assert metric.reason
        else:
            assert metric.estimate.lower <= metric.estimate.value <= metric.estimate.upper
            assert metric.floor is not None or metric.metric == "fidelity.validity"


def test_a_class_with_too_few_entities_is_not_judged(holdout):
    found = holdout["fidelity.c2st.labelled"]
    assert found.status == "INCONCLUSIVE"
    assert "40" in found.reason


def test_the_features_that_give_it_away_are_named(rows):
    told = rows["fidelity.c2st.all"].by
    assert 0 < len(told) <= 10
    losses = [part.value for part in told.values()]
    assert losses == sorted(losses, reverse=True)


def test_a_copy_of_the_control_cannot_be_told_from_it(bank):
    # Identical rows share a fold: without that the classifier would be wrong on purpose.
    copy = bank["control"].take(np.arange(bank["control"].n_entities), renew=True)
    found = told_apart(copy, bank["control"], {}, seed=1).auc
    assert found.lower <= 0.5 <= found.upper


def test_the_order_of_entities_does_not_change_a_distance(bank):
    synthetic = bank["reference"]
    turned = synthetic.take(np.arange(synthetic.n_entities)[::-1])
    for measure in (measure_marginals, measure_dynamics, measure_aggregates):
        first, again = (
            measure(Cohorts.of(bank["real"], bank["control"], events, seed=1))
            for events in (synthetic, turned)
        )
        for one, other in zip(first, again, strict=True):
            assert other.estimate.value == pytest.approx(one.estimate.value, abs=1e-12)


def test_too_few_entities_are_inconclusive(bank):
    few = bank["control"].take(np.arange(10))
    found = measure_fidelity(bank["real"], few, bank["reference"], seed=1)
    assert [m.status for m in found] == ["INCONCLUSIVE"]


def validity(bank, **columns) -> MetricResult:
    frame = bank["reference"].frame.with_columns(**columns)
    synthetic = Events(bank["reference"].schema, frame, bank["reference"].offsets)
    return measure_validity(Cohorts.of(bank["real"], bank["control"], synthetic, seed=1))


def test_real_data_break_no_rule(bank):
    assert validity(bank).status == "PASS"


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("amount has 2 decimals", {"amount": pl.col("amount") + 0.001}),
        ("amount is never negative", {"amount": -pl.col("amount")}),
        ("amount is missing only where it may be", {"amount": pl.lit(None, pl.Float64)}),
        ("category has known levels", {"category": pl.lit("nowhere")}),
        ("time never goes back", {"when": pl.col("when").reverse()}),
    ],
)
def test_a_broken_rule_is_found(bank, rule, column):
    found = validity(bank, **column)
    assert found.status == "FAIL"
    assert found.by[rule].value > 0


def test_a_made_up_name_for_a_rare_level_breaks_no_rule(bank):
    assert validity(bank, category=pl.lit("new-000012-003")).status == "PASS"


def test_distances_are_the_textbook_ones():
    first, second = np.array([2.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0])
    assert ks(first, second) == pytest.approx(0.5)
    assert total_variation(first, second) == pytest.approx(0.5)
    assert ks(first, 3 * first) == pytest.approx(0.0)


def test_transitions_are_weighed_by_where_real_customers_are():
    # One state; start → a always, a → a or end. Laplace adds one to each of four cells.
    real = np.array([[6.0, 2.0], [2.0, 0.0]]).ravel()
    other = np.array([[2.0, 6.0], [2.0, 0.0]]).ravel()
    gap = 0.5 * (abs(7 / 10 - 3 / 10) + abs(3 / 10 - 7 / 10))
    assert transition_distance(real, other, 1) == pytest.approx(0.8 * gap)


def test_intraclass_correlation_of_a_known_law():
    rng = np.random.default_rng(2)
    level = rng.normal(0, 1, (4000, 1))
    x = level + rng.normal(0, 1, (4000, 10))
    s = x.sum(1)
    sums = np.stack(
        [np.ones(4000), np.full(4000, 10.0), s, (x**2).sum(1), s * s / 10, np.full(4000, 100.0)]
    )
    assert intraclass(sums.sum(1)) == pytest.approx(0.5, abs=0.02)


def test_correlation_from_sums_is_pearsons():
    x, y = np.random.default_rng(1).normal(size=(2, 50))
    y = y + x
    sums = np.array([50.0, x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])
    assert pearson(sums) == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_no_cell_of_a_chart_stands_on_fewer_than_eleven_entities():
    rng = np.random.default_rng(4)
    values, holder = rng.lognormal(size=900), rng.integers(0, 60, 900)
    edges = safe_edges(values, holder)
    cell = np.searchsorted(edges, values, side="left")
    holders = [len(np.unique(holder[cell == i])) for i in range(len(edges) + 1)]
    assert len(edges) > 5
    assert min(holders) >= 11


def test_no_chart_shows_the_largest_customer(bank, holdout):
    largest = bank["control"].numbers("amount").max()
    shown = holdout["fidelity.marginals.amount"].curves["control"]["x"]
    assert max(shown) < largest
