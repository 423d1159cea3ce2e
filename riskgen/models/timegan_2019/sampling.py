"""Drawing sequences: generator and recovery, without embedder and discriminator.

One thread, so that the bytes do not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.errors import RiskgenError
from riskgen.models.timegan.sampling import one_thread
from riskgen.models.timegan_2019.batches import noise
from riskgen.models.timegan_2019.config import TimeGAN2019Config
from riskgen.models.timegan_2019.networks import Generator, Recovery
from riskgen.models.timegan_2019.scaling import Scaling

TRIES = 500
"""Chunks of contexts drawn before a condition is given up: finds a level that the
generator draws twice in a thousand [J]."""


@dataclass(frozen=True, eq=False)
class Simulator:
    """A trained generator and recovery, frozen.

    Attributes
    ----------
    layout : Layout
        Of the panels to draw.
    config : TimeGAN2019Config
        For the noise.
    generator, recovery : nn.Module
        As trained.
    static, temporal : Scaling
        As fitted.
    """

    layout: Layout
    config: TimeGAN2019Config
    generator: Generator = field(repr=False)
    recovery: Recovery = field(repr=False)
    static: Scaling = field(repr=False)
    temporal: Scaling = field(repr=False)

    def draw(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int], length: int | None
    ) -> SequencePanel:
        """Draw ``n`` sequences; ``length`` only for panels without a length field.

        A condition is met by rejection: static noise is drawn until ``n``
        contexts have the wanted levels, so all else is as the generator draws it
        given them.

        Raises
        ------
        RiskgenError
            When the generator (almost) never draws the wanted levels.
        """
        with torch.inference_mode(), one_thread():
            context, h_s = self._contexts(n, rng, condition)
            lengths = self._lengths(context, length)
            order = np.argsort(-lengths, kind="stable")
            offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
            values = np.empty((int(offsets[-1]), len(self.layout.fields)))
            latents = None if h_s is None else h_s[torch.from_numpy(order)]
            for step, features in enumerate(self._roll(latents, lengths[order], rng)):
                uniforms = rng.random((len(features), values.shape[1]))
                rows = offsets[order[: len(features)]] + step
                values[rows] = self.temporal.decode(features, uniforms)
        return SequencePanel(self.layout, values, context, offsets)

    def _contexts(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int]
    ) -> tuple[Floats, Tensor | None]:
        if self.generator.static is None:
            return np.zeros((n, 0)), None
        kept: list[tuple[Floats, Tensor]] = []
        found = 0
        for _ in range(TRIES):
            values, latents = self._some_contexts(n, rng)
            keep = np.flatnonzero(self._meets(values, condition))
            kept.append((values[keep], latents[torch.from_numpy(keep)]))
            found += len(keep)
            if found >= n:
                break
        else:
            raise RiskgenError(
                f"The wanted context ({dict(condition)}) was met by {found} of {TRIES * n} "
                "simulated contexts: adversarial training has all but lost it. Use 'timegan', "
                "which can be conditioned, or train longer."
            )
        contexts, latent = zip(*kept, strict=True)
        return np.concatenate(contexts)[:n], torch.cat(latent)[:n]

    def _some_contexts(self, n: int, rng: np.random.Generator) -> tuple[Floats, Tensor]:
        h_s = self.generator.statics(noise(rng, self.config, 0, n)[0])
        assert h_s is not None
        features = self.recovery.statics(h_s, n).double().numpy()
        return self.static.decode(features, rng.random((n, len(self.static.fields)))), h_s

    def _meets(self, values: Floats, condition: Mapping[str, int]) -> np.ndarray:
        keep = np.ones(len(values), dtype=bool)
        for name, level in condition.items():
            column = self.layout.context_column(name)
            assert column is not None, name
            keep &= np.floor(values[:, column]) == level
        return keep

    def _lengths(self, context: Floats, length: int | None) -> np.ndarray:
        if length is not None:
            return np.full(len(context), length, dtype=np.int64)
        if self.layout.clock is not None:
            return np.asarray(self.layout.clock.lengths(context), dtype=np.int64)
        column = self.layout.context_column("length")
        assert column is not None, "a panel has a length field, or the caller names a length"
        return np.maximum(np.rint(context[:, column]), 1).astype(np.int64)

    def _roll(
        self, h_s: Tensor | None, lengths: np.ndarray, rng: np.random.Generator
    ) -> Iterator[Floats]:
        """Yield features (n_alive, n_features) step by step; sequences are longest first."""
        n = len(lengths)
        # All noise at once would be large; a process is continued instead.
        process = NoiseProcess(self.config, n)
        before, state = self.generator.start(n)
        for step in range(int(lengths[0])):
            alive = int(np.searchsorted(-lengths, -step, side="left"))
            z = process.advance(alive, rng)
            told = None if h_s is None else h_s[:alive]
            memory = [layer[:alive] for layer in state]
            before, state = self.generator.step(told, before[:alive], z, memory)
            yield self.recovery.temporal(before).double().numpy()


class NoiseProcess:
    """The generator's temporal noise, one step after another."""

    def __init__(self, config: TimeGAN2019Config, n: int) -> None:
        self._config, self._place = config, torch.zeros(n, config.noise_width)

    def advance(self, alive: int, rng: np.random.Generator) -> Tensor:
        """Return z_t of the first ``alive`` sequences, shape (alive, noise_width)."""
        fresh = noise(rng, self._config, 1, alive)[1][0]
        if self._config.noise != "wiener":
            return fresh
        self._place = self._place[:alive] + fresh
        return self._place
