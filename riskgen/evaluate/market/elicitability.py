"""Whose value at risk and expected shortfall fit real days that nobody has learned from.

The two are jointly elicitable: a score exists that the true pair minimises on
average (Fissler and Ziegel 2016), so that generators can be ranked on held-out
returns. Unconditional figures only: one pair a portfolio for all days. Knows
neither how paths were made nor what is done with the ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskgen.errors import NotApplicable
from riskgen.evaluate.intervals import percentile_interval
from riskgen.evaluate.market.diebold_mariano import DieboldMariano, diebold_mariano
from riskgen.evaluate.market.sample import ReturnSample, history, mean_block
from riskgen.evaluate.market.tails import ALPHAS, losses, portfolios
from riskgen.evaluate.result import Estimate
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Score = Callable[[Floats, Floats, Floats, float], Floats]

DRAWS = 1000  # of the block bootstrap; a 2.5 % quantile then rests on 25 of them
TAIL_GAN_WEIGHT = 10.0  # W of Tail-GAN (Cont et al. 2025)


@dataclass(frozen=True)
class TailScore:
    """How one generator's tail figures did on held-out days, mean over portfolios.

    Attributes
    ----------
    generator : str
    alpha : float
        Share of days in the tail.
    score : Estimate
        Mean score; lower is better.
    difference : Estimate
        Mean score less the reference's, below 0 where it beats it.
    test : DieboldMariano
        The same difference with Newey-West errors.
    stretches : tuple of float
        The same difference in each unbroken stretch of days. Where signs follow
        calm and crisis, the score tells which figures are lower, not which are right.
    """

    generator: str
    alpha: float
    score: Estimate
    difference: Estimate
    test: DieboldMariano
    stretches: tuple[float, ...]


def fz0(gains: Floats, var: Floats, es: Floats, alpha: float) -> Floats:
    """Return the score FZ0 of each day (Patton, Ziegel and Chen 2019, eq. 6).

    Differences between forecasts do not depend on the unit of the gains, so
    that portfolios of different volatility may be averaged.

    Parameters
    ----------
    gains : ndarray of shape (n_days, n_portfolios)
        Realised returns.
    var, es : ndarray of shape (n_portfolios,)
        Value at risk and expected shortfall, losses positive.
    alpha : float
        Share of days beyond the value at risk.

    Returns
    -------
    ndarray of shape (n_days, n_portfolios)

    Raises
    ------
    NotApplicable
        When an expected shortfall is not a loss; the score needs its logarithm.
    """
    v, e = _checked(var, es)
    beyond = (gains <= v) * (v - gains)
    return np.asarray(-beyond / (alpha * e) + v / e + np.log(-e) - 1.0)


def tail_gan_score(gains: Floats, var: Floats, es: Floats, alpha: float) -> Floats:
    """Return the score that Tail-GAN trains on (Cont, Cucuringu, Xu and Zhang 2025).

    ``(1{x <= v} - a) (G1(v) - G1(x)) + G2(e) 1{x <= v} (v - x) / a + G2(e) (e - v) - G(e)``
    with ``G1(v) = -W v² / 2``, ``G2(e) = a e``, ``G(e) = a e² / 2`` and ``W = 10``. It
    grows with the square of the unit: volatile portfolios decide. Parameters and
    result as for :func:`fz0`.

    Raises
    ------
    NotApplicable
        When an expected shortfall is no loss, or ten times the value at risk or
        more: there the true pair need not be the best.
    """
    v, e = _checked(var, es)
    if not bool((TAIL_GAN_WEIGHT * v < e).all()):
        raise NotApplicable(
            "Tail-GAN's score holds where expected shortfall is below ten times the value at "
            "risk. Found a portfolio beyond that. Take 'fz0'."
        )
    inside = gains <= v
    first = (inside - alpha) * 0.5 * TAIL_GAN_WEIGHT * (gains * gains - v * v)
    second = alpha * e * (e - v + inside * (v - gains) / alpha)
    return np.asarray(first + second - 0.5 * alpha * e * e)


def compare_tails(
    made: Mapping[str, Sequence[Floats] | Floats],
    held_out: Sequence[Floats],
    *,
    against: str,
    seed: int,
    score: Score = fz0,
) -> list[TailScore]:
    """Rank generators by their portfolios' tail figures on held-out real days.

    One figure for all days is only as right as the days are typical: held-out
    years calmer than the learned ones favour whoever states less risk. Put the
    learned history among ``made`` beside its own bootstrap: where even these two
    differ, the ranking says nothing.

    Parameters
    ----------
    made : mapping of str to ndarray of shape (n_paths, horizon, n_assets)
        Simulated log returns; or segments of history, a sequence of arrays of
        shape (n_days, n_assets), for historical simulation.
    held_out : sequence of ndarray of shape (n_days, n_assets)
        Log returns of unbroken stretches that no generator has learned.
    against : str
        Which of ``made`` the others are compared with.
    seed : int
        Of the portfolios and of the block bootstrap (stationary, Politis and
        Romano 1994, whole days).
    score : callable
        :func:`fz0` or :func:`tail_gan_score`.

    Returns
    -------
    list of TailScore
        One for each generator and each of :data:`ALPHAS`, reference included.
    """
    weights = portfolios(held_out[0].shape[1], stream(seed, "market", "portfolios"))
    days = history(held_out, 1, DRAWS, stream(seed, "market", "elicitability"))
    gains = np.expm1(days.rows) @ weights.T
    daily = {name: _daily(theirs, gains, weights, score) for name, theirs in made.items()}
    return [
        _tail_score(name, alpha, daily[name][:, i], daily[against][:, i], days)
        for name in made
        for i, alpha in enumerate(ALPHAS)
    ]


def _daily(
    stretches: Sequence[Floats] | Floats, gains: Floats, weights: Floats, score: Score
) -> Floats:
    """Return each day's score, mean over portfolios, shape (n_days, n_alphas)."""
    found = losses(history(list(stretches), 1), weights)
    pairs = zip(found[::2], found[1::2], strict=True)
    scored = [
        score(gains, var[0], es[0], alpha).mean(axis=1)
        for alpha, (var, es) in zip(ALPHAS, pairs, strict=True)
    ]
    return np.stack(scored, axis=1)


def _tail_score(
    name: str, alpha: float, theirs: Floats, reference: Floats, days: ReturnSample
) -> TailScore:
    means = days.mean(np.column_stack([theirs, theirs - reference]))
    estimates = [percentile_interval(float(c[0]), c[1:], n=len(theirs)) for c in means.T]
    own, other = (np.split(scores, days.starts[1:]) for scores in (theirs, reference))
    # The usual rule takes 7 lags in 1,760 days and called history different from its own
    # bootstrap with a statistic of -8; tails cluster for as long as volatility does.
    test = diebold_mariano(own, other, lags=int(mean_block(days.rows)))
    stretches = tuple(float((a - b).mean()) for a, b in zip(own, other, strict=True))
    return TailScore(name, alpha, estimates[0], estimates[1], test, stretches)


def _checked(var: Floats, es: Floats) -> tuple[Floats, Floats]:
    v, e = -np.asarray(var, dtype=np.float64), -np.asarray(es, dtype=np.float64)
    if not bool((e < 0).all() and (e <= v).all()):
        raise NotApplicable(
            "The score is for tails that lose. Found an expected shortfall that is no loss, or "
            "smaller than the value at risk. Leave that portfolio out."
        )
    return v, e
