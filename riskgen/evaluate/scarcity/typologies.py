"""Which fraud each labelled event is, kept beside the split and never learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import NAMES, Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.exam import Exam, Exams
from riskgen.seeding import stream

Texts = NDArray[np.object_]
LEAST_TESTED = 10  # fraud customers of a typology in the test, as of all frauds (B4) [J]


@dataclass(frozen=True, eq=False)
class Typologies:
    """The typology of each event of each partition.

    Attributes
    ----------
    of : dict of str to ndarray of shape (n_events,), object
        By partition; what stands at events without a label is not looked at.
    """

    of: Mapping[str, Texts] = field(repr=False)

    def knowing(self, split: Split, typology: str, cases: int, *, seed: int) -> Split:
        """Return a split of which ``cases`` customers of a typology are known.

        All others with an event of it are left out of every partition but the test.
        """
        parts = {}
        for name in NAMES[:-1]:
            events = getattr(split, name)
            struck = self._struck(name, events, typology)
            n = cases if name == "generator" else 0
            kept = stream(seed, "cases").permutation(np.flatnonzero(struck))[:n]
            who = np.sort(np.concatenate([kept, np.flatnonzero(~struck)])).astype(np.int64)
            parts[name] = events.take(who)
        return replace(split, **parts)

    def count(self, split: Split, typology: str) -> int:
        """Return how many customers of the generator's partition suffered a typology."""
        return int(self._struck("generator", split.generator, typology).sum())

    def known(self, split: Split) -> set[str]:
        """Return the typologies that the generator's partition has cases of."""
        marked = self.of["generator"][split.generator.event_label()]
        return {str(name) for name in marked if name is not None}

    def asked(self, split: Split, typology: str) -> tuple[Exam, Exam]:
        """Return the test on a typology, and on all others, all customers competing in both."""
        own = self.of["test"] == typology
        return _exam(split, own), _exam(split, ~own)

    def _struck(self, name: str, events: Events, typology: str) -> NDArray[np.bool_]:
        hit = events.event_label() & (self.of[name] == typology)
        return np.bincount(events.owner[hit], minlength=events.n_entities) > 0


def _exam(split: Split, counted: NDArray[np.bool_]) -> Exam:
    """Return the test with labels on ``counted`` events only."""
    test, label = split.test, split.test.schema.label
    assert label is not None
    others = np.flatnonzero(~counted)
    rows = np.arange(test.n_events)
    events = test.edit(rows, {label: (others, np.zeros(len(others), dtype=np.int64))})
    return Exam(events, split.test_window)


Marked = tuple[Split, Typologies]


def exams_on(splits: Sequence[Marked], typology: str) -> tuple[Exams, Exams]:
    """Return the tests of all runs on a typology, and on all others."""
    pairs = [marks.asked(split, typology) for split, marks in splits]
    return Exams(tuple(own for own, _ in pairs)), Exams(tuple(others for _, others in pairs))


def askable(splits: Sequence[Marked]) -> tuple[str, ...]:
    """Return the typologies that can be asked of: enough in the tests, and others to learn.

    Raises
    ------
    NotApplicable
        When there are not two of them.
    """
    known = sorted(set.intersection(*(marks.known(split) for split, marks in splits)))
    enough = tuple(k for k in known if exams_on(splits, k)[0].n_fraud >= LEAST_TESTED)
    if len(known) < 2 or not enough:
        raise NotApplicable(
            f"{len(known)} typologies are known and {len(enough)} have {LEAST_TESTED} or more "
            "fraud customers in the tests; two and one are needed to leave one out."
        )
    return enough
