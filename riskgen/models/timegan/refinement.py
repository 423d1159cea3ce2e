"""The adversarial phase: learning from own rollouts, kept only if it proves itself.

Likelihood never sees what the generator does when it runs free. A discriminator
does: its odds say how much likelier each simulated sequence is under the data
(density-ratio weighting: Sugiyama et al. 2012; discriminator weights for samples:
Grover et al. 2019). A few more steps learn real sequences and weighted rollouts
side by side. Whether that helped is asked of a discriminator that has seen neither
these rollouts nor the held-out sequences; otherwise the weights stay as they were.
On the accounts of a Czech bank it did not help: told apart at .925 before and .929
after, with unweighted rollouts .935, with as many steps on real sequences .925.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from riskgen.data.panel import Floats, SequencePanel
from riskgen.models.base import OnStep, StepReport
from riskgen.models.timegan.auditor import Audit, scores_of_folds
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.course import Course
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.likelihood import Aside, event_log_likelihood
from riskgen.models.timegan.networks import EventNetworks
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.stretches import Stretches
from riskgen.models.timegan.training import Batches
from riskgen.seeding import torch_fence

STEPS = 0.1
"""Steps of the phase, as a part of those of the likelihood phase [J]."""

PACE = 0.1
"""Its learning rate, relative to that phase's [J]."""

LARGEST = 5.0
"""Largest weight of a rollout; beyond it one sequence would lead [J]."""

MOST = 2_000
"""Rollouts, at most [J]."""

LEAST_EFFECTIVE = 0.2
"""Effective share of rollouts below which the odds are too certain to learn from [J]."""

FEWEST = 100
"""Held-out sequences below which nothing could be proved: the standard error of an area
of .7 is then .036 (Hanley and McNeil 1982)."""

WORSE = 0.005
"""Relative rise of the held-out loss that the phase may cost [J]."""


@dataclass(frozen=True)
class Refinement:
    """What the phase did.

    Attributes
    ----------
    kept : bool
        Whether its weights are used.
    reason : str
        Why, or why not.
    before, after : float or None
        Held-out area under the ROC curve of the judging discriminator.
    error : float or None
        Standard error of ``before``.
    effective : float
        Effective sample size of the weighted rollouts, as a share.
    """

    kept: bool
    reason: str
    before: float | None
    after: float | None
    error: float | None
    effective: float

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def untried(reason: str) -> Refinement:
    """Return a refinement that did not take place."""
    return Refinement(False, reason, None, None, None, 0.0)


@dataclass(frozen=True, eq=False)
class Workshop:
    """What the phase works with.

    Attributes
    ----------
    panel : SequencePanel
        Whole training panel, for the contexts' layout.
    data : EventDataset
        Of that panel.
    train, aside : Stretches
        Learned from, and set aside.
    coder, context_coder : RowCoder
        As fitted.
    config : TimeGANConfig
        Of the event networks.
    steps : int
        That the likelihood phase took.
    seed : int
        Of the fit.
    draw : callable
        From a number and a name of a random stream to rollouts, with current weights.
    judge : callable
        Returns what a discriminator says of held-out sequences, with current weights.
    """

    panel: SequencePanel
    data: EventDataset
    train: Stretches
    aside: Stretches
    coder: RowCoder
    context_coder: RowCoder
    config: TimeGANConfig
    steps: int
    seed: int
    draw: Callable[[int, str], SequencePanel]
    judge: Callable[[str], Audit | None]


def refine(networks: EventNetworks, shop: Workshop, on_step: OnStep | None) -> Refinement:
    """Refine ``networks`` in place, or leave them as they were; says which."""
    before = shop.judge("before") if len(shop.aside.lengths) >= FEWEST else None
    if before is None:
        return untried("not tried: too few held-out sequences to prove anything")
    real = shop.panel.take(np.unique(shop.train.sequence))
    rollouts = shop.draw(min(MOST, real.n_sequences), "refine")
    weights = _weights(scores_of_folds(real, rollouts, shop.coder, shop.seed))
    effective = float(weights.sum() ** 2 / (len(weights) * (weights**2).sum()))
    told = (before.auc, None, before.error, effective)
    if effective < LEAST_EFFECTIVE:
        return Refinement(False, "rollouts are too far from the data", *told)
    held = copy.deepcopy(networks.state_dict())
    judges = Aside(shop.data, shop.aside, shop.config.window)
    loss = judges.loss(networks).mean
    _learn(networks, shop, rollouts, weights, on_step)
    worse = judges.loss(networks).mean / loss - 1.0
    after = shop.judge("after")
    assert after is not None, "it was judged before"
    both = (before.auc, after.auc, before.error, effective)
    if worse <= WORSE * np.sign(loss) and after.auc < before.auc - before.error:
        return Refinement(True, "a held-out discriminator tells fewer apart", *both)
    networks.load_state_dict(held)
    reason = "the held-out loss rose" if worse > WORSE else "no fewer were told apart"
    return Refinement(False, reason, *both)


def _weights(logits: Floats) -> Floats:
    """Return weights of mean 1 from the log odds that rollouts are real."""
    odds = np.exp(np.clip(logits - np.median(logits), -8.0, 8.0))
    odds = np.minimum(odds / odds.mean(), LARGEST)
    return np.asarray(odds / odds.mean())


def _learn(
    networks: EventNetworks,
    shop: Workshop,
    rollouts: SequencePanel,
    weights: Floats,
    on_step: OnStep | None,
) -> None:
    config, n = shop.config, rollouts.n_sequences
    own = EventDataset(rollouts, shop.coder, shop.context_coder, shop.data.guides.rolls)
    own.recall = shop.data.recall
    everything = Stretches(np.arange(n), rollouts.offsets[:-1], rollouts.offsets[1:])
    batches = [
        Batches(part, config.window, config.batch, shop.seed + place)
        for place, part in enumerate((shop.train, everything))
    ]
    weight = torch.from_numpy(weights).float()
    usual = [config.batch * float(part.lengths.mean()) for part in (shop.train, everything)]
    course = Course("refinement", networks, PACE * config.learning_rate, config.decay, 1)
    networks.requires_grad_(True)
    steps = max(10, round(STEPS * shop.steps))
    for step in range(steps):
        chosen = batches[1].at(step)
        real, made = shop.data.batch(batches[0].at(step)), own.batch(chosen)
        owner = torch.from_numpy(chosen.sequence).expand(made.real.shape)[made.real]

        def loss_of(network: nn.Module) -> Tensor:
            assert isinstance(network, EventNetworks)
            truth = event_log_likelihood(network, real).sum() / usual[0]  # noqa: B023
            dream = weight[owner] @ event_log_likelihood(network, made).sum(dim=1)  # noqa: B023
            return -0.5 * (truth + dream / usual[1])

        with torch_fence(shop.seed, "train", "refinement", step):
            value = course.advance(loss_of, (step + 1) / steps)
        if on_step is not None:
            on_step(StepReport("refinement", step + 1, (step + 1) / steps, value))
    networks.load_state_dict(course.average.state_dict())
    networks.eval().requires_grad_(False)
