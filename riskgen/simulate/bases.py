"""What a simulation starts from: sequences of a generator, or real ones.

A base is drawn a chunk at a time, and a chunk follows from its number alone:
whoever draws it, here or in another process, gets the same. Knows no stress.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.freshkeys import key_digits, with_fresh_keys
from riskgen.errors import RiskgenError
from riskgen.models.base import Condition, Generator
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.accounts import Ints
from riskgen.simulate.provenance import BaseKind

CHUNK = 1024  # real entities of a chunk, as the generators have it


class Base(Protocol):
    """Sequences that a simulation starts from, a chunk at a time."""

    kind: ClassVar[BaseKind]

    @property
    def chunk(self) -> int:
        """Entities of a chunk; the last one of a finite base may have fewer."""

    @property
    def n_entities(self) -> int | None:
        """Entities that there are; None where there is no end."""

    def draw(self, index: int) -> Events:
        """Return chunk number ``index``: entities ``index * chunk`` and on, with fresh keys."""


@dataclass(frozen=True, eq=False)
class GeneratedBase:
    """Sequences of a fitted generator, without an end.

    Attributes
    ----------
    generator : Generator
        Fitted.
    encoder : EventEncoder
        The one that the generator's panel came from.
    seed : int
        Same seed, same sequences.
    condition : mapping or None
        What is asked for, such as a level of the label.
    """

    kind: ClassVar[BaseKind] = "generated"

    generator: Generator
    encoder: EventEncoder
    seed: int
    condition: Condition | None = None

    @property
    def chunk(self) -> int:
        """Entities of a chunk: the generator's."""
        return self.generator.chunk

    @property
    def n_entities(self) -> None:
        """None: there is no end."""
        return None

    def draw(self, index: int) -> Events:
        """Return chunk number ``index``."""
        panel = self.generator.sample_chunk(index, seed=self.seed, condition=self.condition)
        return self.encoder.decode(panel, first=index * self.chunk)


@dataclass(frozen=True, eq=False)
class RealBase:
    """Real entities, each once, in an order that the seed fixes.

    What comes out are real histories under fresh keys: personal data, which
    no run folder keeps unasked and no release takes along.

    Attributes
    ----------
    events : Events
        The generator's partition; never control, validation or test.
    seed : int
        Same seed, same order.
    chunk : int
        Entities of a chunk.
    """

    kind: ClassVar[BaseKind] = "real"

    events: Events = field(repr=False)
    seed: int
    chunk: int = CHUNK

    @property
    def n_entities(self) -> int:
        """Entities that there are."""
        return self.events.n_entities

    def draw(self, index: int) -> Events:
        """Return chunk number ``index``; empty beyond the last one."""
        first = index * self.chunk
        chosen = self._order[first : first + self.chunk]
        row = int(self.events.lengths[self._order[:first]].sum())
        taken = self.events.take(chosen)
        return with_fresh_keys(taken, first=first, row=row, digits=self._digits)

    @cached_property
    def _order(self) -> Ints:
        return stream(self.seed, "real base").permutation(self.events.n_entities)

    @cached_property
    def _digits(self) -> int | None:
        return key_digits(self.events.frame[self.events.schema.entity])


def refuse_beyond(base: Base, n: int) -> None:
    """Refuse to draw more entities than the base has.

    Raises
    ------
    RiskgenError
        When ``n`` is larger than a finite base: nobody is drawn twice.
    """
    if base.n_entities is not None and n > base.n_entities:
        raise RiskgenError(
            f"{n:,} sequences were asked for, but the generator's partition has "
            f"{base.n_entities:,} real ones and none is drawn twice. Ask for "
            f"--scenarios {base.n_entities} or fewer, or take --base generated."
        )
