"""Five groups of entities that never mix: one to learn from, four to judge with.

A partition by construction (PROTOCOL 0.1): an entity's group follows from a
hash of its key, so that it stays where it is when rows are added. Privacy
needs a control from the same time as the training data; a detector needs a
test that is later and of other people. Knows events, not models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import SECONDS_PER_DAY, Events
from riskgen.data.personal.pseudonyms import renumbered
from riskgen.errors import DataError

Floats = NDArray[np.float64]
Window = tuple[float, float]

NAMES = ("generator", "control", "reference", "validation", "test")
# Shares of entities, PROTOCOL 0.1 [J].
_SHARES = (0.5, 0.2, 0.1, 0.1, 0.1)
# Quantiles of event times at which learning and validation end [J].
_EVENT_CUTS = (0.65, 0.80)
# The same for last events of entities, where the label is one for an entity [J].
_VINTAGE_CUTS = (0.70, 0.85)
# Share of the time span over which last events must spread for vintages [J].
_VINTAGE_SPREAD = 0.2
# Delay until a fraud is known: one week (Le Borgne et al. 2022, Fraud
# Detection Handbook; Dal Pozzolo et al. 2018), but a small part of the span [J].
_GAP_DAYS = 7.0
_LARGEST_GAP = 0.03
_FEWEST = 5
# Labelled entities of a test below which nothing is concluded from it [J].
_FEWEST_LABELLED = 10
_ALWAYS: Window = (-np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Split:
    """The five partitions and the windows in which events are judged.

    Attributes
    ----------
    generator, control, reference, validation, test : Events
        Disjoint entities. Control is for privacy, test for the detector.
    validation_window, test_window : tuple of float
        Seconds since 1970: an event counts when ``start < time <= end``;
        earlier events of the same entity are its history.
    time_disjoint : bool
        Whether what the test judges happens after everything that was learned.
    reason : str
        How the split was made and why, for the report.
    salt : str
        What the hash of an entity was salted with.
    """

    generator: Events
    control: Events
    reference: Events
    validation: Events
    test: Events
    validation_window: Window
    test_window: Window
    time_disjoint: bool
    reason: str
    salt: str = field(default="riskgen", repr=False)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of the sorted entity hashes of each partition."""
        return {name: _members_hash(getattr(self, name), self.salt) for name in NAMES}


def split_events(events: Events, *, salt: str = "riskgen", turn: float = 0.0) -> Split:
    """Split events into the five partitions.

    With a label per event, or none, learning ends at T0 and the test starts
    after T1 plus a gap. With a label per entity, entities that end early are
    learned from and late ones are the test, if their ends spread over time and the
    late ones have labels enough; otherwise entities are split by hash alone, which
    the reason says.

    Parameters
    ----------
    events : Events
        The whole table.
    salt : str
        Of the hash that an entity's place in [0, 1) follows from.
    turn : float
        By how much all places are moved on, from 1 to 0 again: turns of 0, .1 … .9
        make every entity that is split by hash a test entity exactly once.

    Raises
    ------
    DataError
        When fewer than five entities are left to learn from or to control with.
    """
    if events.schema.label_level == "entity":
        found = _by_vintage(events, salt, turn)
        return _by_hash(events, salt, turn, found) if isinstance(found, str) else found
    return _by_time(events, salt, turn)


def _by_time(events: Events, salt: str, turn: float) -> Split:
    seconds = events.seconds()
    learned, validated = (float(q) for q in np.quantile(seconds, _EVENT_CUTS))
    start, end = float(seconds.min()), float(seconds.max())
    gap = min(_GAP_DAYS * SECONDS_PER_DAY, _LARGEST_GAP * (end - start))
    group = _hashed_group(events, salt, np.cumsum(_SHARES), turn)
    until = np.array([learned, learned, learned, validated, np.inf])
    kept = seconds < until[group][events.owner]
    reason = (
        f"Entities were split by hash {_percent(_SHARES)}. Learning uses events before the "
        f"{_EVENT_CUTS[0]:.0%} quantile of time; validation and test follow in time, each after "
        f"a gap of {gap / SECONDS_PER_DAY:.1f} days for labels that arrive late."
    )
    # The test ends with the data: the last moment itself is one customer's.
    windows = ((learned + gap, validated), (validated + gap, np.inf))
    _check_window(seconds, windows[1], reason)
    return _split(events, group, kept, windows, True, reason, salt)


def _check_window(seconds: Floats, window: Window, reason: str) -> None:
    if not bool(((seconds > window[0]) & (seconds <= window[1])).any()):
        raise DataError(
            "No event is left to test on after the time when learning ends: too few distinct "
            "times. Give a longer history."
        )


def _by_vintage(events: Events, salt: str, turn: float) -> Split | str:
    """Return the split, or why there is none."""
    seconds = events.seconds()
    ends = seconds[events.offsets[1:] - 1]
    spread = np.quantile(ends, 0.95) - np.quantile(ends, 0.05)
    if spread <= _VINTAGE_SPREAD * (seconds.max() - seconds.min()):
        return "all entities end at about the same time"
    learned, validated = np.quantile(ends, _VINTAGE_CUTS)
    group = _hashed_group(events, salt, np.cumsum(_SHARES[:3]) / sum(_SHARES[:3]), turn)
    group[ends > learned] = 3
    group[ends > validated] = 4
    if np.bincount(group, minlength=len(NAMES))[3:].min() < _FEWEST:
        return "too few entities end late"
    labelled = int(events.entity_label()[group == 4].sum())
    if labelled < _FEWEST_LABELLED:
        return f"only {labelled} of those that end last are labelled"
    reason = (
        "The label is one for an entity, and entities end at different times: those whose last "
        f"event is before the {_VINTAGE_CUTS[0]:.0%} quantile were split by hash 5:2:1 into "
        "generator, control and reference; later ones are validation and test, with all "
        "their events. What is judged is later; the histories before it may overlap in time."
    )
    whole = np.ones(events.n_events, dtype=bool)
    return _split(events, group, whole, (_ALWAYS, _ALWAYS), True, reason, salt)


def _by_hash(events: Events, salt: str, turn: float, why: str) -> Split:
    group = _hashed_group(events, salt, np.cumsum(_SHARES), turn)
    reason = (
        f"Entities were split by hash {_percent(_SHARES)}. The label is one for an entity and "
        f"{why}, so the test is of other entities but NOT later in time: it says nothing about "
        "drift."
    )
    whole = np.ones(events.n_events, dtype=bool)
    return _split(events, group, whole, (_ALWAYS, _ALWAYS), False, reason, salt)


def _percent(shares: Sequence[float]) -> str:
    return "/".join(f"{100 * share:.0f}" for share in shares) + " %"


def _hashed_group(events: Events, salt: str, cuts: Floats, turn: float) -> NDArray[np.int64]:
    """Return the group of each entity, shape (n_entities,), from its salted hash."""
    digests = [_entity_digest(key, salt) for key in events.entity_ids]
    places = np.array([int.from_bytes(d[:8], "big") / 2.0**64 for d in digests])
    turned = (places + turn) % 1.0 if turn else places
    return np.minimum(np.searchsorted(cuts, turned, side="right"), len(cuts) - 1)


def _entity_digest(key: str, salt: str) -> bytes:
    return hashlib.sha256(f"{salt}\x00{key}".encode()).digest()


def _members_hash(events: Events, salt: str) -> str:
    total = hashlib.sha256()
    for digest in sorted(_entity_digest(key, salt) for key in events.entity_ids):
        total.update(digest)
    return total.hexdigest()


def _split(
    events: Events,
    group: NDArray[np.int64],
    kept: NDArray[np.bool_],
    windows: tuple[Window, Window],
    time_disjoint: bool,
    reason: str,
    salt: str,
) -> Split:
    owner_group = group[events.owner]
    learned = np.flatnonzero(kept & (owner_group == 0))
    events = Events(events.schema, renumbered(events.frame, events.schema, learned), events.offsets)
    parts = [events.where(kept & (owner_group == i)) for i in range(len(NAMES))]
    for name, part in zip(NAMES[:2], parts, strict=False):
        if part.n_entities < _FEWEST:
            raise DataError(
                f"Only {part.n_entities} entities are left for the '{name}' group, {_FEWEST} are "
                "needed. Give more customers or a longer history."
            )
    generator, control, reference, validation, test = parts
    return Split(
        generator=generator,
        control=control,
        reference=reference,
        validation=validation,
        test=test,
        validation_window=windows[0],
        test_window=windows[1],
        time_disjoint=time_disjoint,
        reason=reason,
        salt=salt,
    )
