"""Whether a score was known when it was needed: histories are cut and scored again.

PROTOCOL B5, L6, for any kind of detector. Knows events and scorers, not what a
scorer is made of.
"""

from __future__ import annotations

import numpy as np

from riskgen.data.events import Events
from riskgen.evaluate.detection.lesson import Scorer
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.result import Estimate, MetricResult, Threshold, declined
from riskgen.seeding import stream

KEY = "utility.look_ahead"
TITLE = "Scores that change when later events are cut"

MOST_ENTITIES = 300  # whose histories are cut [J]
TOLERANCE = 1e-3  # log-odds; a network in batches of other sizes rounds by 1e-5


def measure_look_ahead(scorer: Scorer, events: Events, name: str, *, seed: int) -> MetricResult:
    """Return the share of events whose score is another one when what follows is unknown.

    Every history is cut at a random place and once more after its first event.

    Parameters
    ----------
    scorer : Scorer
        A trained detector.
    events : Events
        Whole histories, of anybody.
    name : str
        What the reader knows the detector by.
    seed : int
        Chooses entities and places.

    Returns
    -------
    MetricResult
        ``NOT_APPLICABLE`` where a label is one for an entity: its score is of the
        whole history by design.
    """
    if events.schema.label_level == "entity":
        reason = "A score of a whole history is known at its end only; there is nothing to cut."
        return declined(KEY, TITLE, "utility", reason)
    rng = stream(seed, "look ahead")
    n = min(MOST_ENTITIES, events.n_entities)
    some = events.take(np.sort(rng.permutation(events.n_entities)[:n]))
    position = Timeline(some.offsets, some.seconds()).position
    place = (rng.random(n) * some.lengths).astype(np.int64)
    whole = scorer.score(some)
    changed, compared = 0, 0
    for last in (place, np.zeros(n, dtype=np.int64)):
        keep = position <= last[some.owner]
        gap = np.abs(whole[keep] - scorer.score(some.where(keep)))
        changed += int(np.sum(~(gap <= TOLERANCE)))  # not a number has changed, too
        compared += len(gap)
    return _result(name, changed, compared)


def _result(name: str, changed: int, compared: int) -> MetricResult:
    source = "A score that changes with what comes later was not known when it was needed"
    return MetricResult(
        KEY,
        f"{TITLE}: {name}",
        "utility",
        "NOT_RUN",
        Estimate(changed / compared, n=compared),
        threshold=Threshold(0.0, 0.0, "J", source),
        reason="" if changed == 0 else "The detector looks at events that come later.",
        method=f"Histories cut at random and after the first event, scored again; changed is "
        f"more than {TOLERANCE:g} log-odds",
    ).judged()
