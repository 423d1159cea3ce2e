"""The list of market facts: what is measured, and which wrong generator must fail it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.market import crashes, facts, tails
from riskgen.evaluate.market.comparison import Fact, Family

Floats = NDArray[np.float64]

POOLED = "Moments pooled over all days; lagged products within a path; mean over assets."


def families(n_assets: int, portfolios: Floats) -> list[Family]:
    """Return what is measured on ``n_assets`` assets.

    Parameters
    ----------
    portfolios : ndarray of shape (n_portfolios, n_assets)
        Strategies whose losses are compared.
    """
    found = [MOMENTS, TAILS, PARETO, MEMORY]
    if n_assets > 1:
        found.append(DEPENDENCE)
    return [*found, _losses(portfolios), RULES]


MOMENTS = Family(
    (
        Fact(
            "market.kurtosis",
            "Heavy tails: log kurtosis of daily returns",
            f"Difference of log kurtosis; parts show excess kurtosis. {POOLED}",
            "gbm",
            show=lambda x: np.exp(x) - 3.0,
        ),
        Fact(
            "market.aggregation",
            "Tails thin out over days: log kurtosis of 5-, 10- and 20-day returns",
            f"Difference of log kurtosis; parts show excess kurtosis. {POOLED}",
            "gbm",
            show=lambda x: np.exp(x) - 3.0,
        ),
        Fact("market.skew", "Asymmetry of gains and losses: skewness", POOLED, "mirrored"),
    ),
    lambda s: [facts.log_kurtosis(s), facts.summed_kurtosis(s), facts.skewness(s)],
)
TAILS = Family(
    tuple(
        Fact(
            f"market.tail.{side}",
            f"Tail index of {words} (Hill)",
            "Difference of 1 / tail index, Hill 1975 with k = 5 % of days; parts show the "
            "index (about 3, from 2 to 5, in daily stock returns: Cont 2001).",
            "gbm",
            show=lambda x: 1.0 / np.maximum(x, 1e-12),
        )
        for side, words in (
            ("left", "losses"),
            ("right", "gains"),
            ("both", "moves of either sign"),
        )
    ),
    lambda s: [tails.hill_left(s), tails.hill_right(s), tails.hill_both(s)],
)
PARETO = Family(
    (
        Fact(
            "market.tail.pareto",
            "Shape of the loss tail (generalised Pareto)",
            "Difference of the shape, 1 / tail index, of the worst 5 % of days by probability-"
            "weighted moments (Hosking and Wallis 1987): a check of Hill's index.",
            "gbm",
        ),
    ),
    lambda s: [tails.pareto_shapes(s)],
)
MEMORY = Family(
    (
        Fact(
            "market.acf.returns",
            "Returns are no more predictable than in history: autocorrelation at lags 1 to 20",
            f"Excess of the root mean square over lags; less than in history is no fault. {POOLED}",
            "momentum",
            "excess",
        ),
        Fact(
            "market.acf.absolute",
            "Volatility clusters: autocorrelation of absolute returns at lags 1 to 60",
            POOLED,
            "iid",
        ),
        Fact(
            "market.leverage",
            "Losses raise volatility: correlation of a return with later squared returns",
            f"Mean over lags 1 to 10 (Bouchaud, Matacz and Potters 2001). {POOLED}",
            "iid",
        ),
    ),
    lambda s: [facts.linear_memory(s), facts.volatility_memory(s), facts.leverage(s)],
)
DEPENDENCE = Family(
    (
        Fact(
            "market.correlation",
            "Assets move together: correlation matrix",
            "Root mean square difference of pairwise correlations (Frobenius norm, scaled).",
            "independent",
            "root",
        ),
        Fact(
            "market.eigenvalues",
            "Common factors: spectrum of the correlation matrix",
            "Mean absolute difference of eigenvalues over the number of assets.",
            "independent",
        ),
        Fact(
            "market.joint_tail",
            "Assets crash together: P(one in its worst 5 % | another is)",
            "Mean over pairs of the lower tail dependence at 5 %.",
            "independent",
        ),
        Fact(
            "market.joint_tail.1",
            "Assets crash together: P(one in its worst 1 % | another is)",
            "Mean over pairs of the lower tail dependence at 1 %.",
            "independent",
        ),
        Fact(
            "market.exceedance",
            "Assets move together when they fall: correlation on days when both do",
            "Mean over pairs of the correlation on days when both are in their worst 10 % "
            "(exceedance correlation, Longin and Solnik 2001).",
            "independent",
        ),
    ),
    lambda s: [
        facts.correlations(s),
        facts.eigenvalues(s),
        facts.lower_tail_dependence(s),
        crashes.far_tail_dependence(s),
        crashes.exceedance_correlation(s),
    ],
)
RULES = Family(
    tuple(
        Fact(
            f"market.rules.{key}",
            f"{words} of trading rules, worst 2.5 % of days",
            "Mean relative error over trend following (20 days) and mean reversion (yesterday), "
            "of each asset and of all in equal parts (strategies after Tail-GAN, Cont et al.).",
            "calm",
            "relative",
        )
        for key, words in (("var", "Value at risk"), ("es", "Expected shortfall"))
    ),
    crashes.rule_losses,
)


def _losses(portfolios: Floats) -> Family:
    method = (
        "Mean relative error of one-day losses over single assets and 50 random static "
        "portfolios, half of them with short positions (strategies after Tail-GAN, Cont et al.)."
    )
    names = (("var", "Value at risk"), ("es", "Expected shortfall"))
    found = tuple(
        Fact(
            f"market.{key}.{100 * alpha:g}",
            f"{words}, worst {100 * alpha:g} % of days",
            method,
            "calm",
            "relative",
        )
        for alpha in tails.ALPHAS
        for key, words in names
    )
    return Family(found, lambda sample: tails.losses(sample, portfolios))
