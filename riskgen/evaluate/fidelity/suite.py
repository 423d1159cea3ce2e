"""Is the synthetic data like the real: every measure of PROTOCOL A5 beside its floor."""

from __future__ import annotations

from riskgen.data.events import Events
from riskgen.evaluate.fidelity.aggregates import measure_aggregates
from riskgen.evaluate.fidelity.cohorts import Cohorts
from riskgen.evaluate.fidelity.dynamics import measure_dynamics
from riskgen.evaluate.fidelity.marginals import measure_marginals, measure_pairs
from riskgen.evaluate.fidelity.sequence_two_sample import measure_sequence_two_sample
from riskgen.evaluate.fidelity.two_sample import LEAST, measure_two_sample
from riskgen.evaluate.fidelity.validity import measure_validity
from riskgen.evaluate.result import MetricResult

MEASURES = ("two-sample test", "columns", "pairs", "dynamics", "aggregates", "validity")


def measure_fidelity(
    real: Events, control: Events, synthetic: Events, *, seed: int, quick: bool = False
) -> list[MetricResult]:
    """Return every fidelity measure, in reading order.

    Parameters
    ----------
    real : Events
        Entities of the generator's split (GEN).
    control : Events
        Real entities of the same window that no generator saw (CTRL).
    synthetic : Events
        Simulated entities; compared with ``control``, while ``real`` against
        ``control`` gives the noise floor.
    seed : int
        Names resamples and folds.
    quick : bool
        Leave out what trains networks.
    """
    if min(real.n_entities, control.n_entities, synthetic.n_entities) < LEAST:
        return [_too_few(real, control, synthetic)]
    cohorts = Cohorts.of(real, control, synthetic, seed=seed)
    return [
        *measure_two_sample(cohorts, seed=seed),
        *measure_sequence_two_sample(cohorts, seed=seed, quick=quick),
        *measure_marginals(cohorts),
        *measure_pairs(cohorts),
        *measure_dynamics(cohorts),
        *measure_aggregates(cohorts),
        measure_validity(cohorts),
    ]


def _too_few(real: Events, control: Events, synthetic: Events) -> MetricResult:
    reason = (
        f"There are {real.n_entities} real, {control.n_entities} control and "
        f"{synthetic.n_entities} synthetic entities; {LEAST} of each are needed."
    )
    return MetricResult(
        "fidelity.size", "Enough entities", "fidelity", "INCONCLUSIVE", reason=reason
    )
