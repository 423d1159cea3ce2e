"""TSTR, TRTS and TRTR: who learns from simulated customers, who is asked of them.

Esteban, Hyland & Rätsch 2017, section 4. They say how alike the tables are to a detector.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson, Scorer
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.scarcity.facts import estimate_facts
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler

NO_EVIDENCE = (
    "A detector trained on simulated customers alone that does as well as one trained on real "
    "ones (TSTR ≈ TRTR) is no evidence that adding them to real ones helps."
)
MOST = 2_000  # customers simulated to learn from, and as many to be asked [J]
_ALWAYS = (-np.inf, np.inf)


def diagnostics(split: Split, sampler: Sampler, *, seed: int) -> dict[str, Any]:
    """Return the area under the ROC of customers for each pairing, as JSON values.

    Customers stand with their highest score; the interval is DeLong's. A pairing that
    cannot be made is null.
    """
    real = split.generator
    trees = BoostedTrees(Lens.of(real))
    n = min(real.n_entities, MOST)
    taught, asked = (sampler.draw(n, seed=derived_seed(seed, "tstr", i)) for i in range(2))
    learned = {"R": _fitted(trees, real, seed), "S": _fitted(trees, taught, seed)}
    tests = {"R": (split.test, split.test_window), "S": (asked, _ALWAYS)}
    pairs = {"TRTR": ("R", "R"), "TSTR": ("S", "R"), "TRTS": ("R", "S")}
    found = {name: _auc(learned[by], *tests[on]) for name, (by, on) in pairs.items()}
    return {"auc": found, "reading": NO_EVIDENCE}


def _fitted(trees: BoostedTrees, events: Events, seed: int) -> Scorer | None:
    try:
        return trees.fit([Lesson.whole(events)], seed=seed)
    except NotApplicable:
        return None


def _auc(
    scorer: Scorer | None, events: Events, window: tuple[float, float]
) -> dict[str, Any] | None:
    board = Board.of_partition(events, window)
    fraud = np.zeros(events.n_entities, dtype=bool)
    fraud[board.fraud_entities] = True
    top = np.full(events.n_entities, -np.inf)
    if scorer is not None:
        np.maximum.at(top, board.owner, scorer.score(events)[board.scored])
    there = np.isfinite(top)
    if not (there & fraud).any() or not (there & ~fraud).any():
        return None
    return estimate_facts(auc_interval(top[there & fraud], top[there & ~fraud]))
