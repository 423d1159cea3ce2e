"""The customers that responses are tried on, and what every response sees of them.

Levels are learned on genuine customers of the generator's part; what is tried on them are
customers of the control, whom nothing was learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.normals import normals
from riskgen.evaluate.response.halves import Half, halves
from riskgen.evaluate.response.levels import levels_of
from riskgen.evaluate.response.measures import Scores, Sight
from riskgen.evaluate.response.periods import Periods
from riskgen.evaluate.response.plan import Level, Plan, Response
from riskgen.evaluate.response.replay import GOLDEN, Book
from riskgen.seeding import stream
from riskgen.simulate.mechanisms.draws import uniforms
from riskgen.simulate.severity import Source

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FEWEST = 20  # genuine customers, below which halves of them say nothing [J]
# What blocks at random: the yardstick that every response must beat.
CHANCE = Response(
    id="chance",
    title="Block at random",
    kind="amount_cap",
    level=Level(exceeded_by=200, times=(0.7, 1.0, 1.15, 1.3, 1.5, 1.8)),
    source=Source(kind="judgement", note="the yardstick"),
)


@dataclass(frozen=True, eq=False)
class Scene:
    """What responses are tried on.

    Attributes
    ----------
    base : Events
        Genuine customers of the control, as they are.
    periods : Periods
        Months that are replayed.
    score : callable or None
        The detector's log-odds of each event.
    levels : mapping of response to list of float
        What is tried.
    left_out : dict of str to str
        Responses that the table cannot have, with the reason.
    half : tuple of Half
        Customers to choose on and to report on.
    luck : ndarray of shape (n_entities, 3)
        Uniform numbers of each customer.
    """

    base: Events = field(repr=False)
    periods: Periods
    score: Scores | None = field(repr=False)
    levels: Mapping[str, list[float]]
    left_out: dict[str, str]
    half: tuple[Half, Half] = field(repr=False)
    luck: Floats = field(repr=False)

    def values(self, sight: Sight, who: Ints, plan: Plan) -> dict[str, Floats]:
        """Return what every response sees; ``who`` are the customers' places in the base."""
        seen = {r.id: sight.measure(r) for r in plan.responses if r.id in self.levels}
        return seen | {CHANCE.id: drawn_values(sight, self.luck[who, 2])}

    def book(self, sight: Sight, who: Ints, fraud: Flags) -> Book:
        """Return histories to be replayed, money of frauds as far as it goes out, if any does."""
        moved, out = sight.money("any"), sight.money("out")
        lost = out if (fraud & (out > 0)).any() else moved
        return Book(
            sight.events.offsets,
            sight.line.seconds,
            fraud,
            np.where(fraud, lost, moved),
            self.periods.of_seconds(sight.line.seconds),
            self.luck[who, :2],
        )


def scene_of(split: Split, plan: Plan, seed: int) -> Scene:
    """Prepare what responses are tried on.

    Raises
    ------
    NotApplicable
        When there are too few genuine customers, or no column means an amount.
    """
    learned, base = normals(split.generator), normals(split.control)
    if base.n_entities < FEWEST:
        raise NotApplicable(
            f"The control has {base.n_entities} genuine customers; to choose on one half and "
            f"report on the other, at least {FEWEST} are needed."
        )
    score, held_out = detector_of(split.generator, seed)
    sight = Sight.of(learned, held_out)
    periods = Periods.of(sight.line.seconds)
    levels, left_out = dict[str, list[float]](), dict[str, str]()
    for response in plan.responses:
        try:
            seen = sight.measure(response)
        except NotApplicable as reason:
            left_out[response.id] = str(reason)
            continue
        levels[response.id] = levels_of(response, seen, learned, periods)
    noise = drawn_values(sight, stream(seed, "response", "noise").random(learned.n_entities))
    levels[CHANCE.id] = levels_of(CHANCE, noise, learned, periods)
    everyone = np.arange(base.n_entities)
    return Scene(
        base,
        Periods.of(base.seconds()),
        score,
        levels,
        left_out,
        halves(base.n_entities, seed),
        uniforms(seed, ("response", "luck"), everyone, 3),
    )


def drawn_values(sight: Sight, luck: Floats) -> Floats:
    """Return numbers that know nothing: exponential, so that multiples of a level are rarer."""
    turn = np.mod(luck[sight.line.owner] + GOLDEN * sight.line.position, 1.0)
    return np.asarray(-np.log1p(-turn))


def detector_of(events: Events, seed: int) -> tuple[Scores | None, Scores | None]:
    """Return a detector learned from ``events``, and what it says of them unlearned.

    Scores of events that were learned from are too low for the genuine: levels on them
    would hit more customers than they say. The second detector therefore scores each half
    of ``events``' genuine customers by what was learned from the other half.
    """
    fraud = events.entity_label()
    if events.schema.label_level != "event" or fraud.sum() < 2 or fraud.all():
        return None, None
    lens = Lens.of(events)
    order = stream(seed, "response", "folds").permutation(events.n_entities)
    # As many fraud customers on either side.
    order = order[np.argsort(fraud[order], kind="stable")]
    folds = [np.sort(order[side::2]) for side in (0, 1)]
    whole = _fitted(lens, events, seed)
    parts = [_fitted(lens, events.take(fold), seed) for fold in folds]
    genuine = np.flatnonzero(~fraud)

    def unlearned(shown: Events) -> Floats:
        scores = np.empty(shown.n_events)
        for fold, judge in zip(folds, reversed(parts), strict=True):
            inside = np.flatnonzero(np.isin(genuine, fold))
            rows = np.isin(shown.owner, inside)
            scores[rows] = judge(shown.take(inside))
        return scores

    return whole, unlearned


def _fitted(lens: Lens, events: Events, seed: int) -> Scores:
    return BoostedTrees(lens).fit([Lesson.whole(events)], seed=seed).score
