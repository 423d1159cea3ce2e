"""What a stress of several acts came to: a tally for each, told together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from riskgen.data.events import Events
from riskgen.simulate.acts import together, turning
from riskgen.simulate.mechanisms.mosaic import Mosaic
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.stress import Stress
from riskgen.simulate.tally import Tally

_COUNTED = ("n_entities", "n_touched", "n_affected", "n_declined", "validity_violations")


@dataclass(eq=False)
class StressTally:
    """Adds up parts of one simulation under one stress.

    Attributes
    ----------
    stress : Stress
        What was done.
    tallies : list of Tally
        One for each act.
    """

    stress: Stress
    tallies: list[Tally] = field(repr=False)

    @classmethod
    def of(
        cls,
        stress: Stress,
        *,
        seed: int,
        first: int = 0,
        donors: Mapping[str, Donors] | None = None,
    ) -> StressTally:
        """Return a tally of nothing yet.

        Parameters
        ----------
        stress : Stress
            What is done.
        seed : int
            Seed of the simulation.
        first : int
            Position of the first entity that will be added.
        donors : mapping of str to Donors, or None
            Real cases of each scenario that transplants some.
        """
        known, drawing = donors or {}, turning(stress.acts)
        tallies = [
            Tally(
                act.scenario,
                act.severity,
                seed,
                first=first,
                donors=known.get(act.scenario.id),
                draws_curve=k in drawing,
            )
            for k, act in enumerate(stress.acts)
        ]
        return cls(stress, tallies)

    def add(self, base: Events, mosaic: Mosaic, first: int) -> None:
        """Take note of one part; ``first`` is the position of its first entity."""
        for k, (tally, run) in enumerate(zip(self.tallies, mosaic.runs, strict=True)):
            members = mosaic.members(k)
            if len(members):
                tally.add(base.take(members), run, first + members)

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Take over the :meth:`state` of the part that follows."""
        for tally, state in zip(self.tallies, states, strict=True):
            tally.merge(state)

    def state(self) -> list[dict[str, Any]]:
        """Return what :meth:`merge` takes, as JSON values."""
        return [tally.state() for tally in self.tallies]

    def facts(self) -> dict[str, Any]:
        """Return what the only act came to; of several, each, and all assertions together."""
        told = [tally.facts() for tally in self.tallies]
        counts: Counter[str] = Counter()
        for facts in told:
            counts.update({name: facts.get(name, 0) for name in _COUNTED})
        return together(self.stress, told, counts)
