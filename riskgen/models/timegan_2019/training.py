"""The course of training: phases, budget, snapshots, resuming.

Every random number belongs to (seed, phase, step): a resumed training repeats
one that was never stopped.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riskgen.data.panel import SequencePanel
from riskgen.errors import TrainingError
from riskgen.models.base import OnStep, State, StepReport
from riskgen.models.condition import has_own_length
from riskgen.models.timegan_2019.batches import Batch, Batches
from riskgen.models.timegan_2019.config import TimeGAN2019Config
from riskgen.models.timegan_2019.networks import Networks
from riskgen.models.timegan_2019.phases import PHASES, Updates
from riskgen.models.timegan_2019.scaling import Scaling
from riskgen.seeding import stream, torch_fence

KEY = "timegan-2019"

SNAPSHOT = 10
"""Steps between two places that Ctrl-C can go back to [J]."""

Arrays = dict[str, NDArray[Any]]


class Training:
    """One fit: batches, networks, and where it stands.

    Raises
    ------
    TrainingError
        When the panel has no two sequences or windows to learn from.
    """

    def __init__(
        self, panel: SequencePanel, config: TimeGAN2019Config, seed: int, on_step: OnStep | None
    ) -> None:
        self.panel, self.config, self.seed, self.on_step = panel, config, seed, on_step
        _check_size(panel, config)
        exact, layout = not has_own_length(panel.layout), panel.layout
        self.static = Scaling.fit(layout.context_fields, panel.context, exact=exact)
        self.temporal = Scaling.fit(layout.fields, panel.values, exact=exact)
        self.batches = Batches(panel, self.static, self.temporal, config)
        with torch_fence(seed, KEY, "start"):
            self.networks = build(self.static, self.temporal, config)
        self.updates = Updates(self.networks, config)
        self.phase, self.step = 0, 0  # the phase that runs, and its steps so far
        self._began = time.monotonic()
        self._snapshot = self._now()

    def run(self) -> Networks:
        """Train all phases to their end; returns the networks, frozen."""
        while self.phase < len(PHASES):
            while self.step < self.phase_steps(self.phase) and not self._late():
                self._advance()
            self.phase, self.step = self.phase + 1, 0
        return self.networks.eval().requires_grad_(False)

    def phase_steps(self, phase: int) -> int:
        """Return how many steps phase number ``phase`` has."""
        first = round(self.config.steps * self.config.embedding_share)
        second = round(self.config.steps * self.config.supervised_share)
        return (first, second, max(self.config.steps - first - second, 1))[phase]

    def _advance(self) -> None:
        name = PHASES[self.phase]
        if name == "joint":
            loss = self.updates.joint(
                [self._batch(name, k) for k in range(self.config.generator_updates)]
            )
        elif name == "supervised":
            loss = self.updates.supervised(self._batch(name, 0))
        else:
            loss = self.updates.embedding(self._batch(name, 0))
        self.step += 1
        if self.step % SNAPSHOT == 0:
            self._snapshot = self._now()
        if self.on_step is not None:
            per_event = loss / self.batches.mean_length
            self.on_step(StepReport(name, self.step, self._fraction(), per_event))

    def _batch(self, name: str, number: int) -> Batch:
        return self.batches.draw(stream(self.seed, KEY, name, self.step, number))

    def _until(self) -> float:
        """Return the share of the budget after which the present phase ends."""
        shares = (self.config.embedding_share, self.config.supervised_share, 1.0)
        return min(sum(shares[: self.phase + 1]), 1.0)

    def _spent(self) -> float:
        """Return the used part of the seconds, if they are limited; 1 and above is all."""
        limit, used = self.config.max_seconds, time.monotonic() - self._began
        if limit is None:
            return 0.0
        return used / limit if limit > 0 else 1.0

    def _late(self) -> bool:
        # A joint phase without any step would leave noise: it has at least one.
        return self._spent() >= self._until() and (PHASES[self.phase] != "joint" or self.step > 0)

    def _fraction(self) -> float:
        """Return the used part of the present phase's budget, 0 to 1."""
        return min(max(self.step / self.phase_steps(self.phase), self._spent()), 1.0)

    def _now(self) -> tuple[dict[str, Any], Arrays]:
        arrays = {f"network/{k}": v.numpy().copy() for k, v in self.networks.state_dict().items()}
        for name, optimiser in self.updates.optimisers.items():
            for number, entry in optimiser.state_dict()["state"].items():
                for key, value in entry.items():
                    arrays[f"adam/{name}/{number}/{key}"] = value.numpy().copy()
        return {"phase": self.phase, "step": self.step}, arrays

    def state(self) -> State:
        """Return a checkpoint: the training at its last snapshot."""
        place, arrays = self._snapshot
        return State({"generator": KEY, "finished": False, **self._identity(), **place}, arrays)

    def _identity(self) -> dict[str, Any]:
        options = self.config.to_json()
        return {"data": fingerprint(self.panel), "options": options, "seed": self.seed}

    def restore(self, state: State) -> None:
        """Take up a checkpoint.

        Raises
        ------
        TrainingError
            When it belongs to other data, options or seed, or to a training
            that had ended.
        """
        if state.config.get("finished", True):
            raise TrainingError("This training has ended: there is nothing to resume.")
        for what, value in self._identity().items():
            if state.config[what] != value:
                raise TrainingError(
                    f"The checkpoint was made with other {what} than this fit. Resume it with "
                    f"the same {what}, or fit from the start."
                )
        self.phase, self.step = state.config["phase"], state.config["step"]
        self.networks.load_state_dict(_group(state.tensors, "network"))
        for name, optimiser in self.updates.optimisers.items():
            saved = optimiser.state_dict()
            moments: dict[int, dict[str, torch.Tensor]] = {}
            for key, value in _group(state.tensors, f"adam/{name}").items():
                number, moment = key.split("/")
                moments.setdefault(int(number), {})[moment] = value
            optimiser.load_state_dict({**saved, "state": moments})
        self._snapshot = self._now()


def build(static: Scaling, temporal: Scaling, config: TimeGAN2019Config) -> Networks:
    """Return networks of the widths that the scalings ask for."""
    return Networks(
        static.width,
        temporal.width,
        hidden=config.hidden,
        layers=config.layers,
        noise_width=config.noise_width,
    )


def fingerprint(panel: SequencePanel) -> str:
    """Return a hash of a panel and its fields; tells equal panels, reveals no value."""
    digest = hashlib.sha256(repr((panel.layout.fields, panel.layout.context_fields)).encode())
    for array in (panel.values, panel.context, panel.offsets):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _check_size(panel: SequencePanel, config: TimeGAN2019Config) -> None:
    windows = np.minimum(panel.lengths, 1)
    if not has_own_length(panel.layout):
        windows = np.maximum(panel.lengths - config.window + 1, 0)
    if windows.sum() < 2:
        raise TrainingError(
            f"The panel has {len(panel.values)} events in {panel.n_sequences} sequences: not two "
            f"sequences or windows of {config.window} steps to learn from. Give it more, or a "
            "shorter window."
        )


def _group(arrays: Arrays, prefix: str) -> dict[str, torch.Tensor]:
    start = prefix + "/"
    return {
        name.removeprefix(start): torch.from_numpy(np.array(value))
        for name, value in arrays.items()
        if name.startswith(start)
    }
