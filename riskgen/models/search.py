"""Which options of a generator may be searched, and in which range.

Only options that leave the yardstick alone: the part that is held out, the
window and the patience decide what a held-out loss is a mean of, or how often it
is looked at, so they are not searched. Plain data; knows no sampler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from riskgen.errors import RiskgenError
from riskgen.models.options import checked_options, default_options
from riskgen.seeding import stream

Value = int | float | str | bool | None
Point = dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """The values that one option may take.

    Attributes
    ----------
    values : tuple
        The points of a grid; the choices where there is no range.
    low, high : float or None
        The range that a Bayesian search draws from; None for choices.
    whole : bool
        Whether only whole numbers are drawn.
    log : bool
        Whether ratios matter rather than differences.
    """

    values: tuple[Value, ...]
    low: float | None = None
    high: float | None = None
    whole: bool = False
    log: bool = False

    def including(self, value: Any) -> Axis:
        """Return the axis, widened so that ``value``, the default, is one of its points."""
        values = self.values if value in self.values else (*self.values, value)
        if self.low is None or self.high is None:
            return replace(self, values=values)
        return replace(self, values=values, low=min(self.low, value), high=max(self.high, value))


Space = Mapping[str, Axis]

# Ranges: a factor of about three around the study's recipe, which is where a minute of
# CPU can still train what is asked for [J].
NETWORK: Space = {
    "hidden": Axis((64, 96, 128), 32, 192, whole=True, log=True),
    "head_width": Axis((32, 48, 64), 16, 96, whole=True, log=True),
    "embedding": Axis((8, 12, 16), 4, 24, whole=True),
    "dropout": Axis((0.1, 0.25, 0.4), 0.0, 0.5),
    "learning_rate": Axis((2e-3, 4e-3, 8e-3), 1e-3, 1.2e-2, log=True),
    "weight_decay": Axis((1e-3, 1e-2, 1e-1), 1e-3, 3e-1, log=True),
    "batch": Axis((32, 64, 128), 24, 160, whole=True, log=True),
}

LATENT = Axis((12, 24, 48), 8, 64, whole=True, log=True)

# TimeGAN derives its weight decay from the panel: no number stands for that default.
TIMEGAN: Space = {name: axis for name, axis in NETWORK.items() if name != "weight_decay"}

SPACES: dict[str, Space] = {"timegan": TIMEGAN, "timevae": {"latent": LATENT, **NETWORK}}


def space_of(key: str, vary: Mapping[str, tuple[Any, ...]]) -> dict[str, Axis]:
    """Return the space to search: all of the generator's, or the options of ``vary``.

    Parameters
    ----------
    key : str
        Of the generator registry.
    vary : mapping of str to tuple
        Options to search instead of all; with values, these are the choices.

    Raises
    ------
    RiskgenError
        When the generator has no space, an option is unknown or has no range.
    """
    defaults, known = default_options(key), SPACES.get(key, {})
    if not known and not vary:
        raise RiskgenError(
            f"Generator '{key}' has no search space. Found one for {_listed(SPACES)}. Tune one "
            "of these, or say what to try: --vary NAME=VALUE,VALUE."
        )
    chosen = {}
    for name, values in (vary or dict.fromkeys(known, ())).items():
        values = tuple(checked_options(key, {name: value})[name] for value in values)
        if not values and name not in known:
            checked_options(key, {name: defaults.get(name)})
            raise RiskgenError(
                f"Option '{name}' of '{key}' has no range to search. Ranges are known for "
                f"{_listed(known) or 'none'}. Give values: --vary {name}=VALUE,VALUE."
            )
        axis = Axis(values) if values else known[name]
        chosen[name] = axis.including(defaults[name])
    return chosen


def grid(space: Space, seed: int) -> list[Point]:
    """Return every point of the grid once, in an order that ``seed`` shuffles.

    A study that ends early has then seen all sides of the grid, not one edge.
    """
    points = [
        dict(zip(space, values, strict=True))
        for values in product(*(axis.values for axis in space.values()))
    ]
    order = stream(seed, "tune", "grid").permutation(np.arange(len(points)))
    return [points[place] for place in order]


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(f"'{name}'" for name in names)
