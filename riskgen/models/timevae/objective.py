"""The evidence lower bound, and what tells a posterior that collapsed.

Arithmetic only: knows networks and batches, not how they are trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from riskgen.models.timevae.config import TimeVAEConfig
from riskgen.models.timevae.networks import SequenceVAE
from riskgen.models.timevae.sequences import SequenceBatch

ACTIVE = 0.01
"""Variance over sequences of a posterior mean above which a dimension is in use
(Burda, Grosse and Salakhutdinov 2016)."""

TOLD = 0.1
"""Nats of a sequence, over all dimensions, below which a latent tells next to
nothing, however its means vary [J]."""


@dataclass(frozen=True, eq=False)
class Terms:
    """The parts of the bound for each sequence, in nats.

    Attributes
    ----------
    reconstruction : Tensor of shape (n,)
        Log-likelihood of context and events given one drawn latent.
    divergence : Tensor of shape (n, latent)
        Of posterior from prior, by dimension. In the deterministic limit half the
        squared latent: what is left of it when the variance no longer moves.
    mean : Tensor of shape (n, latent)
        Of the posterior.
    log_variance : Tensor of shape (n, latent)
        Of the posterior; minus infinity in the deterministic limit.
    """

    reconstruction: Tensor
    divergence: Tensor
    mean: Tensor
    log_variance: Tensor


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, 1)), elementwise, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)


def drawn_latent(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return a draw from each posterior, by the reparametrisation of Kingma and Welling."""
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def terms_of(network: SequenceVAE, batch: SequenceBatch, deterministic: bool) -> Terms:
    """Return the parts of the bound; draws from torch's generator unless deterministic."""
    mean, log_variance = network.encoder(batch)
    if deterministic:
        z, divergence = mean, 0.5 * mean.square()
        log_variance = torch.full_like(mean, -torch.inf)
    else:
        z, divergence = drawn_latent(mean, log_variance), gaussian_divergence(mean, log_variance)
    told = reconstruction(network, z, batch)
    return Terms(told, divergence, mean, log_variance)


def reconstruction(network: SequenceVAE, z: Tensor, batch: SequenceBatch) -> Tensor:
    """Return log p(context, events | z) of each sequence, shape (n,)."""
    events = network.events.log_likelihood(z, batch).sum(dim=1)
    owner = torch.arange(len(z)).expand(batch.real.shape)[batch.real]
    result = torch.zeros(len(z)).index_add(0, owner, events)
    if batch.context_applies.shape[1]:
        rows = (batch.context_codes, batch.context_numbers, batch.context_applies)
        result = result + network.contexts.log_likelihood(z, *rows).sum(dim=1)
    return result


def loss_of(terms: Terms, beta: float, free_nats: float) -> Tensor:
    """Return minus the bound, summed over sequences, with the divergence weighed.

    A dimension whose mean divergence is below ``free_nats`` is charged
    ``free_nats``: it costs nothing to use it (Kingma et al. 2016).
    """
    paid = terms.divergence.mean(dim=0).clamp(min=free_nats).sum() * len(terms.mean)
    return beta * paid - terms.reconstruction.sum()


def annealed(config: TimeVAEConfig, fraction: float) -> float:
    """Return the weight of the divergence when ``fraction`` of the budget is used."""
    if config.anneal == 0:
        return config.beta
    return config.beta * min(1.0, fraction / config.anneal)


def usage(mean: Tensor, divergence: Tensor, deterministic: bool) -> dict[str, object]:
    """Return how much of the latent is in use, as JSON values.

    Parameters
    ----------
    mean, divergence : Tensor of shape (n, latent)
        Of sequences; n at least 2.

    Returns
    -------
    dict
        ``active_units`` (posterior means that vary over sequences),
        ``divergence`` by dimension in nats (0 in the deterministic limit, which
        has none) and ``collapsed``: the decoder does without its latent, since no
        unit is active or all tell less than TOLD.
    """
    active = int((mean.var(dim=0) > ACTIVE).sum())
    told = torch.zeros(mean.shape[1]) if deterministic else divergence.mean(dim=0)
    by_dimension = [round(float(value), 4) for value in told]
    silent = not deterministic and float(told.sum()) < TOLD
    return {
        "active_units": active,
        "divergence": by_dimension,
        "collapsed": active == 0 or silent,
    }
