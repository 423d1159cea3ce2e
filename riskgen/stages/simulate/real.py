"""The real sequences and cases that a simulation may work on, read from the table again.

A run keeps no copy of the table; what is needed of real customers is read
where it lies, checked against the run, and only the generator's partition of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from riskgen.data.events import Events
from riskgen.errors import RiskgenError
from riskgen.simulate.mechanisms import Donors
from riskgen.simulate.provenance import REAL_BASE
from riskgen.simulate.roles import with_meanings
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.stress import Stress
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


def donors_of(fitted: Fitted, request: SimulateRequest, stress: Stress | None) -> dict[str, Donors]:
    """Return the cases that each transplant of a stress works from; others need none.

    Raises
    ------
    RunError
        As :func:`real_events`.
    ScenarioError
        When there is no case to be transplanted.
    """
    scenarios = () if stress is None else stress.scenarios
    return {
        scenario.id: _donors(fitted, request, scenario.model_dump_json(by_alias=True))
        for scenario in scenarios
        if scenario.mechanism == "transplant"
    }


def forget() -> None:
    """Let go of the real sequences that this process holds."""
    real_events.cache_clear()
    _donors.cache_clear()


@lru_cache(maxsize=4)
def _donors(fitted: Fitted, request: SimulateRequest, written: str) -> Donors:
    scenario = StressScenario.model_validate_json(written)
    real = real_events(fitted, request)
    return Donors.of(with_meanings(real, scenario.columns), scenario.typology)


def real_facts(request: SimulateRequest, donors: Mapping[str, Donors]) -> dict[str, Any]:
    """Return what is said of real customers in a simulation, as JSON values."""
    told: dict[str, Any] = {"base": request.base}
    if request.base == "real":
        told["release"] = REAL_BASE
    for found in donors.values():
        carried = found.facts()
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
