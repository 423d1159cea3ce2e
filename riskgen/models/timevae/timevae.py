"""TimeVAE as a generator: fit, sample, store.

Joins the networks, their training and their sampling; knows panels only.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from torch import nn

from riskgen.data.panel import Layout, SequencePanel
from riskgen.errors import NotFittedError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State
from riskgen.models.condition import checked_condition, checked_length, has_own_length
from riskgen.models.domain import BOTH, Domain
from riskgen.models.timegan.networks import load_arrays, network_arrays
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timevae.config import TimeVAEConfig
from riskgen.models.timevae.latent import LatentLaw
from riskgen.models.timevae.networks import ContextDecoder, EventDecoder
from riskgen.models.timevae.sampling import Simulator
from riskgen.models.timevae.training import Training
from riskgen.seeding import stream, torch_fence

EVENT_CHUNK, PATH_CHUNK = 1024, 256
"""Sequences drawn together, as :class:`TimeGAN`."""

DEFAULT_PATH = 60
"""Steps of a path when none are asked for: about a quarter of trading days [J]."""


class TimeVAE:
    """Variational autoencoder of sequences; one latent for each.

    Good at what lasts a whole sequence (taste, rhythm, size), since that is what
    a latent holds. Limits: given the latent, events know of each other only what
    trackers carry (date, balance), so that repeats of an exact amount, bursts and
    volatility that clusters inside a window are lost, unless ``feedback`` is set.
    A path longer than 60 steps is window after window, each with a latent that is
    correlated with the one before: nothing else crosses the seam, and no
    dependence beyond two windows is learned.

    ``report`` tells, after :meth:`fit`, the held-out bound, its baseline, and how
    much of the latent is in use (posterior collapse).

    Parameters
    ----------
    **options
        Fields of :class:`TimeVAEConfig`.
    """

    key: ClassVar[str] = "timevae"
    learns: ClassVar[frozenset[Domain]] = BOTH

    def __init__(self, **options: Any) -> None:
        self.config = TimeVAEConfig(**options)
        self.report: dict[str, Any] = {}
        self._simulator: Simulator | None = None

    @property
    def chunk(self) -> int:
        """Sequences in a chunk."""
        return EVENT_CHUNK if has_own_length(self._fitted().layout) else PATH_CHUNK

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

        On Ctrl-C the state of the last held-out look goes to ``on_checkpoint``;
        given back as ``resume``, training ends in the same weights as if it had
        never stopped (unless ``max_seconds`` cut it).

        Raises
        ------
        TrainingError
            On divergence, when nothing was learned, or when ``resume`` belongs to
            other data or options.
        """
        training = Training(panel, self.config, seed, on_step)
        if resume is not None:
            training.restore(resume)
        try:
            self._simulator, self.report = training.run()
        except KeyboardInterrupt:
            if on_checkpoint is not None:
                on_checkpoint(training.state())
            raise
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

        A condition on the label is exact: it conditions encoder and decoder, and
        the latent is independent of it. On another field the wanted level is always
        drawn, and each latent is chosen among 32 by how likely it has that level:
        exact in the limit of many, biased towards the usual for a rare level.
        """
        simulator = self._fitted()
        wanted = checked_condition(simulator.layout, condition)
        steps = checked_length(simulator.layout, length, DEFAULT_PATH)
        rng = stream(seed, "sample", self.key, index)
        return simulator.draw(self.chunk, rng, wanted, steps)

    def state(self) -> State:
        """Return the decoders and the law of the latent; the encoder is not in it."""
        simulator = self._fitted()
        config = {
            "generator": self.key,
            "finished": True,
            "options": self.config.to_json(),
            "context": simulator.context_coder.to_json(),
            "events": simulator.event_coder.to_json(),
            "report": self.report,
        }
        tensors = simulator.law.arrays()
        for name, network in _decoders(simulator).items():
            tensors |= network_arrays(name, network)
        return State(config, tensors)

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from.

        Raises
        ------
        NotFittedError
            When ``state`` is a checkpoint of a training that did not end.
        """
        if not state.config["finished"]:
            raise NotFittedError(
                "This is a checkpoint of an unfinished training. Finish it with "
                "'riskgen fit --resume' first."
            )
        generator = cls(**state.config["options"])
        generator.report = state.config["report"]
        generator._simulator = _simulator(state, layout, generator.config)
        return generator

    def _fitted(self) -> Simulator:
        if self._simulator is None:
            raise NotFittedError("TimeVAE has not been trained yet. Run 'riskgen fit' first.")
        return self._simulator


def _decoders(simulator: Simulator) -> dict[str, nn.Module]:
    return {"decoder.contexts": simulator.contexts, "decoder.events": simulator.events}


def _simulator(state: State, layout: Layout, options: TimeVAEConfig) -> Simulator:
    config = options if has_own_length(layout) else options.for_paths()
    with torch_fence(0, "shape"):
        contexts = ContextDecoder(layout.context_fields, config)
        events = EventDecoder(layout, config)
    simulator = Simulator(
        layout,
        contexts,
        events,
        RowCoder.from_json(layout.context_fields, state.config["context"]),
        RowCoder.from_json(layout.fields, state.config["events"]),
        LatentLaw.from_arrays(state.tensors),
        config.window,
    )
    for name, network in _decoders(simulator).items():
        mine = {k: v for k, v in state.tensors.items() if k.startswith(f"{name}.")}
        load_arrays(network, name, mine)
    return simulator
