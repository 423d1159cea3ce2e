"""An earlier fit that a training begins at, instead of at random weights.

The networks only mean something together with how rows were coded for them:
the standardisation, the anchors and the sources of the first fit come along.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Layout
from riskgen.errors import TrainingError
from riskgen.models.base import State
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.course import Course
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.rows import RowCoder

SHAPE = ("hidden", "head_width", "embedding", "mixtures")
"""Options that decide how large the weights are."""

WARM_RATE = 0.25
"""Part of the usual learning rate: the weights are near a good place already [J]."""


@dataclass(frozen=True, eq=False)
class WarmStart:
    """What is taken over from an earlier fit.

    Attributes
    ----------
    layout : Layout
        Of the panel that it learned.
    options : dict
        Its options.
    event_coder, context_coder : RowCoder
        How its rows were coded.
    anchors, sources : list of int
        What its recall looked at.
    tensors : dict of str to ndarray
        Its weights.
    """

    layout: Layout
    options: dict[str, Any]
    event_coder: RowCoder
    context_coder: RowCoder
    anchors: list[int]
    sources: list[int]
    tensors: dict[str, NDArray[Any]] = field(repr=False)

    @classmethod
    def of(cls, state: State, layout: Layout) -> WarmStart:
        """Return what ``state``, a fitted TimeGAN's, gives; ``layout`` is its panel's."""
        config = state.config
        return cls(
            layout,
            config["options"],
            RowCoder.from_json(layout.fields, config["events"]),
            RowCoder.from_json(layout.context_fields, config["context"]),
            config["anchors"],
            config["sources"],
            # A name with a stroke belongs to no network.
            {name: values for name, values in state.tensors.items() if "/" not in name},
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the weights."""
        found = hashlib.sha256()
        for name in sorted(self.tensors):
            found.update(name.encode())
            found.update(np.ascontiguousarray(self.tensors[name]).tobytes())
        return found.hexdigest()

    def check(self, layout: Layout, config: TimeGANConfig) -> None:
        """Refuse panels and options that the weights are not for.

        Raises
        ------
        TrainingError
            When a field differs in name, levels or place, or a shape option differs.
        """
        for what in ("fields", "context_fields"):
            here, there = getattr(layout, what), getattr(self.layout, what)
            if here != there:
                odd = sorted({item.name for item in set(here) ^ set(there)}) or ["their order"]
                raise TrainingError(
                    f"The first fit learned other fields: {', '.join(odd)} differ. Encode the "
                    "table with the first fit's encoder, or fit without --init-from."
                )
        for name in SHAPE:
            mine, first = getattr(config, name), self.options[name]
            if mine != first:
                raise TrainingError(
                    f"The weights of the first fit do not fit: option '{name}' was {first} there "
                    f"and is {mine} here. Leave it out, or fit without --init-from."
                )

    def read_by(self, data: EventDataset) -> None:
        """Let ``data``, coded with these coders, recall what the weights were taught on."""
        data.recall = replace(data.recall, anchors=self.anchors, sources=self.sources)

    def begin(self, context: Course, events: Course) -> None:
        """Let both courses begin at these weights, with smaller steps.

        Raises
        ------
        TrainingError
            When names or sizes differ: the run is of another version.
        """
        start = "generator.context."
        parts: dict[Course, dict[str, Tensor]] = {context: {}, events: {}}
        for name, values in self.tensors.items():
            course = context if name.startswith(start) else events
            parts[course][name.removeprefix(start)] = torch.from_numpy(np.array(values))
        try:
            for course, weights in parts.items():
                course.begin_at(weights, WARM_RATE)
        except RuntimeError as error:
            raise TrainingError(
                "The weights of the first fit do not fit these networks: names or sizes differ. "
                "Was it written by another version? Fit the first table again."
            ) from error
