"""Members, control and synthetic entities, made comparable once for all attacks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.privacy.sequences import Passages, compared_columns, core_columns, passages
from riskgen.evaluate.privacy.vectors import EntitySpace
from riskgen.seeding import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 10_000  # [J] entities a side: as many as a 0.1 % false-positive rate needs (PROTOCOL C4)


@dataclass(frozen=True, eq=False)
class People:
    """Entities of one origin: their points and their passages.

    Attributes
    ----------
    points : ndarray of shape (n_entities, n_axes), robust deviations
    passages : Passages
        Of all compared columns.
    core : Passages
        Of amounts and of with whom alone.
    """

    points: Floats = field(repr=False)
    passages: Passages = field(repr=False)
    core: Passages = field(repr=False)

    def __len__(self) -> int:
        """Return the number of entities."""
        return len(self.points)

    def take(self, entities: Ints) -> People:
        """Return the named entities in the given order."""
        taken = self.passages.take(entities)
        core = taken if self.core is self.passages else self.core.take(entities)
        return People(self.points[entities], taken, core)

    def followed_by(self, other: People) -> People:
        """Return the entities of both, those of ``other`` last."""
        joined = self.passages.followed_by(other.passages)
        core = joined if self.core is self.passages else self.core.followed_by(other.core)
        return People(np.vstack([self.points, other.points]), joined, core)


@dataclass(frozen=True, eq=False)
class Material:
    """What every attack is run on.

    Attributes
    ----------
    members : People
        All of the generator's entities.
    balanced : People
        As many of them as there are control entities, drawn at random.
    control : People
        Real entities of the same window that nothing was fitted to.
    synthetic : People
        What would be released.
    reference : People or None
        Real entities the attacker holds (another partition), if any.
    """

    members: People
    balanced: People
    control: People
    synthetic: People
    reference: People | None = None


def prepare(
    members: Events,
    control: Events,
    synthetic: Events,
    *,
    seed: int,
    reference: Events | None = None,
) -> Material:
    """Fit the axes on ``members`` and ``synthetic`` and place all entities on them.

    More than 10,000 entities a side are thinned at random (streams of
    ``seed``), the members for balance only: exact copies are looked for in all.
    """
    space = EntitySpace.fit(members, synthetic)
    columns = compared_columns(members, synthetic)
    core = core_columns(members.schema, columns)

    def people(events: Events) -> People:
        whole = passages(events, columns)
        part = whole if core == columns else passages(events, core)
        return People(space.vectors(events), whole, part)

    everyone, others = people(members), _thinned(people(control), seed, "control")
    fitted = Material(everyone, everyone, others, _thinned(people(synthetic), seed, "synthetic"))
    aside = None if reference is None else _thinned(people(reference), seed, "reference")
    return balanced(replace(fitted, reference=aside), seed)


def balanced(material: Material, seed: int) -> Material:
    """Draw as many members as control entities (or thin the control, if it is larger)."""
    size = min(len(material.members), len(material.control))
    chosen = draw(len(material.members), size, seed, "members")
    kept = draw(len(material.control), size, seed, "control-balance")
    members, control = material.members.take(chosen), material.control.take(kept)
    return replace(material, balanced=members, control=control)


def halves(material: Material, seed: int) -> Material:
    """Let one half of the control stand in for the synthetic data: the noise floor.

    Real entities that the generator never saw, judged as if it had made them.
    """
    order = stream(seed, "privacy", "halves").permutation(len(material.control))
    cut = len(order) // 2
    stand_in = material.control.take(order[:cut])
    rest = replace(material, synthetic=stand_in, control=material.control.take(order[cut:]))
    return balanced(rest, seed)


def draw(n: int, size: int, seed: int, name: str) -> Ints:
    """Return ``size`` of ``n`` entities at random, in order; all where there are fewer."""
    if size >= n:
        return np.arange(n)
    return np.sort(stream(seed, "privacy", name).choice(n, size, replace=False))


def _thinned(people: People, seed: int, name: str) -> People:
    return people.take(draw(len(people), MOST, seed, name))
