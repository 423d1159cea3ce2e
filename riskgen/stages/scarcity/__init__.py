"""How much simulated frauds are worth where few real ones are known, asked of a run."""

from riskgen.stages.scarcity.experiment import ScarcityRequest, scarcity_of_run

__all__ = ["ScarcityRequest", "scarcity_of_run"]
