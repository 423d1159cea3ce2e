"""What a stress of several acts came to on market paths: a tally for each, told together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from riskgen.simulate.acts import together, turning
from riskgen.simulate.path_tally import PathTally
from riskgen.simulate.paths import PathPart
from riskgen.simulate.reweighting.reweighting import Reweighting
from riskgen.simulate.reweighting.weight_tally import WeightTally
from riskgen.simulate.stress import Stress


@dataclass(eq=False)
class PathStressTally:
    """Adds up parts of one market simulation under one stress.

    Attributes
    ----------
    stress : Stress
        What was done.
    tallies : list
        One for each act: of weights where paths carry some.
    n_paths : int
        Of the whole simulation.
    """

    stress: Stress
    tallies: list[PathTally | WeightTally] = field(repr=False)
    n_paths: int = 0

    @classmethod
    def of(
        cls,
        stress: Stress,
        *,
        seed: int,
        first: int = 0,
        assets: tuple[str, ...] = (),
        weighing: Sequence[Reweighting | None] = (),
    ) -> PathStressTally:
        """Return a tally of nothing yet.

        Parameters
        ----------
        stress : Stress
            What is done.
        seed, first
            As for :class:`PathTally`.
        assets : tuple of str
            Names of the columns of the paths.
        weighing : sequence of Reweighting or None
            What the paths of each severity weigh; all alike when empty.
        """
        drawing = turning(stress.acts)
        tallies: list[PathTally | WeightTally] = []
        for k, act in enumerate(stress.acts):
            solved = weighing[k // len(stress.scenarios)] if weighing else None
            if solved is not None:
                tallies.append(WeightTally(solved, act.severity, seed))
                continue
            tallies.append(
                PathTally(
                    act.scenario,
                    act.severity,
                    seed,
                    first,
                    assets=assets,
                    others=tuple(s for s in stress.scenarios if s is not act.scenario),
                    draws_curve=k in drawing,
                )
            )
        return cls(stress, tallies)

    def add(self, part: PathPart) -> None:
        """Take note of one part: every scenario of the paths at its severity."""
        self.n_paths += len(part)
        several = len(self.stress.scenarios)
        for k in range(len(self.stress.severities)):
            members = part.members(k)
            if len(members) == 0:
                continue
            mine = part if len(members) == len(part) else part.take(members)
            for tally in self.tallies[k * several : (k + 1) * several]:
                tally.add(mine, part.first + members)

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over the :meth:`state` of the part that follows."""
        self.n_paths += state["n_paths"]
        for tally, told in zip(self.tallies, state["acts"], strict=True):
            tally.merge(told)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`merge` takes, as JSON values."""
        return {"n_paths": self.n_paths, "acts": [tally.state() for tally in self.tallies]}

    def facts(self) -> dict[str, Any]:
        """Return what the only act came to; of several, each, and all assertions together."""
        told = [tally.facts() for tally in self.tallies]
        return together(self.stress, told, {"n_paths": self.n_paths})
