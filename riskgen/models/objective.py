"""What a tuned generator is judged by, from its own training; smaller is better.

Both objectives look at sequences that the generator itself sets aside within
its training panel. Control and test partitions are nowhere near.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskgen.errors import RiskgenError
from riskgen.models.base import StepReport

OBJECTIVES = ("held-out", "auditor")


def held_out_parts(log: Sequence[StepReport]) -> dict[str, float]:
    """Return the best held-out loss of each phase, in nats."""
    best: dict[str, float] = {}
    for report in log:
        if report.held_out is not None:
            best[report.phase] = min(report.held_out, best.get(report.phase, report.held_out))
    return best


def objective(
    name: str,
    log: Sequence[StepReport],
    report: Mapping[str, Any],
    events_per_sequence: float,
) -> tuple[float, dict[str, float]]:
    """Return the value of objective ``name`` and what it is made of.

    Parameters
    ----------
    name : str
        ``held-out``: nats an event, the context's spread over the events of its
        sequence, so that the sum is the likelihood of whole sequences;
        ``auditor``: how far the area under the ROC curve of the small
        discriminator is from one half.
    log : sequence of StepReport
        All steps of the fit.
    report : mapping
        The generator's own report.
    events_per_sequence : float
        Mean length.

    Raises
    ------
    RiskgenError
        When the generator does not tell what the objective needs.
    """
    if name == "auditor":
        audit = report.get("audit")
        if audit is None:
            raise _untold(name, "its auditor gave no verdict: too few sequences, or no auditor")
        return abs(audit["auc"] - 0.5), {"auc": audit["auc"], "error": audit["error"]}
    parts = held_out_parts(log)
    phases = [phase for phase in parts if phase != "context"]
    if len(phases) != 1:
        # Losses of several phases need not be likelihoods of the same thing.
        raise _untold(name, f"a held-out loss in {len(phases)} phases of events, not in one")
    value = parts[phases[0]] + parts.get("context", 0.0) / events_per_sequence
    return value, parts


def _untold(name: str, found: str) -> RiskgenError:
    return RiskgenError(
        f"The objective '{name}' cannot be had from this fit: {found}. Choose another objective, "
        "or a generator that tells it."
    )
