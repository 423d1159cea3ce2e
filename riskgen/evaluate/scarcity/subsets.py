"""As if fewer frauds were known: nested subsets of the frauds that a bank can learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.utility.plan import Plan, hash_of
from riskgen.seeding import stream

SIZES = (10, 25, 50, 100, 200)  # known fraud customers (PROTOCOL B6); all of them come last


@dataclass(frozen=True)
class ScarcityPlan:
    """What is registered before the test is read.

    Attributes
    ----------
    base : Plan
        Of the utility experiment; its runs are draws of known frauds.
    sizes : tuple of int
        Known fraud customers, increasing; the last is all of them.
    generator : bool
        Whether the generator is refitted for every draw and size.
    """

    base: Plan
    sizes: tuple[int, ...]
    generator: bool

    def to_json(self) -> dict[str, Any]:
        """Return everything that was decided, as JSON values."""
        return {
            **self.base.to_json(),
            "question": "how many real frauds are simulated ones worth",
            "known frauds": list(self.sizes),
            "generator refitted": self.generator,
        }

    @property
    def sha256(self) -> str:
        """The hash that is written down before the test is looked at."""
        return hash_of(self.to_json())


def sizes_of(splits: list[Split], asked: tuple[int, ...] = SIZES) -> tuple[int, ...]:
    """Return the numbers of known frauds to try; every split must have them.

    Raises
    ------
    NotApplicable
        When there are fewer frauds than the smallest size asked for, or no more.
    """
    least = min(int(split.generator.entity_label().sum()) for split in splits)
    fewer = tuple(sorted(size for size in set(asked) if size < least))
    if not fewer:
        raise NotApplicable(
            f"{least} fraud customers can be learned from: there is no curve below "
            f"{min(asked)}. Name fewer with --known."
        )
    return (*fewer, least)


def with_known(split: Split, n: int, *, seed: int) -> Split:
    """Return the split as if ``n`` fraud customers were known.

    Others are left out of ``generator`` and, in the same share, of ``validation``: who
    has few frauds to learn from has few to choose by. Fewer are a subset of more.

    Parameters
    ----------
    split : Split
        With at least ``n`` fraud customers to learn from.
    n : int
    seed : int
        Which are known.
    """
    share = n / max(1, int(split.generator.entity_label().sum()))
    chosen = round(share * int(split.validation.entity_label().sum()))
    return replace(
        split,
        generator=_keep(split.generator, n, seed),
        validation=_keep(split.validation, max(1, chosen), seed),
    )


def _keep(events: Events, n: int, seed: int) -> Events:
    fraud = events.entity_label()
    order = stream(seed, "known frauds").permutation(np.flatnonzero(fraud))
    kept = np.concatenate([np.flatnonzero(~fraud), order[:n]])
    return events.take(np.sort(kept).astype(np.int64))
