"""What to do about fraud scenarios: every policy replayed on struck and on real customers.

Choice on one half of the customers, report on the other; see
:mod:`riskgen.evaluate.response.halves`. Knows events and scenarios, not files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskgen.data.split import Split
from riskgen.evaluate.rehearsals.rehearsal import rehearse
from riskgen.evaluate.response.advice import FEWEST_CASES, Advice
from riskgen.evaluate.response.choice import best_within, efficient
from riskgen.evaluate.response.measures import Sight
from riskgen.evaluate.response.plan import Plan
from riskgen.evaluate.response.policy import Policy, Rule, decided, pairs, singles
from riskgen.evaluate.response.replay import Book, Replayed, replay
from riskgen.evaluate.response.scene import CHANCE, Scene, scene_of
from riskgen.evaluate.response.standing import Standing, Trial, standing
from riskgen.evaluate.result import Estimate
from riskgen.simulate.mechanisms.stressed import Stressed
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.roles import with_meanings
from riskgen.simulate.scenario import StressScenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Policies that hit more than so many budgets are not worth drawing [J].
WIDEST = 10.0
CHUNK = 64  # policies replayed at a time: memory


@dataclass(frozen=True)
class Case:
    """What happens, how badly, and how many genuine customers of 10,000 may be hit a month."""

    scenario: str
    title: str
    severity: float
    budget: float


@dataclass(frozen=True, eq=False)
class Field:
    """All policies, replayed on real customers.

    Attributes
    ----------
    scene : Scene
        What they are tried on.
    plan : Plan
        What was asked for.
    policies : list of Policy
        Single ones, pairs of those that fit the budget, and blocking at random last.
    n_singles, n_real : int
        How many single ones there are, and how many are no blocking at random.
    genuine : Trial
        Real customers under all of them.
    """

    scene: Scene
    plan: Plan
    policies: list[Policy]
    n_singles: int
    n_real: int
    genuine: Trial = field(repr=False)

    @classmethod
    def of(cls, split: Split, plan: Plan, budget: float, seed: int) -> Field:
        """Replay real customers under every policy; NotApplicable as :func:`scene_of`."""
        scene = scene_of(split, plan, seed)
        everyone = np.arange(scene.base.n_entities)
        sight = Sight.of(scene.base, scene.score)
        values = scene.values(sight, everyone, plan)
        nobody = np.zeros(scene.base.n_events, dtype=bool)
        book = scene.book(sight, everyone, nobody)
        exposure = scene.periods.exposure(scene.base)

        def tried(policies: Sequence[Policy]) -> Trial:
            outcome = replayed(book, policies, values, plan)
            return Trial(book, outcome, scene.half, exposure)

        alone = singles(plan, scene.levels)
        mild = tried(alone).friction(0) <= budget
        both = pairs([p for p, fits in zip(alone, mild.tolist(), strict=True) if fits])
        blind = [Policy((Rule(CHANCE, level),)) for level in scene.levels[CHANCE.id]]
        every = [*alone, *both, *blind]
        return cls(scene, plan, every, len(alone), len(alone) + len(both), tried(every))


def replayed(
    book: Book, policies: Sequence[Policy], values: dict[str, Floats], plan: Plan
) -> Replayed:
    """Replay a book under many policies, some at a time."""
    parts = [
        replay(book, decided(policies[i : i + CHUNK], values), plan.assumptions)
        for i in range(0, max(len(policies), 1), CHUNK)
    ]
    columns = {name: [getattr(part, name) for part in parts] for name in vars(parts[0])}
    return Replayed(**{name: np.concatenate(found) for name, found in columns.items()})


def advise(
    tried: Field,
    scenario: StressScenario,
    *,
    severity: float,
    budget: float,
    seed: int,
    donors: Donors | None = None,
) -> tuple[Advice, Trial | None, Stressed]:
    """Let customers suffer a scenario and say what to do about it.

    Parameters
    ----------
    tried : Field
        The policies.
    scenario : StressScenario
        Domain ``transactions``.
    severity : float
        In (0, 1].
    budget : float
        Genuine customers of 10,000 that may be hit in a month.
    seed : int
        Same seed, same result.
    donors : Donors or None
        Real cases that a transplant works from.

    Returns
    -------
    Advice
    Trial or None
        The struck customers under all policies; None where there are too few.
    Stressed
        What happened, to all customers of the scene.

    Raises
    ------
    ScenarioError
        When the scenario does not fit the table.
    """
    scene = tried.scene
    n = scene.base.n_entities
    acted = rehearse(scene.base, scenario, (severity,), scene.periods.window, seed, 0, n, donors)
    case = Case(scenario.id, scenario.title, severity, budget)
    advice, struck = judge(tried, acted.runs[0], case, acted.sham)
    return advice, struck, acted.runs[0]


def judge(
    tried: Field, run: Stressed, case: Case, sham: Stressed | None = None
) -> tuple[Advice, Trial | None]:
    """Say what to do about what happened to some customers of the scene.

    Parameters
    ----------
    tried : Field
        The policies.
    run : Stressed
        The scene's base under a scenario; inserted events are the frauds.
    case : Case
        What it is called, and the budget.
    sham : Stressed or None
        The same customers under edits that are no fraud.
    """
    who = np.flatnonzero(run.touched)
    told = {**vars(case), "least_effect": tried.plan.least_effect.value}
    told |= {"notes": tuple(run.omitted)}
    n_reported = int(tried.scene.half[1].members[who].sum())
    fewer = min(n_reported, len(who) - n_reported)
    if fewer < FEWEST_CASES:
        return Advice(**told, n_cases=fewer), None
    struck = _struck(tried, run)
    return _advice(tried, struck, told, sham), struck


def donors_of(split: Split, scenario: StressScenario) -> Donors | None:
    """Return the known cases of a transplant: those of the generator's part."""
    if scenario.mechanism != "transplant":
        return None
    return Donors.of(with_meanings(split.generator, scenario.columns), scenario.typology)


def _struck(tried: Field, run: Stressed, places: Sequence[int] | None = None) -> Trial:
    """Return the touched customers under all policies, or under some."""
    scene, who = tried.scene, np.flatnonzero(run.touched)
    sight = Sight.of(run.events.take(who), scene.score)
    fraud = run.affected[run.touched[run.events.owner]]
    book = scene.book(sight, who, fraud)
    values = scene.values(sight, who, tried.plan)
    policies = tried.policies if places is None else [tried.policies[i] for i in places]
    outcome = replayed(book, policies, values, tried.plan)
    first, second = (half.take(who) for half in scene.half)
    return Trial(book, outcome, (first, second), scene.periods.exposure(sight.events))


def _advice(tried: Field, struck: Trial, told: dict[str, Any], sham: Stressed | None) -> Advice:
    gain, friction = struck.prevented(0), tried.genuine.friction(0)
    budget, real = told["budget"], slice(0, tried.n_real)
    best = best_within(gain[real], friction[real], budget)
    blind = _chance(tried, gain, friction, budget)

    def curve(first: int, last: int) -> tuple[Standing, ...]:
        near = first + np.flatnonzero(friction[first:last] <= WIDEST * budget)
        kept = near[efficient(gain[near], friction[near])]
        return tuple(_standing(tried, struck, place) for place in kept.tolist())

    return Advice(
        **told,
        n_cases=int(struck.half[1].members.sum()),
        best=None if best is None else _standing(tried, struck, best),
        beyond_chance=None if best is None else _beyond(struck, best, blind),
        chance=None if blind is None else _standing(tried, struck, blind),
        sham=None if best is None or sham is None else _sham(tried, sham, best),
        front=curve(0, tried.n_real),
        alone=curve(0, tried.n_singles),
        blind=curve(tried.n_real, len(tried.policies)),
    )


def _chance(tried: Field, gain: Floats, friction: Floats, budget: float) -> int | None:
    """Return the best way to block at random within the budget."""
    rest = slice(tried.n_real, None)
    found = best_within(gain[rest], friction[rest], budget)
    return None if found is None else tried.n_real + found


def _beyond(struck: Trial, best: int, blind: int | None) -> Estimate:
    """Return how much more of the loss is prevented than by chance, paired over customers."""
    half, lost = struck.half[1], struck.lost
    other = 0.0 if blind is None else struck.outcome.prevented[blind]
    return half.estimate(struck.outcome.prevented[best] - other, lost)


def _standing(tried: Field, struck: Trial, place: int) -> Standing:
    policy = tried.policies[place]
    return standing(policy.name, policy.sentence(), place, struck, tried.genuine)


def _sham(tried: Field, sham: Stressed, best: int) -> Estimate | None:
    """Return the share of the money of sham edits that policy ``best`` stops."""
    if not sham.touched.any():
        return None
    trial = _struck(tried, sham, [best])
    return trial.half[1].estimate(trial.outcome.prevented[0], trial.lost)
