"""Banks whose frauds are known by construction: what the verdict must say is known beforehand.

Every bank is fresh: customers, frauds and the five partitions follow from one number. A
fraud is a customer under `ato_drain` at one severity, or a random stretch of an honest
customer with a label put on it, which nothing can be learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl

from riskgen.data.events import SECONDS_PER_DAY, Events, concatenate, ranges
from riskgen.data.schema import Channel, Schema
from riskgen.data.split import NAMES, Split
from riskgen.seeding import derived_seed, stream
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events

START, DAYS = 1_735_689_600.0, 90  # 1 January 2025
ALWAYS = (START - SECONDS_PER_DAY, START + 2 * DAYS * SECONDS_PER_DAY)
SEVERITY = 0.35  # of the frauds: one of those that scenarios are tried at
MARKED = 4  # events of an honest customer that a meaningless label is put on
CATEGORIES = np.array(list("abcde"))


@dataclass(frozen=True)
class Sizes:
    """How many customers there are, and in which partition of a run.

    Attributes
    ----------
    normals, frauds : tuple of int
        Of the whole bank, to learn from, control, reference, validation and test.
    pool : tuple of int
        Normals and frauds that no partition ever has.
    """

    normals: tuple[int, ...] = (900, 300, 300, 20, 100, 180)
    frauds: tuple[int, ...] = (100, 50, 10, 0, 20, 20)
    pool: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Bank:
    """Customers with and without fraud, on a circle each, and a pool of others.

    Attributes
    ----------
    sizes : Sizes
    honest, struck : Events
    pool : Events or None
    """

    sizes: Sizes
    honest: Events
    struck: Events
    pool: Events | None

    @classmethod
    def of(cls, sizes: Sizes, seed: int, *, meaningless: bool = False) -> Bank:
        """Return a fresh bank; same seed, same bank.

        Where ``meaningless``, labels have nothing to do with what customers did.
        """
        n_good, n_bad = sizes.normals[0] + sizes.pool[0], sizes.frauds[0] + sizes.pool[1]
        everyone = _customers(n_good + n_bad, seed)
        bad = everyone.take(np.arange(n_bad))
        bad = _marked(bad, seed) if meaningless else _struck(bad, seed)
        # Once for all: whoever is put together gets fresh keys.
        whole = concatenate([bad, everyone.take(np.arange(n_bad, n_bad + n_good))])
        edges = np.cumsum([0, sizes.frauds[0], sizes.pool[1], sizes.normals[0], sizes.pool[0]])
        struck, others, honest, strangers = (
            np.arange(edges[i], edges[i + 1]) for i in range(len(edges) - 1)
        )
        pool = whole.take(np.concatenate([others, strangers])) if sum(sizes.pool) else None
        return cls(sizes, whole.take(honest), whole.take(struck), pool)

    def turned(self, turn: float) -> Split:
        """Return the partitions with everybody moved on by a part of the circle, 0 to 1.

        As `riskgen utility` turns them, with shares of this bank's own and no split by
        time: turns by a run's number over the number of runs test other customers each.
        """
        both = concatenate_kept(self.honest, self.struck)
        n = self.honest.n_entities
        good, bad = (_arc(counts, turn) for counts in (self.sizes.normals, self.sizes.frauds))
        parts = {
            name: both.take(np.concatenate([good[i], n + bad[i]])) for i, name in enumerate(NAMES)
        }
        return Split(
            **parts,
            validation_window=ALWAYS,
            test_window=ALWAYS,
            time_disjoint=False,
            reason="Partitions of a bank made by code",
        )


def concatenate_kept(first: Events, second: Events) -> Events:
    """Return the entities of both under the keys that they have."""
    offsets = np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]])
    return Events(first.schema, pl.concat([first.frame, second.frame]), offsets)


def _arc(counts: tuple[int, ...], turn: float) -> list[np.ndarray]:
    """Return who is in each partition, the first of them at ``turn`` of the circle."""
    n, edges = counts[0], np.cumsum((round(turn * counts[0]), *counts[1:]))
    return [np.arange(a, b) % n for a, b in pairwise(edges)]


def _customers(n: int, seed: int) -> Events:
    """Return customers whose number, size and kind of payments are their own; no fraud."""
    rng = stream(seed, "verdict bank")
    lengths = np.clip(np.exp(rng.normal(2.5, 0.5, n)), 6, 40).astype(np.int64)
    owner = np.repeat(np.arange(n), lengths)
    size = rng.normal(3.0, 0.8, n)[owner] + rng.normal(0.0, 0.6, len(owner))
    favourite = rng.integers(len(CATEGORIES), size=n)[owner]
    category = np.where(
        rng.random(len(owner)) < 0.6, favourite, rng.integers(len(CATEGORIES), size=len(owner))
    )
    # Sittings of a few payments, so that a burst alone is no fraud.
    gap = rng.exponential(1.0, len(owner)) * np.where(rng.random(len(owner)) < 0.3, 0.005, 1.0)
    when = _spread(gap, owner, rng.uniform(0.7, 1.0, n))
    table = pl.DataFrame(
        {
            "customer": [f"c{i:05d}" for i in owner],
            "when": ((START + when) * 1e6).astype(np.int64),
            "amount": np.round(np.exp(size), 2),
            "category": CATEGORIES[category],
            "country": np.where(rng.random(len(owner)) < 0.05, "XX", "DE"),
            "fraud": np.zeros(len(owner), dtype=np.int8),
        }
    ).with_columns(pl.col("when").cast(pl.Datetime("us")))
    return Events.build(table, _schema())


def _spread(gap: np.ndarray, owner: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return seconds since the start: gaps of each customer stretched over part of the days."""
    total = np.cumsum(gap)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    last = np.append(first[1:], len(owner)) - 1
    since = total - (total[first] - gap[first])[owner]
    return np.asarray(since / since[last][owner] * part[owner] * DAYS * SECONDS_PER_DAY)


def _struck(events: Events, seed: int) -> Events:
    """Return the customers under the bank's fraud."""
    scenario = catalogue.load("ato_drain")
    own = derived_seed(seed, "verdict frauds")
    found = stress_events(events, scenario, severity=SEVERITY, seed=own, share=1.0)
    assert found.touched.all()
    return found.events


def _marked(events: Events, seed: int) -> Events:
    """Return the customers with labels on a random stretch each, and nothing else changed."""
    rng = stream(seed, "verdict marks")
    spare = events.lengths - MARKED
    begin = events.offsets[:-1] + np.floor(rng.random(len(spare)) * (spare + 1)).astype(np.int64)
    labels = np.zeros(events.n_events, dtype=np.int8)
    labels[np.repeat(begin, MARKED) + ranges(np.full(len(begin), MARKED))] = 1
    return replace(events, frame=events.frame.with_columns(pl.Series("fraud", labels)))


def _schema() -> Schema:
    return Schema(
        domain="transactions",
        resolution="clock",
        label_level="event",
        channels=(
            Channel(name="customer", dtype="String", kind="identifier", role="entity"),
            Channel(name="when", dtype="Datetime(us)", kind="timestamp", role="time"),
            Channel(
                name="amount",
                dtype="Float64",
                kind="amount",
                role="channel",
                meaning="amount",
                decimals=2,
            ),
            _category("category"),
            _category("country"),
            Channel(name="fraud", dtype="Int8", kind="flag", role="label"),
        ),
    )


def _category(name: str) -> Channel:
    return Channel(name=name, dtype="String", kind="category", role="channel", meaning=name)
