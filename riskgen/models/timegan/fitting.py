"""From a panel to a fitted simulator: both phases, their checks, and resuming.

Joins data, courses and networks; the arithmetic is elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import nn

from riskgen.data.panel import SequencePanel
from riskgen.errors import TrainingError
from riskgen.models.base import OnStep, State
from riskgen.models.domain import domain_of
from riskgen.models.timegan.blocks import thinned
from riskgen.models.timegan.calibration import calibrate
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.course import Arrays, Course
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.judging import Judge, check_varied
from riskgen.models.timegan.likelihood import ending_loss, marginal_loss, rows_of
from riskgen.models.timegan.linear import start_contexts, start_events
from riskgen.models.timegan.networks import ContextBlock, EventNetworks
from riskgen.models.timegan.recipes import context_recipe, event_recipe
from riskgen.models.timegan.refinement import Workshop, refine, untried
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.sampling import Simulator
from riskgen.models.timegan.spreads import match_spreads
from riskgen.models.timegan.starts import Starts
from riskgen.models.timegan.stretches import divide, shortened
from riskgen.models.timegan.strictness import set_rolls, start_returns
from riskgen.models.timegan.training import check_learned, train_context, train_events
from riskgen.models.timegan.warm import WarmStart
from riskgen.seeding import stream, torch_fence

PHASES = ("context", "events")


class Training:
    """One fit: the data, the two courses and what is needed to resume them.

    Parameters
    ----------
    panel : SequencePanel
        What to learn.
    config : TimeGANConfig
        How.
    seed : int
        Of every random number.
    on_step : callable or None
        Told of every step.
    warm : WarmStart or None
        What to begin at instead of random weights.

    Raises
    ------
    TrainingError
        When the panel is too small to set anything aside.
    """

    def __init__(
        self,
        panel: SequencePanel,
        config: TimeGANConfig,
        seed: int,
        on_step: OnStep | None,
        warm: WarmStart | None = None,
    ) -> None:
        self.warm = warm
        self.panel, self.config, self.seed, self.on_step = panel, config, seed, on_step
        self.event_coder = RowCoder.fit(panel.layout.fields, panel.values)
        self.context_coder = RowCoder.fit(panel.layout.context_fields, panel.context)
        if warm is not None:
            self.event_coder, self.context_coder = warm.event_coder, warm.context_coder
        self.data = EventDataset(panel, self.event_coder, self.context_coder)
        if warm is not None:
            warm.read_by(self.data)
        rng = stream(seed, "train", "divide")
        parts = divide(panel.offsets, config.held_out, config.window, rng, panel.spans)
        self.train, self.aside, self.aside_sequences = parts
        everyone = np.arange(panel.n_sequences)
        self.train_sequences = np.setdiff1d(everyone, self.aside_sequences)
        if panel.spans is not None:
            self.train_sequences = self.train.sequence  # some are neither here nor there
        # A look is a mean over events: one long history must not be most of it.
        self.aside = shortened(self.aside, config.window)
        if panel.spans is not None:
            self.aside = self.aside.take(thinned(len(self.aside.start)))
        if not len(self.train.lengths) or not len(self.aside.lengths):
            raise TrainingError(
                f"The panel has {len(panel.values)} events in {panel.n_sequences} sequences: too "
                "few to set some aside. Give at least a few dozen events."
            )
        known = (config, panel.layout, len(self.train_sequences))
        self.context_config, self.event_config = context_recipe(*known), event_recipe(*known)
        self.courses = self._courses()
        self._snapshot = {name: course.state() for name, course in self.courses.items()}

    def _courses(self) -> dict[str, Course]:
        layout, context, config = self.panel.layout, self.context_config, self.event_config
        with torch_fence(self.seed, "train", "start"):
            networks: dict[str, nn.Module] = {
                "context": ContextBlock(layout.context_fields, context),
                "events": EventNetworks(layout, config),
            }
        self._start_at_marginals(networks)
        courses = {
            name: Course(name, networks[name], r.learning_rate, r.decay, r.patience, r.margin)
            for name, r in zip(PHASES, (context, config), strict=True)
        }
        if self.warm is not None:
            self.warm.begin(courses["context"], courses["events"])
            for network in (courses["events"].network, courses["events"].average):
                assert isinstance(network, EventNetworks)
                set_rolls(network, self.data)
        return courses

    def _start_at_marginals(self, networks: dict[str, nn.Module]) -> None:
        """Let every softmax begin at its level's frequency: minutes are short."""
        block, events = networks["context"], networks["events"]
        assert isinstance(block, ContextBlock)
        assert isinstance(events, EventNetworks)
        rows = self.context_coder.encode(self.panel.context[self.train_sequences])
        block.heads.start_at(torch.from_numpy(rows.codes))
        train = torch.from_numpy(rows_of(self.train))
        events.recovery.start_at(self.data.codes[train])
        start_returns(events, self.data, self.panel.layout, self.train_sequences)
        if domain_of(self.panel.layout) == "levels":
            start_events(events.recovery, self.data, train)
            start_contexts(block.heads, self.data, torch.from_numpy(self.train_sequences))

    def run(self) -> tuple[Simulator, dict[str, Any]]:
        """Train what is not yet trained; returns the simulator and the training report."""
        context, events = self.courses["context"], self.courses["events"]
        if self.panel.layout.context_fields:
            parts = (self.train_sequences, self.aside_sequences)
            train_context(context, self.data, parts, self.context_config, self.seed, self._told)
        context.settle()
        train_events(
            events, self.data, self.train, self.aside, self.event_config, self.seed, self._told
        )
        report = self._report()
        simulator = self._simulator()
        if simulator.regimes is not None:
            report["spread_gap"] = calibrate(simulator, stream(self.seed, "train", "calibrate"))
        if domain_of(self.panel.layout) == "levels":
            rng = stream(self.seed, "train", "calibrate")
            seen = self.data.rows.take(rows_of(self.train))
            report["spread_gap"] = match_spreads(simulator, seen, int(self.train.lengths[0]), rng)
        check_varied(simulator, self.panel, self.seed)
        if self.config.refine and domain_of(self.panel.layout) == "events":
            report["refinement"] = self._refined(simulator)
        report["audit"] = self._audit(simulator) if self.config.audit else None
        return simulator, report

    def _refined(self, simulator: Simulator) -> dict[str, Any]:
        if self.config.max_seconds is not None:
            # Its judges take as long again as a minute of training: likelihood needs it more.
            return untried("not tried: the time limit goes to the likelihood").to_json()

        def draw(n: int, name: str) -> SequencePanel:
            return simulator.draw(n, stream(self.seed, "train", "rollouts", name), {}, None)

        shop = Workshop(
            self.panel,
            self.data,
            self.train,
            self.aside,
            self.event_coder,
            self.context_coder,
            self.event_config,
            self.courses["events"].step,
            self.seed,
            draw,
            self._judge(simulator),
        )
        return refine(simulator.networks, shop, self.on_step).to_json()

    def _told(self, report: Any) -> None:
        course = self.courses[report.phase]
        if course.looked:
            # Ctrl-C may fall inside a step; a look is a place to come back to.
            self._snapshot[report.phase] = course.state()
        if self.on_step is not None:
            self.on_step(report)

    def _report(self) -> dict[str, Any]:
        train, test = rows_of(self.train), rows_of(self.aside)
        events = self.courses["events"]
        baseline = marginal_loss(self.panel.layout.fields, self.data.rows, train, test)
        if self.data.has_ends:
            baseline += ending_loss(self.train.lengths)
        check_learned("events", events.best_loss, baseline)
        return {
            "steps": {name: course.step for name, course in self.courses.items()},
            "held_out": {"events": events.kept_loss},
            "marginals": {"events": baseline},
        }

    def _simulator(self) -> Simulator:
        block, networks = self.courses["context"].network, self.courses["events"].network
        assert isinstance(block, ContextBlock)
        assert isinstance(networks, EventNetworks)
        block.requires_grad_(False)
        networks.requires_grad_(False)
        paths = domain_of(self.panel.layout) == "market"
        regimes = Regimes.fit(self.data.history_states) if paths else None
        return Simulator(
            self.panel.layout,
            block,
            networks,
            self.context_coder,
            self.event_coder,
            self.data.recall.anchors,
            self.data.recall.sources,
            regimes,
            self._starts(),
        )

    def _starts(self) -> Starts | None:
        if domain_of(self.panel.layout) != "levels":
            return None
        rng = stream(self.seed, "train", "starts")
        return Starts.fit(self.panel.context[self.train_sequences], self.context_coder, rng)

    def _judge(self, simulator: Simulator) -> Judge:
        parts = (self.train, self.aside)
        return Judge(simulator, self.panel, parts, self.event_coder, self.seed)

    def _audit(self, simulator: Simulator) -> dict[str, Any] | None:
        judged = self._judge(simulator)("audit")
        return None if judged is None else asdict(judged)

    def state(self) -> State:
        """Return a checkpoint: both courses at their last held-out look."""
        config: dict[str, Any] = {
            "generator": "timegan",
            "finished": False,
            "options": self.config.to_json(),
            "seed": self.seed,
            "panel": fingerprint(self.panel),
            "start": self._start,
            "courses": {name: document for name, (document, _) in self._snapshot.items()},
        }
        tensors: Arrays = {}
        for name, (_, arrays) in self._snapshot.items():
            tensors |= {f"{name}/{key}": value for key, value in arrays.items()}
        return State(config, tensors)

    @property
    def _start(self) -> str | None:
        return None if self.warm is None else self.warm.digest

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
        wanted = (fingerprint(self.panel), self.config.to_json(), self.seed, self._start)
        found = [state.config[name] for name in ("panel", "options", "seed", "start")]
        names = ("data", "options", "seed", "start")
        for what, here, there in zip(names, wanted, found, strict=True):
            if here != there:
                raise TrainingError(
                    f"The checkpoint was made with other {what} than this fit. Resume it with "
                    f"the same {what}, or fit from the start."
                )
        for name, course in self.courses.items():
            start = f"{name}/"
            arrays = {
                key.removeprefix(start): value
                for key, value in state.tensors.items()
                if key.startswith(start)
            }
            course.restore(state.config["courses"][name], arrays)
            self._snapshot[name] = course.state()


def fingerprint(panel: SequencePanel) -> str:
    """Return a hash of a panel and its fields; tells equal panels, reveals no value."""
    digest = hashlib.sha256(repr((panel.layout.fields, panel.layout.context_fields)).encode())
    for array in (panel.values, panel.context, panel.offsets):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
