"""Draw sequences of events from a fitted generator, part by part.

Parts follow the generator's chunks, so that memory stays flat and the first n
sequences are the same whatever was asked for. Knows no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.models.base import Condition, Generator
from riskgen.models.scoring import Scoring
from riskgen.simulate.bases import Base, GeneratedBase, refuse_beyond
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.mosaic import Mosaic, act_out
from riskgen.simulate.mechanisms.stressed import Stressed
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stress import Stress


class Sampler(Protocol):
    """Whatever draws sequences of events."""

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return ``n`` entities; ``label`` asks for one kind only."""


class PathSampler(Protocol):
    """Whatever draws market paths."""

    def draw(self, n: int, *, seed: int, horizon: int) -> Floats:
        """Return log returns of shape (n, horizon, n_assets)."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the simulated entities.

    Attributes
    ----------
    first : int
        Number of the first entity in the whole simulation.
    base : Events
        As drawn.
    mosaic : Mosaic or None
        Under a stress, if there is one.
    """

    first: int
    base: Events = field(repr=False)
    mosaic: Mosaic | None = field(default=None, repr=False)

    @property
    def stressed(self) -> Stressed | None:
        """Under the only act of a stress; None without one."""
        if self.mosaic is None:
            return None
        (run,) = self.mosaic.runs
        return run

    @property
    def events(self) -> Events:
        """What the simulation puts out."""
        return self.base if self.mosaic is None else self.mosaic.events


@dataclass(frozen=True, eq=False)
class EventSimulator:
    """A fitted generator and its encoder, drawing events.

    Attributes
    ----------
    generator : Generator
        Fitted.
    encoder : EventEncoder
        The one that the generator's panel came from.
    """

    generator: Generator
    encoder: EventEncoder

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        """Return the first ``n`` entities of the simulation with this seed."""
        return join([part.base for part in self.parts(n, seed=seed, label=label)])

    def log_likelihood(self, events: Events) -> tuple[Floats, Floats] | None:
        """Return log p of each entity's context and of all its events, in nats, shape (n,).

        None where the generator has no likelihood.
        """
        if not isinstance(self.generator, Scoring):
            return None
        return self.generator.log_likelihood(self.encoder.encode(events))

    def parts(
        self,
        n: int,
        *,
        seed: int,
        label: int | None = None,
        scenario: StressScenario | None = None,
        severity: float = 0.0,
        chunks: range | None = None,
    ) -> Iterator[Part]:
        """Return the first ``n`` entities, a chunk of the generator at a time.

        Parameters
        ----------
        n : int
            Number of entities, at least 1.
        seed : int
            Same seed, same entities and same stress.
        label : int or None
            Level of the label that is asked for.
        scenario, severity, chunks
            As for :func:`event_parts`.
        """
        condition: Condition | None = None if label is None else {"label": label}
        base = GeneratedBase(self.generator, self.encoder, seed, condition)
        stress = None if scenario is None else Stress.of(scenario, severity)
        return event_parts(base, n, seed=seed, stress=stress, chunks=chunks)


def event_parts(
    base: Base,
    n: int,
    *,
    seed: int,
    stress: Stress | None = None,
    donors: Mapping[str, Donors] | None = None,
    chunks: range | None = None,
) -> Iterator[Part]:
    """Return the first ``n`` entities of a base, a chunk at a time, stressed if wanted.

    Parameters
    ----------
    base : Base
        Generated or real sequences.
    n : int
        Number of entities, at least 1.
    seed : int
        Same seed, same stress.
    stress : Stress or None
        What goes wrong. A chunk is stressed whole and cut afterwards, so that
        fewer sequences are a prefix of more also under stress.
    donors : mapping of str to Donors, or None
        Real cases of each scenario that transplants some.
    chunks : range or None
        Numbers of the chunks that are asked for; all of them when None.

    Raises
    ------
    RiskgenError
        At once, when the base has fewer entities.
    """
    refuse_beyond(base, n)

    def part(index: int) -> Part:
        first, drawn, mosaic = index * base.chunk, base.draw(index), None
        if stress is not None:
            mosaic = act_out(drawn, stress, seed=seed, first=first, donors=donors)
        whole = Part(first, drawn, mosaic)
        return whole if first + drawn.n_entities <= n else cut(whole, n - first)

    return map(part, chunks_within(n, base.chunk, chunks))


def chunks_within(n: int, size: int, chunks: range | None) -> range:
    """Return which of the wanted chunks hold one of the first ``n`` entities."""
    whole = range(-(-n // size))
    return whole if chunks is None else whole[chunks.start : chunks.stop]


def join(parts: Sequence[Events]) -> Events:
    """Return the entities of all parts with the keys that they have."""
    frame = parts[0].frame
    for part in parts[1:]:
        frame = frame.vstack(part.frame)
    lengths = np.concatenate([part.lengths for part in parts])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Events(parts[0].schema, frame.rechunk(), offsets)


def cut(part: Part, n: int) -> Part:
    """Return the first ``n`` entities of a part."""
    kept = np.arange(n)
    base = part.base.take(kept)
    if part.mosaic is None:
        return Part(part.first, base)
    return Part(part.first, base, part.mosaic.take(part.base, n))
