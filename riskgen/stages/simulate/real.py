"""The real sequences and cases that a simulation may work on, read from the table again.

A run keeps no copy of the table; what is needed of real customers is read
where it lies, checked against the run, and only the generator's partition of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from riskgen.data.events import Events
from riskgen.errors import RiskgenError
from riskgen.simulate.mechanisms import Donors
from riskgen.simulate.provenance import REAL_BASE
from riskgen.simulate.roles import with_meanings
from riskgen.simulate.scenario import StressScenario
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import EventMaterial
from riskgen.stages.simulate.request import SimulateRequest


@lru_cache(maxsize=1)
def real_events(fitted: Fitted, request: SimulateRequest) -> Events:
    """Return the generator's partition of the table, read once in a process.

    Raises
    ------
    RunError
        When the table has moved or changed since the fit.
    """
    material = fitted.material(request.data, request.password_file, request.context)
    assert isinstance(material, EventMaterial)
    return material.split.generator


def donors_of(
    fitted: Fitted, request: SimulateRequest, scenario: StressScenario | None
) -> Donors | None:
    """Return the cases that a transplant works from; None for any other scenario.

    Raises
    ------
    RunError
        As :func:`real_events`.
    ScenarioError
        When there is no case to be transplanted.
    """
    if scenario is None or scenario.mechanism != "transplant":
        return None
    return _donors(fitted, request, scenario.model_dump_json(by_alias=True))


def forget() -> None:
    """Let go of the real sequences that this process holds."""
    real_events.cache_clear()
    _donors.cache_clear()


@lru_cache(maxsize=4)
def _donors(fitted: Fitted, request: SimulateRequest, written: str) -> Donors:
    scenario = StressScenario.model_validate_json(written)
    real = real_events(fitted, request)
    return Donors.of(with_meanings(real, scenario.columns), scenario.typology)


def real_facts(request: SimulateRequest, donors: Donors | None) -> dict[str, Any]:
    """Return what is said of real customers in a simulation, as JSON values."""
    told: dict[str, Any] = {"base": request.base}
    if request.base == "real":
        told["release"] = REAL_BASE
    if donors is not None:
        carried = donors.facts()
        sentences = [told.get("release", ""), carried["release"]]
        told |= carried | {"release": " ".join(filter(None, sentences))}
    return told


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
