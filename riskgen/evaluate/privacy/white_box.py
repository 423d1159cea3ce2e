"""What someone who holds the weights learns: membership by likelihood (threat A4).

Told apart from attacks on samples: a generator whose samples give nobody away
can still know its members, since training raised their likelihood and nobody
else's. These are lower bounds: one model, no shadow models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from riskgen.data.events import Events
from riskgen.evaluate.privacy.material import MOST, Floats, draw
from riskgen.evaluate.privacy.membership import Scores, auc_result, rate_result
from riskgen.evaluate.result import MetricResult, declined
from riskgen.seeding import stream

FEWEST = 40  # [J] entities a side, two halves of which give the floor
GROUP = "privacy.weights"
WORDS = ", by someone who holds the weights"
METHOD = (
    "Log-likelihood of training entities against as many others: of what is fixed per entity "
    "(statics), a mean over events (events), and both, standardised (together); DeLong et al. 1988."
)


@runtime_checkable
class Weighing(Protocol):
    """A sampler that says how likely entities are, as its weights do."""

    def log_likelihood(self, events: Events) -> tuple[Floats, Floats] | None:
        """Return nats of the context and of all events of each entity, or None."""


def measure_white_box(
    sampler: object, members: Events, control: Events, *, seed: int
) -> list[MetricResult]:
    """Measure how well likelihood tells members from strangers; the strongest part decides.

    Parameters
    ----------
    sampler : object
        The fitted generator; one that is no :class:`Weighing` has no likelihood.
    members, control : Events
        Entities that it was fitted on, and others of the same window; cut to
        equal numbers, at most 10,000.
    seed : int
        For the draw that balances the sides.
    """
    scores = likelihood_scores(sampler, members, control, seed=seed)
    if scores is None:
        return [_none()]
    n = scores["together"].n
    if n < FEWEST:
        return [_few(n)]
    chance = {name: _halved(found, seed) for name, found in scores.items()}
    return [
        auc_result(scores, chance, GROUP, WORDS, METHOD),
        rate_result(scores, chance, GROUP, WORDS, "1pct"),
    ]


def likelihood_scores(
    sampler: object, members: Events, control: Events, *, seed: int
) -> Mapping[str, Scores] | None:
    """Return the scores of each attack, or None where there is no likelihood."""
    if not isinstance(sampler, Weighing):
        return None
    size = min(members.n_entities, control.n_entities, MOST)
    sides = [
        events.take(draw(events.n_entities, size, seed, f"weights {name}"))
        for name, events in (("members", members), ("others", control))
    ]
    found = [sampler.log_likelihood(side) for side in sides]
    if found[0] is None or found[1] is None:
        return None
    statics = Scores(found[0][0], found[1][0])
    events = Scores(found[0][1] / sides[0].lengths, found[1][1] / sides[1].lengths)
    return {"events": events, "statics": statics, "together": _together(events, statics)}


def _together(first: Scores, second: Scores) -> Scores:
    """Return the sum of both in units of their own spread, which needs no membership."""
    members, others = np.zeros(len(first.members)), np.zeros(len(first.others))
    for part in (first, second):
        spread = max(float(np.concatenate([part.members, part.others]).std()), 1e-12)
        members, others = members + part.members / spread, others + part.others / spread
    return Scores(members, others)


def _halved(scores: Scores, seed: int) -> Scores:
    """Let one half of the strangers stand in for members."""
    order = stream(seed, "privacy", "weights floor").permutation(len(scores.others))
    cut = len(order) // 2
    return Scores(scores.others[order[:cut]], scores.others[order[cut:]])


def _none() -> MetricResult:
    title = f"How well an attacker tells members from strangers{WORDS} (AUC; chance is .5)"
    reason = "This generator says no likelihood; what its weights hold was not attacked."
    return declined(f"{GROUP}.auc", title, "privacy", reason)


def _few(n: int) -> MetricResult:
    title = f"How well an attacker tells members from strangers{WORDS} (AUC; chance is .5)"
    reason = f"{n} entities a side are too few; {FEWEST} are needed."
    return MetricResult(f"{GROUP}.auc", title, "privacy", "INCONCLUSIVE", reason=reason)
