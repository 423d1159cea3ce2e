"""The real sequences that a simulation may work on, read from the table again.

A run keeps no copy of the table; what is needed of real customers is read
where it lies, checked against the run, and only the generator's partition of it.
"""

from __future__ import annotations

from riskgen.data.events import Events
from riskgen.errors import RiskgenError
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import EventMaterial
from riskgen.stages.simulate.request import SimulateRequest


def real_events(fitted: Fitted, request: SimulateRequest) -> Events:
    """Return the generator's partition of the table that the run learned.

    Raises
    ------
    RunError
        When the table has moved or changed since the fit.
    """
    material = fitted.material(request.data, request.password_file, request.context)
    assert isinstance(material, EventMaterial)
    return material.split.generator


def check_base(request: SimulateRequest, domain: str) -> None:
    """Refuse a real base where there is none, or where it would stay in the run.

    Raises
    ------
    RiskgenError
        For a market, and without ``--out``.
    """
    if request.base == "generated":
        return
    if domain == "market":
        raise RiskgenError(
            "--base real is for transactions; a market has one real path only, from which "
            "every simulated one goes on. Leave --base out."
        )
    if request.out is None:
        raise RiskgenError(
            "--base real writes real customers' histories, and a run keeps no copy of the "
            "table. Name a file of your own with --out."
        )
