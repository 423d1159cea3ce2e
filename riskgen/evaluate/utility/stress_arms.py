"""The arms that riskgen offers: S3 and S4, alone, together, and on generated customers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.normals import normals
from riskgen.evaluate.utility.additions import scenario_addition, sham_addition, transplant_addition
from riskgen.evaluate.utility.arms import Addition, Arm, added_to
from riskgen.evaluate.utility.calibration import Gate
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario


@dataclass(frozen=True, eq=False)
class Offer:
    """What there is to add, and whom to put it onto.

    Attributes
    ----------
    real : Lesson
        What every arm learns from; counts the known frauds.
    sampler : Sampler
        Draws the normal customers of a generated base.
    scenarios : sequence of StressScenario
    gate : Gate or None
        What the known frauds say of the scenarios.
    ratios : sequence of int
        Simulated to real fraud customers.
    seed : int
    """

    real: Lesson
    sampler: Sampler = field(repr=False)
    scenarios: Sequence[StressScenario] = field(repr=False)
    gate: Gate | None
    ratios: Sequence[int]
    seed: int

    @property
    def n(self) -> int:
        """Customers that the highest ratio asks for."""
        return int(self.real.events.entity_label().sum()) * max(self.ratios)

    @cached_property
    def real_base(self) -> Events:
        """Real normal customers of the generator's split."""
        return normals(self.real.events)

    @cached_property
    def generated_base(self) -> Events:
        """As many generated normal customers as are wanted, at most as many as real ones."""
        n = min(self.n, self.real_base.n_entities)
        seed = derived_seed(self.seed, "generated base")
        return normals(self.sampler.draw(n, seed=seed, label=0))

    @cached_property
    def real_shams(self) -> Addition:
        """Sham edits of real normal customers."""
        return sham_addition(self.real_base, self.n, self.seed)

    @cached_property
    def scenario(self) -> tuple[Addition, list[str]]:
        """Real normals under the scenarios that passed, and how many of each."""
        return self.on(self.real_base)

    @cached_property
    def transplant(self) -> Addition:
        """Real normals with the shape of a known fraud."""
        if self.real.events.schema.label_level == "entity":
            raise NotApplicable("Cases are events, but this table has one label for an entity.")
        shapes = next((s for s in self.scenarios if s.mechanism == "transplant"), None)
        if shapes is None:
            raise NotApplicable("No transplant was given.")
        return transplant_addition(self.real.events, self.real_base, shapes, self.n, self.seed)

    def on(self, base: Events) -> tuple[Addition, list[str]]:
        """Return customers of ``base`` under the scenarios that passed the gate."""
        if self.gate is None or self.gate.recipe is None:
            why = "No scenario fits, as for S3." if self.gate is None else self.gate.warning
            raise NotApplicable(why)
        return scenario_addition(base, self.gate.recipe, self.n, self.seed)

    def arm(self, name: str, title: str, additions: Sequence[Addition], notes: list[str]) -> Arm:
        """Return an arm that adds ``additions``."""
        warning = "" if self.gate is None or name == "S4" else self.gate.warning
        note = "; ".join(filter(None, [warning, *notes]))
        return Arm(name, title, "synthetic", added_to(self.real, additions, self.ratios), note)


def stress_arms(offer: Offer) -> dict[str, Callable[[], Arm]]:
    """Return how to make S3, S3g, S4 and S34; each raises NotApplicable when it cannot."""
    return {
        "S3": lambda: _scenarios(offer),
        "S3g": lambda: _on_generated(offer),
        "S4": lambda: _transplant(offer),
        "S34": lambda: _both(offer),
    }


def _scenarios(offer: Offer) -> Arm:
    addition, notes = offer.scenario
    parts = [addition, offer.real_shams]
    return offer.arm("S3", "stress scenarios on real normals", parts, notes)


def _on_generated(offer: Offer) -> Arm:
    base = offer.generated_base
    addition, notes = offer.on(base)
    # Generated customers that nothing happens to, or "generated" would mean "fraud".
    parts = [addition, sham_addition(base, offer.n, offer.seed), Addition.of(base)]
    return offer.arm("S3g", "stress scenarios on generated normals", parts, notes)


def _transplant(offer: Offer) -> Arm:
    parts = [offer.transplant, offer.real_shams]
    return offer.arm("S4", "known frauds transplanted onto real normals", parts, [])


def _both(offer: Offer) -> Arm:
    addition, notes = offer.scenario
    parts = [addition.half(), offer.transplant.half(), offer.real_shams]
    return offer.arm("S34", "stress scenarios and transplants on real normals", parts, notes)
