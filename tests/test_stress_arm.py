"""All shipped frauds on real normals: what fits is applied, what does not is named."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import tiny_schema, tiny_table
from fraud_bank import toybank
from test_mechanisms import FRAUDS

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.controls import RealHoldout
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.normals import normals
from riskgen.evaluate.utility.calibration import Gate
from riskgen.evaluate.utility.recipe import uncalibrated
from riskgen.evaluate.utility.stress_arms import Offer, stress_arms
from riskgen.simulate import catalogue


def offer_of(events: Events, names: list[str], ratios: tuple[int, ...] = (1, 10)) -> Offer:
    scenarios = [catalogue.load(name) for name in names]
    recipe = uncalibrated([s for s in scenarios if s.mechanism == "transform"])
    sampler = RealHoldout(normals(events))
    return Offer(Lesson.whole(events), sampler, scenarios, Gate(recipe), ratios, seed=1)


class Listener:
    name = "listener"

    def fit(self, lessons, *, seed):
        self.heard = list(lessons)
        return self


def labels_of(lessons: list[Lesson]) -> int:
    return sum(int(lesson.labels[lesson.weights > 0].sum()) for lesson in lessons)


def test_every_shipped_fraud_strikes_customers_of_the_simulated_bank() -> None:
    arm = stress_arms(offer_of(toybank(), FRAUDS))["S3"]()
    for name in FRAUDS:
        assert f"{name}: " in arm.note
        assert f"{name} left out" not in arm.note
    real, few, many = (
        labels_of(lessons)
        for lessons in (
            [Lesson.whole(toybank())],
            arm.options["1:1"](Listener(), 1).heard,
            arm.options["10:1"](Listener(), 1).heard,
        )
    )
    assert real < few < many


def test_frauds_that_a_table_cannot_show_are_left_out_by_name() -> None:
    arm = stress_arms(offer_of(Events.build(tiny_table(80, 3), tiny_schema()), FRAUDS))["S3"]()
    refused = {part.split(" left out")[0] for part in arm.note.split("; ") if "left out" in part}
    assert refused == {"mule_pass_through", "structuring_cash", "merchant_collusion"}


def test_transplants_and_scenarios_share_an_arm_half_and_half() -> None:
    offer = offer_of(toybank(), ["card_testing_burst", "transplant_fraud"], (5,))
    arms = {name: make() for name, make in stress_arms(offer).items()}
    heard = {name: arm.options["5:1"](Listener(), 1).heard for name, arm in arms.items()}
    assert len(heard["S34"]) == 1 + 3  # real, scenarios, transplants, shams
    touched = [len(np.unique(lesson.events.owner[lesson.weights > 0])) for lesson in heard["S34"]]
    whole = [len(np.unique(lesson.events.owner[lesson.weights > 0])) for lesson in heard["S4"]]
    assert touched[2] == pytest.approx(whole[1] / 2, abs=1)


def test_generated_customers_without_a_fraud_are_taught_as_well() -> None:
    offer = offer_of(toybank(), ["card_testing_burst"], (5,))
    heard = stress_arms(offer)["S3g"]().options["5:1"](Listener(), 1).heard
    assert labels_of(heard[-1:]) == 0
    assert heard[-1].weights.all()


def test_a_gate_that_lets_nothing_in_leaves_the_arm_out() -> None:
    offer = offer_of(toybank(), ["card_testing_burst"])
    shut = Offer(
        offer.real, offer.sampler, offer.scenarios, Gate(None, warning="None passed."), (5,), 1
    )
    with pytest.raises(NotApplicable, match="None passed"):
        stress_arms(shut)["S3"]()
