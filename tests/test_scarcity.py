"""What frauds are worth, where the answer is known: real ones from elsewhere, and copies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.isotonic import IsotonicRegression
from utility_world import split_and_pool

from riskgen.errors import NotApplicable
from riskgen.evaluate.controls import RealHoldout
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.scarcity.curve import ScarcityCurve
from riskgen.evaluate.scarcity.diagnostics import diagnostics
from riskgen.evaluate.scarcity.equivalent import equivalent, rising
from riskgen.evaluate.scarcity.known import knowing, sizes_of
from riskgen.evaluate.scarcity.trials import curve_trial
from riskgen.evaluate.utility.evidence import gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import Outcome, Trial

SIZES = (4, 12, 36)
CURVES = arrays(np.float64, (3, 5), elements=st.floats(0, 1))


@pytest.fixture(scope="module")
def planted():
    return split_and_pool(known=36, strength=0.9)


def drawn_curve(split, claimed, draws=5):
    """A curve of drawn scores: real data lifts frauds by log N, the claim as ``claimed`` says."""
    plan = replace(Plan.of(split, [], seed=1, runs=draws, budget=0.02), draws=400)
    board = Board.of_partition(split.test, split.test_window)

    def trial(n, draw):
        noise = np.random.default_rng(draw).normal(size=len(board.labels))
        other = np.random.default_rng((draw, n)).normal(0, 0.05, len(noise))
        lifts = {"R0": np.log(n), "S2": np.log(claimed(n))}
        scores = {k: noise + 0.6 * lift * board.labels for k, lift in lifts.items()}
        scores["S2"] = scores["S2"] + other
        kinds = {"R0": "real", "S2": "synthetic"}
        outcomes = [Outcome(k, k, kinds[k], "", "5:1", scores[k]) for k in kinds]
        return Trial(outcomes, "S2", {}, {})

    trials = {n: [trial(n, d) for d in range(draws)] for n in SIZES}
    return ScarcityCurve.of(Exams.of(split), plan, trials)


@pytest.fixture(scope="module")
def better(planted):
    return drawn_curve(planted[0], lambda n: 4 * n)


def test_what_is_as_good_as_four_times_the_frauds_is_worth_more_than_those_known(better):
    assert better.worth[4].lower > 4
    assert better.worth[4].value == pytest.approx(16, rel=0.6)
    assert 4 in better.gains


def test_what_adds_nothing_is_worth_the_frauds_that_are_known(planted):
    found = drawn_curve(planted[0], lambda n: n)
    for n in SIZES:
        assert found.worth[n].lower <= n <= found.worth[n].upper
    assert found.gains == ()
    assert found.sentence() == "No gain was seen at any number of known frauds from 4 to 36."


@pytest.mark.slow
def test_real_frauds_from_elsewhere_find_more_than_the_few_known(planted):
    split, pool = planted
    plan = Plan.of(split, [], seed=1, quick=True, budget=0.01)
    run = curve_trial(split, lambda part, seed: RealHoldout(pool), [], plan, n=4, draw=0)
    found = gather(Exams.of(split), plan, [run])
    assert found.standings["S2"].recall.value > found.best.recall.value


def test_two_draws_claim_nothing_and_simulated_frauds_never_do(planted):
    few = drawn_curve(planted[0], lambda n: 4 * n, draws=2)
    assert few.gains == ()
    facts = few.facts(simulated=True, openings=2)
    assert facts["answer"] == "NO GAIN SEEN"
    assert "circular" in facts["caveats"][0]
    assert any("looked at 2 times" in caveat for caveat in facts["caveats"])


def test_a_gain_is_told_in_real_frauds_and_capped_where_frauds_are_simulated(better):
    worth = {**better.worth, 4: Estimate(20.0, 9.0, 36.0)}
    sure = ScarcityCurve(better.by_size, worth, {4: 0.01, 12: 0.9})
    assert sure.gains == (4,)
    told = "With 4 known frauds the scenarios were worth 20 [9, ≥ 36] real ones."
    assert sure.sentence() == told
    assert sure.facts(simulated=False, openings=1)["answer"] == "GAIN"
    capped = sure.facts(simulated=True, openings=1)
    assert capped["answer"] == "NO EVIDENCE"
    assert "circular" in capped["sentence"]


def test_fewer_known_frauds_are_among_more_and_all_else_stays(planted):
    split, _ = planted
    few, more = knowing(split, 5, seed=3), knowing(split, 12, seed=3)
    assert set(few.generator.entity_ids) < set(more.generator.entity_ids)
    assert [int(part.generator.entity_label().sum()) for part in (few, more)] == [5, 12]
    assert few.generator.n_entities - 5 == int((~split.generator.entity_label()).sum())
    assert few.test is split.test
    other = knowing(split, 5, seed=4)
    assert set(other.generator.entity_ids) != set(few.generator.entity_ids)


def test_sizes_end_with_all_and_too_few_make_no_curve(planted):
    split, _ = planted
    assert sizes_of(split) == (10, 25, 36)
    with pytest.raises(NotApplicable, match="make no curve"):
        sizes_of(knowing(split, 10, seed=0))


def test_the_learning_curve_is_read_backwards_in_log_n():
    curve = np.array([[0.2, 0.4, 0.6]])
    found = [equivalent((10, 100, 1000), curve, np.array([r]))[0] for r in (0.1, 0.3, 0.6, 0.9)]
    np.testing.assert_allclose(found, [10, 10**1.5, 1000, 1000])


@given(CURVES)
def test_rising_is_isotonic_regression(curves):
    expected = [IsotonicRegression().fit_transform(np.arange(5), curve) for curve in curves]
    np.testing.assert_allclose(rising(curves), expected, atol=1e-9)


@given(CURVES, st.integers(0, 4))
def test_the_curve_itself_is_worth_no_more_than_its_own_size(curves, place):
    sizes = (10, 25, 50, 100, 200)
    risen = rising(curves)
    assert np.all(equivalent(sizes, curves, risen[:, place]) <= sizes[place] * (1 + 1e-6))


def test_trained_on_real_customers_of_the_pool_a_detector_does_well_and_it_is_no_evidence(planted):
    split, pool = planted
    found = diagnostics(split, RealHoldout(pool), seed=1)
    assert set(found["auc"]) == {"TRTR", "TSTR", "TRTS"}
    assert all(item["value"] > 0.6 for item in found["auc"].values())
    assert "no evidence" in found["reading"]
