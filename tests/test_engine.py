"""Drawing part by part, and what a stressed simulation is told to have come to."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table

from riskgen.data.events import Events
from riskgen.errors import GateBlocked
from riskgen.simulate import catalogue
from riskgen.simulate.assertions import require, spearman
from riskgen.simulate.engine import EventSimulator, Part
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.mechanisms.markets.stressed_paths import stress_paths
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.paths import PathPart, PathSimulator
from riskgen.simulate.plausibility import plausibility
from riskgen.simulate.scenario import parse_scenario
from riskgen.simulate.stress import Stress
from riskgen.simulate.tally import Tally

CHUNK = 16


class FakePanel:
    def __init__(self, index: int, seed: int) -> None:
        self.index, self.seed = index, seed


class FakeGenerator:
    """Stands in for a fitted generator: a chunk is its number and the seed."""

    chunk = CHUNK

    def sample_chunk(self, index, *, seed, condition=None, length=None):  # type: ignore[no-untyped-def]
        return FakePanel(index, seed)


class FakeEncoder:
    """Turns a chunk's number into customers, keys numbered from ``first``."""

    assets = ("A", "B", "C")

    def decode(self, panel: FakePanel, *, first: int = 0) -> Events:
        events = Events.build(tiny_table(CHUNK, panel.seed * 1000 + panel.index), tiny_schema())
        keys = [f"S{first + owner:09d}" for owner in events.owner.tolist()]
        frame = events.frame.with_columns(pl.Series("customer", keys))
        return Events(events.schema, frame, events.offsets)

    def decode_returns(self, panel: FakePanel) -> np.ndarray:
        rng = np.random.default_rng([panel.seed, panel.index])
        return np.asarray(rng.normal(0, 0.01, (CHUNK, 60, 3)))


def simulator() -> EventSimulator:
    return EventSimulator(FakeGenerator(), FakeEncoder())  # type: ignore[arg-type]


def path_simulator() -> PathSimulator:
    return PathSimulator(FakeGenerator(), FakeEncoder())  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, 40])
def test_fewer_sequences_are_a_prefix_of_more(n: int) -> None:
    few, many = simulator().draw(n, seed=1), simulator().draw(50, seed=1)
    assert few.n_entities == n
    assert few.frame.equals(many.take(np.arange(n)).frame)
    paths = path_simulator().draw(50, seed=1, horizon=60)
    assert np.array_equal(path_simulator().draw(n, seed=1, horizon=60), paths[:n])


@pytest.mark.parametrize("name", ["ato_drain", "card_testing_burst"])
def test_fewer_sequences_are_a_prefix_of_more_under_stress(name: str) -> None:
    text = catalogue.text(name).replace("share: 0.02", "share: 0.5")
    scenario = parse_scenario(text, name)

    def drawn(n: int) -> list[Part]:
        return list(simulator().parts(n, seed=1, scenario=scenario, severity=1.0))

    few, many = drawn(20), drawn(32)
    for one, other in zip(few, many, strict=True):
        assert one.stressed is not None
        n = one.base.n_entities
        assert one.events.frame.equals(other.events.take(np.arange(n)).frame)
        touched = one.stressed.touched
        assert np.array_equal(
            np.unique(one.events.owner[one.stressed.affected]), np.flatnonzero(touched)
        )
        assert all(len(values) == touched.sum() for values in one.stressed.by_entity.values())
        assert one.stressed.n_declined == 0


def test_stressed_paths_are_a_prefix_too() -> None:
    scenario = catalogue.load("gfc_2008")

    def drawn(n: int) -> np.ndarray:
        parts = path_simulator().parts(n, seed=1, horizon=60, stress=Stress.of(scenario, 1.0))
        return np.concatenate([part.returns for part in parts])

    assert np.array_equal(drawn(20), drawn(40)[:20])


def tallied(events: Events, severity: float, name: str = "ato_drain") -> Tally:
    tally = Tally(catalogue.load(name), severity, seed=1)
    tally.add(events, stress_events(events, tally.scenario, severity=severity, seed=1, share=0.4))
    return tally


def test_a_simulation_says_what_was_asked_and_what_was_reached(tiny_events: Events) -> None:
    facts = tallied(tiny_events, 1.0).facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["hypothetical"]
    assert set(facts["achieved"]) <= set(facts["requested"])
    assert facts["achieved"]["velocity_scale"] == pytest.approx(8, rel=0.1)
    assert facts["n_touched"] > 0
    assert facts["severity_curve"]["severity"] == [0, 0.25, 0.5, 0.75, 1]
    assert "precedent" in facts["plausibility"]["sentence"]
    held = {check["name"]: check["status"] for check in facts["assertions"]}
    assert held["spearman(severity, n_24h) == 1"] == "PASS"
    assert held["untouched_entities.hash_equal_base == true"] == "PASS"
    assert held["validity_violations == 0"] == "PASS"
    assert held["drain_ratio.median >= 0.85"] == "NOT_APPLICABLE"


def test_an_assertion_of_another_severity_is_not_run(tiny_events: Events) -> None:
    held = {c["name"]: c["status"] for c in tallied(tiny_events, 0.5).facts()["assertions"]}
    assert held["drain_ratio.median >= 0.85"] == "NOT_RUN"


def test_severity_zero_breaks_nothing_and_reaches_nothing(tiny_events: Events) -> None:
    facts = tallied(tiny_events, 0.0).facts()
    assert facts["n_touched"] == facts["validity_violations"] == 0
    assert facts["achieved"] == {}
    assert not [check for check in facts["assertions"] if check["status"] == "FAIL"]


def test_a_broken_assertion_blocks(tiny_events: Events) -> None:
    text = catalogue.text("ato_drain").replace("value: 72}", "value: 0.01}")
    scenario = parse_scenario(text, "mine")
    tally = Tally(scenario, 1.0, seed=1)
    tally.add(tiny_events, stress_events(tiny_events, scenario, severity=1, seed=1, share=0.4))
    with pytest.raises(GateBlocked, match=r"duration_h.max <= 0.01"):
        require(tally.facts()["assertions"], scenario.id)


def test_a_changed_untouched_row_and_a_wrong_label_are_noticed(tiny_events: Events) -> None:
    scenario = catalogue.load("ato_drain")
    good = stress_events(tiny_events, scenario, severity=1, seed=1, share=0.4)
    row = int(np.flatnonzero(~good.touched[good.events.owner])[0])
    frame = good.events.frame.with_row_index("n").with_columns(
        pl.when(pl.col("n") == row).then(1).otherwise(pl.col("fraud")).cast(pl.Int8).alias("fraud")
    )
    bad = replace(good, events=Events(tiny_events.schema, frame.drop("n"), good.events.offsets))
    tally = Tally(scenario, 1.0, seed=1)
    tally.add(tiny_events, bad)
    statistics = tally.statistics()
    assert statistics["untouched_entities.hash_equal_base"] is False
    assert statistics["validity_violations"] == 1.0


def test_a_tally_of_parts_is_the_tally_of_the_whole(tiny_events: Events) -> None:
    scenario = parse_scenario(
        catalogue.text("card_testing_burst").replace("share: 0.02", "share: 0.5"), "mine"
    )
    tally, touched = Tally(scenario, 1.0, seed=1), 0
    for part in simulator().parts(40, seed=1, scenario=scenario, severity=1.0):
        assert part.stressed is not None
        tally.add(part.base, part.stressed)
        touched += int(part.stressed.touched.sum())
    facts = tally.facts()
    assert facts["n_entities"] == 40
    assert facts["n_touched"] == touched == len(tally.by_entity()["n_auth"])
    # A burst on every second customer, instead of on 2 %, does move the whole table.
    failed = [check["name"] for check in facts["assertions"] if check["status"] == "FAIL"]
    assert failed == ["collateral.worst_ratio <= 2"]


def test_a_market_simulation_is_tallied_and_a_short_horizon_is_not_judged() -> None:
    scenario = catalogue.load("gfc_2008")
    rng = np.random.default_rng(0)
    long = rng.normal(0, 0.01, (300, 250, 2))
    for base, status in ((long, "PASS"), (long[:, :60], "NOT_APPLICABLE")):
        tally = PathTally(scenario, 1.0, seed=1)
        tally.add(PathPart(0, base, stress_paths(base, scenario, severity=1.0, seed=1)))
        facts = tally.facts()
        assert json.loads(json.dumps(facts, allow_nan=False)) == facts
        held = {check["name"]: check["status"] for check in facts["assertions"]}
        assert held["max_drawdown.median >= 0.45"] == status
        assert held["validity_violations == 0"] == "PASS"


def test_plausibility_knows_the_ordinary_from_the_unheard_of() -> None:
    rng = np.random.default_rng(0)
    base, names = rng.normal(size=(2000, 3)), ["a", "b", "c"]
    same = plausibility(base, rng.normal(size=(500, 3)), names, quantile=0.999)
    assert same["median_m2"] == pytest.approx(2.366, rel=0.15)  # median of chi-square, 3 df
    assert same["share_above_base_quantile"] < 0.01
    assert not same["warning"]
    far = plausibility(base, rng.normal(size=(500, 3)) + 20, names, quantile=0.999)
    assert far["share_without_precedent"] == 1.0
    assert far["sentence"].startswith("No precedent in data")
    assert far["warning"]
    none = plausibility(base, base[:0], names, quantile=0.999)
    assert none["status"] == "NOT_APPLICABLE"


def test_rank_correlation_of_a_perfect_order_is_exactly_one() -> None:
    assert spearman([0, 0.25, 0.5, 0.75, 1], [1, 2, 5, 9, 100]) == 1
    assert spearman([0, 1, 2], [1, 1, 2]) < 1
    assert np.isnan(spearman([0, 1], [3, 3]))
