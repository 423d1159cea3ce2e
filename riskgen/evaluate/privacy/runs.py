"""The longest run of events that a synthetic customer has in common with a real one.

Passages of fixed lengths say whether something was copied; the longest run says
how much of one customer came along.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.privacy.copies import LEVEL, NEAR_QUANTILE, Hits, hit_status
from riskgen.evaluate.privacy.material import Material
from riskgen.evaluate.privacy.rates import gated, judgement
from riskgen.evaluate.privacy.sequences import Passages
from riskgen.evaluate.result import Estimate, MetricResult

MOST_EVENTS = 64  # [J] a longer run is counted as this long; it has named its customer by then

Ints = NDArray[np.int64]


def longest_runs(made: Passages, real: Passages) -> Ints:
    """Return, for each entity of ``made``, the events of its longest run that ``real`` has too.

    Returns
    -------
    ndarray of shape (n_entities,)
        0 where not even one event is found again, at most 64.
    """
    longest = np.zeros(len(made.lengths), dtype=np.int64)
    # A run of n that is found begins with one of n - 1 that was, so both sides thin out.
    kept_made: Ints | None = None
    kept_real: Ints | None = None
    for n in range(1, MOST_EVENTS + 1):
        grams, owner, kept_made = made.grams_from(n, kept_made)
        base, _, kept_real = real.grams_from(n, kept_real)
        found = np.isin(grams, base)
        if not found.any():
            break
        longest[owner[found]] = n
        kept_made, kept_real = kept_made[found], kept_real[np.isin(base, grams)]
    return longest


def run_hits(material: Material, n: int) -> Hits:
    """Count real entities of whom a run of ``n`` events or more is found again."""
    sides = (material.balanced.core, material.control.core)
    found = [int((longest_runs(side, material.synthetic.core) >= n).sum()) for side in sides]
    return Hits(found[0], found[1], len(material.control))


def measure_runs(material: Material, floor: Material) -> MetricResult:
    """Measure how long a run of one member's events a synthetic customer repeats.

    Runs longer than 99 % of what real strangers have in common with a member
    are looked for; whether members hold them more often than control entities
    decides.

    Parameters
    ----------
    material, floor : Material
        As for :func:`~riskgen.evaluate.privacy.copies.measure_copies`.
    """
    made = longest_runs(material.synthetic.core, material.members.core)
    strangers = longest_runs(material.control.core, material.members.core)
    by_chance = longest_runs(floor.synthetic.core, floor.members.core)
    usual = int(np.quantile(strangers, 1 - NEAR_QUANTILE, method="higher"))
    hits = run_hits(material, min(usual + 1, MOST_EVENTS))
    result = MetricResult(
        "privacy.copies.runs",
        "Synthetic customers that repeat more events of a member in a row than strangers do",
        "privacy",
        "NOT_APPLICABLE",
        estimate=clopper_pearson(int((made > usual).sum()), len(made)),
        floor=clopper_pearson(int((by_chance > usual).sum()), len(by_chance)),
        references={"control": clopper_pearson(int((strangers > usual).sum()), len(strangers))},
        threshold=judgement(LEVEL, "Fisher p < .01 against equally many control entities"),
        method=(
            "Longest run of equal amounts, with whom and gaps that a synthetic entity shares with "
            f"any member, at most {MOST_EVENTS} events; longer than the 99 % quantile of control "
            "entities; one-sided Fisher test of the real entities that hold such runs."
        ),
        by={**_lengths("synthetic", made), **_lengths("strangers", strangers)},
    )
    return gated(result, *hit_status(hits, hits.p_value, LEVEL))


def _lengths(name: str, runs: Ints) -> dict[str, Estimate]:
    if len(runs) == 0:
        return {}
    parts = {"median": 0.5, "99 % quantile": 0.99, "longest": 1.0}
    return {
        f"{name}, events in a row, {words}": Estimate(float(np.quantile(runs, q)), n=len(runs))
        for words, q in parts.items()
    }
