"""Which level of a column says that an authorisation was declined."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Ints
from riskgen.simulate.roles import player


@dataclass(frozen=True, eq=False)
class Approvals:
    """Answers to authorisations.

    Attributes
    ----------
    column : str
        The column that means ``approval``.
    approved, declined : str
        Its most common level, and the most common of the others: most
        authorisations go through [J].
    refused : ndarray of shape (n_events,), bool
        Events that were not approved.
    """

    column: str
    approved: str
    declined: str
    refused: Flags = field(repr=False)

    @classmethod
    def of(cls, accounts: Accounts) -> Approvals | None:
        """Read the answers; None where no column has two of them."""
        schema = accounts.events.schema
        name = player("approval", schema)
        if name is None or schema.channel(name).role != "channel":
            return None
        codes, levels = accounts.events.codes(name)
        counts: Ints = np.bincount(codes[codes >= 0], minlength=len(levels))
        if len(levels) < 2:
            return None
        approved, declined = np.argsort(-counts, kind="stable")[:2].tolist()
        return cls(name, levels[approved], levels[declined], (codes >= 0) & (codes != approved))
