"""How long an experiment will take, told before it starts: one detector is trained and timed."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from riskgen.data.split import Split
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.features.rows import Lens
from riskgen.evaluate.utility.plan import Plan
from riskgen.models.threads import one_thread

# What a run's drafts, arms and checks cost, in detectors trained on the real customers
# alone: 30 with labels of events (a simulated bank), 20 with one label for an entity
# (Taiwanese card clients), in CPU time of one run each.
FITS = {"event": 30, "entity": 20}


@dataclass(frozen=True)
class Estimate:
    """What an experiment will cost.

    Attributes
    ----------
    detectors_s : float
        Seconds of all runs but for refitting the generator.
    refits : int
        Of the generator; each takes about as long as the fit of the run took.
    """

    detectors_s: float
    refits: int

    def __str__(self) -> str:
        """Return the estimate as a person would say it."""
        minutes = max(1, round(self.detectors_s / 60))
        many = self.refits != 1
        return (
            f"about {minutes} minute{'s' * (minutes != 1)} for detectors, and {self.refits} "
            f"refit{'s' * many} of the generator,{' each' * many} about as long as its fit took"
        )


def estimated(split: Split, plan: Plan, workers: int) -> Estimate:
    """Return what a plan will cost with some workers on this machine."""
    began = perf_counter()
    with one_thread():
        lens = Lens.of(split.generator)
        BoostedTrees(lens).fit([Lesson.whole(split.generator)], seed=plan.seed)
    one = perf_counter() - began
    rounds = -(-plan.runs // workers)
    return Estimate(one * FITS[plan.level] * rounds, plan.runs)
