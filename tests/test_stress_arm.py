"""All shipped frauds on real normals: what fits is applied, what does not is named."""

from __future__ import annotations

from conftest import tiny_schema, tiny_table
from fraud_bank import toybank
from test_mechanisms import FRAUDS

from riskgen.data.events import Events
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.utility.stress_arm import stress_arm
from riskgen.simulate import catalogue


def arm_of(events: Events):
    lens = Lens.of(events)
    real = lens.rows(events)
    scenarios = [catalogue.load(name) for name in FRAUDS]
    return real, stress_arm(real, events, lens, scenarios, (1, 10), seed=1)


def test_every_shipped_fraud_strikes_customers_of_the_simulated_bank() -> None:
    real, arm = arm_of(toybank())
    for name in FRAUDS:
        assert f"{name}: " in arm.note
        assert f"{name} left out" not in arm.note
    few, many = arm.options["1:1"](), arm.options["10:1"]()
    assert real.labels.sum() < few.labels.sum() < many.labels.sum()


def test_frauds_that_a_table_cannot_show_are_left_out_by_name() -> None:
    _, arm = arm_of(Events.build(tiny_table(80, 3), tiny_schema()))
    refused = {part.split(" left out")[0] for part in arm.note.split("; ") if "left out" in part}
    assert refused == {"mule_pass_through", "structuring_cash", "merchant_collusion"}
