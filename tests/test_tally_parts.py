"""Figures of any number of scenarios in memory that does not grow, part by part."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_engine import CHUNK, path_simulator, simulator

from riskgen.simulate import catalogue
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.sampled import SAMPLE, Sampled, Totals, keys_of, sample_facts
from riskgen.simulate.scenario import parse_scenario
from riskgen.simulate.stress import Stress
from riskgen.simulate.tally import Tally

SHARED = parse_scenario(catalogue.text("ato_drain").replace("share: 0.02", "share: 0.5"), "mine")


def sample_of(values: np.ndarray, size: int, cuts: list[int]) -> Sampled:
    """Sample ``values`` part by part, each part by itself and through JSON."""
    whole = Sampled(size)
    for first, last in zip([0, *cuts], [*cuts, len(values)], strict=True):
        part = Sampled(size)
        part.add(["x"], keys_of(7, first, last - first), values[first:last, None])
        whole.merge(Sampled.from_state(json.loads(json.dumps(part.state(), allow_nan=False))))
    return whole


@given(
    cuts=st.lists(st.integers(0, 300), max_size=5).map(sorted),
    size=st.integers(1, 400),
)
def test_the_same_rows_are_kept_whatever_the_parts(cuts: list[int], size: int) -> None:
    values = np.arange(300.0)
    values[5] = np.nan
    keys = keys_of(7, 0, 300)
    kept = np.sort(np.argsort(keys)[:size])
    found = sample_of(values, size, cuts)
    assert np.array_equal(found.columns()["x"], values[kept], equal_nan=True)
    assert found.seen == 300


def test_the_median_of_a_sample_is_known_to_a_percentile_of_rank() -> None:
    values = np.arange(200_000.0)
    sample = Sampled()
    for first in range(0, len(values), 4096):
        part = values[first : first + 4096]
        sample.add(["x"], keys_of(0, first, len(part)), part[:, None])
    assert len(sample.keys) == SAMPLE
    # Four binomial standard errors: 1 of 16,000 seeds lies outside.
    assert abs(np.median(sample.rows) / len(values) - 0.5) < 4 * 0.005
    assert sample_facts("Medians", {"rows": sample})["sampled"] == {
        "rows": {"kept": SAMPLE, "of": 200_000}
    }


def test_nothing_is_said_of_a_sample_that_holds_everything() -> None:
    assert sample_facts("Medians", {"rows": sample_of(np.arange(10.0), 10, [4])}) == {}


@given(
    values=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=50),
    cut=st.integers(0, 50),
)
def test_totals_are_those_of_the_whole(values: list[float], cut: int) -> None:
    array, totals = np.array(values), Totals()
    for part in (array[:cut], array[cut:]):
        one = Totals()
        one.add("x", part)
        totals.merge(Totals(json.loads(json.dumps(one.found, allow_nan=False))))
    finite = array[np.isfinite(array)]
    if len(finite) == 0:
        assert totals.mean("x") is None
        assert totals.summaries() == {}
        return
    found = totals.summaries()
    assert (found["x.max"], found["x.min"]) == (finite.max(), finite.min())
    assert found["x.mean"] == pytest.approx(finite.mean(), abs=1e-6)


def of_events(firsts: list[int], n: int) -> Tally:
    """Tally sequences in parts that begin at ``firsts``."""
    whole = Tally(SHARED, 1.0, seed=1)
    drawn = list(simulator().parts(n, seed=1, scenario=SHARED, severity=1.0))
    for first, last in zip(firsts, [*firsts[1:], n], strict=True):
        tally = Tally(SHARED, 1.0, seed=1, first=first)
        for part in drawn:
            if first <= part.first < last:
                assert part.stressed is not None
                tally.add(part.base, part.stressed)
        whole.merge(json.loads(json.dumps(tally.state(), allow_nan=False)))
    return whole


def of_paths(firsts: list[int], n: int) -> PathTally:
    scenario = catalogue.load("gfc_2008")
    whole = PathTally(scenario, 1.0, seed=1)
    drawn = list(path_simulator().parts(n, seed=1, horizon=60, stress=Stress.of(scenario, 1.0)))
    for first, last in zip(firsts, [*firsts[1:], n], strict=True):
        tally = PathTally(scenario, 1.0, seed=1, first=first)
        for part in drawn:
            if first <= part.first < last:
                tally.add(part)
        whole.merge(json.loads(json.dumps(tally.state(), allow_nan=False)))
    return whole


@pytest.mark.parametrize("tally", [of_events, of_paths])
def test_parts_that_were_tallied_apart_say_what_the_whole_says(
    tally: Callable[[list[int], int], Tally | PathTally],
) -> None:
    apart, together = tally([0, 4 * CHUNK, 5 * CHUNK], 100).facts(), tally([0], 100).facts()
    curves = [facts.pop("severity_curve", {}) for facts in (apart, together)]
    numbers, words = flat(apart)
    expected = flat(together)
    assert numbers == pytest.approx(expected[0], rel=1e-9)
    assert words == expected[1]
    # The dial is shown on the part that begins the simulation alone.
    assert curves[0] == tally([0], 4 * CHUNK).facts().get("severity_curve", {})


def flat(item: object) -> tuple[dict[str, float], dict[str, str]]:
    """Return the numbers and the words of a JSON document by their place."""
    if isinstance(item, dict | list):
        pairs = item.items() if isinstance(item, dict) else enumerate(item)
        numbers, words = {}, {}
        for name, part in pairs:
            more = flat(part)
            numbers |= {f"{name}/{rest}": found for rest, found in more[0].items()}
            words |= {f"{name}/{rest}": found for rest, found in more[1].items()}
        return numbers, words
    if isinstance(item, int | float):
        return {"": item}, {}
    return {}, {"": str(item)}


def test_a_large_simulation_says_that_its_medians_rest_on_a_sample() -> None:
    whole = of_events([0], 80)
    assert "sampled" not in whole.facts()
    small = Tally(SHARED, 1.0, seed=1)
    for sample in small._samples().values():
        sample.size = 30
    for part in simulator().parts(80, seed=1, scenario=SHARED, severity=1.0):
        assert part.stressed is not None
        small.add(part.base, part.stressed)
    facts = small.facts()
    assert facts["sampled"]["sequences"] == {"kept": 30, "of": 80}
    assert "30 of 80 sequences" in facts["remarks"][0]
    exact, sampled = whole.statistics(), small.statistics()
    for name in ("duration_h.max", "duration_h.min", "duration_h.mean"):
        assert sampled[name] == exact[name]
