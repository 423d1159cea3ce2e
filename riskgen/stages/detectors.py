"""Who scores: the detector that riskgen teaches, a model in a file, or somebody elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from riskgen.data.split import Split
from riskgen.evaluate.detection.alerts import Floats
from riskgen.evaluate.detection.given import in_order
from riskgen.evaluate.detection.lesson import Scorer
from riskgen.evaluate.rehearsals.cases import Cases, Ground
from riskgen.evaluate.rehearsals.rating import Given, Rating, Scored
from riskgen.evaluate.rehearsals.sheets import (
    Sheet,
    case_contents,
    real_contents,
    require_scores,
    scores_by_part,
)
from riskgen.evaluate.rehearsals.taught import NAME, taught
from riskgen.stages.handover import Handover


class Detectors(Protocol):
    """A detector to be met with cases.

    Attributes
    ----------
    name : str
        As a reader knows it.
    slug : str
        What tells its files apart; empty for riskgen's own.
    """

    @property
    def name(self) -> str:
        """As a reader knows it."""

    @property
    def slug(self) -> str:
        """What tells its files apart; empty for riskgen's own."""

    def rating(self, ground: Ground, scenarios: Sequence[str]) -> Rating:
        """Return its scores of the customers of ``ground``, and of the named scenarios."""

    def check(self, cases: Cases) -> None:
        """Refuse cases that it did not score."""

    def on_test(self, split: Split) -> Floats:
        """Return its scores of the test's events, or entities."""


@dataclass(frozen=True, eq=False)
class AtHand:
    """A detector that can be asked whenever a score is needed."""

    name: str
    slug: str
    scorer: Scorer = field(repr=False)

    def rating(self, ground: Ground, scenarios: Sequence[str]) -> Rating:
        """Return scores that are made when they are asked for."""
        return Scored(self.scorer, ground.base)

    def check(self, cases: Cases) -> None:
        """Take any cases."""

    def on_test(self, split: Split) -> Floats:
        """Return its scores of the test."""
        return self.scorer.score(split.test)


def own_detector(split: Split, seed: int) -> AtHand:
    """Teach riskgen's own detector; raises NotApplicable without frauds to learn from."""
    return AtHand(NAME, "", taught(split, seed=seed))


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """A detector of which there are scores only.

    Attributes
    ----------
    handover : Handover
        What was handed out.
    placed : ndarray of shape (n,)
        Scores in its order; NaN where there is none.
    split : Split
        The partitions that were handed out.
    digest : str
        Of the scores.
    """

    handover: Handover
    placed: Floats = field(repr=False)
    split: Split = field(repr=False)

    @property
    def name(self) -> str:
        """As a reader knows it."""
        return f"given scores ({self.slug.removeprefix('scores-')})"

    @property
    def slug(self) -> str:
        """Digest of the scores: other scores have files of their own."""
        return f"scores-{hashlib.sha256(self.placed.tobytes()).hexdigest()[:8]}"

    @cached_property
    def ordered(self) -> Floats:
        """The scores by their order alone."""
        return in_order(self.placed, seed=self.handover.seed)

    def rating(self, ground: Ground, scenarios: Sequence[str]) -> Rating:
        """Return the scores that were given; refuse them if some are missing."""
        real = self._real("validation")
        sheets = [sheet for name in scenarios for sheet in self.handover.of(name)]
        require_scores([real, *sheets], self.placed)
        normal = ~self.split.validation.entity_label()
        rows = np.flatnonzero(normal[self.split.validation.owner])
        (everybody,) = real.scores(self.ordered)
        return Given(everybody[rows], scores_by_part(sheets, self.ordered))

    def check(self, cases: Cases) -> None:
        """Refuse cases that are not those that were handed out."""
        handed = {sheet.file: sheet for sheet in self.handover.of(cases.scenario.id)}
        for sheet, _ in case_contents(cases):
            # A file that was not handed out is as wrong as one that has changed.
            handed.get(sheet.file, replace(sheet, digest="")).check(sheet)

    def on_test(self, split: Split) -> Floats:
        """Return the scores of the test; refuse them if some are missing."""
        real = self._real("test")
        require_scores([real], self.placed)
        return real.scores(self.ordered)[0]

    def _real(self, name: str) -> Sheet:
        handed = self.handover.real(name)
        for sheet, _ in real_contents(self.split):
            if sheet.file == handed.file:
                handed.check(sheet)
        return handed


def model_detector(path: Path, split: Split) -> AtHand:
    """Open a model in ONNX; raises as :func:`riskgen.evaluate.detection.onnx.open_model`."""
    from riskgen.evaluate.detection.onnx import open_model

    scorer = open_model(path, split.generator)
    return AtHand(f"{path.name} ({scorer.digest[:8]})", f"onnx-{scorer.digest[:8]}", scorer)
