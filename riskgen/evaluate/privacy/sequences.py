"""What an event says, as one number, so that repeated passages can be found.

A sequence is copied when its contents and its rhythm are repeated, whatever
the entity is called and whenever it starts. Knows neither attacks nor
thresholds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events, ranges
from riskgen.data.schema import Channel, Schema

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]

DIGITS = 6  # significant digits of a number without known decimals; float32 models keep no more
AMOUNTS, WITH_WHOM = ("amount", "signed_amount"), ("merchant", "counterparty")  # PROTOCOL C1
GAP_STEPS = 2.0  # [J] two buckets a doubling: 1 h and 1.5 h differ, 60 min and 65 min do not


@dataclass(frozen=True, eq=False)
class Passages:
    """Contents and gaps of events as hashes; rows of one entity lie together.

    Attributes
    ----------
    content, gap : ndarray of shape (n_events,), uint64
        What happened (numbers, categories), and the bucket of time since the
        event before.
    offsets : ndarray of shape (n_entities + 1,), int64
        Entity ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``.
    """

    content: Hashes = field(repr=False)
    gap: Hashes = field(repr=False)
    offsets: Ints = field(repr=False)

    @property
    def lengths(self) -> Ints:
        """Events per entity, shape (n_entities,)."""
        return np.diff(self.offsets)

    def take(self, entities: Ints) -> Passages:
        """Return the named entities in the given order."""
        lengths = self.lengths[entities]
        rows = np.repeat(self.offsets[entities], lengths) + ranges(lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Passages(self.content[rows], self.gap[rows], offsets)

    def followed_by(self, other: Passages) -> Passages:
        """Return the entities of both, those of ``other`` last."""
        return Passages(
            np.concatenate([self.content, other.content]),
            np.concatenate([self.gap, other.gap]),
            np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]]),
        )

    def whole(self, at_least: int) -> tuple[Hashes, Ints]:
        """Return a hash of each entity with ``at_least`` events, and its index."""
        place = ranges(self.lengths).astype(np.uint64)
        # The gap before the first event is not part of the sequence.
        gap = np.where(place == 0, np.uint64(0), self.gap)
        mixed = _mix(self.content ^ _mix(place)) + _mix(gap ^ _mix(~place))
        long = np.flatnonzero(self.lengths >= at_least)
        if len(long) == 0:
            return np.zeros(0, dtype=np.uint64), long
        sums = np.add.reduceat(mixed, self.offsets[:-1])
        return _mix(sums ^ _mix(self.lengths.astype(np.uint64)))[long], long

    def grams(self, n: int) -> tuple[Hashes, Ints]:
        """Return the hashes of all runs of ``n`` events, and the entity of each."""
        grams, owner, _ = self.grams_from(n, None)
        return grams, owner

    def grams_from(self, n: int, rows: Ints | None) -> tuple[Hashes, Ints, Ints]:
        """Return the runs of ``n`` events that begin in ``rows``, or anywhere.

        Returns
        -------
        hashes, entities, starts : ndarray of shape (n_runs,)
            Runs do not reach into the next entity; ``starts`` are rows.
        """
        owner = np.repeat(np.arange(len(self.lengths)), self.lengths)
        starts = np.arange(len(owner)) if rows is None else rows
        starts = starts[starts + n <= self.offsets[owner[starts] + 1]]
        total = np.zeros(len(starts), dtype=np.uint64)
        for step in range(n):
            salt = _mix(np.full(1, step + 1, dtype=np.uint64))
            total += _mix(self.content[starts + step] ^ salt)
            if step > 0:
                total += _mix(self.gap[starts + step] ^ ~salt)
        return total, owner[starts], starts


def compared_columns(real: Events, synthetic: Events) -> list[str]:
    """Return the columns in which a passage can be recognised.

    Opaque keys that the simulator mints anew (counterparties, devices) could
    never match and would hide a copy of everything else, so a category is used
    only when at least half of the synthetic events hold a level that is real.
    """
    used = []
    for channel in real.schema.with_role("channel", "context"):
        if channel.kind in ("amount", "number"):
            used.append(channel.name)
        elif channel.kind in ("category", "flag") and _overlap(real, synthetic, channel.name):
            used.append(channel.name)
    return used


def core_columns(schema: Schema, columns: list[str]) -> list[str]:
    """Return what names a payment among ``columns``: amounts, and with whom.

    A generator may copy what was paid, to whom and when, and make up the rest
    (a balance, a device): over all columns nothing would look repeated.
    """
    with_whom = [name for name in columns if schema.channel(name).meaning in WITH_WHOM]
    kinds = [name for name in columns if schema.channel(name).meaning == "category"]
    amounts = [name for name in columns if schema.channel(name).meaning in AMOUNTS]
    return amounts + (with_whom or kinds) if amounts else columns


def passages(events: Events, columns: list[str]) -> Passages:
    """Return contents (numbers to their decimals, category levels) and gap buckets."""
    content = np.zeros(events.n_events, dtype=np.uint64)
    for name in columns:
        salt = _text_hash("column " + name)
        content = _mix(content + _mix(_column(events, events.schema.channel(name)) ^ salt))
    return Passages(content, _gap_bucket(events), events.offsets)


def _overlap(real: Events, synthetic: Events, name: str) -> bool:
    known = set(real.codes(name)[1])
    codes, levels = synthetic.codes(name)
    table = np.array([level in known for level in levels] + [True])
    return bool(len(codes) == 0 or np.mean(table[codes]) >= 0.5)


def _column(events: Events, channel: Channel) -> Hashes:
    if channel.kind in ("amount", "number"):
        return _number_hash(events.numbers(channel.name), channel.decimals)
    codes, levels = events.codes(channel.name)
    table = np.array([_text_hash(level) for level in levels] + [0], dtype=np.uint64)
    return table[codes]


def _number_hash(values: NDArray[np.float64], decimals: int | None) -> Hashes:
    missing = ~np.isfinite(values)
    kept = np.where(missing, 0.0, values)
    if decimals is None:
        size = np.floor(np.log10(np.maximum(np.abs(kept), 1e-300)))
        unit = 10.0 ** np.clip(size - DIGITS + 1, -300, 300)
        kept = np.round(kept / unit) * unit
        steps = kept.astype(np.float32).astype(np.float64).view(np.int64)
    else:
        steps = np.round(kept * 10.0**decimals).astype(np.int64)
    return np.where(missing, np.uint64(1), _mix(steps.view(np.uint64)))


def _gap_bucket(events: Events) -> Hashes:
    unit = 1.0 if events.schema.resolution == "clock" else SECONDS_PER_DAY
    gaps = np.maximum(np.diff(events.seconds(), prepend=0.0), 0.0) / unit
    return np.floor(GAP_STEPS * np.log2(1.0 + gaps)).astype(np.uint64)


def _text_hash(text: str) -> np.uint64:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mix(words: Hashes) -> Hashes:
    """Finaliser of splitmix64 (Steele, Lea and Flood 2014): a bijection that scatters bits."""
    mixed = words + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
