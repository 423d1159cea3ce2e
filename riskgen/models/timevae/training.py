"""From a panel to a fitted simulator: the course of training, its checks, resuming.

Every random number belongs to (seed, phase, step): a resumed run repeats an
uninterrupted one. What is read from the encoder after training (the law of the
latent, how much of it is in use) is an aggregate; the encoder is then dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from riskgen.data.panel import SequencePanel
from riskgen.errors import TrainingError
from riskgen.models.base import OnStep, State, StepReport
from riskgen.models.condition import has_own_length
from riskgen.models.timegan.checkpoints import HeldOut
from riskgen.models.timegan.course import Course
from riskgen.models.timegan.fitting import fingerprint
from riskgen.models.timegan.likelihood import marginal_loss, rows_of
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.stretches import cut, divide, shortened
from riskgen.models.timegan.training import Batches, Budget, check_learned, run_phase
from riskgen.models.timevae.config import TimeVAEConfig
from riskgen.models.timevae.latent import LatentLaw
from riskgen.models.timevae.networks import SequenceVAE
from riskgen.models.timevae.objective import annealed, loss_of, terms_of, usage
from riskgen.models.timevae.posterior import law_of, read_pieces
from riskgen.models.timevae.sampling import Simulator
from riskgen.models.timevae.sequences import SequenceDataset
from riskgen.seeding import stream, torch_fence

EPOCHS, STEPS = 25, (300, 2500)
"""Passes over the panel, and the fewest and most steps: about a minute at 800
sequences of 50 events [J]."""

PROBE = 64
"""Simulated sequences that must not all be alike [J]."""


class Training:
    """One fit: the data, the course and what is needed to resume it.

    Parameters
    ----------
    panel : SequencePanel
        What to learn.
    options : TimeVAEConfig
        How, as the user gave them.
    seed : int
        Of every random number.
    on_step : callable or None
        Told of every step.

    Raises
    ------
    TrainingError
        When the panel is too small to set anything aside.
    """

    def __init__(
        self, panel: SequencePanel, options: TimeVAEConfig, seed: int, on_step: OnStep | None
    ) -> None:
        self.panel, self.options, self.seed, self._on_step = panel, options, seed, on_step
        self.own_length = has_own_length(panel.layout)
        self.config = config = options if self.own_length else options.for_paths()
        self.event_coder = RowCoder.fit(panel.layout.fields, panel.values)
        self.context_coder = RowCoder.fit(panel.layout.context_fields, panel.context)
        rng = stream(seed, "train", "divide")
        self.train, aside, _ = divide(panel.offsets, config.held_out, config.window, rng)
        # A look is a mean over events: one long history must not be most of it.
        self.aside = cut(shortened(aside, config.window), config.window)
        if not len(self.train.lengths) or not len(self.aside.lengths):
            raise TrainingError(
                f"The panel has {len(panel.values)} events in {panel.n_sequences} sequences: too "
                "few to set some aside. Give at least a few dozen events."
            )
        self.data = SequenceDataset(panel, self.event_coder, self.context_coder)
        self.course = Course(
            "autoencoder",
            self._network(),
            config.learning_rate,
            config.weight_decay,
            config.patience,
        )
        self._snapshot = self.course.state()

    def _network(self) -> SequenceVAE:
        """Return new networks whose softmaxes begin at the frequencies of their levels."""
        with torch_fence(self.seed, "train", "start"):
            network = SequenceVAE(self.panel.layout, self.config)
        rows = torch.from_numpy(self.data.rows.codes[rows_of(self.train)])
        network.events.heads.start_at(rows)
        owners = np.unique(self.train.sequence)
        network.contexts.start_at(torch.from_numpy(self.data.context_rows.codes[owners]))
        return network

    def run(self) -> tuple[Simulator, dict[str, Any]]:
        """Train to the end; returns the simulator and the training report."""
        self._learn()
        # The bound itself: another beta weighs what is no part of a likelihood.
        beta = 0.0 if self.config.deterministic else 1.0
        report = {
            "steps": self.course.step,
            "held_out": self.course.best_loss,
            "bound": self._judged(self.course.network, beta, 0.0),
            "marginals": self._baseline(),
        }
        check_learned("autoencoder", report["bound"], report["marginals"])
        pieces, rng = cut(self.train, self.config.window), stream(self.seed, "train", "latent")
        network, deterministic = _vae(self.course.network), self.config.deterministic
        with torch_fence(self.seed, "train", "read"):
            read = read_pieces(network, self.data, pieces, deterministic)
        told = usage(read.mean, read.divergence, deterministic)
        simulator = self._simulator(law_of(read, pieces, self.data, network, self.config, rng))
        self._check_varied(simulator)
        return simulator, report | told

    def _learn(self) -> None:
        config, train = self.config, self.train
        batches = Batches(train, config.window, config.batch, self.seed)
        pieces = int((-(-train.lengths // config.window)).sum())
        derived = int(np.clip(EPOCHS * -(-pieces // config.batch), *STEPS))
        budget = Budget(derived if config.steps is None else config.steps, config.max_seconds)
        usual = config.batch * float(np.minimum(train.lengths, config.window).mean())

        def losses(step: int) -> Callable[[nn.Module], Tensor]:
            batch = self.data.batch(batches.at(step))
            beta = annealed(config, budget.fraction(step))
            return lambda network: (
                loss_of(
                    terms_of(_vae(network), batch, config.deterministic), beta, config.free_nats
                )
                / usual
            )

        run_phase(self.course, budget, losses, self._look, self.seed, self._told)

    def _look(self, network: nn.Module) -> HeldOut:
        return HeldOut.alone(self._held_out(network))

    def _held_out(self, network: nn.Module) -> float:
        """Return the objective at its full weight, in nats per event set aside."""
        return self._judged(network, self.config.beta, self.config.free_nats)

    def _judged(self, network: nn.Module, beta: float, free_nats: float) -> float:
        config = self.config
        with torch_fence(self.seed, "train", "held-out"):
            terms = read_pieces(_vae(network), self.data, self.aside, config.deterministic)
        return float(loss_of(terms, beta, free_nats)) / int(self.aside.lengths.sum())

    def _told(self, report: StepReport) -> None:
        if self.course.looked:
            # Ctrl-C may fall inside a step; a look is a place to come back to.
            self._snapshot = self.course.state()
        if self._on_step is not None:
            self._on_step(report)

    def _baseline(self) -> float:
        """Return the loss of independent marginals, in nats per held-out event."""
        layout, train, test = self.panel.layout, self.train, self.aside
        events = marginal_loss(layout.fields, self.data.rows, rows_of(train), rows_of(test))
        fields, rows = layout.context_fields, self.data.context_rows
        contexts = marginal_loss(fields, rows, np.unique(train.sequence), test.sequence)
        return events + contexts * len(test.lengths) / int(test.lengths.sum())

    def _simulator(self, law: LatentLaw) -> Simulator:
        network = _vae(self.course.network).requires_grad_(False)
        return Simulator(
            self.panel.layout,
            network.contexts,
            network.events,
            self.context_coder,
            self.event_coder,
            law,
            self.config.window,
        )

    def _check_varied(self, simulator: Simulator) -> None:
        length = None if self.own_length else 8
        drawn = simulator.draw(PROBE, stream(self.seed, "train", "probe"), {}, length).values
        levels = np.array([bool(item.levels) for item in self.panel.layout.fields])
        told = np.where(levels, np.floor(drawn), drawn)
        real = np.where(levels, np.floor(self.panel.values), self.panel.values)
        if len(np.unique(told, axis=0)) == 1 and len(np.unique(real, axis=0)) > 1:
            raise TrainingError(
                f"Training collapsed: {len(drawn)} simulated events are all alike. Nothing was "
                "saved. Use another seed, more steps or a smaller learning rate."
            )

    def state(self) -> State:
        """Return a checkpoint: the course at its last held-out look."""
        document, arrays = self._snapshot
        config = {**self._identity(), "finished": False, "course": document}
        return State(config, dict(arrays))

    def restore(self, state: State) -> None:
        """Take up a checkpoint.

        Raises
        ------
        TrainingError
            When it belongs to another panel, other options or another seed, or
            when that training had ended.
        """
        if state.config.get("finished", True):
            raise TrainingError("This training has ended: there is nothing to resume.")
        for what, value in self._identity().items():
            if state.config.get(what) != value:
                raise TrainingError(
                    f"The checkpoint was made with another {what} than this fit. Resume it with "
                    f"the same {what}, or fit from the start."
                )
        self.course.restore(state.config["course"], state.tensors)
        self._snapshot = self.course.state()

    def _identity(self) -> dict[str, Any]:
        return {
            "generator": "timevae",
            "panel": fingerprint(self.panel),
            "options": self.options.to_json(),
            "seed": self.seed,
        }


def _vae(network: nn.Module) -> SequenceVAE:
    assert isinstance(network, SequenceVAE)
    return network
