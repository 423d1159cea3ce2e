"""Members, control and further strangers of one small bank, and their material."""

from __future__ import annotations

import numpy as np
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.evaluate.privacy.material import Material, prepare
from riskgen.evaluate.result import MetricResult


def people(
    members: int = 500, control: int = 300, others: int = 300, seed: int = 0
) -> tuple[Events, Events, Events]:
    """Return three disjoint random sets of customers of one bank."""
    bank = small_bank(members + control + others, seed)
    order = np.random.default_rng(seed).permutation(bank.n_entities)
    cuts = np.split(order, [members, members + control])
    return bank.take(cuts[0]), bank.take(cuts[1]), bank.take(cuts[2])


def material(members: Events, control: Events, synthetic: Events, seed: int = 0) -> Material:
    """Return what the attacks are run on."""
    return prepare(members, control, synthetic, seed=seed)


def by_key(results: list[MetricResult]) -> dict[str, MetricResult]:
    """Return results by their metric key; a key that comes twice is our mistake."""
    found = {result.metric: result for result in results}
    assert len(found) == len(results)
    return found
