"""From a run to simulated tables."""

from riskgen.stages.simulate.request import SimulateRequest, Standing
from riskgen.stages.simulate.simulation import simulate_run

__all__ = ["SimulateRequest", "Standing", "simulate_run"]
