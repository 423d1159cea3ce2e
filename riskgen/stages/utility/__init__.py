"""The full utility experiment: the generator is refitted for every run (PROTOCOL B3)."""

from riskgen.stages.utility.experiment import UtilityRequest, utility_of_run

__all__ = ["UtilityRequest", "utility_of_run"]
