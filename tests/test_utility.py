"""Utility finds what was planted, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score
from small_bank import DAYS, START, small_bank

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.controls import IndepMarginals, RealHoldout
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.features.rows import Lens, Rows
from riskgen.evaluate.result import Estimate
from riskgen.evaluate.utility.arms import real_arms
from riskgen.evaluate.utility.calibration import measure_calibration, resemblance
from riskgen.evaluate.utility.experiment import judge_utility
from riskgen.evaluate.utility.ruling import Effect, _guard, effects, ruled, utility_verdict
from riskgen.evaluate.utility.stress_arm import stress_arm
from riskgen.evaluate.utility.trial import run_trial
from riskgen.simulate.catalogue import load

ALWAYS = (START - 1.0, START + 2 * DAYS * SECONDS_PER_DAY)


def pick(events: Events, rows: np.ndarray) -> Events:
    return events.take(np.sort(rows))


@pytest.fixture(scope="module")
def world() -> dict:
    """A split whose training part has few frauds, and a pool of many more."""
    events = small_bank(2_600, seed=3, fraud_share=0.05, strength=0.6)
    fraud = events.entity_label()
    order = np.random.default_rng(1).permutation(events.n_entities)
    bad, good = order[fraud[order]], order[~fraud[order]]
    parts = {
        "generator": np.concatenate([good[:500], bad[:4]]),
        "control": np.concatenate([good[500:700], bad[4:6]]),
        "reference": good[700:750],
        "validation": np.concatenate([good[750:1000], bad[6:20]]),
        "test": np.concatenate([good[1000:1800], bad[20:60]]),
    }
    pool = pick(events, np.concatenate([good[1800:2100], bad[60:]]))
    named = {name: pick(events, rows) for name, rows in parts.items()}
    split = Split(
        **named,
        validation_window=ALWAYS,
        test_window=ALWAYS,
        time_disjoint=False,
        reason="for a test",
    )
    return {"split": split, "pool": pool}


@pytest.fixture(scope="module")
def oracle(world):
    """The generator that returns real frauds which nobody else has."""
    return run_trial(world["split"], RealHoldout(world["pool"]), [], seed=1, quick=False)


def test_real_frauds_from_elsewhere_help_where_frauds_are_few(oracle):
    effect = effects(oracle)["S2"]
    assert effect.recall.value > 0.05
    assert effect.precision.lower > 0


def test_one_fit_cannot_be_said_to_help(oracle):
    effect = effects(oracle)["S2"]
    verdict = utility_verdict(oracle, checks_pass=True, simulated=False, runs=1)
    assert verdict.answer == "NO EVIDENCE"
    assert any("one fit" in caveat for caveat in verdict.caveats)
    assert effect.p <= 1.0


def test_simulated_frauds_prove_a_mechanism_only(oracle):
    verdict = utility_verdict(oracle, checks_pass=True, simulated=True, runs=10)
    assert verdict.answer != "HELPS"
    assert "circular" in verdict.sentence
    assert "circular" in verdict.caveats[0]


def test_the_sentence_says_what_the_test_could_see(oracle):
    verdict = utility_verdict(oracle, checks_pass=True, simulated=False)
    assert "The smallest effect this test could see was 14.0 pp" in verdict.sentence
    assert "840 test entities (40 fraud)" in verdict.sentence


def test_the_plan_is_hashed_and_complete(oracle):
    assert len(oracle.plan_hash) == 64
    for key in ("arms", "metric", "budget", "smallest effect", "split", "seed"):
        assert key in oracle.plan


def test_every_arm_is_met_by_the_same_test(oracle):
    assert [o.id for o in oracle.outcomes] == ["R0", "R1", "R2", "S2"]
    assert "No transactions scenario" in oracle.left_out["S3"]
    assert {len(o.scores) for o in oracle.outcomes} == {int(oracle.board.scored.sum())}


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_labels_never_help(world, seed):
    split, rng = world["split"], np.random.default_rng(seed)
    shuffled = split.generator.frame["fraud"].gather(rng.permutation(split.generator.n_events))
    frame = split.generator.frame.with_columns(shuffled.alias("fraud"))
    generator = Events(split.generator.schema, frame, split.generator.offsets)
    confused = replace(split, generator=generator, test=split.validation)
    trial = run_trial(confused, IndepMarginals(confused.generator), [], seed=seed, quick=True)
    effect = effects(trial)["S2"]
    assert ruled(effect, n_fraud=40, runs_agree=True, checks_pass=True) != "HELPS"


def test_scenarios_on_real_normals_are_an_arm_with_sham_edits(world):
    split = world["split"]
    lens = Lens.of(split.generator)
    real = lens.rows(split.generator)
    scenario = load("card_testing_burst")
    arm = stress_arm(real, split.generator, lens, [scenario], (1, 5), seed=1)
    added = {name: make() for name, make in arm.options.items()}
    grown = [int(rows.labels.sum()) - int(real.labels.sum()) for rows in added.values()]
    assert 0 < grown[0] < grown[1]
    normal = (~added["5:1"].labels).sum() - (~real.labels).sum()
    assert normal > 0


def test_scenarios_are_tried_on_the_known_frauds_before_the_test(world):
    split = replace(world["split"], generator=world["pool"])
    lens = Lens.of(split.generator)
    found = measure_calibration(split, lens, [load("card_testing_burst")], seed=1)
    assert list(found.by) == ["card_testing_burst"]
    assert found.estimate.lower < found.estimate.value < found.estimate.upper
    assert found.status in ("PASS", "INCONCLUSIVE")


def test_scores_that_know_nothing_resemble_nothing(world):
    pool, control = world["pool"], world["split"].control
    frauds, rng = pool.take(np.flatnonzero(pool.entity_label())), np.random.default_rng(7)
    honest = control.take(np.flatnonzero(~control.entity_label()))
    blind = rng.normal(size=frauds.n_events), rng.normal(size=honest.n_events)
    found = resemblance(frauds, blind[0], honest, blind[1], rng)
    assert found.lower < 0.5 < found.upper
    sharp = resemblance(frauds, 9.0 * frauds.event_label(), honest, blind[1], rng)
    assert sharp.value > 0.95


def test_too_few_known_frauds_leave_scenarios_uncalibrated(world):
    split = world["split"]
    found = measure_calibration(split, Lens.of(split.generator), [load("ato_drain")], seed=1)
    assert found.status == "INCONCLUSIVE"
    assert "uncalibrated" in found.reason


def test_a_label_per_entity_declines_scenarios_with_a_reason(world):
    schema = world["split"].generator.schema.model_copy(update={"label_level": "entity"})

    def relabelled(events: Events) -> Events:
        label = pl.Series("fraud", events.entity_label()[events.owner].astype(np.int8))
        return Events(schema, events.frame.with_columns(label), events.offsets)

    split = world["split"]
    names = ("generator", "control", "reference", "validation", "test")
    per_entity = replace(split, **{name: relabelled(getattr(split, name)) for name in names})
    pool = RealHoldout(relabelled(world["pool"]))
    found = judge_utility(
        per_entity, pool, [load("ato_drain")], seed=1, simulated=False, quick=True
    )
    assert "one label for an entity" in found.facts["arms left out"]["S3"]
    assert found.facts["preregistration"]["plan"]["budget"] == 0.10
    assert found.verdict.answer != "HELPS"


def test_without_a_label_there_is_nothing_to_help(world):
    split = world["split"]
    channels = tuple(c for c in split.generator.schema.channels if c.role != "label")
    schema = split.generator.schema.model_copy(update={"channels": channels, "label_level": None})
    bare = replace(
        split,
        generator=Events(schema, split.generator.frame.drop("fraud"), split.generator.offsets),
    )
    found = judge_utility(bare, RealHoldout(bare.generator), [], seed=1, simulated=False)
    assert found.verdict.answer == "NOT APPLICABLE"
    assert [m.status for m in found.metrics] == ["NOT_APPLICABLE"]


def test_fewer_than_ten_frauds_conclude_nothing(oracle):
    few = replace(oracle.board, labels=oracle.board.labels & (oracle.board.owner < 60))
    assert 0 < few.n_fraud < 10
    verdict = utility_verdict(replace(oracle, board=few), checks_pass=True, simulated=False, runs=9)
    assert verdict.answer == "NO EVIDENCE"
    assert verdict.status == "INCONCLUSIVE"


# The rule itself, case by case.


def effect_of(
    low: float, value: float, high: float, p: float, guard=(-0.001, 0.0, 0.001)
) -> Effect:
    return Effect("S3", "R0", Estimate(value, low, high), Estimate(guard[1], guard[0], guard[2]), p)


@pytest.mark.parametrize(
    ("effect", "word"),
    [
        (effect_of(0.01, 0.04, 0.07, 0.01), "HELPS"),
        (effect_of(0.01, 0.04, 0.07, 0.06), "NO EVIDENCE"),
        (effect_of(0.001, 0.015, 0.03, 0.01), "NO EVIDENCE"),
        (effect_of(0.01, 0.04, 0.07, 0.01, guard=(-0.03, 0.0, 0.03)), "NO EVIDENCE"),
        (effect_of(-0.05, -0.03, -0.01, 1.0), "HURTS"),
        (effect_of(0.01, 0.04, 0.07, 0.01, guard=(-0.05, -0.03, -0.02)), "HURTS"),
        (effect_of(-0.01, 0.0, 0.01, 0.5), "EQUIVALENT"),
    ],
)
def test_the_rule_of_the_protocol(effect, word):
    assert ruled(effect, n_fraud=5_000, runs_agree=True, checks_pass=True) == word


def test_a_verdict_by_its_guard_rail_says_so():
    recall, precision = Estimate(-0.06, -0.20, 0.19), Estimate(-0.08, -0.12, -0.03)
    effect = Effect("S3", "R1", recall, precision, 1.0)
    assert "average precision that fell: -8.0 pp, 95 % CI [-12.0, -3.0]" in _guard(effect)
    assert _guard(Effect("S3", "R1", Estimate(-0.06, -0.2, -0.01), precision, 1.0)) == ""


def test_a_failed_check_or_runs_that_disagree_take_help_away():
    good = effect_of(0.01, 0.04, 0.07, 0.01)
    assert ruled(good, n_fraud=5_000, runs_agree=False, checks_pass=True) == "NO EVIDENCE"
    assert ruled(good, n_fraud=5_000, runs_agree=True, checks_pass=False) == "NO EVIDENCE"


def test_too_few_frauds_are_never_called_equivalent():
    still = effect_of(0.0, 0.0, 0.0, 1.0)
    assert ruled(still, n_fraud=20, runs_agree=True, checks_pass=True) == "NO EVIDENCE"


# Alerts against counting by hand.


def board(days: list[int], owner: list[int], labels: list[int], n: int) -> Board:
    table = pl.DataFrame(
        {
            "customer": [f"c{i}" for i in owner],
            "when": [int((START + d * SECONDS_PER_DAY + 60) * 1e6) for d in days],
            "amount": [1.0] * len(days),
            "category": ["a"] * len(days),
            "country": ["DE"] * len(days),
            "fraud": labels,
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us")), pl.col("fraud").cast(pl.Int8))
    found = Board.of_events(Events.build(table, small_bank(20).schema), ALWAYS)
    assert found.n_entities == n
    return found


def test_the_highest_scores_of_a_day_are_alerted():
    found = board([0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 1, 0], 4)
    assert found.recall(np.array([0.0, 1.0, 2.0, 3.0]), 0.25) == 0.0
    assert found.recall(np.array([0.0, 1.0, 2.0, 3.0]), 0.50) == 1.0


def test_fractions_of_an_alert_are_saved_up():
    # One customer a day, half an alert a day: only the second and fourth day alert.
    scores = np.array([9.0, 9.0, 9.0, 9.0])
    second = board([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 0, 0], 4)
    third = board([0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 1, 0], 4)
    assert second.recall(scores, 0.5) == 1.0
    assert third.recall(scores, 0.5) == 0.0


def test_an_alert_after_the_fraud_is_over_is_no_detection():
    # Customer 0 is defrauded on day 0 and scores high on day 5 only.
    found = board([0, 5, 0, 5], [0, 0, 1, 1], [1, 0, 0, 0], 2)
    assert found.recall(np.array([0.0, 9.0, 1.0, 1.0]), 0.5) == 0.0
    assert found.recall(np.array([9.0, 0.0, 1.0, 1.0]), 0.5) == 1.0


def test_a_resampled_population_is_the_population_when_everybody_is_there_once(world):
    test = world["split"].test
    found = Board.of_events(test, ALWAYS)
    scores = np.random.default_rng(0).normal(size=int(found.scored.sum())) + found.labels
    everyone = np.ones((1, found.n_entities))
    assert found.recall(scores, 0.01, everyone)[0] == found.recall(scores, 0.01)
    twice = found.average_precision(scores, 2 * everyone)[0]
    assert twice == pytest.approx(float(found.average_precision(scores)))


def test_average_precision_is_scikit_learns(world):
    found = Board.of_events(world["split"].test, ALWAYS)
    rng = np.random.default_rng(2)
    scores = np.round(rng.normal(size=int(found.scored.sum())) + found.labels, 1)  # with ties
    expected = average_precision_score(found.labels, scores)
    assert float(found.average_precision(scores)) == pytest.approx(expected)


def test_over_sampling_weighs_whole_customers():
    rows = Rows(np.zeros((3, 1), np.float32), np.array([True, False, False]), np.ones(3))
    arms = real_arms(rows, np.array([True, True, False]), (5,))
    copied = arms[2].options["5:1"]()
    assert copied.weights.tolist() == [6.0, 6.0, 1.0]


def test_a_generator_that_cannot_draw_frauds_is_left_out(world):
    class Honest:
        def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
            raise NotApplicable("labels are not modelled")

    small = replace(world["split"], test=world["split"].validation)
    found = run_trial(small, Honest(), [], seed=1, quick=True)
    assert found.left_out["S2"] == "labels are not modelled"
    verdict = utility_verdict(found, checks_pass=True, simulated=False)
    assert verdict.answer == "NOT APPLICABLE"


def test_the_budget_line_holds_as_many_alerts_as_the_budget():
    # 400 customer-days, 8 fraudulent rows, 1 % alerted: 4 alerts, at best half of the frauds.
    labels = [1] * 8 + [0] * 392
    line = board([0] * 400, list(range(400)), labels, 400).budget_line(0.01)
    assert line["x"] == [0.0, 0.5]
    assert line["y"] == [0.0, 1.0]
