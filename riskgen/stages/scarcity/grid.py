"""The cells of a question: sizes, typologies and draws, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from riskgen.data.split import Split
from riskgen.errors import RiskgenError
from riskgen.evaluate.scarcity.known import sizes_of
from riskgen.evaluate.scarcity.plan import Question
from riskgen.evaluate.scarcity.typologies import Marked, askable
from riskgen.stages.scarcity.cells import Cell

CASES = (1, 3, 10)  # known cases of an emerging typology (UTILITY, unseen typology)


@dataclass(frozen=True)
class Grid:
    """All cells of one question; draws of the same size or typology lie together."""

    cells: tuple[Cell, ...]

    @classmethod
    def of(
        cls,
        question: Question,
        split: Split,
        marked: Sequence[Marked],
        draws: int,
        sizes: Sequence[int] = (),
    ) -> Grid:
        """Return the cells of a question.

        Raises
        ------
        NotApplicable
            When there are too few frauds, or typologies, to ask.
        """
        if question == "curve":
            named: list[tuple[int, str | None]] = [(n, None) for n in _sizes(split, sizes)]
        else:
            named = [
                (known, typology)
                for typology in askable(marked)
                for known in ((0,) if question == "unseen" else CASES)
                if all(known <= marks.count(part, typology) for part, marks in marked)
            ]
        return cls(tuple(Cell(draw, known, name) for known, name in named for draw in range(draws)))

    def to_json(self) -> dict[str, Any]:
        """Return what is asked, as JSON values."""
        named = [cell.typology for cell in self.cells if cell.typology is not None]
        return {
            "known": sorted({cell.known for cell in self.cells}),
            "typologies": list(dict.fromkeys(named)),
        }


def _sizes(split: Split, asked: Sequence[int]) -> tuple[int, ...]:
    if not asked:
        return sizes_of(split)
    n = int(split.generator.entity_label().sum())
    kept = tuple(sorted({size for size in asked if 2 <= size <= n}))
    if len(kept) < 2:
        raise RiskgenError(
            f"--known needs two numbers between 2 and the {n} fraud customers to learn from."
        )
    return kept
