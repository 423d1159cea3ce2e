"""Which scenarios are rehearsed, how severely and with how many alerts a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from riskgen.data.split import Split
from riskgen.errors import NotApplicable, RiskgenError, ScenarioError
from riskgen.evaluate.rehearsals.cases import Cases, Ground
from riskgen.evaluate.utility.plan import BUDGETS
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.roles import with_meanings
from riskgen.simulate.scenario import StressScenario, parse_scenario
from riskgen.stages.handover import Handover

ALL = "all"
SEVERITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class RehearsalPlan:
    """What customers are to suffer.

    Attributes
    ----------
    scenarios : tuple of StressScenario
    texts : dict of str to str
        What the file of each scenario says, by its id.
    severities : tuple of float
        Increasing, without 0.
    budget : float
        Share of the day's active customers that is alerted.
    seed : int
    named : bool
        Whether the user named each scenario: one that does not fit is then an error.
    """

    scenarios: tuple[StressScenario, ...] = field(repr=False)
    texts: dict[str, str] = field(repr=False)
    severities: tuple[float, ...]
    budget: float
    seed: int
    named: bool

    @classmethod
    def of(
        cls, stress: Sequence[str], severities: Sequence[float], budget: float | None, seed: int
    ) -> RehearsalPlan:
        """Read the named scenarios, or with ``all`` those for transactions that there are.

        Raises
        ------
        RiskgenError
            When nothing can happen, or a scenario is unknown or for prices.
        """
        above = tuple(severity for severity in severities if severity > 0)
        if not above:
            raise RiskgenError("At severity 0 nothing happens. Give one above 0.")
        names = _names(stress)
        found = [catalogue.load(name) for name in names]
        _refuse_market(found)
        texts = {
            scenario.id: catalogue.text(name) for scenario, name in zip(found, names, strict=True)
        }
        if len(texts) < len(names):
            raise RiskgenError("A scenario was given twice. Give each once.")
        alerts = BUDGETS["event"] if budget is None else budget
        return cls(tuple(found), texts, above, alerts, seed, ALL not in stress)

    @classmethod
    def of_handover(cls, handover: Handover, stress: Sequence[str]) -> RehearsalPlan:
        """Take up what was exported, or the named part of it.

        Raises
        ------
        RiskgenError
            When a named scenario was not exported.
        """
        every = stress in ((), (ALL,))
        for name in () if every else stress:
            if name not in handover.scenarios:
                known = ", ".join(handover.scenarios) or "none"
                raise RiskgenError(
                    f"'{name}' is not in export {handover.mark}, which holds: {known}."
                )
        texts = {name: text for name, text in handover.scenarios.items() if every or name in stress}
        found = tuple(parse_scenario(text, name) for name, text in texts.items())
        settings = (handover.severities, handover.budget, handover.seed)
        return cls(found, texts, *settings, named=True)

    @classmethod
    def nothing(cls, budget: float | None, seed: int, *, level: str | None) -> RehearsalPlan:
        """Return the plan of an export of real histories alone."""
        alerts = BUDGETS[level or "event"] if budget is None else budget
        return cls((), {}, (), alerts, seed, named=False)

    @property
    def ids(self) -> list[str]:
        """Names of the scenarios."""
        return [scenario.id for scenario in self.scenarios]

    def ground(self, split: Split) -> Ground:
        """Return who suffers; raises NotApplicable as :meth:`Ground.of`."""
        return Ground.of(split, budget=self.budget, seed=self.seed)

    def rehearsed(
        self, split: Split, ground: Ground
    ) -> Iterator[tuple[StressScenario, Cases | None, str]]:
        """Yield each scenario with its cases; None and the reason where it does not fit.

        Raises
        ------
        ScenarioError, NotApplicable
            When one does not fit that the user named.
        """
        for scenario in self.scenarios:
            try:
                donors = donors_of(split, scenario)
                severities = self.severities
                cases = Cases.of(ground, scenario, severities=severities, donors=donors)
            except (ScenarioError, NotApplicable) as reason:
                if self.named:
                    raise
                yield scenario, None, str(reason)
            else:
                yield scenario, cases, ""


def donors_of(split: Split, scenario: StressScenario) -> Donors | None:
    """Return the known cases of a transplant: those that a detector learns from."""
    if scenario.mechanism != "transplant":
        return None
    return Donors.of(with_meanings(split.generator, scenario.columns), scenario.typology)


def _names(stress: Sequence[str]) -> list[str]:
    if not stress:
        raise RiskgenError("Which scenario? Name it with --stress, or say --stress all.")
    if ALL not in stress:
        return list(stress)
    if len(stress) > 1:
        raise RiskgenError("--stress all is every scenario already. Leave the others out.")
    known = dict.fromkeys([*catalogue.names(), *catalogue.own_names()])
    return [name for name in known if _is_for_transactions(name)]


def _is_for_transactions(name: str) -> bool:
    try:
        return catalogue.load(name).domain == "transactions"
    except ScenarioError:  # a composition, or a file of the user's that is not finished
        return False


def _refuse_market(scenarios: Sequence[StressScenario]) -> None:
    if any(scenario.domain != "transactions" for scenario in scenarios):
        raise RiskgenError(
            "A breaking point is that of a fraud detector: it needs a run of transactions and a "
            "scenario for them. For prices see riskgen simulate --loss-at-least."
        )
