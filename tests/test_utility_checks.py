"""Leaks that are planted are found, and where there is none nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from utility_world import split_and_pool

from riskgen.data.events import concatenate
from riskgen.evaluate.controls import RealHoldout
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.normals import normals
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.utility.checks import passed, together
from riskgen.evaluate.utility.leaks import (
    measure_disjoint,
    measure_duplicates,
    measure_nearness,
    measure_permuted,
)
from riskgen.evaluate.utility.shortcuts import measure_shortcuts


@pytest.fixture(scope="module")
def planted():
    return split_and_pool()


def test_customers_that_are_learned_and_judged_are_found(planted):
    split, _ = planted
    assert measure_disjoint(split).status == "PASS"
    leaky = replace(split, test=split.generator)
    assert measure_disjoint(leaky).status == "FAIL"


def test_copies_under_other_names_are_found(planted):
    split, _ = planted
    assert measure_duplicates(split, seed=1).status == "PASS"
    copies = concatenate([split.test, split.generator.take(np.arange(30))])
    assert measure_duplicates(replace(split, test=copies), seed=1).status == "FAIL"


def test_a_generator_that_has_seen_the_test_is_found(planted):
    split, pool = planted
    honest, spy = (RealHoldout(events).draw(300, seed=1) for events in (pool, split.test))
    assert measure_nearness(split, honest, seed=1).status == "PASS"
    assert measure_nearness(split, spy, seed=1).status == "FAIL"


def test_shuffled_labels_teach_nothing(planted):
    split, _ = planted
    found = measure_permuted(split, BoostedTrees(Lens.of(split.generator)), seed=1)
    assert found.status == "PASS"
    assert found.estimate.n == 5


def test_a_detector_that_knows_edits_by_sight_is_found(planted):
    split, _ = planted
    known = {tuple(row) for row in normals(split.control).frame.select("when", "amount").rows()}

    class Keen:
        """Suspects whoever has an event that the control did not have."""

        def score(self, events):
            rows = events.frame.select("when", "amount").rows()
            return np.array([float(row not in known) for row in rows])

    class Blind:
        def score(self, events):
            return np.random.default_rng(0).normal(size=events.n_events)

    keen, blind = (
        measure_shortcuts("S3", scorer, split, RealHoldout(split.reference), seed=1)[0]
        for scorer in (Keen(), Blind())
    )
    assert keen.status == "FAIL"
    assert blind.status in ("PASS", "INCONCLUSIVE")


def test_arms_with_generated_customers_are_asked_about_generated_normals(planted):
    split, _ = planted

    class Blind:
        def score(self, events):
            return np.random.default_rng(0).normal(size=events.n_events)

    def keys(arm: str) -> list[str]:
        found = measure_shortcuts(arm, Blind(), split, RealHoldout(split.reference), seed=1)
        return [result.metric for result in found]

    assert keys("S2") == ["utility.shortcut.generated"]
    assert keys("S3g") == ["utility.shortcut", "utility.shortcut.generated"]
    assert keys("S4") == ["utility.shortcut"]


def result(status) -> MetricResult:
    return MetricResult("utility.leak.x", "x", "utility", status)


def test_one_run_that_fails_fails_the_check():
    (found,) = together([[result("PASS")], [result("FAIL")], [result("PASS")]])
    assert found.status == "FAIL"
    assert "Passed in 2 of 3 runs" in found.reason
    assert not passed([found])
    assert passed(together([[result("PASS")], [result("PASS")]]))


def test_what_could_not_be_asked_is_no_pass():
    for status in ("NOT_APPLICABLE", "NOT_RUN", "INCONCLUSIVE"):
        assert not passed([result("PASS"), result(status)])
