"""A sanity check of the audit itself: members and control must look alike.

If they can be told apart without any synthetic data, a membership score means
nothing ("blind baselines", Das et al. 2024): the split drifted, not the model
leaked.
"""

from __future__ import annotations

import numpy as np

from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.privacy.material import Floats, Material
from riskgen.evaluate.privacy.rates import gated, judgement
from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.seeding import stream

LEVEL = 0.99  # [J] a false alarm in 1 of 200 audits withholds a result
RIDGE = 1.0  # a deviation of shrinkage per axis; keeps few entities from being memorised
FEWEST = 40  # [J] entities a side, half to train on and half to judge


def blind_score(material: Material, seed: int) -> Estimate:
    """Return the AUC, on held-out entities, of a classifier of members against control.

    Ridge discriminant on the points and their squares, trained on one random
    half and judged on the other; synthetic data are not looked at.
    """
    sides = []
    for name, people in (("members", material.balanced), ("others", material.control)):
        order = stream(seed, "privacy", "blind", name).permutation(len(people))
        features = np.hstack([people.points, people.points**2])[order]
        sides.append((features[::2], features[1::2]))
    weights = _discriminant(sides[0][0], sides[1][0])
    return auc_interval(sides[0][1] @ weights, sides[1][1] @ weights, LEVEL)


def measure_blind(material: Material, seed: int) -> MetricResult:
    """Measure whether members and control entities are alike before the audit starts."""
    result = MetricResult(
        "privacy.audit.blind",
        "Can members be told from strangers without any synthetic data? (AUC; must be .5)",
        "privacy",
        "INCONCLUSIVE",
        goal="near",
        threshold=judgement(0.5, "the lower bound must not exceed chance"),
        method="Ridge discriminant on entity points, half to train, half to judge; DeLong.",
    )
    n = len(material.control)
    if n < FEWEST:
        return gated(result, "INCONCLUSIVE", f"{n} entities a side are too few to say.")
    found = blind_score(material, seed)
    known = MetricResult(**{**result.__dict__, "estimate": found, "floor": Estimate(0.5)})
    if (found.lower or 0.0) > 0.5:
        return gated(known, "FAIL", "Members and control differ without any synthetic data.")
    return gated(known, "PASS", "Members and control are alike; the audit can be read.")


def _discriminant(members: Floats, others: Floats) -> Floats:
    pooled = np.vstack([members, others])
    target = np.concatenate([np.full(len(members), 0.5), np.full(len(others), -0.5)])
    centred = pooled - pooled.mean(axis=0)
    spread = np.maximum(centred.std(axis=0), 1e-12)
    scaled = centred / spread
    gram = scaled.T @ scaled + RIDGE * len(pooled) * np.eye(scaled.shape[1]) * 0.01
    return np.asarray(np.linalg.solve(gram, scaled.T @ target) / spread)
