"""TimeGAN as published: Yoon, Jarrett and van der Schaar (NeurIPS 2019).

Written from the paper: embedding, recovery, generator and discriminator, each
with a static and a temporal part, trained on reconstruction, supervised and
adversarial losses. What the published code adds are options, on by default
because the published figures were made with them; see ``config.py``. There is
no fifth network: the supervisor is g_X itself (``networks.py``).

For comparison, and for those who must cite it. It knows no calendar, no
conditions and no levels: these are put around it (``scaling.py``,
``sampling.py``).
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import torch

from riskgen.data.panel import Layout, SequencePanel
from riskgen.errors import NotFittedError, RunError, TrainingError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State
from riskgen.models.condition import checked_condition, checked_length, has_own_length
from riskgen.models.domain import BOTH, Domain, check_learns
from riskgen.models.timegan_2019.config import TimeGAN2019Config
from riskgen.models.timegan_2019.networks import Networks
from riskgen.models.timegan_2019.sampling import Simulator
from riskgen.models.timegan_2019.scaling import Scaling
from riskgen.models.timegan_2019.training import KEY, Training, build
from riskgen.seeding import stream, torch_fence

CHUNK = 256
"""Sequences drawn together [J]."""

PROBE = 64
"""Simulated sequences that must not all be alike [J]."""

ALIKE = 0.01
"""Collapse: sequences that differ by less than this part of a field's range [J]."""

PACKED = ("generator", "recovery")
"""Networks that sampling needs; the errors of the others tell members from strangers."""


class TimeGAN2019:
    """The paper's TimeGAN.

    Parameters
    ----------
    **options
        Fields of :class:`TimeGAN2019Config`.
    """

    key: ClassVar[str] = KEY
    learns: ClassVar[frozenset[Domain]] = BOTH
    chunk: ClassVar[int] = CHUNK

    def __init__(self, **options: Any) -> None:
        self.config = TimeGAN2019Config(**options)
        self._simulator: Simulator | None = None

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Learn ``panel``.

        On Ctrl-C a checkpoint goes to ``on_checkpoint``; given back as
        ``resume``, training ends in the same weights as if it had never stopped
        (unless ``max_seconds`` cut it).

        Raises
        ------
        TrainingError
            On divergence or collapse, when there is too little to learn from, or
            when ``resume`` belongs to other data or options.
        """
        check_learns(self.key, self.learns, panel.layout)
        training = Training(panel, self.config, seed, on_step)
        if resume is not None:
            training.restore(resume)
        try:
            networks = training.run()
        except KeyboardInterrupt:
            if on_checkpoint is not None:
                on_checkpoint(training.state())
            raise
        simulator = _simulator(
            panel.layout, self.config, networks, training.static, training.temporal
        )
        _check_varied(simulator, panel, seed)
        self._simulator = simulator
        return self

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; see :class:`Generator`.

        Conditions are met exactly, by rejection; a path without a wanted length
        is as long as a training window.
        """
        simulator = self._fitted()
        wanted = checked_condition(simulator.layout, condition)
        steps = checked_length(simulator.layout, length, self.config.window)
        rng = stream(seed, "sample", self.key, index)
        return simulator.draw(self.chunk, rng, wanted, steps)

    def state(self) -> State:
        """Return generator (which is the supervisor) and recovery, and the scalings."""
        simulator = self._fitted()
        config = {
            "generator": self.key,
            "finished": True,
            "options": self.config.to_json(),
            "static": simulator.static.to_json(),
            "temporal": simulator.temporal.to_json(),
        }
        tensors = {
            f"{name}.{key}": value.numpy().copy()
            for name in PACKED
            for key, value in getattr(simulator, name).state_dict().items()
        }
        return State(config, tensors)

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from.

        Raises
        ------
        NotFittedError
            When ``state`` is a checkpoint of a training that did not end.
        RunError
            When the weights do not fit the layout.
        """
        if not state.config["finished"]:
            raise NotFittedError(
                "This is a checkpoint of an unfinished training. Finish it with "
                "'riskgen fit --resume' first."
            )
        generator = cls(**state.config["options"])
        static = Scaling.from_json(layout.context_fields, state.config["static"])
        temporal = Scaling.from_json(layout.fields, state.config["temporal"])
        with torch_fence(0, "shape"):
            networks = build(static, temporal, generator.config)
        _load(networks, state)
        generator._simulator = _simulator(layout, generator.config, networks, static, temporal)
        return generator

    def _fitted(self) -> Simulator:
        if self._simulator is None:
            raise NotFittedError("TimeGAN 2019 has not been trained yet. Run 'riskgen fit' first.")
        return self._simulator


def _simulator(
    layout: Layout,
    config: TimeGAN2019Config,
    networks: Networks,
    static: Scaling,
    temporal: Scaling,
) -> Simulator:
    return Simulator(layout, config, networks.generator, networks.recovery, static, temporal)


def _load(networks: Networks, state: State) -> None:
    try:
        for name in PACKED:
            start = f"{name}."
            weights = {
                key.removeprefix(start): torch.from_numpy(np.array(value))
                for key, value in state.tensors.items()
                if key.startswith(start)
            }
            getattr(networks, name).load_state_dict(weights)
    except RuntimeError as error:
        raise RunError(
            "The stored weights do not fit the stored layout: names or shapes differ. "
            "The run folder was changed, or written by another version; fit again."
        ) from error
    networks.eval().requires_grad_(False)


def _check_varied(simulator: Simulator, panel: SequencePanel, seed: int) -> None:
    """Raise TrainingError when all sequences are one sequence, as mode collapse makes them."""
    own = has_own_length(panel.layout)
    steps = None if own else simulator.config.window
    drawn = simulator.draw(PROBE, stream(seed, KEY, "probe"), {}, steps)
    if _all_alike(drawn, simulator) and not (own and _all_alike(panel, simulator)):
        raise TrainingError(
            f"Training collapsed: {PROBE} simulated sequences are all alike. Nothing was saved. "
            "Use another seed, more steps or a smaller learning rate."
        )


def _all_alike(panel: SequencePanel, simulator: Simulator) -> bool:
    """Return whether, at each step, all sequences that have it show the same event."""
    features = np.rint(simulator.temporal.encode(panel.values) / ALIKE)
    steps = np.arange(len(features)) - np.repeat(panel.offsets[:-1], panel.lengths)
    kinds = np.unique(np.column_stack([steps, features]), axis=0)
    return len(kinds) == int(panel.lengths.max())
