"""What a response looks at: one number for each event, from it and the past only.

A response acts where its number lies above a level. Attempts count, whether they were
let through or not: otherwise whoever is stopped would look calm at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.errors import NotApplicable, ScenarioError
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.response.plan import Response
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.roles import player

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Scores = Callable[[Events], Floats]

# Events before anything can be new to a customer [J], as for the share of new payees in
# the scenarios: everything is new at first.
SETTLED = 5
HOUR = 3600.0
NEVER = -np.inf


@dataclass(frozen=True, eq=False)
class Sight:
    """Events as responses see them.

    Attributes
    ----------
    events : Events
        Whole histories.
    accounts : Accounts
        The same as money in and out.
    line : Timeline
        The same as running quantities.
    score : callable or None
        Log-odds of each event; None where no detector could be trained.
    """

    events: Events
    accounts: Accounts = field(repr=False)
    line: Timeline = field(repr=False)
    score: Scores | None = field(repr=False)

    @classmethod
    def of(cls, events: Events, score: Scores | None) -> Sight:
        """Look at events; NotApplicable when no column means an amount."""
        try:
            accounts = Accounts.of(events)
        except ScenarioError as error:
            raise NotApplicable(str(error)) from error
        return cls(events, accounts, Timeline(events.offsets, events.seconds()), score)

    def money(self, direction: str) -> Floats:
        """Return what each event moved that way, in the table's unit; 0 if the other way."""
        ways = {"out": self.accounts.spent, "in": self.accounts.received}
        units = ways.get(direction, self.accounts.moved)
        return np.asarray(units / self._unit)

    @property
    def _unit(self) -> float:
        return float(10.0**self.accounts.decimals)

    def measure(self, response: Response) -> Floats:
        """Return the number that ``response`` looks at, shape (n_events,).

        -inf where it can never act.

        Raises
        ------
        NotApplicable
            When the table has no column for it, or there is no detector.
        """
        if response.kind in ("step_up", "alert"):
            return self._scores()
        money = self.money(response.direction)
        if response.kind == "velocity_cap":
            return self._velocity(response, money)
        if response.kind == "amount_cap":
            value = money if response.of == "amount" else self._to_usual(money)
            return np.where(money > 0, value, NEVER)
        wanted = self._new(response) if response.kind == "hold_new" else self._country(response)
        return np.where(wanted & (money > 0), money, NEVER)

    def _scores(self) -> Floats:
        if self.score is None:
            raise NotApplicable("no detector could be trained: too few labelled events")
        return self.score(self.events)

    def _velocity(self, response: Response, money: Floats) -> Floats:
        assert response.window_h is not None
        moved = (money > 0).astype(np.float64)
        # Whole units add up exactly: a later event must not change a rounding.
        added = moved if response.of == "count" else np.rint(money * self._unit)
        total = self.line.sum_since(added, self.line.window_first(response.window_h * HOUR))
        total = total if response.of == "count" else total / self._unit
        # Money that goes the other way breaks no cap.
        return np.where(money > 0, total, NEVER)

    def _to_usual(self, money: Floats) -> Floats:
        """Return money by the median of the customer's own amounts just before."""
        moved = np.flatnonzero(money > 0)
        counts = np.bincount(self.line.owner[moved], minlength=self.events.n_entities)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        line = Timeline(offsets, self.line.seconds[moved])
        usual = line.recent_median(money[moved])
        known = (line.position >= SETTLED) & (usual > 0)
        value = np.full(len(money), NEVER)
        value[moved[known]] = money[moved[known]] / usual[known]
        return value

    def _new(self, response: Response) -> Flags:
        names = payee_columns(self.events) if response.role == "payee" else []
        if response.role != "payee":
            name = player(response.role, self.events.schema)
            names = [] if name is None else [name]
        if not names:
            raise NotApplicable(f"no column plays the role '{response.role}'")
        new = np.zeros(self.events.n_events, dtype=bool)
        for name in names:
            new |= self._first_use(name)
        return new

    def _country(self, response: Response) -> Flags:
        name = player("country", self.events.schema)
        if name is None:
            raise NotApplicable("no column plays the role 'country'")
        if not response.countries:
            return self._first_use(name)
        codes, levels = self.events.codes(name)
        listed = np.array([level in response.countries for level in levels] + [False])
        return np.asarray(listed[codes])

    def _first_use(self, name: str) -> Flags:
        codes, _ = self.events.codes(name)
        fresh = (self.line.times_before(codes) == 0) & (codes >= 0)
        return np.asarray(fresh & (self.line.position >= SETTLED))


def payee_columns(events: Events) -> list[str]:
    """Return the columns that say who is paid: merchant and counterparty, else the category."""
    schema = events.schema
    found = [schema.meaning(meaning) for meaning in ("merchant", "counterparty")]
    names = [channel.name for channel in found if channel is not None]
    category = schema.meaning("category")
    return names or ([] if category is None else [category.name])
