"""The losses of Yoon, Jarrett and van der Schaar (2019), section 4.3.

Arithmetic on tensors; knows no network. Everywhere a loss is the mean over
sequences of a sum over their steps, as the paper's expectations say. ``real``
(n_steps, n) is 1 where a step exists and 0 in padding. Norms are Euclidean and
not squared, as printed in the paper (the published code squares them).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TINY = 1e-6
"""Keeps the derivative of a standard deviation finite, as in the published code."""


def _over_steps(terms: Tensor, real: Tensor) -> Tensor:
    return (terms * real).sum() / real.shape[1]


def reconstruction(s: Tensor, x: Tensor, s_again: Tensor, x_again: Tensor, real: Tensor) -> Tensor:
    """Return L_R = E[|s - s~| + sum_t |x_t - x~_t|] (equation 7).

    Parameters
    ----------
    s, s_again : Tensor of shape (n, n_static)
        Width 0 where there is no context.
    x, x_again : Tensor of shape (n_steps, n, n_features)
    """
    static = torch.linalg.vector_norm(s - s_again, dim=-1).mean() if s.shape[1] else s.new_zeros(())
    return static + _over_steps(torch.linalg.vector_norm(x - x_again, dim=-1), real)


def supervised(h: Tensor, h_next: Tensor, real: Tensor) -> Tensor:
    """Return L_S = E[sum_t |h_t - g_X(h_S, h_{t-1}, z_t)|] (equation 9).

    Parameters
    ----------
    h, h_next : Tensor of shape (n_steps, n, hidden)
        Latents of real sequences, and what the generator makes of the step before.
    """
    return _over_steps(torch.linalg.vector_norm(h - h_next, dim=-1), real)


def unsupervised(
    y_s: Tensor | None, y: Tensor, made_s: Tensor | None, made: Tensor, real: Tensor
) -> Tensor:
    """Return -L_U (equation 8), which the discriminator minimises.

    L_U = E[log y_S + sum_t log y_t] + E[log(1 - y^_S) + sum_t log(1 - y^_t)].

    Parameters
    ----------
    y_s, made_s : Tensor of shape (n,), logits, or None
        For real and for made static latents.
    y, made : Tensor of shape (n_steps, n), logits
    """
    loss = _over_steps(F.softplus(-y) + F.softplus(made), real)
    if y_s is not None and made_s is not None:
        loss = loss + (F.softplus(-y_s) + F.softplus(made_s)).mean()
    return loss


def fooling(made_s: Tensor | None, made: Tensor, real: Tensor, *, minimax: bool) -> Tensor:
    """Return the part of L_U that the generator changes, which it minimises.

    E[log(1 - y^_S) + sum_t log(1 - y^_t)] with ``minimax``, as in the paper;
    otherwise -E[log y^_S + sum_t log y^_t] (Goodfellow et al. 2014, section 3).
    """

    def term(logits: Tensor) -> Tensor:
        return -F.softplus(logits) if minimax else F.softplus(-logits)

    loss = _over_steps(term(made), real)
    return loss if made_s is None else loss + term(made_s).mean()


def two_moments(x: Tensor, x_made: Tensor, real: Tensor) -> Tensor:
    """Return how far means and standard deviations of features are apart, summed over steps.

    Of the published code, not of the paper. Moments are taken over the
    sequences that have the step; a step counts by how many they are.

    Parameters
    ----------
    x, x_made : Tensor of shape (n_steps, n, n_features)
    """
    weight = real[..., None]
    count = weight.sum(dim=1).clamp(min=1.0)

    def moments(values: Tensor) -> tuple[Tensor, Tensor]:
        mean = (values * weight).sum(dim=1) / count
        variance = ((values - mean[:, None]) ** 2 * weight).sum(dim=1) / count
        return mean, torch.sqrt(variance + TINY)

    pairs = zip(moments(x), moments(x_made), strict=True)
    apart = sum(((a - b).abs() for a, b in pairs), start=x.new_zeros(()))
    return (apart.mean(dim=1) * real.mean(dim=1)).sum()
