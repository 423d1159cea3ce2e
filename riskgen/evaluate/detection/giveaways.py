"""Which features give simulated events away, so that a detector can do without them.

PROTOCOL B5, L10. Knows two tables and their features; not what they are used for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from riskgen.data.events import Events
from riskgen.evaluate.detection.detector import Detector, fit_detector
from riskgen.evaluate.detection.engineered import Engineered
from riskgen.seeding import stream

Matrix = NDArray[np.float32]
Flags = NDArray[np.bool_]

MOST_ROWS = 20_000  # of either table, to learn from and to judge on [J]
TREES = 50  # of the trees that tell the tables apart [J]
REMOVED = 3  # features (PROTOCOL B5, L10)


def giveaways(
    real: Events, simulated: Events, engineered: Engineered, *, seed: int, most: int = REMOVED
) -> dict[str, float]:
    """Return the features that tell two tables apart best, the clearest first.

    Trees learn to tell rows of one half of the entities of either table; on the
    other half each feature is shuffled in turn, and what the area under the ROC
    curve loses is what the feature gave away (Breiman 2001).

    Parameters
    ----------
    real, simulated : Events
        Compare like with like: frauds with frauds, or normal customers with such.
        At least two entities each.
    engineered : Engineered
        Features through the lens of the detector.
    most : int
        Features returned at most.

    Returns
    -------
    dict of str to float
        Loss of area by name; features that lose nothing are left out.
    """
    names = engineered.names(real)
    learned, judged = (_rows(real, simulated, engineered, half, seed) for half in (0, 1))
    model = fit_detector(*learned, seed=seed, trees=TREES)
    features, labels = judged
    area = _area(model, features, labels)
    rng = stream(seed, "giveaways", "shuffle")
    lost = {}
    for place, name in enumerate(names):
        shuffled = features.copy()
        shuffled[:, place] = rng.permutation(features[:, place])
        lost[name] = area - _area(model, shuffled, labels)
    ranked = sorted(lost.items(), key=lambda item: -item[1])
    return {name: loss for name, loss in ranked[:most] if loss > 0}


def _rows(
    real: Events, simulated: Events, engineered: Engineered, half: int, seed: int
) -> tuple[Matrix, Flags]:
    """Return rows of every other entity of both tables, and which are simulated."""
    parts = []
    for which, events in enumerate((real, simulated)):
        owner = events.owner if engineered.lens.level == "event" else np.arange(events.n_entities)
        rows = np.flatnonzero(owner % 2 == half)
        rng = stream(seed, "giveaways", which, half)
        parts.append(engineered.of(events)[np.sort(rng.permutation(rows)[:MOST_ROWS])])
    labels = np.repeat([False, True], [len(part) for part in parts])
    return np.concatenate(parts), labels


def _area(model: Detector, features: Matrix, labels: Flags) -> float:
    return float(roc_auc_score(labels, model.score(features)))
