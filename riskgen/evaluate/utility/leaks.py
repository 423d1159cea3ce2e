"""Hard checks that no effect comes from a leak: PROTOCOL B5, L1, L4, L5 and L7.

L2, L3 and L8 hold by construction: a trial is handed the generator's partition to fit
on and validation to choose by, and the plan with its hash names both. L6 is with the
features, L9 with the shortcuts, L10 with the give-aways.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.fidelity.cohorts import at_most
from riskgen.evaluate.intervals import auc_interval, clopper_pearson, t_interval
from riskgen.evaluate.privacy.distance import LIMIT, closer_share
from riskgen.evaluate.privacy.material import prepare
from riskgen.evaluate.privacy.rates import more_often
from riskgen.evaluate.privacy.sequences import compared_columns, passages
from riskgen.evaluate.result import Estimate, MetricResult, Status, Threshold
from riskgen.seeding import stream

PERMUTATIONS = 5  # of the labels; a t-interval then has four degrees of freedom [J]
TREES = 40  # of a detector that has nothing to learn [J]
ROWS = 20_000  # that it is fitted to [J]
RUN = 5  # events in a row that make two customers near duplicates (L7)
MOST = 2_000  # customers a side that are compared [J]
DUPLICATES, NEARNESS = "utility.leak.duplicates", "utility.leak.nearness"
PERMUTED = "utility.leak.permuted"
LEVEL = 0.01  # of Fisher's test, as for copies (PROTOCOL C1) [J]


def measure_disjoint(split: Split) -> MetricResult:
    """Return whether any customer that is judged was learned from (L1)."""
    learned = set(split.generator.entity_ids)
    judged = {*split.validation.entity_ids, *split.test.entity_ids}
    shared = len(learned & judged)
    return MetricResult(
        "utility.leak.entities",
        "Customers that were learned from and are judged too",
        "utility",
        "PASS" if shared == 0 else "FAIL",
        Estimate(float(shared), n=len(judged)),
        Estimate(0.0),
        threshold=_hard(0.0, "L1"),
        method="Keys of the generator's partition in validation or test",
    )


def measure_duplicates(split: Split, *, seed: int) -> MetricResult:
    """Return how many customers of the test repeat five events of a learned one (L7).

    Habits repeat as well: the control, which is of the same time, tells how often.
    """
    parts = [
        at_most(events, MOST, seed, name)
        for name, events in (("l", split.generator), ("c", split.control), ("t", split.test))
    ]
    n = min(part.n_entities for part in parts[1:])
    learned, *others = parts[0], *(at_most(part, n, seed, "even") for part in parts[1:])
    columns = compared_columns(learned, others[1])
    known = np.unique(passages(learned, columns).grams(RUN)[0])
    usual, found = (_holders(part, columns, known) for part in others)
    same = more_often(found, usual, n) >= LEVEL
    return MetricResult(
        DUPLICATES,
        "Customers of the test that repeat five events of a learned one",
        "utility",
        "PASS" if same else "FAIL",
        clopper_pearson(found, n),
        clopper_pearson(usual, n),
        threshold=_hard(LEVEL, "L7: not more often than the control does, Fisher's test"),
        method="Equal runs of five events in amounts, categories and gaps",
    )


def _holders(events: Events, columns: list[str], known: np.ndarray) -> int:
    grams, owner = passages(events, columns).grams(RUN)
    return len(np.unique(owner[np.isin(grams, known)]))


def measure_nearness(split: Split, synthetic: Events, *, seed: int) -> MetricResult:
    """Return whether simulated customers lie closer to the test than to the control (L4)."""
    material = prepare(split.test, split.control, synthetic, seed=seed)
    share = closer_share(material)
    return MetricResult(
        NEARNESS,
        "Simulated customers that lie closer to the test than to the control",
        "utility",
        too_near(share),
        share,
        Estimate(0.5),
        threshold=_hard(LIMIT, "L4: lower bound above .52"),
        reason="The test is later in time, which moves the share below one half.",
        method="Nearest neighbour on aggregates and first events, ties half, interval "
        "clustered by nearest real customer",
    )


def too_near(share: Estimate) -> Status:
    """Return FAIL where surely more lie closer to the test than the limit allows."""
    return "FAIL" if (share.lower or 0.0) > LIMIT else "PASS"


def measure_permuted(split: Split, trees: BoostedTrees, *, seed: int) -> MetricResult:
    """Return the AUC of detectors that learned shuffled labels (L5): .5 unless rows leak."""
    board = Board.of_partition(split.validation, split.validation_window)
    if board.n_fraud == 0:
        return _permuted_result("NOT_APPLICABLE", None, "Validation has no fraud to look for.")
    drafts = replace(trees, trees=TREES, most_negatives=ROWS)
    found = [_permuted(split, drafts, board, seed, i) for i in range(PERMUTATIONS)]
    estimate = t_interval(np.array(found))
    return _permuted_result(unlearned(estimate), estimate, "")


def unlearned(auc: Estimate) -> Status:
    """Return PASS where an AUC may be that of guessing."""
    assert auc.lower is not None
    assert auc.upper is not None
    return "PASS" if auc.lower <= 0.5 <= auc.upper else "FAIL"


def _permuted(split: Split, trees: BoostedTrees, board: Board, seed: int, number: int) -> float:
    real = Lesson.whole(split.generator)
    rows = trees.rows([real], seed=seed)
    shuffled = stream(seed, "permuted", number).permutation(rows.labels)
    scores = trees.fit_rows(replace(rows, labels=shuffled), seed=seed).score(split.validation)
    kept = scores[board.scored]
    return auc_interval(kept[board.labels], kept[~board.labels]).value


def _permuted_result(status: Status, estimate: Estimate | None, reason: str) -> MetricResult:
    return MetricResult(
        PERMUTED,
        "What a detector finds that learned shuffled labels",
        "utility",
        status,
        estimate,
        Estimate(0.5),
        goal="near",
        threshold=_hard(0.5, "L5: chance lies in the interval"),
        reason=reason,
        method=f"AUC of validation rows, {PERMUTATIONS} permutations of the training labels, "
        "Student's t",
    )


def _hard(bound: float, rule: str) -> Threshold:
    return Threshold(bound, bound, "J", f"PROTOCOL B5, {rule}")
