"""A scenario at one severity, that remembers what was asked of it and what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from riskgen.simulate.scenario import StressScenario


@dataclass(frozen=True)
class Dial:
    """Parameters of a scenario at one severity.

    Attributes
    ----------
    scenario : StressScenario
        What is dialled.
    severity : float
        In (0, 1].
    requested : dict of str to float
        What was asked for so far.
    omitted : list of str
        Parameters that the table has no column for or that are done in
        another way, with the reason.
    """

    scenario: StressScenario
    severity: float
    requested: dict[str, float] = field(default_factory=dict)
    omitted: list[str] = field(default_factory=list)

    def ask(self, name: str, default: float, data: float | None = None) -> float:
        """Return parameter ``name``, or ``default`` where the file does not set it."""
        if name not in self.scenario.parameters:
            return default
        value = self.scenario.value(name, self.severity, data)
        self.requested[name] = value
        return value

    def most(self, name: str, default: float) -> float:
        """Return the value that ``name`` has at severity 1."""
        parameter = self.scenario.parameters.get(name)
        return default if parameter is None else parameter.at1

    def leave_out(self, name: str, reason: str) -> None:
        """Say that ``name`` cannot be done on this table."""
        said = f"{name}: {reason}"
        if name in self.scenario.parameters and said not in self.omitted:
            self.requested.pop(name, None)
            self.omitted.append(said)

    def note(self, name: str, reason: str) -> None:
        """Say how ``name`` is done on this table; it stays asked for."""
        said = f"{name}: {reason}"
        if name in self.scenario.parameters and said not in self.omitted:
            self.omitted.append(said)

    def instead(self, name: str, other: str, value: float) -> None:
        """Say that ``name`` is done by another quantity, and how much of it is wanted."""
        self.requested.pop(name, None)
        self.requested[other] = value
