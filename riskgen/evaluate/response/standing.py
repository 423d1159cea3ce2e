"""How one policy stands: what it prevents, how soon, and whom it hits.

Every number with its interval over the customers that it is reported on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.response.halves import Half
from riskgen.evaluate.response.replay import HOUR, Book, Replayed
from riskgen.evaluate.result import Estimate

Floats = NDArray[np.float64]

PER = 10_000.0


@dataclass(frozen=True, eq=False)
class Trial:
    """Customers replayed under all policies.

    Attributes
    ----------
    book : Book
        What was replayed.
    outcome : Replayed
        What came of it.
    half : tuple of Half
        The customers to choose on and to report on.
    exposure : ndarray of shape (n_entities,)
        Months in which each customer was there; for genuine ones.
    """

    book: Book
    outcome: Replayed
    half: tuple[Half, Half]
    exposure: Floats

    @property
    def lost(self) -> Floats:
        """Money of the fraud events of each customer."""
        return self.book.by_entity(np.where(self.book.fraud, self.book.money, 0.0))

    def prevented(self, side: int) -> Floats:
        """Return the share of the loss that each policy prevents in a half."""
        return self.half[side].shares(self.outcome.prevented, self.lost)

    def friction(self, side: int) -> Floats:
        """Return the genuine customers, of 10,000 in a month, that each policy hits in a half."""
        return PER * self.half[side].shares(self.outcome.hit_months, self.exposure)


@dataclass(frozen=True)
class Standing:
    """One policy, measured on the half that it was not chosen on.

    Attributes
    ----------
    policy, words : str
        Its name, and what it does.
    prevented : Estimate
        Share of the money of fraud events that was stopped.
    friction : Estimate
        Genuine customers, of 10,000 in a month, of whom an event was stopped, held or challenged.
    hit_events, held : Estimate
        Such events, and their money, of 10,000 customers in a month.
    stopped : Estimate
        Share of struck customers of whom a fraud event was stopped.
    hours, passed : Estimate
        Median hours, and fraud events, from the first fraud event to the first that was
        stopped; inf hours where not half of them were.
    chosen_on : dict of str to float
        ``prevented`` and ``friction`` on the half that it was chosen on.
    """

    policy: str
    words: str
    prevented: Estimate
    friction: Estimate
    hit_events: Estimate
    held: Estimate
    stopped: Estimate
    hours: Estimate
    passed: Estimate
    chosen_on: dict[str, float]

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values; what is not finite becomes null."""
        return {name: plain(value) for name, value in asdict(self).items()}


def standing(name: str, words: str, place: int, struck: Trial, genuine: Trial) -> Standing:
    """Return how policy number ``place`` stands.

    Parameters
    ----------
    name, words : str
        What it is called, and what it does.
    place : int
        Its row in both trials.
    struck, genuine : Trial
        Customers under a scenario, and real ones.
    """
    half, real = struck.half[1], genuine.half[1]
    stopped_at = struck.outcome.stopped_at[place]
    ones = np.ones(struck.book.n_entities)
    return Standing(
        name,
        words,
        half.estimate(struck.outcome.prevented[place], struck.lost),
        real.estimate(genuine.outcome.hit_months[place], genuine.exposure, PER),
        real.estimate(genuine.outcome.hit_events[place], genuine.exposure, PER),
        real.estimate(genuine.outcome.held[place], genuine.exposure, PER),
        half.estimate(np.isfinite(stopped_at).astype(np.float64), ones),
        half.median((stopped_at - first_fraud(struck.book)) / HOUR),
        half.median(struck.outcome.passed[place]),
        {
            "prevented": float(struck.prevented(0)[place]),
            "friction": float(genuine.friction(0)[place]),
        },
    )


def first_fraud(book: Book) -> Floats:
    """Return when the first fraud event of each customer is; inf where there is none."""
    first = np.full(book.n_entities, np.inf)
    np.minimum.at(first, book.owner[book.fraud], book.seconds[book.fraud])
    return first


def plain(item: Any) -> Any:
    """Return JSON values: what is not a finite number becomes null."""
    if isinstance(item, dict):
        return {str(name): plain(value) for name, value in item.items()}
    if isinstance(item, list | tuple):
        return [plain(value) for value in item]
    if isinstance(item, float):
        return item if np.isfinite(item) else None
    return item
