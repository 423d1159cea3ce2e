"""Generators with known answers: what a measure must say of them is known beforehand.

They draw from real entities and stand in for a fitted generator, so that every
verdict can be tried on them (PROTOCOL 0.3). They know raw events only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events, concatenate
from riskgen.errors import NotApplicable
from riskgen.seeding import stream


@dataclass(frozen=True, eq=False)
class RealHoldout:
    """Returns real entities: the best that any generator can do."""

    events: Events

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return ``n`` entities, each as often as any other."""
        return drawn(self.events, n, stream(seed, "real holdout"), label)


@dataclass(frozen=True, eq=False)
class Copycat:
    """Returns members with probability ``p`` and strangers otherwise: it leaks.

    Attributes
    ----------
    members, strangers : Events
        Entities that the generator was fitted to, and others of the same window.
    p : float
        Share of members among what is drawn, 0 to 1.
    """

    members: Events
    strangers: Events
    p: float

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return ``n`` entities, a share ``p`` of them copies, in random order."""
        rng = stream(seed, "copycat")
        copies = int(rng.binomial(n, self.p))
        parts = [
            drawn(source, count, rng, label)
            for source, count in ((self.members, copies), (self.strangers, n - copies))
            if count > 0
        ]
        return concatenate(parts).take(rng.permutation(n), renew=True)


@dataclass(frozen=True, eq=False)
class IndepMarginals:
    """Shuffles every column across all events: marginals stay, all else goes."""

    events: Events

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return ``n`` entities of the right lengths, made of unrelated values."""
        rng, frame = stream(seed, "independent marginals"), self.events.frame
        schema = self.events.schema
        for channel in schema.channels:
            if channel.name != schema.entity:
                shuffled = frame[channel.name][rng.permutation(self.events.n_events)]
                frame = frame.with_columns(shuffled.alias(channel.name))
        shuffled_events = Events(schema, frame, self.events.offsets)
        return drawn(in_time_order(shuffled_events, shuffled_events.owner), n, rng, label)


@dataclass(frozen=True, eq=False)
class IIDRows:
    """Hands every row to a random entity: rows stay whole, customers do not."""

    events: Events

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return ``n`` entities made of rows of many customers."""
        rng = stream(seed, "independent rows")
        owner = rng.integers(self.events.n_entities, size=self.events.n_events)
        return drawn(in_time_order(self.events, owner), n, rng, label)


@dataclass(frozen=True, eq=False)
class Jitter:
    """Returns real entities with noise on amounts and times: the placebo arm.

    Attributes
    ----------
    sigma : float
        Standard deviation of the log of the factor that every amount and every
        gap is multiplied by; 0 copies.
    """

    events: Events
    sigma: float

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return ``n`` noisy copies of entities."""
        rng = stream(seed, "jitter")
        base = drawn(self.events, n, rng, label)
        if self.sigma == 0.0:
            return base
        everyone = np.arange(base.n_events)
        changes = {base.schema.time: (everyone, _stretched(base, self.sigma, rng))}
        for channel in base.schema.with_role("channel"):
            if channel.kind in ("amount", "number"):
                changes[channel.name] = _noisy(base, channel.name, self.sigma, rng)
        return base.edit(everyone, changes)


def drawn(events: Events, n: int, rng: np.random.Generator, label: int | None) -> Events:
    """Return ``n`` entities with fresh keys; none twice before all were drawn once.

    Raises
    ------
    NotApplicable
        When no entity has the wanted label.
    """
    pool = np.arange(events.n_entities)
    if label is not None:
        pool = np.flatnonzero(events.entity_label() == bool(label))
    if len(pool) == 0:
        raise NotApplicable(f"No entity has label {label}; nothing can be drawn.")
    rounds = [rng.permutation(pool) for _ in range(-(-n // len(pool)))]
    return events.take(np.concatenate(rounds)[:n], renew=True)


def in_time_order(events: Events, owner: NDArray[np.int64]) -> Events:
    """Return the rows regrouped by ``owner`` (shape (n_events,)), each in time order."""
    order = np.lexsort((np.arange(events.n_events), events.seconds(), owner))
    counts = np.bincount(owner)
    offsets = np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)
    regrouped = Events(events.schema, events.frame[order], offsets)
    return regrouped.take(np.arange(regrouped.n_entities), renew=True)


def _stretched(events: Events, sigma: float, rng: np.random.Generator) -> NDArray[np.float64]:
    seconds = events.seconds()
    gaps = np.diff(seconds, prepend=seconds[:1])
    gaps[events.offsets[:-1]] = 0.0
    total = np.cumsum(gaps * np.exp(sigma * rng.standard_normal(len(gaps))))
    first = events.offsets[:-1][events.owner]
    return np.asarray(seconds[first] + total - total[first])


def _noisy(
    events: Events, name: str, sigma: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    values = events.numbers(name)
    known = np.flatnonzero(~np.isnan(values))
    decimals = events.schema.channel(name).decimals or 0
    factor = np.exp(sigma * rng.standard_normal(len(known)))
    return known, np.round(values[known] * factor, decimals)
