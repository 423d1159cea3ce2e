"""TimeGAN as a generator: fit, sample, store.

Joins the networks, their training and their sampling; knows panels only.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State
from riskgen.models.beginning import checked_quantile
from riskgen.models.condition import checked_condition, checked_length
from riskgen.models.domain import EVERY, Domain, domain_of
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.fitting import Training
from riskgen.models.timegan.networks import (
    ContextBlock,
    EventNetworks,
    load_arrays,
    network_arrays,
)
from riskgen.models.timegan.pasts import RecentPast, StormyRegimes
from riskgen.models.timegan.recipes import context_recipe, event_recipe
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.sampling import Simulator
from riskgen.models.timegan.scoring import sequence_log_likelihood
from riskgen.models.timegan.starts import Starts
from riskgen.models.timegan.warm import SHAPE, WarmStart
from riskgen.seeding import stream, torch_fence

EVENT_CHUNK, PATH_CHUNK = 1024, 256
"""Sequences drawn together: enough to keep the products busy, few enough that
asking for one path of many assets does not take long [J]."""

DEFAULT_PATH = 60
"""Steps of a path when none are asked for: about a quarter of trading days [J]."""


class TimeGAN:
    """Likelihood-anchored TimeGAN.

    ``report`` tells, after :meth:`fit`, the held-out losses, their baselines and
    what the discriminator said.

    Parameters
    ----------
    **options
        Fields of :class:`TimeGANConfig`.
    """

    key: ClassVar[str] = "timegan"
    learns: ClassVar[frozenset[Domain]] = EVERY
    shape_options: ClassVar[tuple[str, ...]] = SHAPE

    def __init__(self, **options: Any) -> None:
        self.config = TimeGANConfig(**options)
        self.report: dict[str, Any] = {}
        self._simulator: Simulator | None = None
        self._warm: WarmStart | None = None

    @property
    def chunk(self) -> int:
        """Sequences in a chunk."""
        return PATH_CHUNK if domain_of(self._fitted().layout) == "market" else EVENT_CHUNK

    def start_from(self, state: State, layout: Layout) -> None:
        """Let :meth:`fit` begin at the weights and codes of another fitted TimeGAN.

        The weights then carry the customers of both fits.
        """
        self._warm = WarmStart.of(state, layout)

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
        if self._warm is not None:
            self._warm.check(panel.layout, self.config)
        training = Training(panel, self.config, seed, on_step, self._warm)
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

        A condition on the first context field (the label) is exact: the others
        are drawn given it. On a later field it is an intervention: fields before
        it are drawn as if nothing had been asked.
        """
        simulator = self._fitted()
        wanted = checked_condition(simulator.layout, condition)
        steps = checked_length(simulator.layout, length, DEFAULT_PATH)
        rng = stream(seed, "sample", self.key, index)
        return simulator.draw(self.chunk, rng, wanted, steps)

    def after(self, recent: SequencePanel) -> Self:
        """Return the same; its market paths go on from the days of one sequence."""
        return self._beginning(RecentPast(recent.values))

    def following(self, pasts: Floats, n: int, *, seed: int) -> Iterator[Floats]:
        """Yield ``n`` rows that may follow each past; see :class:`Foresight`."""
        if self._fitted().regimes is None:
            raise RiskgenError("These sequences have a beginning of their own, none to choose.")
        rngs = (stream(seed, "following", self.key, day) for day in range(len(pasts)))
        return self._fitted().following(pasts, n, rngs)

    def within(self, quantile: float) -> Self:
        """Return the same; its market paths begin in regimes above a quantile of volatility."""
        regimes, chosen = self._fitted().regimes, checked_quantile(quantile)
        if not isinstance(regimes, Regimes):
            raise RiskgenError("Only market paths that begin anywhere have regimes to choose from.")
        return self._beginning(StormyRegimes(regimes.mean, regimes.loadings, chosen))

    def _beginning(self, past: Regimes | RecentPast) -> Self:
        if self._fitted().regimes is None:
            raise RiskgenError("These sequences have a beginning of their own, none to choose.")
        other = copy(self)
        other._simulator = replace(self._fitted(), regimes=past)
        return other

    def log_likelihood(self, panel: SequencePanel) -> tuple[Floats, Floats]:
        """Return log p of each sequence's context and of all its events, in nats."""
        return sequence_log_likelihood(self._fitted(), panel, self.config.window)

    def state(self) -> State:
        """Return generator, supervisor and recovery; embedder and discriminator are not in it."""
        simulator = self._fitted()
        config = {
            "generator": self.key,
            "finished": True,
            "options": self.config.to_json(),
            "context": simulator.context_coder.to_json(),
            "events": simulator.event_coder.to_json(),
            "anchors": simulator.anchors,
            "sources": simulator.sources,
            "report": self.report,
        }
        tensors = network_arrays("generator.context", simulator.context_block)
        tensors |= network_arrays("", simulator.networks)
        if isinstance(simulator.regimes, Regimes):
            tensors |= simulator.regimes.arrays()
        if simulator.starts is not None:
            tensors |= simulator.starts.arrays()
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
            raise NotFittedError("TimeGAN has not been trained yet. Run 'riskgen fit' first.")
        return self._simulator


def _simulator(state: State, layout: Layout, config: TimeGANConfig) -> Simulator:
    with torch_fence(0, "shape"):
        block = ContextBlock(layout.context_fields, context_recipe(config, layout))
        networks = EventNetworks(layout, event_recipe(config, layout))
    context = {k: v for k, v in state.tensors.items() if k.startswith("generator.context.")}
    events = {k: v for k, v in state.tensors.items() if k not in context and "/" not in k}
    load_arrays(block, "generator.context", context)
    load_arrays(networks, "", events)
    return Simulator(
        layout,
        block,
        networks,
        RowCoder.from_json(layout.context_fields, state.config["context"]),
        RowCoder.from_json(layout.fields, state.config["events"]),
        state.config["anchors"],
        state.config["sources"],
        Regimes.from_arrays(state.tensors),
        Starts.from_arrays(state.tensors),
    )
