"""From a run to simulated tables."""

from riskgen.stages.simulate.request import SimulateRequest
from riskgen.stages.simulate.simulation import simulate_run

__all__ = ["SimulateRequest", "simulate_run"]
