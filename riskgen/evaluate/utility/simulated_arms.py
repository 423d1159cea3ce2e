"""Arms with customers that a generator drew, and the placebos they are told from.

PROTOCOL B1: S1, S2, P1, P2. Every addition brings as many simulated normals as
simulated frauds, which keeps "simulated" from meaning "fraud" (L9).
"""

from __future__ import annotations

from collections.abc import Sequence

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.errors import NotApplicable, TrainingError
from riskgen.evaluate.controls import Jitter
from riskgen.evaluate.detection.lesson import Lesson
from riskgen.evaluate.utility.arms import Addition, Arm, Kind, added_to
from riskgen.models.registry import create
from riskgen.seeding import derived_seed
from riskgen.simulate.engine import EventSimulator, Sampler

JITTER = 0.1  # log standard deviation of the placebo's noise [J]: seen, but nothing new


def unconditional_arm(real: Lesson, sampler: Sampler, ratios: Sequence[int], seed: int) -> Arm:
    """Return S1: the generator's customers as they come, frauds at their own rate.

    As many customers as hold the wanted frauds on average; never more than twice the
    real ones, since most of them are normal.
    """
    events = real.events
    rate = max(float(events.entity_label().mean()), 1.0 / events.n_entities)
    n = min(int(max(ratios) * events.entity_label().sum() / rate), 2 * events.n_entities)
    drawn = sampler.draw(n, seed=derived_seed(seed, "unconditional"))
    options = added_to(real, [Addition.of(drawn)], ratios)
    return Arm("S1", "simulated customers", "synthetic", options)


def conditional_arm(real: Lesson, sampler: Sampler, ratios: Sequence[int], seed: int) -> Arm:
    """Return S2: simulated frauds and as many simulated normals.

    Raises
    ------
    NotApplicable
        When the generator cannot draw by label, or draws no fraud.
    """
    return _by_label("S2", "simulated frauds and normals", "synthetic", real, sampler, ratios, seed)


def placebo_arm(real: Lesson, ratios: Sequence[int], seed: int) -> Arm:
    """Return P1: the known frauds again with noise, and as many normals with noise.

    More rows and no news: what it gains is no merit of simulation.
    """
    jitter = Jitter(real.events, JITTER)
    return _by_label("P1", "jittered copies (placebo)", "placebo", real, jitter, ratios, seed)


def injector_arm(real: Lesson, ratios: Sequence[int], seed: int) -> Arm:
    """Return P2: bursts stamped on real normals by one fixed rule that knows no typology.

    Raises
    ------
    NotApplicable
        When the table has no normal customer, or its label cannot be stamped.
    """
    encoder = EventEncoder.fit(real.events)
    try:
        rules = create("injector").fit(encoder.encode(real.events), seed=seed)
    except TrainingError as error:
        raise NotApplicable(str(error)) from error
    sampler = EventSimulator(rules, encoder)
    return _by_label("P2", "stamped bursts (one rule)", "rival", real, sampler, ratios, seed)


def _by_label(
    name: str,
    title: str,
    kind: Kind,
    real: Lesson,
    sampler: Sampler,
    ratios: Sequence[int],
    seed: int,
) -> Arm:
    n = int(real.events.entity_label().sum()) * max(ratios)
    frauds = sampler.draw(n, seed=derived_seed(seed, name, 1), label=1)
    normals = sampler.draw(n, seed=derived_seed(seed, name, 0), label=0)
    if not _labelled(frauds):
        raise NotApplicable("The generator drew no labelled event when asked for frauds.")
    additions = [Addition.of(frauds), Addition.of(normals)]
    return Arm(name, title, kind, added_to(real, additions, ratios))


def _labelled(events: Events) -> bool:
    return bool(events.entity_label().any())
