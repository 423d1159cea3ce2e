"""What the size of a table lets the verdicts decide, before anything is fitted.

Knows the partitions and the thresholds of the evaluation, not the table.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskgen.data.events import Events
from riskgen.data.quality.problem import Problem
from riskgen.data.split import Split
from riskgen.evaluate.intervals import detectable_difference
from riskgen.evaluate.privacy import blind, suite
from riskgen.evaluate.utility.ruling import LEAST_TEST_FRAUDS

# Below this many positive entities no partition of ten percent can decide [J].
FEWEST_POSITIVE = 50


def power_problems(events: Events, split: Split) -> Iterator[Problem]:
    """Yield what is too small for a verdict on usefulness or privacy."""
    if events.schema.label is not None:
        yield from _utility(events, split, events.schema.label)
    yield from _privacy(split)


def _utility(events: Events, split: Split, label: str) -> Iterator[Problem]:
    total = int(events.entity_label().sum())
    tested = int(split.test.entity_label().sum())
    if total >= FEWEST_POSITIVE and tested >= LEAST_TEST_FRAUDS:
        return
    seen = f"{100 * detectable_difference(tested):.0f} points of recall" if tested else "nothing"
    yield Problem(
        code="few-positive-entities",
        effect="undecided",
        found=f"{total:,} entities are positive in '{label}', {tested:,} of them in the test "
        f"partition ({LEAST_TEST_FRAUDS} are needed there).",
        then="The verdict on usefulness will be INCONCLUSIVE: the smallest effect that the test "
        f"could see is {seen}.",
        advice="Give a longer window or more customers; fidelity and privacy are judged all the "
        "same.",
        columns=(label,),
        count=total,
        share=1.0,
    )


def _privacy(split: Split) -> Iterator[Problem]:
    n = split.control.n_entities
    if n >= blind.FEWEST:
        return
    what = "no attack is scored" if n < suite.FEWEST else "the audit cannot be checked"
    yield Problem(
        code="few-entities-for-privacy",
        effect="undecided",
        found=f"The control partition has {n:,} entities; {blind.FEWEST} are needed.",
        then=f"The verdict on privacy will be INCONCLUSIVE: {what}.",
        advice=f"Give at least {5 * blind.FEWEST} entities; a fifth of them are the control.",
        count=n,
        share=1.0,
    )
