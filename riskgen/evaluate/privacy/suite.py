"""All privacy measures of one release, on one frozen set of synthetic data.

The unit of protection is the customer with all events. The attacker holds the
synthetic table, and may hold real entities of their own (``reference``);
weights and repeated queries are other threats, not looked at here. Wording:
"no leakage detected by the listed attacks at the stated power", never
"anonymous".
"""

from __future__ import annotations

from collections.abc import Sequence

from riskgen.data.events import Events
from riskgen.evaluate.privacy.blind import measure_blind
from riskgen.evaluate.privacy.copies import measure_copies
from riskgen.evaluate.privacy.distance import measure_distance
from riskgen.evaluate.privacy.emitted import measure_emitted
from riskgen.evaluate.privacy.material import halves, prepare
from riskgen.evaluate.privacy.membership import measure_membership
from riskgen.evaluate.privacy.power import measure_power
from riskgen.evaluate.privacy.rates import gated
from riskgen.evaluate.privacy.runs import measure_runs
from riskgen.evaluate.result import MetricResult

FEWEST = 20  # [J] entities; below this no rate means anything


def measure_privacy(
    members: Events,
    control: Events,
    synthetic: Events,
    *,
    seed: int,
    reference: Events | None = None,
) -> list[MetricResult]:
    """Measure whether ``synthetic`` leaks the entities it was learned from.

    Parameters
    ----------
    members : Events
        Entities the generator was fitted on.
    control : Events
        Real entities of the same window that nothing was fitted to; with fewer
        than 20 of either, every measure that compares is INCONCLUSIVE.
    synthetic : Events
        What would be released.
    seed : int
        For the draws that balance and thin the sides.
    reference : Events, optional
        Real entities the attacker holds; gives the calibrated attack.

    Returns
    -------
    list of MetricResult
        Copies, distance, membership, emitted values, and the audit of the
        audit (blind check, power). No value or key of a real entity is in them.
    """
    emitted = measure_emitted(members, control, synthetic) if synthetic.n_entities else []
    least = min(members.n_entities, control.n_entities, synthetic.n_entities)
    if least < FEWEST:
        return [_too_small(least), *emitted]
    material = prepare(members, control, synthetic, seed=seed, reference=reference)
    floor = halves(material, seed)
    compared = [
        *measure_copies(material, floor),
        measure_runs(material, floor),
        *measure_distance(material, floor),
        *measure_membership(material, floor),
    ]
    blind = measure_blind(material, seed)
    return [*_withheld(compared, blind), *emitted, blind, measure_power(material, seed)]


def _withheld(results: Sequence[MetricResult], blind: MetricResult) -> list[MetricResult]:
    """Withhold membership results where the two sides differ by themselves."""
    if blind.status != "FAIL":
        return list(results)
    reason = "Withheld: members and control differ without any synthetic data."
    return [
        gated(item, "INCONCLUSIVE", reason) if item.metric.startswith("privacy.member") else item
        for item in results
    ]


def _too_small(least: int) -> MetricResult:
    result = MetricResult(
        "privacy.audit.size",
        "Entities on the smallest side of the audit",
        "privacy",
        "INCONCLUSIVE",
    )
    return gated(result, "INCONCLUSIVE", f"{least} entities are too few for any attack.")
