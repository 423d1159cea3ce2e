"""A planted cap is found, edits that are no fraud are left alone, and the choice is paid for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.response.advice import Advice
from riskgen.evaluate.response.plan import Level, Plan, Response, read_plan
from riskgen.evaluate.response.standing import Standing
from riskgen.evaluate.response.study import Case, Field, advise, judge
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream
from riskgen.simulate.catalogue import load
from riskgen.simulate.mechanisms.sham import sham_edit
from riskgen.simulate.mechanisms.stressed import Stressed

BUDGET = 50.0


def split_of(events: Events, learned: int, control: int) -> Split:
    parts = [np.arange(learned), np.arange(learned, learned + control)]
    rest = events.take(np.arange(learned + control, events.n_entities))
    generator, tried = (events.take(rows) for rows in parts)
    ever = (-np.inf, np.inf)
    return Split(generator, tried, rest, rest, rest, ever, ever, True, "for a test")


def plan_of(*responses: Response) -> Plan:
    return read_plan().model_copy(update={"responses": responses})


def cap(*at_most: float) -> Response:
    source = {"kind": "judgement"}
    level = Level(at_most=at_most)
    return Response(id="cap", title="Cap", kind="amount_cap", level=level, source=source)


def planted(base: Events, amount: float, share: float = 0.6, seed: int = 0) -> Stressed:
    """Put three payments of ``amount`` into the histories of some customers."""
    rng = stream(seed, "planted")
    struck = np.sort(rng.permutation(base.n_entities)[: int(share * base.n_entities)])
    last = base.offsets[struck + 1] - 1
    rows = np.concatenate([np.arange(base.n_events), np.repeat(last, 3)])
    at = np.arange(base.n_events, len(rows))
    when = np.repeat(base.seconds()[last], 3) - np.tile([60.0, 40.0, 20.0], len(last))
    edits = {"amount": (at, np.full(len(at), amount)), base.schema.time: (at, when)}
    events = base.edit(rows, edits)
    touched = np.zeros(base.n_entities, dtype=bool)
    touched[struck] = True
    return Stressed(events, touched, events.numbers("amount") == amount, [], {}, {})


@pytest.fixture(scope="module")
def split() -> Split:
    return split_of(small_bank(900, seed=7, fraud_share=0.02), 500, 400)


def test_the_cap_between_the_genuine_and_the_planted_amounts_is_found(split: Split) -> None:
    largest = float(split.control.numbers("amount").max())
    levels = (10.0, round(2 * largest), round(20 * largest))
    tried = Field.of(split, plan_of(cap(*levels)), BUDGET, seed=1)
    run = planted(tried.scene.base, 10.0 * largest)
    advice, _ = judge(tried, run, Case("planted", "Planted", 1.0, BUDGET))
    assert advice.answer == "RECOMMENDED"
    assert advice.best is not None
    assert advice.best.policy == f"cap > {levels[1]:g}"
    assert (advice.best.prevented.value, advice.best.friction.value) == (1.0, 0.0)
    assert (advice.best.hours.value, advice.best.passed.value) == (0.0, 0.0)
    assert advice.within_budget == "yes"


def test_frauds_like_genuine_payments_are_not_helped_against(split: Split) -> None:
    usual = float(np.median(split.control.numbers("amount")))
    tried = Field.of(split, plan_of(cap(usual / 2, 3 * usual, 100 * usual)), BUDGET, seed=1)
    run = planted(tried.scene.base, round(usual, 2) + 0.001)
    advice, _ = judge(tried, run, Case("usual", "Usual", 1.0, BUDGET))
    assert advice.answer == "NONE HELPS"
    assert advice.sentence().startswith("None helps within 50 in 10,000")


@pytest.mark.parametrize("seed", range(4))
def test_edits_that_are_no_fraud_recommend_nothing(split: Split, seed: int) -> None:
    tried = Field.of(split, read_plan(), BUDGET, seed)
    run = sham_edit(tried.scene.base, share=1.0, seed=seed)
    advice, _ = judge(tried, run, Case("sham", "Sham", 1.0, BUDGET))
    assert advice.n_cases >= 30
    assert advice.answer in ("NONE HELPS", "NOT SURE")


def test_a_scenario_is_answered_and_the_same_seed_says_the_same(split: Split) -> None:
    shipped = read_plan()
    few = [r for r in shipped.responses if r.id in ("velocity_1h", "amount_cap", "alert")]
    plan = plan_of(*few)

    def said() -> dict:
        tried = Field.of(split, plan, 500.0, seed=2)
        scenario = load("card_testing_burst")
        advice, struck, _ = advise(tried, scenario, severity=1.0, budget=500.0, seed=2)
        assert struck is not None
        return advice.facts()

    told = said()
    assert told == said()
    assert told["answer"] == "RECOMMENDED"
    assert "velocity" in told["best"]["policy"]
    frictions = [item["chosen_on"]["friction"] for item in told["front"]]
    gains = [item["chosen_on"]["prevented"] for item in told["front"]]
    assert frictions == sorted(frictions)
    assert gains == sorted(gains)


def test_a_small_control_is_refused(split: Split) -> None:
    few = replace(split, control=split.control.take(np.arange(10)))
    with pytest.raises(NotApplicable, match="at least 20"):
        Field.of(few, read_plan(), BUDGET, seed=1)


def stands(prevented: float, friction: float, half: float = 10.0, stopped: float = 0.5) -> Standing:
    hit = Estimate(friction, friction - half, friction + half)
    gain = Estimate(prevented, prevented - 0.02, prevented + 0.02)
    other = Estimate(0.0)
    share = Estimate(stopped, 0.0, 1.0)
    return Standing("p", "P", gain, hit, other, other, share, Estimate(2.0), other, {})


def advised(gain: Estimate, best: Standing, n: int = 100) -> Advice:
    return Advice("s", "S", 0.6, BUDGET, 0.05, n, best, gain)


def test_what_is_not_surely_beyond_chance_or_rests_on_few_is_not_recommended() -> None:
    sure, unsure = Estimate(0.3, 0.2, 0.4), Estimate(0.1, 0.01, 0.2)
    assert advised(sure, stands(0.3, 20.0)).answer == "RECOMMENDED"
    assert advised(unsure, stands(0.3, 20.0)).answer == "NOT SURE"
    assert advised(sure, stands(0.3, 20.0, stopped=0.05)).answer == "NOT SURE"
    assert advised(Estimate(0.04, 0.03, 0.05), stands(0.3, 20.0)).answer == "NONE HELPS"
    assert advised(sure, stands(0.3, 20.0), n=20).answer == "TOO FEW CASES"


def test_what_surely_hits_more_than_the_budget_is_not_recommended() -> None:
    sure = Estimate(0.3, 0.2, 0.4)
    assert advised(sure, stands(0.3, 80.0)).answer == "NONE HELPS"
    near = advised(sure, stands(0.3, 55.0))
    assert near.answer == "RECOMMENDED"
    assert "within the budget is not sure" in near.sentence()
