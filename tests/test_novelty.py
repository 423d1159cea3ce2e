"""A typology left out of what is learned: what finds it, and what that costs the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from utility_world import split_and_pool

from riskgen.data.split import NAMES
from riskgen.errors import NotApplicable
from riskgen.evaluate.scarcity.misspecified import MISSPECIFIED, factor_of, misspecified
from riskgen.evaluate.scarcity.novelty import Found, unseen_facts
from riskgen.evaluate.scarcity.typologies import Typologies, askable, exams_on
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.simulate import catalogue
from riskgen.simulate.catalogue import load


@pytest.fixture(scope="module")
def marked():
    """Every other fraud customer is of another typology."""
    split, _ = split_and_pool(known=20)

    def texts(events):
        number = np.cumsum(events.entity_label())[events.owner]
        return np.where(number % 2 == 0, "even", "odd").astype(object)

    return split, Typologies({name: texts(getattr(split, name)) for name in NAMES})


def trial(split, typologies, informed, draw, forgotten=0.0):
    test = split.test
    events = test.event_label()
    own = events & (typologies.of["test"] == "odd")
    noise = np.random.default_rng(draw).normal(size=len(events))
    known = noise + 4.0 * (events & ~own)
    lifted = {
        "R0": known,
        "INF": known + informed * own - forgotten * (events & ~own),
        "WRONG": known,
    }
    kinds = {"R0": "real", "INF": "synthetic", "WRONG": "synthetic"}
    return Trial([Outcome(k, k, kinds[k], "", "", s) for k, s in lifted.items()], "INF", {}, {})


def found(marked, informed, forgotten=0.0):
    split, typologies = marked
    exams = exams_on([marked], "odd")
    plan = replace(Plan.of(split, [], seed=1, runs=5, budget=0.02), draws=400)
    return Found.of(
        exams, plan, [trial(split, typologies, informed, d, forgotten) for d in range(5)]
    )


def test_what_finds_the_left_out_typology_gains_and_what_does_not_does_not(marked):
    item = found(marked, 5.0)
    facts = unseen_facts({"odd": item}, simulated=False, openings=1)
    assert facts["answer"] == "GAIN"
    assert facts["macro"]["INF"]["gain"]["lower"] > 0
    assert facts["macro"]["WRONG"]["gain"]["value"] == 0
    none = unseen_facts({"odd": found(marked, 0.0)}, simulated=False, openings=1)
    assert none["answer"] == "NO GAIN SEEN"


def test_what_the_others_lose_is_told(marked):
    facts = unseen_facts({"odd": found(marked, 5.0, forgotten=4.0)}, simulated=False, openings=1)
    assert facts["macro"]["INF"]["displaced"]["upper"] < 0
    assert facts["macro"]["WRONG"]["displaced"]["value"] == 0


def test_simulated_frauds_cap_the_answer(marked):
    facts = unseen_facts({"odd": found(marked, 5.0)}, simulated=True, openings=1)
    assert facts["answer"] == "NO EVIDENCE"
    assert "circular" in facts["sentence"]


def test_nobody_to_learn_from_has_the_typology_and_the_test_stays(marked):
    split, typologies = marked
    part = typologies.knowing(split, "odd", 0, seed=1)
    hit = set(split.generator.entity_ids) - set(part.generator.entity_ids)
    assert len(hit) == typologies.count(split, "odd") == 10
    assert int(part.generator.entity_label().sum()) == 10
    assert part.test is split.test
    few = typologies.knowing(split, "odd", 3, seed=1)
    assert len(set(few.generator.entity_ids) & hit) == 3


def test_both_tests_have_all_customers_and_share_the_frauds(marked):
    own, others = exams_on([marked], "odd")
    assert own.n_entities == others.n_entities == marked[0].test.n_entities
    assert own.n_fraud + others.n_fraud == 40


def test_one_typology_alone_cannot_be_left_out(marked):
    split, typologies = marked
    same = {name: np.full(len(texts), "x", object) for name, texts in typologies.of.items()}
    with pytest.raises(NotApplicable, match="1 typologies are known"):
        askable([(split, Typologies(same))])


def test_money_and_pace_are_told_by_name_and_shares_stay():
    half = MISSPECIFIED["MIS1"]
    assert factor_of("amount_high", half) == factor_of("cash_out_scale", half) == 0.5
    assert factor_of("span_h", half) == factor_of("span_min", half) == 0.5
    assert factor_of("deposits_per_week_low", half) == 2.0
    assert factor_of("new_payee_prob", half) == factor_of("night_share", half) == 1.0


def test_a_part_of_a_whole_stays_a_part():
    scam = misspecified(load("app_scam"), MISSPECIFIED["MIS2"])
    assert scam.parameters["amount_ratio"].at1 == 1.0
    assert scam.parameters["span_h"].at1 == 12


@pytest.mark.parametrize("name", [n for n in catalogue.names() if "transplant" not in n])
def test_every_shipped_fraud_can_be_misjudged(name):
    scenario = load(name)
    if scenario.domain == "transactions" and scenario.mechanism == "transform":
        for factors in MISSPECIFIED.values():
            assert misspecified(scenario, factors) != scenario
