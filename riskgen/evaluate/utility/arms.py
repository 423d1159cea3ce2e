"""Training sets that are compared: PROTOCOL B1.

An arm says which rows a detector is trained on and how much they weigh. All
arms share features, detector, validation and test; only training differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from riskgen.data.events import Events
from riskgen.errors import NotApplicable
from riskgen.evaluate.features.rows import Flags, Lens, Rows, leading, ranked
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler

RATIOS = (1, 5, 20)  # synthetic to real fraud entities (PROTOCOL B1, UTILITY "Ratio")


@dataclass(frozen=True, eq=False)
class Arm:
    """One way to train.

    Attributes
    ----------
    id, title : str
        ``R0`` and so on, and what it is.
    synthetic : bool
        Whether anything simulated is in it.
    options : dict of str to callable
        Training rows for each setting; validation chooses among them.
    note : str
        What the reader must know of it.
    """

    id: str
    title: str
    synthetic: bool
    options: dict[str, Callable[[], Rows]]
    note: str = ""


def real_arms(real: Rows, owned: Flags, ratios: Sequence[int]) -> list[Arm]:
    """Return the arms that use real data only: nothing, weights, over-sampling.

    Parameters
    ----------
    real : Rows
        Rows of the generator's split.
    owned : ndarray of shape (n,), bool
        Rows that belong to fraud customers, their unlabelled ones included.
    ratios : sequence of int
        Copies of each fraud customer to choose from.
    """
    balance = max(1.0, float((~real.labels).sum()) / max(1, int(real.labels.sum())))
    return [
        Arm("R0", "real data only", False, {"as they are": lambda: real}),
        Arm(
            "R1",
            "class weights",
            False,
            {
                "square root": lambda: weighted(real, balance**0.5),
                "balanced": lambda: weighted(real, balance),
            },
        ),
        Arm(
            "R2",
            "over-sampled frauds",
            False,
            {f"{ratio}:1": _oversampled(real, owned, ratio) for ratio in ratios},
        ),
    ]


def weighted(real: Rows, factor: float) -> Rows:
    """Return the rows with frauds that weigh ``factor`` times as much."""
    return Rows(real.features, real.labels, real.weights * np.where(real.labels, factor, 1.0))


def _oversampled(real: Rows, owned: Flags, ratio: int) -> Callable[[], Rows]:
    # A row that weighs 1 + ratio is a row repeated ratio times, at no cost.
    more = np.where(owned, 1.0 + ratio, 1.0)
    return lambda: Rows(real.features, real.labels, real.weights * more)


def conditional_arm(
    real: Rows, events: Events, lens: Lens, sampler: Sampler, ratios: Sequence[int], seed: int
) -> Arm:
    """Return the arm with simulated frauds and as many simulated normals.

    The normals keep "simulated" from meaning "fraud" (PROTOCOL L9).

    Raises
    ------
    NotApplicable
        When the generator cannot draw by label, or draws no fraud.
    """
    n = int(events.entity_label().sum()) * max(ratios)
    frauds = sampler.draw(n, seed=derived_seed(seed, "conditional", 1), label=1)
    normals = sampler.draw(n, seed=derived_seed(seed, "conditional", 0), label=0)
    if not frauds.entity_label().any():
        raise NotApplicable("The generator drew no labelled event when asked for frauds.")
    parts = [ranked(lens, sample) for sample in (frauds, normals)]

    def option(ratio: int) -> Callable[[], Rows]:
        share = ratio / max(ratios)
        return lambda: real.plus(leading(parts[0], share)).plus(leading(parts[1], share))

    options = {f"{ratio}:1": option(ratio) for ratio in ratios}
    return Arm("S2", "simulated frauds and normals", True, options)
