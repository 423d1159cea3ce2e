"""Distance to the closest record against a real holdout: a smoke test.

Platzer and Reutterer (2021): synthetic data should be no closer to the
entities it was learned from than to others. It can fail and never passes: a
share c of verbatim copies moves the statistic by c/2 only, and data that pass
can still be open to membership attacks (Yao et al. 2025, "The DCR Delusion").
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from riskgen.evaluate.privacy.material import Floats, Ints, Material
from riskgen.evaluate.privacy.rates import gated, judgement
from riskgen.evaluate.privacy.vectors import nearest
from riskgen.evaluate.result import Estimate, MetricResult

LIMIT = 0.52  # gate P3 [J]; .5 is what holds by symmetry when nothing leaks
LEVEL = 0.95


def closer_share(material: Material) -> Estimate:
    """Return the share of synthetic entities that lie closer to members than to control.

    Ties count half. The interval is clustered by the real entity that is
    nearest: a few real customers in a crowded spot attract many synthetic ones
    and lie on one side or the other by chance.
    """
    to_members, which = nearest(material.synthetic.points, material.balanced.points)
    to_control, other = nearest(material.synthetic.points, material.control.points)
    ahead = np.sign(to_control[:, 0] - to_members[:, 0])
    closer = 0.5 + 0.5 * ahead
    hub = np.where(closer > 0.5, which[:, 0], len(material.balanced) + other[:, 0])
    value = float(closer.mean())
    return _clustered(closer, hub, value)


def _clustered(closer: Floats, hub: Ints, value: float) -> Estimate:
    n = len(closer)
    crowd = np.bincount(hub).astype(float)
    # Under the null each real entity is a member or not with equal chance, so the
    # spread comes from how many synthetic entities gather round each.
    error = np.sqrt(np.sum(crowd**2) * 0.25) / n
    reach = float(error * stats.norm.ppf((1 + LEVEL) / 2))
    lower, upper = max(value - reach, 0.0), min(value + reach, 1.0)
    return Estimate(value, lower, upper, LEVEL, int((crowd > 0).sum()))


def tail_ratios(material: Material) -> dict[str, Estimate]:
    """Return 5 % quantiles of DCR and NNDR over those of control-to-member distances.

    Below 1 the synthetic data hug their models more than strangers do.
    """
    made, _ = nearest(material.synthetic.points, material.balanced.points, 2)
    real, _ = nearest(material.control.points, material.balanced.points, 2)
    parts = {"DCR, 5 % quantile over strangers'": _ratio(_low(made[:, 0]), _low(real[:, 0]))}
    if made.shape[1] == 2:
        nndr = _ratio(_low(_nndr(made)), _low(_nndr(real)))
        parts["NNDR, 5 % quantile over strangers'"] = nndr
    return parts


def measure_distance(material: Material, floor: Material) -> list[MetricResult]:
    """Measure whether synthetic entities lie closer to members than to control entities.

    Never PASS: what is not a failure is INCONCLUSIVE, with the reason.
    """
    share = closer_share(material)
    result = MetricResult(
        "privacy.distance.share",
        "Synthetic customers that lie closer to members than to strangers",
        "privacy",
        "INCONCLUSIVE",
        estimate=share,
        floor=closer_share(floor),
        threshold=judgement(LIMIT, "gate P3: lower bound above .52; .5 by symmetry"),
        method=(
            "Nearest neighbour on entity aggregates and first events, equally many members and "
            "control entities, ties half, interval clustered by nearest real entity; "
            "Platzer and Reutterer 2021."
        ),
        by=tail_ratios(material),
    )
    if (share.lower or 0.0) > LIMIT:
        return [gated(result, "FAIL", "Synthetic customers hug those they were learned from.")]
    reason = "A smoke test: it can fail, it cannot pass; copies below about 4 % do not move it."
    return [gated(result, "INCONCLUSIVE", reason)]


def _low(values: Floats) -> float:
    return float(np.quantile(values, 0.05))


def _nndr(pairs: Floats) -> Floats:
    return np.asarray(np.where(pairs[:, 1] > 0, pairs[:, 0] / np.maximum(pairs[:, 1], 1e-12), 1.0))


def _ratio(made: float, real: float) -> Estimate:
    if real == 0.0:
        return Estimate(1.0 if made == 0.0 else float("inf"))
    return Estimate(made / real)
