"""Membership inference: whether an attacker can tell who was in the training data.

Members are entities the generator was fitted on, non-members equally many
control entities of the same window. The attacker sees synthetic data only
(threat A1), with or without real entities of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from riskgen.evaluate.intervals import auc_interval, clopper_pearson
from riskgen.evaluate.privacy.material import Floats, Material
from riskgen.evaluate.privacy.rates import gate, gated, judgement
from riskgen.evaluate.privacy.vectors import nearest
from riskgen.evaluate.result import Curve, Estimate, MetricResult, Status

AUC_LIMIT = 0.55  # gate P5 [J]
RATES = {"1pct": (0.01, 0.02, 1_000), "01pct": (0.001, 0.005, 10_000)}
# false-positive rate, gate P5 limit on the lower bound [J], non-members needed (PROTOCOL C4)
OUTLIERS = 0.05  # DOMIAS (van Breugel et al. 2023): uncommon samples leak most
NEIGHBOURS = 5  # Achilles' Heels (Meeus et al. 2023)
CARRIES = 0.05  # [J] half-width that an AUC interval may have and still pass
CURVE_POINTS = 200
METHOD = "Nearest synthetic neighbour, plain and calibrated; DeLong et al. 1988."
FEWEST = 20  # [J] entities a side below which an outlier subset is not scored


@dataclass(frozen=True, eq=False)
class Scores:
    """An attack's scores; higher means "was in the training data".

    Attributes
    ----------
    members, others : ndarray of shape (n,), (m,)
    """

    members: Floats = field(repr=False)
    others: Floats = field(repr=False)

    @property
    def n(self) -> int:
        """Entities of the smaller side."""
        return min(len(self.members), len(self.others))


def attacks(material: Material) -> dict[str, Scores]:
    """Return the scores of each attack that the material allows.

    ``nearest``: minus the distance to the nearest synthetic entity (GAN-Leaks,
    Chen et al. 2020). ``calibrated``: the same relative to the distance to the
    attacker's own real entities, where a reference is given.
    """
    found = [_to_synthetic(material, side) for side in ("members", "others")]
    scores = {"nearest": Scores(-found[0], -found[1])}
    if material.reference is not None and len(material.reference):
        base = material.reference.points
        usual = [nearest(p.points, base)[0][:, 0] for p in (material.balanced, material.control)]
        scores["calibrated"] = Scores(usual[0] - found[0], usual[1] - found[1])
    return scores


def true_positive_rate(scores: Scores, false_positive_rate: float, level: float = 0.95) -> Estimate:
    """Return the share of members above the score that that few non-members exceed.

    Ties at the threshold count as misses; Clopper–Pearson interval.
    """
    allowed = int(np.floor(false_positive_rate * len(scores.others)))
    threshold = np.sort(scores.others)[::-1][min(allowed, len(scores.others) - 1)]
    return clopper_pearson(int((scores.members > threshold).sum()), len(scores.members), level)


def roc_curve(scores: Scores) -> Curve:
    """Return at most 200 points of the ROC curve, evenly spread in log false-positive rate.

    ``x`` is the share of strangers accused, ``y`` that of members found.
    """
    ordered = np.sort(scores.others)[::-1]
    n = len(ordered)
    ranks = np.unique(np.geomspace(1, n, CURVE_POINTS).astype(np.int64))
    thresholds = ordered[ranks - 1]
    members = np.sort(scores.members)
    caught = 1.0 - np.searchsorted(members, thresholds, side="left") / len(members)
    passed = 1.0 - np.searchsorted(ordered[::-1], thresholds, side="left") / n
    return {"x": [round(float(x), 6) for x in passed], "y": [round(float(x), 6) for x in caught]}


def measure_membership(material: Material, floor: Material) -> list[MetricResult]:
    """Measure AUC and true-positive rates at small false-positive rates.

    For all entities and for the 5 % most unusual ones; the strongest attack
    decides, its interval widened for having been picked (Bonferroni).
    """
    everyone, chance = attacks(material), attacks(floor)
    results = _measures(everyone, chance, "all", "")
    picked = _only_unusual(everyone, material)
    size = picked["nearest"].n
    if size < FEWEST:
        return [*results, _too_few(size)]
    by_chance = _only_unusual(chance, floor)
    if by_chance["nearest"].n < FEWEST:
        by_chance = chance
    return results + _measures(picked, by_chance, "outliers", ", the 5 % most unusual customers")


def _measures(
    scores: Mapping[str, Scores], chance: Mapping[str, Scores], group: str, words: str
) -> list[MetricResult]:
    name = f"privacy.membership.{group}"
    results = [auc_result(scores, chance, name, words, METHOD)]
    for key in RATES:
        results.append(rate_result(scores, chance, name, words, key))
    return results


def auc_result(
    scores: Mapping[str, Scores], chance: Mapping[str, Scores], name: str, words: str, method: str
) -> MetricResult:
    """Return the AUC of the strongest attack as ``<name>.auc``, judged by gate P5."""
    level = 1 - 0.05 / len(scores)
    by = {attack: auc_interval(s.members, s.others, level) for attack, s in scores.items()}
    worst = _worst(by)
    noise = auc_interval(chance[worst].members, chance[worst].others)
    result = MetricResult(
        f"{name}.auc",
        f"How well an attacker tells members from strangers{words} (AUC; chance is .5)",
        "privacy",
        "INCONCLUSIVE",
        estimate=by[worst],
        floor=noise,
        threshold=judgement(AUC_LIMIT, "gate P5: lower bound above .55"),
        method=method,
        by=by,
        curves={f"synthetic, {attack} attack": roc_curve(s) for attack, s in scores.items()},
    )
    reach = ((by[worst].upper or 1.0) - (by[worst].lower or 0.0)) / 2
    status = gate(by[worst], AUC_LIMIT, reach <= CARRIES)
    reason = _auc_reason(status, worst, scores[worst].n)
    if (by[worst].upper or 1.0) < 0.5:
        reason += " Strangers lie closer than members do: was the control used to fit?"
    return gated(result, status, reason)


def _auc_reason(status: Status, attack: str, n: int) -> str:
    return {
        "FAIL": f"The {attack} attack tells members from strangers.",
        "PASS": f"No attack run here tells members from strangers ({n} entities a side).",
    }.get(status, f"{n} entities a side cannot tell .5 from {AUC_LIMIT}.")


def rate_result(
    scores: Mapping[str, Scores], chance: Mapping[str, Scores], name: str, words: str, key: str
) -> MetricResult:
    """Return the true-positive rate at a rate of ``RATES`` as ``<name>.tpr_<key>``."""
    fpr, limit, needed = RATES[key]
    level = 1 - 0.05 / len(scores)
    by = {attack: true_positive_rate(s, fpr, level) for attack, s in scores.items()}
    worst = _worst(by)
    result = MetricResult(
        f"{name}.tpr_{key}",
        f"Members found when {fpr:.1%} of strangers are accused{words}",
        "privacy",
        "INCONCLUSIVE",
        estimate=by[worst],
        floor=true_positive_rate(chance[worst], fpr),
        threshold=judgement(limit, f"gate P5: lower bound above {limit:.1%} (Carlini et al. 2022)"),
        method=f"Needs {needed:,} strangers; Clopper-Pearson interval.",
        by=by,
    )
    n = scores[worst].n
    return gated(result, *_rate_status(by[worst], fpr, limit, needed, n))


def _rate_status(
    found: Estimate, fpr: float, limit: float, needed: int, n: int
) -> tuple[Status, str]:
    # A small sample does not know its own false-positive rate: proof of a leak then
    # needs twice the largest rate it may have had.
    accused = clopper_pearson(int(np.floor(fpr * n)), n).upper or 1.0
    bound = limit if n >= needed else max(limit, 2 * accused)
    status = gate(found, bound, n >= needed)
    if status == "INCONCLUSIVE" and n < needed:
        return status, f"A rate of {fpr:.1%} needs {needed:,} strangers; there are {n:,}."
    words = {"FAIL": "Members stand out", "PASS": "Members do not stand out"}
    return status, f"{words.get(status, 'The interval crosses the limit')} ({n:,} a side)."


def _worst(by: Mapping[str, Estimate]) -> str:
    return max(by, key=lambda name: (by[name].lower or 0.0, by[name].value))


def _to_synthetic(material: Material, side: str) -> Floats:
    people = material.balanced if side == "members" else material.control
    distances, _ = nearest(people.points, material.synthetic.points)
    return np.asarray(distances[:, 0])


def _only_unusual(scores: Mapping[str, Scores], material: Material) -> dict[str, Scores]:
    """Return the scores of the real entities farthest from their five nearest real ones."""
    pool = np.vstack([material.balanced.points, material.control.points])
    distances, _ = nearest(pool, pool, NEIGHBOURS + 1)
    lonely = distances[:, 1:].mean(axis=1)
    unusual, cut = lonely >= np.quantile(lonely, 1 - OUTLIERS), len(material.balanced)
    members, others = unusual[:cut], unusual[cut:]
    return {k: Scores(s.members[members], s.others[others]) for k, s in scores.items()}


def _too_few(n: int) -> MetricResult:
    result = MetricResult(
        "privacy.membership.outliers.auc",
        "How well an attacker tells the 5 % most unusual members from strangers (AUC)",
        "privacy",
        "INCONCLUSIVE",
    )
    return gated(result, "INCONCLUSIVE", f"{n} unusual entities a side cannot carry an AUC.")
