"""Stretches of histories that are out of all proportion, so that nobody dominates.

A bank's own account may have more events than all customers of a sample
together. What is learned of such an entity is one stretch of its history, as
long as its share allows: each entity then counts about once, in the levels of
the encoder as in training. Knows events, not models.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events, ranges
from riskgen.data.size.selection import key_hashes
from riskgen.data.split import Split

LARGEST_SHARE = 0.02
"""Share of the events learned from that one entity may have [J]: a quantile level
is about 2 % of events, so nobody fills one alone."""

SHORTEST = 128
"""Events that everybody may have whatever the share: one window of training."""

ORDINARY = 4.0
"""Times the median length that everybody may have: where all are long, all are kept [J]."""

SALT = "riskgen.stretch"
JUDGED_ALIKE = ("generator", "control", "reference")

Ints = NDArray[np.int64]


def longest_stretch(lengths: Ints, shortest: int = SHORTEST) -> int:
    """Return how many events of one entity are used.

    The largest of ``shortest``, four times the median length, and the largest
    ``c`` that is at most 2 % of all events when no entity gives more than ``c``.

    Parameters
    ----------
    lengths : ndarray of shape (n_entities,), int64
        Events of each entity.
    shortest : int
        Events that everybody may have.
    """
    used = lengths[lengths > 0]
    if not len(used):
        return shortest
    return max(shortest, int(ORDINARY * np.median(used)), _largest_fair(np.sort(used)))


def _largest_fair(ordered: Ints) -> int:
    """Return the largest c with c <= 2 % of sum(min(length, c)), or 0."""
    below = np.concatenate([[0], np.cumsum(ordered)])
    above = len(ordered) - np.arange(len(ordered) + 1)
    # With k entities below c, c (1 - 2 % above) <= 2 % below: a range of c for each k.
    room = 1.0 - LARGEST_SHARE * above
    limit = np.where(room > 0, LARGEST_SHARE * below / np.where(room > 0, room, 1.0), np.inf)
    highest = np.append(ordered, np.iinfo(np.int64).max)
    lowest = np.concatenate([[0], ordered])
    reached = np.minimum(limit, highest)
    return int(np.max(reached[reached >= lowest], initial=0.0))


def stretches(events: Events, longest: int) -> Events:
    """Return events in which no entity has more than ``longest``, as one stretch of time.

    Where the stretch begins follows from a hash of the entity's key.
    """
    lengths = events.lengths
    long = np.flatnonzero(lengths > longest)
    if not len(long):
        return events
    keys = events.frame[events.schema.entity].gather(events.offsets[long])
    room = (lengths[long] - longest + 1).astype(np.float64)
    first = np.zeros(len(lengths), dtype=np.int64)
    place = np.floor(key_hashes(keys, SALT) / 2.0**64 * room)
    first[long] = np.minimum(place, room - 1.0).astype(np.int64)
    step = ranges(lengths) - first[events.owner]
    return events.where((step >= 0) & (step < longest))


def bounded(split: Split) -> tuple[Split, list[str]]:
    """Return the split with nobody dominating what is learned and compared, and notes.

    Generator, control and reference are bounded alike, by the generator's
    lengths; validation and test stay whole, since a detector meets everybody.
    """
    longest = longest_stretch(split.generator.lengths)
    parts = {name: getattr(split, name) for name in JUDGED_ALIKE}
    cut = {name: int((part.lengths > longest).sum()) for name, part in parts.items()}
    if not any(cut.values()):
        return split, []
    note = (
        f"Entities with more than {longest:,} events before learning ends: {sum(cut.values()):,}. "
        f"One stretch of {longest:,} events of each is learned from and compared with, so that "
        "none dominates; simulated histories are no longer than that."
    )
    generator, control, reference = (stretches(part, longest) for part in parts.values())
    return replace(split, generator=generator, control=control, reference=reference), [note]
