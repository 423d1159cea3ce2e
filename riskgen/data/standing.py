"""Whether what is paid again can be paid: earlier amounts against what is held.

The twin of :class:`riskgen.data.account.Account` for the field that says which
earlier amount comes back. Implements :class:`riskgen.data.panel.Steering`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.account import HEAD, Account, Signals
from riskgen.data.panel import Floats, SequencePanel


@dataclass(frozen=True, eq=False)
class StandingAmounts:
    """An account's earlier amounts, each weighed by what would be left.

    Attributes
    ----------
    account : Account
        Whose amounts come back.
    """

    account: Account = field(repr=False)

    @property
    def n_features(self) -> int:
        """Number of features: the account tells them already."""
        return 0

    @property
    def steers(self) -> str:
        """Name of the field whose levels are weighed."""
        return self.account.amount.fields[0].name

    @property
    def n_signals(self) -> int:
        """Signals for each level."""
        return self.account.n_signals

    @property
    def prior(self) -> tuple[float, ...]:
        """Weights that training starts from."""
        return self.account.prior

    @property
    def keeper(self) -> Account:
        """The tracker whose state this one reads."""
        return self.account

    def start(self, context: Floats) -> Floats:
        """Return the account's state before the first event."""
        return self.account.start(context)

    def advance(self, state: Floats, values: Floats) -> Floats:
        """Return the account's state after events with ``values`` (n, n_fields)."""
        return self.account.advance(state, values)

    def features(self, state: Floats) -> Floats:
        """Return nothing, shape (n, 0)."""
        return np.zeros((len(state), 0))

    def features_of(self, panel: SequencePanel) -> Floats:
        """Return nothing, shape (n_events, 0)."""
        return np.zeros((len(panel.values), 0))

    def known(self, state: Floats) -> Floats:
        """Return the whole state: balance and earlier amounts."""
        return state

    def known_of(self, panel: SequencePanel) -> Floats:
        """Return the state before each event of a panel."""
        width = self.account.start(panel.context[:0]).shape[1]
        return self.account.states_of(panel, width)

    def signals(self, known: Floats, values: Floats) -> Signals:
        """Return what would be left for each level, shape (n, n_signals, n_levels)."""
        # An amount that is new, or not there, moves nothing and so says nothing.
        return self.account.left(known[:, :HEAD], self.account.ranked(known, values))
