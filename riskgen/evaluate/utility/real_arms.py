"""The cheap baselines: real data alone, weighed, repeated or interpolated (PROTOCOL B1, R0-R3).

What simulated data has to beat: if class weights do as well, nobody needs a
generator. Knows lessons; SMOTE, which knows only rows of features, lives beside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.utility.arms import Arm, taught
from riskgen.evaluate.utility.interpolation import interpolated


def real_arms(real: Lesson, ratios: Sequence[int]) -> list[Arm]:
    """Return the arms that use real data only.

    Parameters
    ----------
    real : Lesson
        Of the generator's split.
    ratios : sequence of int
        Copies of each fraud customer to choose from.
    """
    counted = real.weights > 0
    frauds, honest = real.labels[counted].sum(), (~real.labels[counted]).sum()
    balance = max(1.0, float(honest) / max(1, int(frauds)))
    weighing = {"square root": balance**0.5, "balanced": balance}
    return [
        Arm("R0", "real data only", "real", {"as they are": taught(lambda: [real])}),
        Arm(
            "R1",
            "class weights",
            "real",
            {name: taught(_once(_weighted(real, factor))) for name, factor in weighing.items()},
        ),
        Arm(
            "R2",
            "over-sampled frauds",
            "real",
            {f"{ratio}:1": taught(_once(_oversampled(real, ratio))) for ratio in ratios},
        ),
        Arm(
            "R3",
            "interpolated frauds (SMOTE)",
            "real",
            {f"{ratio}:1": interpolated(real, ratio) for ratio in ratios},
        ),
    ]


def _once(lesson: Lesson) -> Callable[[], list[Lesson]]:
    return lambda: [lesson]


def _weighted(real: Lesson, factor: float) -> Lesson:
    """Return the lesson with frauds that weigh ``factor`` times as much."""
    return real.weighing(np.where(real.labels, factor, 1.0))


def _oversampled(real: Lesson, ratio: int) -> Lesson:
    """Return the lesson with every fraud customer there ``1 + ratio`` times."""
    # A row that weighs 1 + ratio is a row repeated ratio times, at no cost. All rows of
    # the customer, its unlabelled ones included.
    owned = real.events.entity_label()
    if len(owned) != len(real.weights):
        owned = owned[real.events.owner]
    return real.weighing(np.where(owned, 1.0 + ratio, 1.0))
