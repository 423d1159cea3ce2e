"""What validation chooses: the setting of an arm, and which arm the question is about.

PROTOCOL B1: ratios, thresholds and detectors are chosen on validation only. With no
fraud there, the middle setting is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from riskgen.data.split import Split
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.lesson import DetectorFamily, Scorer
from riskgen.evaluate.utility.arms import Arm

Worth = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Validation:
    """The partition that choices are made on.

    Attributes
    ----------
    split : Split
        Its ``validation`` is used, nothing else.
    budget : float
        Share of customers alerted.
    board : Board
        Of the validation window.
    """

    split: Split
    budget: float
    board: Board = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay out the window."""
        board = Board.of_partition(self.split.validation, self.split.validation_window)
        object.__setattr__(self, "board", board)

    @property
    def decides(self) -> bool:
        """Whether there is a fraud to choose by."""
        return self.board.n_fraud > 0

    def worth(self, scorer: Scorer) -> Worth:
        """Return recall at the budget and average precision, to be compared in this order."""
        scores = scorer.score(self.split.validation)[self.board.scored]
        recall = float(self.board.recall(scores, self.budget))
        return recall, float(self.board.average_precision(scores))

    def setting(self, arm: Arm, draft: DetectorFamily, seed: int) -> str:
        """Return the setting of an arm that a draft does best with."""
        names = list(arm.options)
        if len(names) == 1:
            return names[0]
        if not self.decides:
            return names[(len(names) - 1) // 2]
        return max(names, key=lambda name: self.worth(arm.options[name](draft, seed)))

    def best(self, scorers: dict[str, Scorer], among: Sequence[str]) -> str | None:
        """Return which of some scorers does best; the first where nothing decides."""
        there = [name for name in among if name in scorers]
        if not there or not self.decides:
            return next(iter(there), None)
        return max(there, key=lambda name: self.worth(scorers[name]))
