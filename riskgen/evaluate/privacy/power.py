"""What share of copied customers this audit would have caught.

A verdict without power is no verdict: the audit is run on generators that copy
a known share of members, on the user's own data and at the user's own size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riskgen.evaluate.intervals import auc_interval
from riskgen.evaluate.privacy.copies import LEVEL, all_gram_hits, exact_copies, near_hits
from riskgen.evaluate.privacy.material import Material, balanced, halves
from riskgen.evaluate.privacy.membership import AUC_LIMIT, attacks
from riskgen.evaluate.privacy.rates import gated, judgement
from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.seeding import stream

SHARES = (0.05, 0.25, 1.0)  # PROTOCOL 0.3
NEEDED = 0.05  # gate P10: Copycat(.05) must be caught
MOST = 2_500  # [J] entities in a copying generator's output; keeps the line cheap
NEVER = float("inf")


@dataclass(frozen=True)
class Caught:
    """Which measures failed a generator that copies, as they should."""

    exact: bool
    passages: bool
    near: bool
    membership: bool

    def any(self) -> bool:
        """Whether at least one did."""
        return self.exact or self.passages or self.near or self.membership


def copycat(material: Material, share: float, seed: int) -> Material:
    """Return the audit of a generator that returns a member with probability ``share``.

    The rest are real strangers, drawn from the half of the control that the
    audit then does not use.
    """
    split = halves(material, seed)
    rng = stream(seed, "privacy", "copycat", str(share))
    size = min(MOST, max(len(material.synthetic), 1))
    copied = round(share * size)
    chosen = rng.integers(len(split.members), size=copied)
    fillers = rng.integers(max(len(split.synthetic), 1), size=size - copied)
    made = split.members.take(chosen).followed_by(split.synthetic.take(fillers))
    return balanced(replace(split, synthetic=made), seed)


def caught(material: Material) -> Caught:
    """Return which measures fail the material."""
    grams = all_gram_hits(material)
    passages = min(hits.p_value for hits in grams.values()) * len(grams) < LEVEL
    scores = attacks(material).values()
    areas = [auc_interval(s.members, s.others, 1 - 0.05 / len(scores)) for s in scores]
    stands_out = max(area.lower or 0.0 for area in areas) > AUC_LIMIT
    near = near_hits(material)[0].p_value < LEVEL
    return Caught(exact_copies(material)[0] > 0, passages, near, stands_out)


def measure_power(material: Material, seed: int) -> MetricResult:
    """Measure the smallest share of copied customers that this audit catches (gate P10)."""
    outcomes = {share: caught(copycat(material, share, seed)) for share in SHARES}
    names = ("exact", "passages", "near", "membership")
    by = {
        name: Estimate(min((s for s in SHARES if getattr(outcomes[s], name)), default=NEVER))
        for name in names
    }
    least = min((s for s in SHARES if outcomes[s].any()), default=NEVER)
    result = MetricResult(
        "privacy.audit.power",
        "Smallest share of copied customers that this audit catches",
        "privacy",
        "INCONCLUSIVE",
        estimate=Estimate(least, n=len(material.control)),
        threshold=judgement(NEEDED, "gate P10: a generator that copies 5 % must be caught"),
        method="Generators that return a member with probability .05, .25 and 1, else a stranger.",
        by=by,
    )
    if least <= NEEDED:
        return gated(result, "PASS", f"A generator that copies {least:.0%} is caught.")
    if np.isfinite(least):
        return gated(result, "INCONCLUSIVE", f"Only copying {least:.0%} or more is caught.")
    return gated(result, "INCONCLUSIVE", "Not even copying everything is caught: too few entities.")
