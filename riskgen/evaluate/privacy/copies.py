"""Copied sequences and passages: whether the output repeats what it learned from.

Members of the fit and control entities are exchangeable under "nothing was
copied", so a real entity is the unit of every test, never a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.privacy.material import Material, People
from riskgen.evaluate.privacy.rates import fewest_seen, gated, judgement, more_often
from riskgen.evaluate.privacy.sequences import Hashes, Passages
from riskgen.evaluate.privacy.vectors import nearest
from riskgen.evaluate.result import Estimate, MetricResult, Status

SHORTEST = 5  # [J] events; shorter sequences repeat by chance (gate P1)
GRAMS = (3, 5, 8)  # PROTOCOL C1
LEVEL = 0.01  # [J] of Fisher's test (gate P1)
SMALL_CELL = 11  # fewer holders than this make a value personal (CMS/EMA-type cell size)
CARRIES = 0.05  # [J] the share of copied entities that a sample must be able to show
NEAR_QUANTILE = 0.01  # PROTOCOL C1: nearer than 99 % of real strangers are


@dataclass(frozen=True)
class Hits:
    """How many real entities of each side are found again in the synthetic data.

    Attributes
    ----------
    members, control : int
        Found again, out of ``n`` each.
    n : int
        Entities a side.
    """

    members: int
    control: int
    n: int

    @property
    def p_value(self) -> float:
        """One-sided Fisher p value that members are found more often."""
        return more_often(self.members, self.control, self.n)


def exact_copies(material: Material) -> tuple[int, int]:
    """Count synthetic entities whose whole sequence is one particular member's.

    A sequence counts when fewer than 11 members and no control entity hold it:
    what many real customers do alike names nobody.

    Returns
    -------
    copies, compared : int
        Copies, among the synthetic entities with at least five events.
    """
    held, _ = material.members.passages.whole(SHORTEST)
    common, _ = material.control.passages.whole(SHORTEST)
    made, _ = material.synthetic.passages.whole(SHORTEST)
    sequences, holders = np.unique(held, return_counts=True)
    personal = sequences[(holders < SMALL_CELL) & ~np.isin(sequences, common)]
    return int(np.isin(made, personal).sum()), len(made)


def gram_hits(material: Material, n: int, columns: str = "all") -> Hits:
    """Count real entities of whom a run of ``n`` events, theirs alone, is found again.

    ``columns`` is ``all`` that are compared, or ``core``: amounts and with whom.
    """
    sides = [_seen(p, columns) for p in (material.balanced, material.control, material.synthetic)]
    found_members, found_control = _own_grams(sides[0], sides[1], n)
    made = np.unique(sides[2].grams(n)[0])
    size = len(material.control)
    return Hits(_holders(found_members, made), _holders(found_control, made), size)


def all_gram_hits(material: Material) -> dict[tuple[str, int], Hits]:
    """Return :func:`gram_hits` of every length, of all columns and of the core, where they differ.

    Where they are the same columns, ``core`` is left out.
    """
    same = material.members.core is material.members.passages
    kinds = ("all",) if same else ("all", "core")
    return {(kind, n): gram_hits(material, n, kind) for kind in kinds for n in GRAMS}


def near_hits(material: Material) -> tuple[Hits, Estimate]:
    """Count real entities that a synthetic one comes closer to than strangers do.

    Closer means below the 1 % quantile of control-to-member distances.

    Returns
    -------
    hits : Hits
    share : Estimate
        Synthetic entities that close to a member (real strangers: 1 %).
    """
    strangers, _ = nearest(material.control.points, material.balanced.points)
    bound = float(np.quantile(strangers, NEAR_QUANTILE))
    counts = []
    for side in (material.balanced, material.control):
        distances, _ = nearest(side.points, material.synthetic.points)
        counts.append(int((distances[:, 0] <= bound).sum()))
    made, _ = nearest(material.synthetic.points, material.balanced.points)
    share = clopper_pearson(int((made[:, 0] <= bound).sum()), len(made))
    return Hits(counts[0], counts[1], len(material.control)), share


def measure_copies(material: Material, floor: Material) -> list[MetricResult]:
    """Measure exact copies, repeated passages and near copies.

    Parameters
    ----------
    material : Material
        The release under test.
    floor : Material
        The same with real control entities in place of the synthetic ones.
    """
    return [_exact(material, floor), _passages(material, floor), _near(material, floor)]


def _exact(material: Material, floor: Material) -> MetricResult:
    copies, compared = exact_copies(material)
    by_chance, others = exact_copies(floor)
    result = MetricResult(
        "privacy.copies.exact",
        "Synthetic customers that repeat a real one from the first event to the last",
        "privacy",
        "NOT_APPLICABLE",
        estimate=clopper_pearson(copies, compared),
        floor=clopper_pearson(by_chance, others),
        threshold=judgement(0.0, "gate P1: any copy of five events or more blocks a release"),
        method=(
            "Equality of all compared columns (numbers to their decimals) and of the rhythm "
            "(two buckets a doubling of the gap), whatever the start date; Clopper-Pearson."
        ),
    )
    return gated(result, *_exact_status(copies, compared, by_chance, others))


def _exact_status(copies: int, compared: int, by_chance: int, others: int) -> tuple[Status, str]:
    if compared == 0:
        return "NOT_APPLICABLE", f"No synthetic customer has {SHORTEST} events or more."
    if copies and by_chance:
        # Real strangers repeat each other too (few, coarse columns): ask for more than that.
        least, usual = clopper_pearson(copies, compared), clopper_pearson(by_chance, others)
        if (least.lower or 0.0) > (usual.upper or 0.0):
            return "FAIL", f"{copies} copies, more often than real strangers repeat a member."
        words = f"{copies} of {compared} repeat a member, no more often than real strangers do."
        return ("PASS" if (least.upper or 1.0) <= CARRIES else "INCONCLUSIVE"), words
    if copies:
        return "FAIL", f"{copies} of {compared} synthetic customers repeat a member's sequence."
    if (clopper_pearson(0, compared).upper or 0.0) > CARRIES:
        return "INCONCLUSIVE", f"{compared} synthetic customers cannot rule out 5 % of copies."
    return "PASS", f"None of {compared} synthetic customers repeats a member's sequence."


def _passages(material: Material, floor: Material) -> MetricResult:
    hits = all_gram_hits(material)
    columns, n = worst = min(hits, key=lambda key: (hits[key].p_value, -key[1]))
    chance = gram_hits(floor, n, columns)
    result = MetricResult(
        "privacy.copies.passages",
        "Members of whom a passage, theirs alone, is found in the synthetic data",
        "privacy",
        "NOT_APPLICABLE",
        estimate=clopper_pearson(hits[worst].members, hits[worst].n),
        floor=clopper_pearson(chance.members, chance.n),
        references={"control": clopper_pearson(hits[worst].control, hits[worst].n)},
        threshold=judgement(LEVEL, "gate P1: Fisher p < .01 against equally many control entities"),
        method=(
            f"Runs of {GRAMS} events that one real entity alone holds, in all compared columns and "
            "in amount, with whom and gap alone; one-sided Fisher test of members against control "
            f"entities, Bonferroni over {len(hits)} tests."
        ),
        by=_by_length(hits),
    )
    p = min(1.0, len(hits) * hits[worst].p_value)
    return gated(result, *hit_status(hits[worst], p, LEVEL / len(hits)))


def _near(material: Material, floor: Material) -> MetricResult:
    hits, share = near_hits(material)
    chance, _ = near_hits(floor)
    result = MetricResult(
        "privacy.copies.near",
        "Members whom a synthetic customer comes closer to than strangers do",
        "privacy",
        "NOT_APPLICABLE",
        estimate=clopper_pearson(hits.members, hits.n),
        floor=clopper_pearson(chance.members, chance.n),
        references={"control": clopper_pearson(hits.control, hits.n)},
        threshold=judgement(LEVEL, "Fisher p < .01 against equally many control entities"),
        method=(
            "Distance to the nearest synthetic entity at most the 1 % quantile of "
            "control-to-member distances; one-sided Fisher test."
        ),
        by={"synthetic entities that close to a member": share},
    )
    return gated(result, *hit_status(hits, hits.p_value, LEVEL))


def hit_status(hits: Hits, p: float, level: float) -> tuple[Status, str]:
    """Judge hits: FAIL where ``p``, corrected, is below .01; PASS where 5 % would have been seen.

    Parameters
    ----------
    hits : Hits
        What was found.
    p : float
        Its p value, corrected for the number of tests.
    level : float
        At which a single test was made.
    """
    found = (
        f"{hits.members} members against {hits.control} control entities of {hits.n} (p {p:.2g})"
    )
    if p < LEVEL:
        return "FAIL", f"Found again: {found}."
    least = fewest_seen(hits.n, level)
    if least > CARRIES:
        return (
            "INCONCLUSIVE",
            f"{hits.n} entities a side cannot show that 5 % were copied; {found}.",
        )
    return "PASS", f"Found again: {found}; {least:.1%} would have been noticed."


def _by_length(hits: dict[tuple[str, int], Hits]) -> dict[str, Estimate]:
    parts = {}
    for (columns, n), hit in hits.items():
        words = f"{n} events" + ("" if columns == "all" else " (amount, with whom, gap)")
        parts[f"members, {words}"] = clopper_pearson(hit.members, hit.n)
        parts[f"control, {words}"] = clopper_pearson(hit.control, hit.n)
    return parts


def _seen(people: People, columns: str) -> Passages:
    return people.core if columns == "core" else people.passages


def _own_grams(
    members: Passages, control: Passages, n: int
) -> tuple[tuple[Hashes, NDArray[np.int64]], ...]:
    """Return the runs that exactly one real entity holds, with their holders, by side."""
    sides = [_distinct(*side.grams(n)) for side in (members, control)]
    pooled = np.concatenate([grams for grams, _ in sides])
    grams, holders = np.unique(pooled, return_counts=True)
    own = grams[holders == 1]
    kept = [np.isin(side[0], own) for side in sides]
    return tuple((side[0][mask], side[1][mask]) for side, mask in zip(sides, kept, strict=True))


def _distinct(grams: Hashes, owner: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    order = np.lexsort((grams, owner))
    grams, owner = grams[order], owner[order]
    fresh = np.ones(len(grams), dtype=bool)
    fresh[1:] = (grams[1:] != grams[:-1]) | (owner[1:] != owner[:-1])
    return grams[fresh], owner[fresh]


def _holders(side: tuple[Hashes, NDArray[np.int64]], made: Hashes) -> int:
    return len(np.unique(side[1][np.isin(side[0], made)]))
