"""Real cases whose shapes are transplanted, and what must be said of it.

A shape is a real customer's: it is read from the source table when it is asked
for, as a real base is, and no run folder keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.errors import ScenarioError
from riskgen.simulate.mechanisms.accounts import Accounts, Flags
from riskgen.simulate.mechanisms.population import FEWEST_BEFORE
from riskgen.simulate.mechanisms.transplant.cases import find_cases
from riskgen.simulate.mechanisms.transplant.kinds import SMALL_CELL
from riskgen.simulate.mechanisms.transplant.shapes import Shapes

# Spread of what is planted around the shape, so that no number of a case comes out
# again: log standard deviations, and minutes either way [J].
AMOUNT_JITTER, GAP_JITTER, CLOCK_JITTER_MIN = 0.10, 0.20, 30.0


@dataclass(frozen=True, eq=False)
class Donors:
    """Cases of one label, as shapes.

    Attributes
    ----------
    shapes : Shapes
        One or more.
    n_left_out : int
        Cases whose owner has too little history to be compared with.
    typology : str or None
        Which cases were asked for; None for all of the label.
    """

    shapes: Shapes = field(repr=False)
    n_left_out: int = 0
    typology: str | None = None

    @classmethod
    def of(cls, events: Events, typology: str | None = None) -> Donors:
        """Return the cases of ``events``: the generator's partition, never another.

        Parameters
        ----------
        events : Events
            Real events with a label.
        typology : str or None
            Keep the cases that the table calls so, in a column named for it.

        Raises
        ------
        ScenarioError
            When there is no label, no case of it, or none that can be used.
        """
        if events.schema.label is None:
            raise ScenarioError(
                "A transplant needs real cases, but the table has no label. Name the label's "
                "column with --label and fit again, or take a scenario that edits (transform)."
            )
        if typology is not None:
            events = events.where(_of_typology(events, typology))
        accounts = Accounts.of(events)
        cases = find_cases(accounts)
        if len(cases) == 0:
            raise ScenarioError(_no_case(cases.n_left_out, typology))
        return cls(Shapes.of(accounts, cases), cases.n_left_out, typology)

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.shapes)

    def facts(self) -> dict[str, Any]:
        """Return what a file with these shapes in it says of itself, as JSON values."""
        return {
            "carries_real_shapes": True,
            "n_cases": len(self),
            "n_cases_left_out": self.n_left_out,
            "cases_of": self.typology or "all typologies",
            "jitter": {
                "amount_log_sd": AMOUNT_JITTER,
                "gap_log_sd": GAP_JITTER,
                "clock_minutes": CLOCK_JITTER_MIN,
            },
            "release": self.sentence(),
        }

    def sentence(self) -> str:
        """Say in words whose shapes these are and how far they may go."""
        n = len(self)
        carried = f"The output carries the shape{'s' * (n != 1)} of {n} real case{'s' * (n != 1)}"
        if n < SMALL_CELL:
            return f"{carried}, fewer than {SMALL_CELL}: personal data, refused beyond tier T0."
        return f"{carried}: personal data, not to leave tier T0 before an audit of this file."


def _of_typology(events: Events, typology: str) -> Flags:
    """Return the rows without a label and those that a typology column calls so."""
    usable = events.schema.with_role("channel", "context", "derived")
    column = next((c.name for c in usable if "typology" in c.name.lower()), None)
    if column is None:
        raise ScenarioError(
            f"The scenario asks for cases of '{typology}', but no modelled column of the table "
            "is named for a typology. Leave 'typology' out to take all cases of the label, or "
            "fit again with --keep COLUMN."
        )
    told = [None if text is None else _plain(text) for text in events.texts(column)]
    same = np.array([text == _plain(typology) for text in told], dtype=bool)
    return np.asarray(same | ~events.event_label())


def _plain(text: str) -> str:
    return text.strip().lower().replace(" ", "_").replace("-", "_")


def _no_case(n_left_out: int, typology: str | None) -> str:
    which = "labelled" if typology is None else f"labelled and called '{typology}'"
    if n_left_out:
        return (
            f"None of the {n_left_out} cases can be transplanted: their owners have fewer than "
            f"{FEWEST_BEFORE} unlabelled events before the case, or no money out in any. Give a "
            "longer history, or take a scenario that edits (transform)."
        )
    return (
        f"A transplant needs one real case at least, and no event of the generator's partition "
        f"is {which}. Take a scenario that edits (transform), which needs none."
    )
