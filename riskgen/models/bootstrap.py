"""The rival that learns nothing: it draws the training data again.

Panels with a length field are resampled by whole entities. That copies
customers: fidelity is the best there is and privacy the worst, which is what
this rival is for. With ``jitter`` the copies are noisy: the placebo of PROTOCOL
B1. Panels of one long path get the stationary block bootstrap
(Politis and Romano 1994), jointly over all columns, never across segments.
"""

from __future__ import annotations

from copy import copy
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State, StepReport
from riskgen.models.cells import cells
from riskgen.models.condition import checked_condition, checked_length
from riskgen.models.domain import BOTH, Domain, check_learns, domain_of
from riskgen.models.jitter import jittered
from riskgen.models.tilting import Picks, picked
from riskgen.seeding import stream

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class BootstrapConfig:
    """Options of :class:`Bootstrap`.

    Attributes
    ----------
    mean_block : float
        Mean length of a block of a long path, in steps; two trading weeks [J].
    jitter : float
        Standard deviation of the noise on numbers, in levels of a cell or in
        standard deviations of a continuous field; 0 copies. See
        :func:`riskgen.models.jitter.jittered`.
    """

    mean_block: float = 10.0
    jitter: float = 0.0

    def check(self) -> None:
        """Raise RiskgenError when an option makes no sense."""
        if not (self.mean_block >= 1.0 and 0.0 <= self.jitter < float("inf")):
            raise RiskgenError(
                f"The bootstrap cannot use mean_block={self.mean_block} and jitter={self.jitter}. "
                "A block lasts at least 1 step, and jitter is 0 or more."
            )


class Bootstrap:
    """Resamples entities, or blocks of a long path.

    Parameters
    ----------
    **options
        Fields of :class:`BootstrapConfig`.
    """

    key: ClassVar[str] = "bootstrap"
    learns: ClassVar[frozenset[Domain]] = BOTH
    chunk: ClassVar[int] = 1024

    def __init__(self, **options: Any) -> None:
        self.config = BootstrapConfig(**options)
        self.config.check()
        self._panel: SequencePanel | None = None
        self._chances: Floats | None = None

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Keep the panel; nothing is learned, so there is nothing to resume.

        Raises
        ------
        TrainingError
            When the panel is empty, or holds levels: blocks of moves joined anywhere
            would leave their range.
        """
        del seed, on_checkpoint, resume
        check_learns(self.key, self.learns, panel.layout)
        if len(panel.values) == 0:
            raise TrainingError("The panel has no events. Give the bootstrap at least one.")
        self._panel = panel
        if on_step is not None:
            on_step(StepReport("resample", 1, 1.0, 0.0))
        return self

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; see :class:`Generator`.

        With and without jitter the same entities are drawn.
        """
        return self._noisy(self._copies(index, seed, condition, length)[0], index, seed)

    @property
    def tilts(self) -> bool:
        """Whether blocks of a long path are drawn, whose starts can be tilted."""
        return domain_of(self._fitted().layout) == "market"

    def choices(self) -> Floats:
        """Return the first day of each block that may start; see :class:`Tilting`."""
        return self._fitted().values

    def reach(self, daily: Floats) -> Floats:
        """Return the score of a block: of its days as far as it is expected to go on."""
        panel, goes_on = self._fitted(), 1.0 - 1.0 / self.config.mean_block
        total, ends = daily.copy(), set((panel.offsets[1:] - 1).tolist())
        for row in range(len(daily) - 2, -1, -1):
            if row not in ends:
                total[row] += goes_on * total[row + 1]
        return total

    def tilted(self, chances: Floats) -> Self:
        """Return the same, whose blocks start with ``chances`` on each day."""
        other = copy(self)
        other._chances = chances
        return other

    def sample_told(self, index: int, *, seed: int, length: int) -> tuple[SequencePanel, Picks]:
        """Draw a chunk of paths, and tell where blocks start; see :class:`Tilting`."""
        drawn, picks = self._copies(index, seed, None, length)
        return self._noisy(drawn, index, seed), picks

    def _noisy(self, drawn: SequencePanel, index: int, seed: int) -> SequencePanel:
        if self.config.jitter == 0.0:
            return drawn
        panel, rng = self._fitted(), stream(seed, "jitter", self.key, index)
        columns = range(len(panel.layout.fields))
        inside = [cells(panel.layout, panel.values, column) for column in columns]
        return jittered(drawn, inside, self.config.jitter, rng)

    def _copies(
        self, index: int, seed: int, condition: Condition | None, length: int | None
    ) -> tuple[SequencePanel, Picks]:
        panel = self._fitted()
        wanted = checked_condition(panel.layout, condition)
        steps = checked_length(panel.layout, length, int(panel.lengths.max()))
        rng = stream(seed, "sample", self.key, index)
        eligible = panel.matching(wanted)
        if not len(eligible):
            raise NotFittedError(
                f"No training sequence has the wanted context ({wanted}). The bootstrap can only "
                "repeat what it was given; ask for something else or use 'timegan'."
            )
        if steps is None:
            drawn = panel.take(eligible[rng.integers(len(eligible), size=self.chunk)])
            return drawn, np.zeros((self.chunk, 0), dtype=np.int64)
        return self._paths(panel, eligible, steps, rng)

    def _paths(
        self, panel: SequencePanel, eligible: Indices, steps: int, rng: np.random.Generator
    ) -> tuple[SequencePanel, Picks]:
        usable = eligible[panel.lengths[eligible] > 0]
        rows, anew = stationary_rows(
            panel.offsets[usable],
            panel.offsets[usable + 1],
            n_paths=self.chunk,
            n_steps=steps,
            mean_block=self.config.mean_block,
            rng=rng,
            chances=self._chances,
        )
        offsets = np.arange(self.chunk + 1, dtype=np.int64) * steps
        context = panel.context[usable[rng.integers(len(usable), size=self.chunk)]]
        drawn = SequencePanel(panel.layout, panel.values[rows.ravel()], context, offsets)
        return drawn, np.where(anew, rows, -1)

    def state(self) -> State:
        """Return the panel itself: this rival *is* the training data."""
        panel = self._fitted()
        tensors: dict[str, NDArray[Any]] = {
            "values": panel.values,
            "context": panel.context,
            "offsets": panel.offsets,
        }
        return State({"generator": self.key, "options": asdict(self.config)}, tensors)

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from."""
        generator = cls(**state.config["options"])
        values: Floats = state.tensors["values"]
        generator._panel = SequencePanel(
            layout, values, state.tensors["context"], state.tensors["offsets"]
        )
        return generator

    def _fitted(self) -> SequencePanel:
        if self._panel is None:
            raise NotFittedError("The bootstrap has no data yet. Run 'riskgen fit' first.")
        return self._panel


def stationary_rows(
    first: Indices,
    last: Indices,
    *,
    n_paths: int,
    n_steps: int,
    mean_block: float,
    rng: np.random.Generator,
    chances: Floats | None = None,
) -> tuple[Indices, NDArray[np.bool_]]:
    """Return row numbers of stationary-bootstrap paths (Politis and Romano 1994).

    A block goes on with probability ``1 - 1 / mean_block`` and otherwise starts
    anew at a uniform row. Instead of wrapping around, a block ends where its
    segment ends: joining the last day to the first would make up a crash.

    Parameters
    ----------
    first, last : ndarray of shape (n_segments,)
        Each segment owns rows ``first`` to ``last``; none is empty.
    n_paths, n_steps : int
        Shape of the result.
    mean_block : float
        Mean block length in steps, at least 1.
    chances : ndarray of shape (n_rows,) or None
        Of a block to start at each row, where all rows belong to a segment; even when None.

    Returns
    -------
    ndarray of shape (n_paths, n_steps), int64
        Rows.
    ndarray of shape (n_paths, n_steps), bool
        Where a block starts.
    """
    lengths = last - first
    pool = np.repeat(first, lengths) + np.arange(int(lengths.sum()))
    pool -= np.repeat(np.cumsum(lengths) - lengths, lengths)
    is_last = np.zeros(int(last.max()), dtype=bool)
    is_last[last - 1] = True
    if chances is None:
        fresh = pool[rng.integers(len(pool), size=(n_paths, n_steps))]
    else:
        fresh = pool[picked(chances, n_paths, n_steps, rng)]
    broken = rng.random((n_paths, n_steps)) < 1.0 / mean_block
    rows = np.empty((n_paths, n_steps), dtype=np.int64)
    rows[:, 0], anew = fresh[:, 0], np.ones((n_paths, n_steps), dtype=bool)
    for step in range(1, n_steps):
        before = rows[:, step - 1]
        anew[:, step] = broken[:, step] | is_last[before]
        rows[:, step] = np.where(anew[:, step], fresh[:, step], before + 1)
    return rows, anew
