"""Whose tail figures for all days fit real days that nobody has learned from, as results.

Historical simulation, the learned days themselves, is what a generator has to beat:
it is free. Knows scores, not what they are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.errors import NotApplicable
from riskgen.evaluate.market.elicitability import TailScore, compare_tails
from riskgen.evaluate.market.forecasts.coverage import holm
from riskgen.evaluate.market.tails import ALPHAS
from riskgen.evaluate.result import Estimate, MetricResult, Threshold, declined

Floats = NDArray[np.float64]

RANKING = "market.elicitability"
OWN, HISTORY = "this generator", "historical simulation"
CONTROL = "iid"  # history's own bootstrap: it must not be told from history
SIGNIFICANCE = 0.05
TITLE = "VaR and ES of all days at {at} % beside historical simulation (FZ0)"


def measure_ranking(
    real: Sequence[Floats],
    control: Sequence[Floats],
    paths: Floats,
    others: Mapping[str, Floats],
    *,
    seed: int,
) -> list[MetricResult]:
    """Compare a generator's tail figures with those of history, on held-out days.

    Parameters
    ----------
    real, control : sequences of ndarray of shape (n_days, n_assets), log returns
        Learned, and held out.
    paths : ndarray of shape (n_paths, horizon, n_assets)
    others : mapping of str to such paths
        Rivals; ``iid`` must be among them.
    seed : int
        Of portfolios and resampling.
    """
    made: dict[str, Sequence[Floats] | Floats] = {OWN: paths, HISTORY: real, **others}
    try:
        found = compare_tails(made, control, against=HISTORY, seed=seed)
    except NotApplicable as error:
        return [declined(RANKING, TITLE.format(at="1 to 5"), "market", str(error))]
    own = [score for score in found if score.generator == OWN]
    adjusted = holm(np.array([score.test.p_value for score in own]))
    return [
        _result(score, float(p), [other for other in found if other.alpha == score.alpha])
        for score, p in zip(own, adjusted, strict=True)
    ]


def _result(own: TailScore, p: float, beside: Sequence[TailScore]) -> MetricResult:
    known = {score.generator: score for score in beside}
    better = sum(difference < 0 for difference in own.stretches)
    status, band, reason = _judged(own, p, known[CONTROL])
    return MetricResult(
        f"{RANKING}.{100 * own.alpha:g}",
        TITLE.format(at=f"{100 * own.alpha:g}"),
        "market",
        status,
        estimate=own.difference,
        floor=Estimate(known[CONTROL].difference.value),
        references={
            name: score.difference for name, score in known.items() if name not in (OWN, HISTORY)
        },
        threshold=Threshold(0.0, 0.0, "J", "No worse than historical simulation, which is free"),
        band=band,
        reason=f"{reason} Better in {better} of {len(own.stretches)} unbroken stretches of days.",
        method="Mean FZ0 (Patton, Ziegel and Chen 2019) of one VaR and ES for all held-out days, "
        "less that of the learned days, mean over portfolios; block bootstrap of days. Diebold "
        f"and Mariano (1995), {own.test.lags} days of memory inside stretches; p-values by Holm "
        f"over {len(ALPHAS)} levels. The floor is history's own bootstrap.",
        by={
            "FZ0": own.score,
            "p-value, Holm": Estimate(p),
            **{f"stretch {k}": Estimate(x) for k, x in enumerate(own.stretches, start=1)},
        },
    )


def _judged(own: TailScore, p: float, control: TailScore) -> tuple[Any, Any, str]:
    size = own.test.difference
    if p >= SIGNIFICANCE:
        return "INCONCLUSIVE", "amber", f"Not told from historical simulation (p = {p:.2g})."
    if control.test.p_value < SIGNIFICANCE and abs(size) <= 2 * abs(control.test.difference):
        text = "No farther from history than twice its own bootstrap: these days decide nothing."
        return "INCONCLUSIVE", "amber", text
    if size > 0:
        return "FAIL", "red", f"Historical simulation wins: its figures fit better (p = {p:.2g})."
    return "PASS", "green", f"Better than historical simulation (p = {p:.2g})."
