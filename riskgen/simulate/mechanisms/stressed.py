"""Do to events what a scenario says, and remember what really came of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from riskgen.data.events import Events
from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Burst
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.frauds import (
    account_takeover,
    app_scam,
    bust_out,
    card_testing,
    merchant_collusion,
    mule,
    structuring,
    synthetic_identity,
)
from riskgen.simulate.mechanisms.population import Chosen, choose, eligible_rows
from riskgen.simulate.mechanisms.posting import Posting, post
from riskgen.simulate.mechanisms.rings import Ringed, choose_rings
from riskgen.simulate.mechanisms.sums import counts
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.mechanisms.transplant.graft import Transplant
from riskgen.simulate.roles import roles_of, with_meanings
from riskgen.simulate.scenario import StressScenario


class Mechanism(Protocol):
    """What plans events and says how they went: a module of a typology, or a transplant."""

    @property
    def PARAMETERS(self) -> frozenset[str]:
        """Parameters that a file may set."""

    @property
    def WIDTH(self) -> int:
        """Uniform numbers for each chosen entity."""

    def plan(self, accounts: Accounts, dial: Dial, chosen: Any) -> Any:
        """Return a plan that has a ``burst``; ``chosen`` are entities, or rings of them."""

    def measure(self, plan: Any, units: Ints) -> dict[str, Floats]:
        """Return what each chosen entity really got, by parameter and statistic.

        ``units`` of shape (m,) were posted of each event, 0 for nothing; arrays of
        shape (k,) come back, ``n_inserted`` among them, NaN where there are no such events.
        """


TYPOLOGIES: dict[str, Mechanism] = {
    "account_takeover": account_takeover,
    "app_scam": app_scam,
    "bust_out": bust_out,
    "card_testing": card_testing,
    "merchant_collusion": merchant_collusion,
    "mule": mule,
    "structuring": structuring,
    "synthetic_identity": synthetic_identity,
}
# Ratios to something that may be tiny are summed up by their median.
_BY_MEDIAN = frozenset(
    {"amount_scale", "cash_out_scale", "drain_ratio", "utilisation", "inflow_scale"}
    | {"in_out_lag_h", "amount_ratio"}
)


@dataclass(frozen=True, eq=False)
class Stressed:
    """Events under a scenario.

    Attributes
    ----------
    events : Events
        The table after it; the base itself at severity 0.
    touched : ndarray of shape (n_entities,), bool
        Entities to which it happened.
    affected : ndarray of shape (n_events,), bool
        Inserted rows of ``events``.
    omitted : list of str
        Parameters that the table has no column for, with the reason.
    requested : dict of str to float
        What was asked for.
    by_entity : dict of str to ndarray of shape (n_touched,)
        What each touched entity got; NaN where it got no such thing.
    n_declined : int
        Events of owners that could no longer be paid for, and left the table.
    """

    events: Events
    touched: Flags = field(repr=False)
    affected: Flags = field(repr=False)
    omitted: list[str]
    requested: dict[str, float]
    by_entity: dict[str, Floats] = field(repr=False)
    n_declined: int = 0

    @property
    def achieved(self) -> dict[str, float]:
        """What was reached of each request, over the touched entities."""
        return achieved(self.requested, self.by_entity)

    def take(self, base: Events, entities: Ints) -> Stressed:
        """Return the named entities, in increasing order; ``base`` is what was stressed."""
        kept = np.zeros(len(self.touched), dtype=bool)
        kept[entities] = True
        affected = self.affected[kept[self.events.owner]]
        events = self.events.take(entities)
        chosen = kept[np.flatnonzero(self.touched)]
        by_entity = {name: values[chosen] for name, values in self.by_entity.items()}
        gone = int(base.lengths[entities].sum() + affected.sum()) - events.n_events
        return replace(
            self,
            events=events,
            touched=self.touched[entities],
            affected=affected,
            by_entity=by_entity,
            # What the base has and the stressed table has not, inserted rows aside.
            n_declined=gone - int(by_entity.get("n_removed", np.zeros(0)).sum()),
        )


def achieved(requested: dict[str, float], by_entity: dict[str, Floats]) -> dict[str, float]:
    """Sum up ``by_entity`` for every request that it measures; ratios by their median."""
    result = {}
    for name in requested:
        values = by_entity.get(name, np.zeros(0))
        values = values[np.isfinite(values)]
        if len(values):
            middle = np.median(values) if name in _BY_MEDIAN else np.mean(values)
            result[name] = float(middle)
    return result


def stress_events(
    events: Events,
    scenario: StressScenario,
    *,
    severity: float,
    seed: int,
    share: float | None = None,
    first: int = 0,
    donors: Donors | None = None,
) -> Stressed:
    """Apply a transactions scenario to events.

    Parameters
    ----------
    events : Events
        Real or simulated sequences.
    scenario : StressScenario
        What goes wrong; domain ``transactions``, mechanism ``transform`` or ``transplant``.
    severity : float
        How badly, 0 (nothing) to 1 (the file's maximum).
    seed : int
        Same seed, same result; who is touched does not depend on severity.
    share : float or None
        Share of eligible entities to touch in place of the file's.
    first : int
        Position of the first entity in the whole simulation, for parts.
    donors : Donors or None
        Real cases that a transplant works from.

    Returns
    -------
    Stressed

    Raises
    ------
    ScenarioError
        When the scenario is of another domain or mechanism, sets a parameter
        that its typology does not have, the table has no amount or has months
        for its finest time, or a transplant has no donors.
    """
    mechanism = mechanism_of(scenario, severity, donors)
    roles_of(scenario, events.schema)
    _refuse_months(events, scenario)
    accounts = Accounts.of(with_meanings(events, scenario.columns))
    nobody = np.zeros(events.n_entities, dtype=bool)
    if severity == 0.0 or events.n_events == 0:
        return Stressed(events, nobody, np.zeros(events.n_events, dtype=bool), [], {}, {})
    population = scenario.population
    assert population is not None
    dial = Dial(scenario, severity)
    rows, left_out = eligible_rows(accounts, population.where)
    if hasattr(mechanism, "narrow"):
        rows = mechanism.narrow(accounts, dial, rows)
    portion = population.share if share is None else share
    chosen = _choose(mechanism, accounts, dial, rows, portion, seed=seed, first=first)
    plan = mechanism.plan(accounts, dial, chosen)
    posting = post(accounts, plan.burst, label=True)
    omitted = [*left_out, *dial.omitted, *_label_left_out(events)]
    measured = mechanism.measure(plan, posting.units)
    removed = accounts.events.owner[plan.burst.edits.removed]
    measured["n_removed"] = counts(removed, events.n_entities)[chosen.entity]
    if isinstance(chosen, Ringed):
        measured["ring"] = chosen.number.astype(np.float64)
    # Nothing could be taken from an account that was empty by then.
    happened = (measured["n_inserted"] > 0) | (measured["n_removed"] > 0)
    measured = {name: values[happened] for name, values in measured.items()}
    touched = nobody.copy()
    touched[chosen.entity[happened]] = True
    measured["n_after"] = _events_after(posting, plan.burst)[touched]
    return _stressed(posting, touched, omitted, dial, measured)


def _choose(
    mechanism: Mechanism,
    accounts: Accounts,
    dial: Dial,
    rows: Flags,
    share: float,
    *,
    seed: int,
    first: int,
) -> Chosen:
    """Choose single entities, or whole rings where the typology has a plot."""
    name, width = dial.scenario.id, mechanism.WIDTH
    lot = {"seed": seed, "first": first, "width": width}
    if not hasattr(mechanism, "plot"):
        return choose(accounts, rows, share, name=name, **lot)
    ringed: Any = mechanism
    plot, common = ringed.plot(accounts, dial), ringed.COMMON
    return choose_rings(accounts, rows, share, plot, name=name, common=common, **lot)


def _events_after(posting: Posting, burst: Burst) -> Floats:
    """Return how many events of each entity are later than all that was planned for it."""
    events = posting.events
    latest = np.full(events.n_entities, np.inf)
    latest[burst.entity] = burst.seconds  # sorted by time: the last one stays
    owner = events.owner
    return counts(owner[events.seconds() > latest[owner]], events.n_entities)


def _stressed(
    posting: Posting, touched: Flags, omitted: list[str], dial: Dial, measured: dict[str, Floats]
) -> Stressed:
    declined = len(posting.declined)
    parts = (posting.events, touched, posting.affected, omitted, dial.requested, measured)
    return Stressed(*parts, n_declined=declined)


def _label_left_out(events: Events) -> list[str]:
    if events.schema.label_level == "event":
        return []
    reason = "one label for the entity" if events.schema.label else "no label"
    return [f"label: the table has {reason}; no event was marked"]


def _refuse_months(events: Events, scenario: StressScenario) -> None:
    if events.schema.resolution == "month":
        raise ScenarioError(
            f"Scenario '{scenario.id}' happens within hours, but the table has one row a month: "
            "it could not show it. Use a table of single transactions."
        )


def mechanism_of(scenario: StressScenario, severity: float, donors: Donors | None) -> Mechanism:
    """Return what does a scenario; raises as :func:`stress_events`."""
    if scenario.domain != "transactions":
        raise ScenarioError(
            f"Scenario '{scenario.id}' is for {scenario.domain} data, but these are transactions."
        )
    if not 0.0 <= severity <= 1.0:
        raise ScenarioError(f"Severity {severity} is not between 0 and 1.")
    found = _transplant(scenario, donors) if scenario.mechanism == "transplant" else None
    if scenario.mechanism == "transform" and scenario.typology in TYPOLOGIES:
        found = TYPOLOGIES[scenario.typology]
    if found is None:
        raise ScenarioError(
            f"Scenario '{scenario.id}' asks for {scenario.mechanism} of {scenario.typology}. "
            f"Built so far: transplant, and transform of {', '.join(sorted(TYPOLOGIES))}."
        )
    unknown = sorted(set(scenario.parameters) - found.PARAMETERS)
    if unknown:
        raise ScenarioError(unknown_name("parameter", unknown[0], sorted(found.PARAMETERS)))
    return found


def _transplant(scenario: StressScenario, donors: Donors | None) -> Mechanism:
    if donors is None:
        raise ScenarioError(
            f"Scenario '{scenario.id}' transplants real cases, and this step was given none. "
            "'riskgen simulate' reads them from the table; in Python pass donors=Donors.of(events)."
        )
    return Transplant(donors)
