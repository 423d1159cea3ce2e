"""What a market stress moves unasked is found beside the noise of the base, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from test_market_mechanisms import paths

from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.markets.stressed_paths import TYPOLOGIES, stress_paths, targets
from riskgen.simulate.path_collateral import PathCollateral
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.paths import PathPart
from riskgen.simulate.sampled import keys_of
from riskgen.simulate.scenario import StressScenario, parse_scenario

STATISTICS = {
    *("mean", "volatility", "skewness", "kurtosis"),
    *("autocorrelation", "clustering", "leverage", "correlation"),
}
ASSETS = ("A", "B", "C")


def compared(base: np.ndarray, stressed: np.ndarray) -> PathCollateral:
    found = PathCollateral(seed=1)
    found.add(base, stressed, keys_of(1, 0, len(base)))
    return found


def by_name(found: PathCollateral, aims: tuple[str, ...] = ()) -> dict[str, dict]:
    return {row["statistic"]: row for row in found.facts(aims, ASSETS)}


def failed(found: PathCollateral, aims: tuple[str, ...] = ()) -> set[str]:
    return {row["statistic"] for row in found.facts(aims, ASSETS) if row["status"] == "FAIL"}


def test_a_map_that_does_nothing_moves_nothing() -> None:
    base = paths(500, 30)
    found = compared(base, base.copy())
    assert set(by_name(found)) == STATISTICS
    # But for the order in which sums are added up.
    assert found.worst(()) == pytest.approx(0, abs=1e-9)
    assert not failed(found)


def test_the_noise_is_the_distance_of_two_halves_in_closed_form() -> None:
    # Independent normal days: the mean of n·T of them, and the logarithm of their deviation.
    n, days = 4000, 20
    base = np.random.default_rng(0).normal(size=(n, days, 3))
    rows = by_name(compared(base, base))
    halves = 2.0 / np.sqrt(n * days)
    assert rows["mean"]["noise"] == pytest.approx(halves, rel=0.5)
    assert rows["volatility"]["noise"] == pytest.approx(halves / np.sqrt(2), rel=0.5)
    assert rows["skewness"]["noise"] == pytest.approx(halves * np.sqrt(15), rel=0.5)


def sheared(base: np.ndarray) -> np.ndarray:
    return base + 0.3 * base.mean(axis=2, keepdims=True)


def followed(base: np.ndarray) -> np.ndarray:
    moved = base.copy()
    moved[:, 1:] = 0.2 * base[:, :-1] + np.sqrt(1 - 0.04) * base[:, 1:]
    return moved


@pytest.mark.parametrize(
    ("leak", "found"),
    [
        (lambda base: 1.2 * base, {"volatility"}),
        (lambda base: base + 0.002, {"mean"}),
        (sheared, {"volatility", "correlation"}),
        (followed, {"autocorrelation"}),
        (lambda base: np.where(base < -0.02, 1.5 * base, base), {"volatility", "skewness"}),
    ],
)
def test_what_is_moved_is_named(leak: Callable[[np.ndarray], np.ndarray], found: set[str]) -> None:
    base = paths(2000, 40)
    told = compared(base, leak(base))
    assert found <= failed(told)
    assert not {"clustering", "leverage"} & failed(told) - {"volatility"}
    assert not failed(told, tuple(STATISTICS))
    assert told.worst(tuple(STATISTICS)) is None


def test_a_profile_of_volatility_and_a_common_fall_move_no_shape() -> None:
    base = paths(2000, 40)
    profile = np.linspace(1, 4, 40)[None, :, None]
    told = compared(base, profile * base - 0.01 * profile)
    assert failed(told) == {"mean", "volatility"}


def test_the_asset_that_leaks_is_told() -> None:
    base = paths(1000, 30)
    moved = base.copy()
    moved[:, :, 1] *= 1.5
    row = by_name(compared(base, moved))["volatility"]
    assert row["asset"] == "B"
    assert row["distance"] == pytest.approx(np.log(1.5), rel=1e-6)


def test_parts_add_up_to_the_whole_through_json() -> None:
    base = paths(1200, 20)
    moved, whole, joined = followed(base), PathCollateral(1), PathCollateral(1)
    for rows in np.array_split(np.arange(1200), 3):
        keys = keys_of(1, int(rows[0]), len(rows))
        part = PathCollateral(1)
        part.add(base[rows], moved[rows], keys)
        whole.add(base[rows], moved[rows], keys)
        joined.merge(json.loads(json.dumps(part.state())))
    assert [r["statistic"] for r in joined.facts((), ASSETS)] == [
        r["statistic"] for r in whole.facts((), ASSETS)
    ]
    assert joined.worst(()) == pytest.approx(whole.worst(()))


def test_a_handful_of_paths_and_a_single_day_say_nothing_false() -> None:
    base = paths(20, 30)
    assert compared(base, 2 * base).facts((), ASSETS) == []
    assert compared(base, 2 * base).worst(()) is None
    day = paths(500, 1)
    assert failed(compared(day, 2 * day)) >= {"volatility"}
    lone = paths(500, 20, 1)
    assert "correlation" not in by_name(compared(lone, lone))


def with_asserted(name: str, *changes: tuple[str, str]) -> StressScenario:
    text = catalogue.text(name).replace(
        "assert:\n", 'assert:\n  - {stat: collateral.worst_ratio, op: "<=", value: 2}\n'
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_scenario(text, name)


@pytest.mark.parametrize("name", sorted(TYPOLOGIES))
def test_every_parameter_says_what_it_moves_or_only_gives_it_a_shape(name: str) -> None:
    typology = TYPOLOGIES[name]
    assert set(typology.MOVES) <= set(typology.PARAMETERS)
    assert {aim for aims in typology.MOVES.values() for aim in aims} <= STATISTICS


def test_the_targets_follow_from_the_parameters_of_the_file() -> None:
    spike, fall = catalogue.load("liquidity_vol_spike"), catalogue.load("correlation_breakdown")
    assert targets((spike,), 1.0) == {"volatility", "autocorrelation"}
    assert targets((spike, fall), 0.5) == {"volatility", "autocorrelation", "correlation"}
    assert targets((spike,), 0.0) == frozenset()
    # A parameter that stays what it is when nothing happens is about nothing.
    still = with_asserted("liquidity_vol_spike", ("at0: 0.0, at1: 0.2", "at0: 0.0, at1: 0.0"))
    assert targets((still,), 1.0) == {"volatility"}
    told = with_asserted("liquidity_vol_spike", ("views: []", "targets: [kurtosis]\nviews: []"))
    assert "kurtosis" in targets((told,), 1.0)


def test_a_pure_map_of_correlations_moves_nothing_else_on_normal_returns() -> None:
    base, scenario = paths(2000, 60), with_asserted("correlation_breakdown")
    tally = PathTally(scenario, 1.0, seed=1, assets=ASSETS)
    tally.add(PathPart(0, base, stress_paths(base, scenario, severity=1, seed=1)))
    facts = tally.facts()
    held = {check["name"]: check for check in facts["assertions"]}
    assert held["collateral.worst_ratio <= 2"]["status"] == "PASS"
    rows = {row["statistic"]: row for row in facts["collateral"]}
    assert rows["correlation"]["targeted"]
    assert rows["correlation"]["ratio"] > 20
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_a_map_of_correlations_that_scales_volatility_too_breaks_its_assertion() -> None:
    base, scenario = paths(2000, 60), with_asserted("correlation_breakdown")
    leaking = 1.1 * stress_paths(base, scenario, severity=1, seed=1)
    tally = PathTally(scenario, 1.0, seed=1, assets=ASSETS)
    tally.add(PathPart(0, base, leaking))
    held = {check["name"]: check for check in tally.facts()["assertions"]}
    assert held["collateral.worst_ratio <= 2"]["status"] == "FAIL"
    assert tally.facts()["collateral"][1]["statistic"] == "volatility"
