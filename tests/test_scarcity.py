"""What simulated frauds are worth: known where planted, and nothing where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_process import riskgen
from utility_world import split_and_pool

from riskgen.data.split import Split
from riskgen.data.toybank import simulate_bank
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.exam import Exam, Exams
from riskgen.evaluate.scarcity.curve import Curve, Point, gains, reached
from riskgen.evaluate.scarcity.results import described, sentence
from riskgen.evaluate.scarcity.subsets import sizes_of, with_known
from riskgen.evaluate.utility.evidence import gather
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.runs import MANIFEST, file_hash, write_json
from riskgen.stages.fit import FitRequest, fit_run
from riskgen.stages.material import TableRequest
from riskgen.stages.scarcity import ScarcityRequest, making, scarcity_of_run
from riskgen.stages.scarcity.experiment import read_scarcity

SIZES = (10, 20, 40, 80, 160)
KNOWN = np.array(SIZES, dtype=np.float64)
KINDS = {"R0": "real", "S3": "synthetic"}


@pytest.fixture(scope="module")
def split() -> Split:
    return split_and_pool(known=30)[0]


# Which frauds are known.


def test_fewer_known_frauds_are_a_subset_of_more(split: Split) -> None:
    few, more = (with_known(split, n, seed=4) for n in (5, 12))
    frauds = [
        {
            e
            for e, bad in zip(s.generator.entity_ids, s.generator.entity_label(), strict=True)
            if bad
        }
        for s in (few, more)
    ]
    assert list(map(len, frauds)) == [5, 12]
    assert frauds[0] < frauds[1]


def test_everybody_else_stays_and_validation_has_as_many_times_fewer(split: Split) -> None:
    few = with_known(split, 17, seed=4)
    for name in ("generator", "validation"):
        before, after = getattr(split, name), getattr(few, name)
        assert (~after.entity_label()).sum() == (~before.entity_label()).sum()
    share = 17 / split.generator.entity_label().sum()
    assert few.validation.entity_label().sum() == round(
        share * split.validation.entity_label().sum()
    )
    assert few.test is split.test


def test_other_draws_know_other_frauds(split: Split) -> None:
    one, other = (set(with_known(split, 10, seed=s).generator.entity_ids) for s in (1, 2))
    assert one != other


def test_sizes_end_with_all_that_every_draw_has(split: Split) -> None:
    all_of_them = int(split.generator.entity_label().sum())
    assert sizes_of([split], (5, 10, 500)) == (5, 10, all_of_them)
    with pytest.raises(NotApplicable, match="no curve below 500"):
        sizes_of([split], (500,))


# How many real frauds do as well.


@given(at=st.floats(0.0, 1.0), step=st.floats(0.01, 0.2))
def test_on_a_curve_straight_in_the_logarithm_the_answer_is_its_inverse(at, step) -> None:
    found = step * np.log(KNOWN / 10)[None]
    target = np.array([at * found.max()])
    assert np.isclose(reached(KNOWN, found, target)[0], 10 * np.exp(target[0] / step))


def test_beyond_the_ends_the_ends_are_told() -> None:
    found = np.array([[0.2, 0.3, 0.4, 0.5, 0.6]] * 2)
    assert np.allclose(reached(KNOWN, found, np.array([0.1, 0.7])), [10, 160])


def test_where_the_curve_is_flat_the_middle_of_all_that_do_as_well_is_told() -> None:
    found = np.array([[0.1, 0.4, 0.4, 0.4, 0.9]])
    assert np.isclose(reached(KNOWN, found, np.array([0.4]))[0], np.sqrt(20 * 80))


def test_a_dip_of_the_curve_is_no_second_answer() -> None:
    found = np.array([[0.1, 0.5, 0.3, 0.6, 0.9]])
    assert reached(KNOWN, found, np.array([0.3]))[0] < 20


# Whole curves, of detectors whose skill is known.


def skill_of(known: int) -> float:
    return 1.0 + 0.8 * float(np.log(known / 10))


def curve_of(split: Split, claim_skill: dict[int, float]) -> Curve:
    """Return three draws with thirds of the test; real data teach as :func:`skill_of` says."""
    order = np.random.default_rng(4).permutation(split.test.n_entities)
    exams = Exams(
        tuple(Exam(split.test.take(np.sort(order[i::3])), split.test_window) for i in range(3))
    )
    plan = replace(Plan.of(split, [], seed=3, runs=3, exams=exams, budget=0.03), draws=300)
    points = []
    for known in SIZES:
        trials = []
        for draw, exam in enumerate(exams.each):
            rng = np.random.default_rng(1_000 * known + draw)
            label = exam.board.labels
            # The noise of a real-only arm is mostly that of all others: they meet the same rows.
            common = np.random.default_rng(draw).normal(size=len(label))
            arms = {"R0": skill_of(known), "S3": claim_skill.get(known, skill_of(known))}
            outcomes = [
                Outcome(
                    n, n, KINDS[n], "", "", common + 0.2 * rng.normal(size=len(label)) + s * label
                )
                for n, s in arms.items()
            ]
            trials.append(Trial(outcomes, "S3", {}, {}))
        points.append(Point(known, gather(exams, plan, trials)))
    return Curve(tuple(points))


@pytest.fixture(scope="module")
def planted(split: Split) -> Curve:
    """Scenarios that teach with ten known frauds what eighty real ones do."""
    return curve_of(split, {10: skill_of(80)})


@pytest.fixture(scope="module")
def null(split: Split) -> Curve:
    """Scenarios that teach nothing."""
    return curve_of(split, {})


def test_what_teaches_as_eighty_real_frauds_is_worth_about_eighty(planted: Curve) -> None:
    worth = planted.equivalents[10]
    assert worth.lower > 20
    assert worth.lower <= 80 <= worth.upper
    assert gains(planted) == [10]
    assert "With 10 known frauds recall changed by" in sentence(planted, simulated=False)


def test_what_teaches_nothing_is_worth_what_is_known(null: Curve) -> None:
    assert gains(null) == []
    for known, worth in null.equivalents.items():
        assert worth.lower <= known <= worth.upper
    said = sentence(null, simulated=True)
    assert "no gain from simulated ones was seen" in said
    assert "circular" in said


def test_the_report_is_given_a_line_for_every_arm_with_its_band(planted: Curve) -> None:
    recall, worth = described(planted, simulated=False)
    line = recall.curves["real: best without simulated frauds"]
    assert line["x"] == list(SIZES)
    assert all(
        low <= y <= high
        for low, y, high in zip(line["lower"], line["y"], line["upper"], strict=True)
    )
    assert "stress scenarios" in recall.curves
    assert recall.status == worth.status == "INCONCLUSIVE", "a curve rules on nothing"
    assert worth.estimate.value > worth.floor.value == 10.0


# On a run.


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fitted run, whose detectors are drawn: how points are kept is what is tried."""
    table = tmp_path / "bank.parquet"
    simulate_bank(500, days=60, seed=2, fraud_share=0.3).write_parquet(table)
    path = fit_run(FitRequest(TableRequest(table), tmp_path / "runs", "bootstrap", seed=1)).path

    def fake(split, sampler, scenarios, plan, *, seed):
        with pytest.raises(NotApplicable):
            sampler.draw(1, seed=1)
        board = Exams.of(split)[0].board
        rng = np.random.default_rng(seed)
        scores = {n: rng.normal(size=len(board.labels)) + board.labels for n in KINDS}
        outcomes = [Outcome(n, n, KINDS[n], "", "5:1", s) for n, s in scores.items()]
        return Trial(outcomes, "S3", {}, {})

    monkeypatch.setattr(making, "run_trial", fake)
    return path


def request_of(run: Path) -> ScarcityRequest:
    return ScarcityRequest(run=run, known=(5, 10), draws=2, generator=False)


def test_a_curve_that_was_interrupted_goes_on_and_ends_the_same(run: Path) -> None:
    def stop(done: int, n: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scarcity_of_run(request_of(run), on_point=stop)
    assert not (run / "scarcity.json").exists()
    seen: list[int] = []
    found = scarcity_of_run(request_of(run), on_point=lambda done, n: seen.append(done))
    assert seen == [3, 4, 5, 6]
    assert found.facts["test openings"] == 1
    before = (run / "scarcity.json").read_bytes()
    scarcity_of_run(request_of(run))
    assert (run / "scarcity.json").read_bytes() == before
    assert not list(run.glob(".*"))


def test_the_report_takes_the_curve_over_and_refuses_that_of_another_fit(run: Path) -> None:
    assert read_scarcity(run) == []
    scarcity_of_run(request_of(run))
    assert [m["metric"] for m in read_scarcity(run)] == [
        "utility.scarcity.recall",
        "utility.scarcity.equivalent",
    ]
    document = json.loads((run / "scarcity.json").read_text())
    assert document["manifest_sha256"] == file_hash(run / MANIFEST)
    write_json(run / "scarcity.json", document | {"manifest_sha256": "0" * 64})
    with pytest.raises(Exception, match="belongs to another fit"):
        read_scarcity(run)


def test_numbers_that_are_none_are_refused_in_words(tmp_path: Path) -> None:
    said = riskgen(tmp_path, "scarcity", "--known", "ten", code=2)
    assert "write numbers of 2 and more" in said
