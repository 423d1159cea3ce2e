"""A fitted simulator before its judges: whether it is varied, whether it is told from real.

Joins pieces, simulator and discriminator.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.panel import SequencePanel
from riskgen.errors import TrainingError
from riskgen.models.condition import has_own_length
from riskgen.models.timegan.auditor import Audit, audit
from riskgen.models.timegan.pieces import pieces
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.sampling import Simulator
from riskgen.models.timegan.stretches import Stretches
from riskgen.seeding import stream

AUDITED = 1024
"""Most sequences of each kind that the discriminator sees [J]."""

PROBE = 64
"""Simulated sequences that must not all be alike [J]."""


@dataclass(frozen=True, eq=False)
class Judge:
    """Asks a new discriminator about sequences that were set aside.

    Attributes
    ----------
    simulator : Simulator
        With whatever weights it has when asked.
    panel : SequencePanel
        Of the fit.
    parts : tuple of two Stretches
        Learned from, and set aside.
    coder : RowCoder
        Of the events.
    seed : int
        Of the fit.
    """

    simulator: Simulator = field(repr=False)
    panel: SequencePanel = field(repr=False)
    parts: tuple[Stretches, Stretches] = field(repr=False)
    coder: RowCoder = field(repr=False)
    seed: int

    def __call__(self, name: str) -> Audit | None:
        """Return what it says; ``name`` tells one judgement's random numbers from another's."""
        real = [pieces(self.panel, part) for part in self.parts]
        if min(part.n_sequences for part in real) == 0:
            return None  # a path too short to give a window that is judged
        real = [
            part.take(stream(self.seed, "audit", "real", k).permutation(part.n_sequences)[:AUDITED])
            for k, part in enumerate(real)
        ]
        length = None if has_own_length(self.panel.layout) else int(real[0].lengths[0])
        drawn = [
            self.simulator.draw(part.n_sequences, stream(self.seed, name, use), {}, length)
            for part, use in zip(real, ("fit", "judge"), strict=True)
        ]
        return audit((real[0], drawn[0]), (real[1], drawn[1]), self.coder, self.seed)


def check_varied(simulator: Simulator, panel: SequencePanel, seed: int) -> None:
    """Raise TrainingError when all simulated events are alike and the real ones are not."""
    length = None if has_own_length(panel.layout) else 8
    rng = stream(seed, "train", "probe")
    drawn = simulator.draw(PROBE, rng, {}, length).values
    levels = np.array([bool(item.levels) for item in panel.layout.fields])
    told = np.where(levels, np.floor(drawn), drawn)
    real = np.where(levels, np.floor(panel.values), panel.values)
    if len(np.unique(told, axis=0)) == 1 and len(np.unique(real, axis=0)) > 1:
        raise TrainingError(
            f"Training collapsed: {len(drawn)} simulated events are all alike. Nothing was "
            "saved. Use another seed, more steps or a smaller learning rate."
        )
