"""One cell of a question: a changed split handed to the utility experiment's own run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.scarcity.known import knowing
from riskgen.evaluate.scarcity.misspecified import MISSPECIFIED, misspecified
from riskgen.evaluate.scarcity.plan import fitted_to
from riskgen.evaluate.scarcity.typologies import Typologies
from riskgen.evaluate.utility.calibration import Gate
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.recipe import uncalibrated
from riskgen.evaluate.utility.trial import Outcome, Trial, run_trial
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import Sampler
from riskgen.simulate.scenario import StressScenario

MakeSampler = Callable[[Split, int], Sampler]
"""Fits a generator on ``split.generator`` with a seed, or returns a control."""

REAL = ("R0", "R1", "R2", "R3")
CURVE = (*REAL, "P2", "S2", "S3", "S4", "S34")
UNSEEN = (*REAL, "E1", "E2", "P2")
EMERGING = (*REAL, "S3", "S4", "S34")


def curve_trial(
    split: Split,
    make_sampler: MakeSampler,
    scenarios: Sequence[StressScenario],
    plan: Plan,
    *,
    n: int,
    draw: int,
) -> Trial:
    """Return one run with ``n`` known fraud customers, those of draw ``draw``.

    Raises
    ------
    NotApplicable
        As :func:`~riskgen.evaluate.utility.trial.run_trial`.
    """
    part = knowing(split, n, seed=derived_seed(plan.seed, "scarcity", draw))
    seed = derived_seed(plan.seed, "scarcity run", draw, n)
    own = fitted_to(plan, part, scenarios)
    return run_trial(part, make_sampler(part, seed), scenarios, own, seed=seed, only=CURVE)


def unseen_trial(
    split: Split,
    typologies: Typologies,
    scenarios: dict[str, StressScenario],
    plan: Plan,
    *,
    typology: str,
    draw: int,
) -> Trial:
    """Return one run in which nobody knows of a typology: uninformed, informed and wrong arms.

    Parameters
    ----------
    split : Split
    typologies : Typologies
        Of its partitions.
    scenarios : dict of str to StressScenario
        By the typology that each is for.
    plan : Plan
    typology : str
        The one that is left out.
    draw : int
        Which run.
    """
    part = typologies.knowing(split, typology, 0, seed=0)
    seed = derived_seed(plan.seed, "unseen run", typology, draw)
    own = fitted_to(plan, part, [])
    trial = run_trial(part, _Nobody(), [], own, seed=seed, only=UNSEEN)
    outcomes, left_out = list(trial.outcomes), dict(trial.left_out)
    for name, (title, scenario) in _versions(scenarios, typology, left_out).items():
        told = run_trial(
            part, _Nobody(), [scenario], own, seed=seed, only=("S3",), gate=_open([scenario])
        )
        outcomes += [replace(found, id=name, title=title) for found in told.outcomes]
        if "S3" in told.left_out:
            left_out[name] = told.left_out["S3"]
    return Trial(outcomes, "INF" if _has(outcomes, "INF") else None, left_out, {})


def emerging_trial(
    split: Split,
    typologies: Typologies,
    scenarios: Sequence[StressScenario],
    plan: Plan,
    *,
    typology: str,
    cases: int,
    draw: int,
) -> Trial:
    """Return one run in which ``cases`` customers of a typology are known.

    ``scenarios`` has the one for the typology, and the transplant that makes S4.
    """
    drawn = derived_seed(plan.seed, "emerging", typology, draw)
    part = typologies.knowing(split, typology, cases, seed=drawn)
    own, seed = fitted_to(plan, part, scenarios), derived_seed(drawn, "run", cases)
    gate = _open(scenarios)
    return run_trial(part, _Nobody(), scenarios, own, seed=seed, only=EMERGING, gate=gate)


def _versions(
    scenarios: dict[str, StressScenario], typology: str, left_out: dict[str, str]
) -> dict[str, tuple[str, StressScenario]]:
    """Return the scenario for a typology, both misspecified ones, and one for another."""
    if typology not in scenarios:
        left_out["INF"] = f"No scenario was given for '{typology}'."
        return {}
    right = scenarios[typology]
    found = {"INF": (f"informed: {right.id}", right)}
    for name, factors in MISSPECIFIED.items():
        try:
            found[name] = (factors.title, misspecified(right, factors))
        except NotApplicable as reason:
            left_out[name] = str(reason)
    order = sorted(scenarios)
    other = scenarios[order[(order.index(typology) + 1) % len(order)]]
    if other.id == right.id:
        left_out["WRONG"] = "No scenario for another typology was given."
    else:
        found["WRONG"] = (f"wrong scenario: {other.id}", other)
    return found


def _open(scenarios: Sequence[StressScenario]) -> Gate:
    """Return a gate that lets every severity in: known frauds cannot speak for unknown ones."""
    return Gate(uncalibrated(scenarios), warning="Uncalibrated: no case of it is known.")


def _has(outcomes: Sequence[Outcome], name: str) -> bool:
    return any(outcome.id == name for outcome in outcomes)


class _Nobody:
    """Stands in for a generator where no arm draws from one."""

    def draw(self, n: int, *, seed: int, label: int | None = None) -> Events:
        raise NotApplicable("No generator takes part in this question.")
