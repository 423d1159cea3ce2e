"""Where scenarios may help: the questions of PROTOCOL B6 asked of a run."""

from riskgen.stages.scarcity.asking import ScarcityRequest, scarcity_of_run

__all__ = ["ScarcityRequest", "scarcity_of_run"]
