"""Which indicator of a customer warns how long before half of the money is gone.

Every indicator is set to the same rate of false alarms on one half of the genuine
customers and reported on the other. Knows events, not scenarios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features import event_features
from riskgen.evaluate.response.measures import Sight
from riskgen.evaluate.response.replay import HOUR, Book
from riskgen.evaluate.response.scene import CHANCE, Scene, drawn_values
from riskgen.evaluate.response.standing import PER, first_fraud, plain
from riskgen.evaluate.result import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHOWN = 8  # indicators that are told, the earliest first [J]
HALF = 0.5  # of the money gone: the moment before which a warning must come [J]


@dataclass(frozen=True)
class Warned:
    """One indicator, measured on the half that it was not set and chosen on.

    Attributes
    ----------
    indicator : str
        Name of the feature, and on which side of a level it warns.
    lead_h : Estimate
        Mean hours before half of the money is gone; 0 where it did not warn by then.
    warned : Estimate
        Share of struck customers of whom it warned before that moment.
    left : Estimate
        Share of the fraud's money that was yet to go, the event that warned included.
    false_alarms : Estimate
        Genuine customers, of 10,000 in a month, of whom it warned.
    beyond_chance : Estimate or None
        Hours of lead more than an indicator of noise; None for the noise itself.
    """

    indicator: str
    lead_h: Estimate
    warned: Estimate
    left: Estimate
    false_alarms: Estimate
    beyond_chance: Estimate | None = None

    @property
    def beats_chance(self) -> bool:
        """Whether the whole interval of its lead over noise is above 0."""
        gain = self.beyond_chance
        return gain is not None and gain.lower is not None and gain.lower > 0

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        told = {name: plain(value) for name, value in asdict(self).items()}
        return told | {"beats_chance": self.beats_chance}


@dataclass(frozen=True, eq=False)
class Lookout:
    """All indicators, set on the genuine customers of the first half.

    Attributes
    ----------
    scene : Scene
        The customers.
    names : list of str
        Indicators, each on either side; noise last.
    level : ndarray of shape (n_indicators,)
        Above it an indicator warns.
    false_alarms : ndarray of shape (n_indicators, n_entities)
        Months in which it warned of each genuine customer.
    exposure : ndarray of shape (n_entities,)
        Months in which each was there.
    """

    scene: Scene
    names: list[str]
    level: Floats = field(repr=False)
    false_alarms: Floats = field(repr=False)
    exposure: Floats = field(repr=False)

    @classmethod
    def of(cls, scene: Scene, rate: float) -> Lookout:
        """Set every indicator to ``rate`` false alarms for 10,000 customers in a month."""
        events, periods = scene.base, scene.periods
        everyone = np.arange(events.n_entities)
        names, values = _indicators(scene, events, everyone)
        period = periods.of_seconds(events.seconds())
        inside = period >= 0
        cell = events.owner * periods.count + period
        highest = np.full((len(names), events.n_entities * periods.count), -np.inf)
        for row, seen in zip(highest, values, strict=True):
            np.maximum.at(row, cell[inside], seen[inside])
        exposure = periods.exposure(events)
        half = scene.half[0].members
        allowed = int(rate / PER * exposure[half].sum() / periods.months)
        owner = np.repeat(everyone, periods.count)
        ordered = -np.sort(-highest[:, half[owner]], axis=1)
        level = ordered[:, min(allowed, ordered.shape[1] - 1)]
        months = (highest > level[:, None]).reshape(len(names), -1, periods.count).sum(axis=2)
        return cls(scene, names, level, months.astype(np.float64), exposure)

    def watch(self, events: Events, who: Ints, book: Book) -> list[Warned]:
        """Return the indicators that warn earliest of struck customers, and noise, last.

        Parameters
        ----------
        events : Events
            Struck customers only.
        who : ndarray of shape (n_struck,), int64
            Their places in the scene.
        book : Book
            The same, with the frauds marked.
        """
        _, values = _indicators(self.scene, events, who)
        reference = _reference(book)
        lead = np.empty((len(values), len(who)))
        left = np.empty_like(lead)
        for place, seen in enumerate(values):
            alarm = _first_alarm(book, seen > self.level[place])
            lead[place] = np.maximum(reference - alarm, 0.0) / HOUR
            left[place] = _left(book, alarm)
        chosen = self.scene.half[0].take(who).members.astype(np.float64)
        order = np.lexsort((-(left[:-1] @ chosen), -(lead[:-1] @ chosen)))
        best = _once(order, self.names, lead)[:SHOWN]
        noise = len(values) - 1
        return [self._told(place, who, lead, left, noise) for place in [*best, noise]]

    def _told(self, place: int, who: Ints, lead: Floats, left: Floats, noise: int) -> Warned:
        half, real = self.scene.half[1].take(who), self.scene.half[1]
        ones = np.ones(len(who))
        gain = None
        if place != noise:
            gain = half.estimate(lead[place] - lead[noise], ones)
        return Warned(
            self.names[place],
            half.estimate(lead[place], ones),
            half.estimate((lead[place] > 0).astype(np.float64), ones),
            half.estimate(left[place], ones),
            real.estimate(self.false_alarms[place], self.exposure, PER),
            gain,
        )


def _indicators(scene: Scene, events: Events, who: Ints) -> tuple[list[str], list[Floats]]:
    """Return the name and the values (n_events,) of each indicator, either side, noise last."""
    # Levels of categories are no amount of anything.
    features, names = event_features(events)
    columns = [features[:, place].astype(np.float64) for place in range(len(names))]
    if scene.score is not None:
        names, columns = [*names, "detector's score"], [*columns, scene.score(events)]
    told, values = list[str](), list[Floats]()
    for name, column in zip(names, columns, strict=True):
        for side, sign in (("high", 1.0), ("low", -1.0)):
            told.append(f"{name}, {side}")
            values.append(np.where(np.isnan(column), -np.inf, sign * column))
    noise = drawn_values(Sight.of(events, None), scene.luck[who, 2])
    return [*told, CHANCE.id], [*values, noise]


def _once(order: Ints, names: Sequence[str], lead: Floats) -> list[int]:
    """Keep the better side of each indicator, and one of those that warn at the same moments."""
    kept: dict[str, int] = {}
    moments = set[bytes]()
    for place in order.tolist():
        name, moment = names[place].rsplit(", ", 1)[0], lead[place].tobytes()
        if name not in kept and moment not in moments:
            kept[name] = place
            moments.add(moment)
    return list(kept.values())


def _reference(book: Book) -> Floats:
    """Return when half of each customer's fraud money is gone."""
    taken = np.where(book.fraud, book.money, 0.0)
    owner, total = book.owner, book.by_entity(taken)
    before = np.concatenate([[0.0], np.cumsum(taken)])
    running = before[1:] - before[book.offsets[:-1]][owner]
    reached = book.fraud & (running >= HALF * total[owner] - 1e-6)
    moment = np.full(book.n_entities, np.inf)
    np.minimum.at(moment, owner[reached], book.seconds[reached])
    return moment


def _first_alarm(book: Book, warns: NDArray[np.bool_]) -> Floats:
    """Return when an indicator first warns of each customer from its first fraud event on."""
    rows = np.flatnonzero(warns & (book.seconds >= first_fraud(book)[book.owner]))
    moment = np.full(book.n_entities, np.inf)
    np.minimum.at(moment, book.owner[rows], book.seconds[rows])
    return moment


def _left(book: Book, alarm: Floats) -> Floats:
    """Return the share of each customer's fraud money that goes at the alarm or later."""
    taken = np.where(book.fraud, book.money, 0.0)
    later = np.where(book.seconds >= alarm[book.owner], taken, 0.0)
    total = book.by_entity(taken)
    return np.asarray(book.by_entity(later) / np.where(total > 0, total, 1.0))
