"""Sequences under several acts at once, each sequence under one at most.

How a grid of severities and a composition of frauds come about: every act is done
to all, and each sequence is taken from the act that it falls to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from riskgen.data.events import Events, ranges
from riskgen.simulate.mechanisms.accounts import Flags, Ints
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.stress import Act, Stress

# What a typology that spans several entities measures: the number of an entity's group.
GROUP = "ring"


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Entities under the acts of a stress.

    Attributes
    ----------
    events : Events
        The table after it, entities in the order of the base.
    touched : ndarray of shape (n_entities,), bool
        Entities to which something happened.
    affected : ndarray of shape (n_events,), bool
        Inserted rows of ``events``.
    acts : tuple of Act
        What was done.
    choice : ndarray of shape (n_entities,), int64
        Act that each entity is taken from.
    runs : tuple of Stressed
        Each act, with the entities that are taken from it.
    """

    events: Events
    touched: Flags = field(repr=False)
    affected: Flags = field(repr=False)
    acts: tuple[Act, ...] = field(repr=False)
    choice: Ints = field(repr=False)
    runs: tuple[Stressed, ...] = field(repr=False)

    def members(self, act: int) -> Ints:
        """Return the entities that are taken from an act, increasing."""
        return np.flatnonzero(self.choice == act)

    def take(self, base: Events, n: int) -> Mosaic:
        """Return the first ``n`` entities; ``base`` is what was stressed."""
        choice, runs = self.choice[:n], []
        for act, run in enumerate(self.runs):
            members = self.members(act)
            kept = np.arange(int((members < n).sum()))
            runs.append(run.take(base.take(members), kept))
        return _assembled(self.acts, choice, runs)


def act_out(
    base: Events,
    stress: Stress,
    *,
    seed: int,
    first: int = 0,
    share: float | None = None,
    donors: Mapping[str, Donors] | None = None,
) -> Mosaic:
    """Put events under a stress.

    Parameters
    ----------
    base : Events
        Real or simulated sequences.
    stress : Stress
        One or several scenarios at one or several severities.
    seed, first, share
        As for :func:`stress_events`.
    donors : mapping of str to Donors, or None
        Real cases of each scenario that transplants some.

    Raises
    ------
    ScenarioError
        As :func:`stress_events`.
    """
    acts, known = stress.acts, donors or {}
    runs = [
        stress_events(
            base, s, severity=at, seed=seed, share=share, first=first, donors=known.get(s.id)
        )
        for s, at in acts
    ]
    choice = _choice(stress, runs, first + np.arange(base.n_entities))
    if len(acts) == 1:
        return _assembled(acts, choice, runs)
    kept = [run.take(base, np.flatnonzero(choice == k)) for k, run in enumerate(runs)]
    return _assembled(acts, choice, kept)


def _whole(run: Stressed) -> tuple[Events, Flags, Flags]:
    return run.events, run.touched, run.affected


def _choice(stress: Stress, runs: Sequence[Stressed], positions: Ints) -> Ints:
    """Return the act of each entity: severities in turn, then what happened to it first."""
    n_scenarios = len(stress.scenarios)
    severity = stress.severity_of(_turns(runs[-n_scenarios:], positions))
    touched = np.stack([run.touched for run in runs]).reshape(-1, n_scenarios, len(positions))
    here = touched[severity, :, np.arange(len(positions))]
    return np.asarray(severity * n_scenarios + here.argmax(axis=1), dtype=np.int64)


def _turns(runs: Sequence[Stressed], positions: Ints) -> Ints:
    """Return the position by which severities take turns: that of the group, where there is one."""
    turns = positions.copy()
    for run in runs:
        if GROUP in run.by_entity:
            turns[run.touched] = run.by_entity[GROUP].astype(np.int64)
    return turns


def _assembled(acts: tuple[Act, ...], choice: Ints, runs: Sequence[Stressed]) -> Mosaic:
    """Join the entities of all runs and put them back into their order."""
    if len(runs) == 1:
        return Mosaic(*_whole(runs[0]), acts, choice, (runs[0],))
    place = np.argsort(np.concatenate([np.flatnonzero(choice == k) for k in range(len(runs))]))
    frame = runs[0].events.frame
    for run in runs[1:]:
        frame = frame.vstack(run.events.frame)
    lengths = np.concatenate([run.events.lengths for run in runs])
    starts = np.cumsum(lengths) - lengths
    rows = np.repeat(starts[place], lengths[place]) + ranges(lengths[place])
    offsets = np.concatenate([[0], np.cumsum(lengths[place])]).astype(np.int64)
    events = Events(runs[0].events.schema, frame[rows], offsets)
    touched = np.concatenate([run.touched for run in runs])[place]
    affected = np.concatenate([run.affected for run in runs])[rows]
    return Mosaic(events, touched, affected, acts, choice, tuple(runs))


def only(base: Events, run: Stressed, entities: Ints) -> Stressed:
    """Return a stress that happened to the named entities alone; the others are as in the base.

    Parameters
    ----------
    base : Events
        What was stressed.
    run : Stressed
        What came of it.
    entities : ndarray of shape (k,), int64
        Some of the touched ones.
    """
    choice = np.zeros(base.n_entities, dtype=np.int64)
    choice[entities] = 1
    rest = np.flatnonzero(choice == 0)
    calm = Stressed(
        base.take(rest),
        np.zeros(len(rest), dtype=bool),
        np.zeros(int(base.lengths[rest].sum()), dtype=bool),
        [],
        {},
        {},
    )
    kept = run.take(base, np.flatnonzero(choice == 1))
    whole = _assembled((), choice, (calm, kept))
    return replace(kept, events=whole.events, touched=whole.touched, affected=whole.affected)
