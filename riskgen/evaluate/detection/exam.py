"""What the detectors of a run are asked: the customers of its test, known by name.

Runs may be asked of the same customers or of others; a customer that two runs share
is drawn as often in both when tests are resampled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.evaluate.detection.alerts import Board, Window

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Exam:
    """The test of one run.

    Attributes
    ----------
    events : Events
        Histories of the test's customers.
    window : tuple of float
        Seconds since 1970 in which rows are judged.
    """

    events: Events = field(repr=False)
    window: Window

    @classmethod
    def of(cls, split: Split) -> Exam:
        """Return the test of a split."""
        return cls(split.test, split.test_window)

    @cached_property
    def board(self) -> Board:
        """Rows that are scored, and whose they are."""
        return Board.of_partition(self.events, self.window)

    @cached_property
    def keys(self) -> Ints:
        """A number for each customer, the same in every exam; shape (n_entities,)."""
        digests = (hashlib.sha256(key.encode()).digest() for key in self.events.entity_ids)
        return np.array([int.from_bytes(d[:8], "big", signed=True) for d in digests], np.int64)

    @property
    def frauds(self) -> Ints:
        """The keys of customers with a fraud inside the window."""
        return self.keys[self.board.fraud_entities]


@dataclass(frozen=True, eq=False)
class Exams:
    """The tests of all runs.

    Attributes
    ----------
    each : tuple of Exam
        One for every run, or one that all runs share.
    """

    each: tuple[Exam, ...]

    @classmethod
    def of(cls, *splits: Split) -> Exams:
        """Return the tests of splits, one for each run or one for all."""
        return cls(tuple(Exam.of(split) for split in splits))

    def __getitem__(self, run: int) -> Exam:
        """Return the test of a run."""
        return self.each[0 if len(self.each) == 1 else run]

    @cached_property
    def keys(self) -> Ints:
        """Every customer that some run is asked of, in order."""
        return _distinct([exam.keys for exam in self.each])

    @cached_property
    def n_fraud(self) -> int:
        """Customers with a fraud that some run is asked of."""
        return len(_distinct([exam.frauds for exam in self.each]))

    @property
    def n_entities(self) -> int:
        """Customers that some run is asked of."""
        return len(self.keys)

    @cached_property
    def differ(self) -> bool:
        """Whether runs are asked of different customers."""
        return any(set(exam.keys) != set(self.each[0].keys) for exam in self.each[1:])

    def place(self, run: int) -> Ints:
        """Return where the customers of a run's test are among all; shape (n_entities,)."""
        return np.searchsorted(self.keys, self[run].keys).astype(np.int64)


def _distinct(keys: Sequence[Ints]) -> Ints:
    return np.unique(np.concatenate(keys))
