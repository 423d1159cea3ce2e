"""Several fits of one generator, drawn from in equal shares.

A mixture: the members learn the same panel from seeds of their own, hence also
set different sequences aside, and every chunk holds as many sequences of each
member as of any other, shuffled. Knows generators by the protocol only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from riskgen.data.panel import Layout, SequencePanel, concatenate_panels
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import Condition, Generator, OnCheckpoint, OnStep, State, StepReport
from riskgen.models.domain import BOTH, Domain
from riskgen.models.timegan.fitting import fingerprint
from riskgen.seeding import derived_seed, stream


@dataclass(frozen=True)
class EnsembleConfig:
    """Options of :class:`Ensemble`.

    Attributes
    ----------
    member : str
        Key of the generator that is fitted several times.
    size : int
        How many times; 3 are the fewest of which one cannot be half [J].
    options : mapping
        Options of each member; a wall-clock limit (``max_seconds``) is shared by
        all of them.
    """

    member: str = "timegan"
    size: int = 3
    options: Mapping[str, Any] = field(default_factory=dict)


class Ensemble:
    """A mixture of fits of one generator.

    ``report`` tells, after :meth:`fit`, what each member reported and the means
    of the held-out losses.

    Parameters
    ----------
    **options
        Fields of :class:`EnsembleConfig`.

    Raises
    ------
    RiskgenError
        When the member, its options or the size cannot be.
    """

    key: ClassVar[str] = "ensemble"
    learns: ClassVar[frozenset[Domain]] = BOTH  # what the member does not, it refuses itself

    def __init__(self, **options: Any) -> None:
        self.config = EnsembleConfig(**options)
        if self.config.size < 1 or self.config.member == self.key:
            raise RiskgenError(
                f"An ensemble of {self.config.size} × '{self.config.member}' cannot be fitted. "
                "Ask for at least 1 fit of a generator that is no ensemble itself."
            )
        self._blank()
        self.report: dict[str, Any] = {}
        self._members: list[Generator] = []

    @property
    def chunk(self) -> int:
        """Sequences in a chunk: one chunk of each member."""
        return sum(member.chunk for member in self._fitted())

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Fit the members one after another.

        On Ctrl-C the members that are done, and the checkpoint of the one that is
        not if it gives any, go to ``on_checkpoint``. A member that gives none
        begins anew when resumed.

        Raises
        ------
        TrainingError
            When a member fails, or ``resume`` belongs to another fit.
        """
        told = {"panel": fingerprint(panel), "options": asdict(self.config), "seed": seed}
        done, begun = ([], None) if resume is None else self._taken_up(resume, told, panel.layout)
        inner: list[State] = [] if begun is None else [begun]
        try:
            while len(done) < self.config.size:
                number = len(done)
                done.append(
                    self._blank().fit(
                        panel,
                        seed=derived_seed(seed, self.key, number),
                        on_step=None if on_step is None else _numbered(on_step, number),
                        on_checkpoint=inner.append,
                        resume=inner[-1] if inner else None,
                    )
                )
                inner.clear()
        except KeyboardInterrupt:
            if on_checkpoint is not None and (done or inner):
                on_checkpoint(_checkpoint(told, done, inner))
            raise
        self._members, self.report = done, _combined(done)
        return self

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; see :class:`Generator`."""
        # Seeds of their own: members that know the same would draw the same.
        parts = [
            member.sample_chunk(
                index,
                seed=derived_seed(seed, self.key, number),
                condition=condition,
                length=length,
            )
            for number, member in enumerate(self._fitted())
        ]
        whole = concatenate_panels(parts)
        order = stream(seed, "sample", self.key, index).permutation(whole.n_sequences)
        return whole.take(order.astype(np.int64))

    def state(self) -> State:
        """Return the states of all members."""
        states = [member.state() for member in self._fitted()]
        config = {
            "generator": self.key,
            "finished": True,
            "options": asdict(self.config),
            "members": [state.config for state in states],
            "report": self.report,
        }
        return State(config, _prefixed(states))

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the ensemble that ``state`` was taken from.

        Raises
        ------
        NotFittedError
            When ``state`` is a checkpoint of a fit that did not end.
        """
        if not state.config["finished"]:
            raise NotFittedError(
                "This is a checkpoint of an unfinished ensemble. Finish it with "
                "'riskgen fit --resume' first."
            )
        ensemble = cls(**state.config["options"])
        kind = type(ensemble._blank())
        ensemble._members = [kind.from_state(part, layout) for part in _parts(state)]
        ensemble.report = state.config["report"]
        return ensemble

    def _blank(self) -> Generator:
        """Return an unfitted member, with its share of the time."""
        from riskgen.models.registry import create  # the registry lists the ensemble

        options = dict(self.config.options)
        if options.get("max_seconds") is not None:
            options["max_seconds"] = options["max_seconds"] / self.config.size
        return create(self.config.member, **options)

    def _taken_up(
        self, state: State, told: Mapping[str, Any], layout: Layout
    ) -> tuple[list[Generator], State | None]:
        if state.config.get("finished", True):
            raise TrainingError("This ensemble is complete: there is nothing to resume.")
        for what in ("panel", "options", "seed"):
            if state.config[what] != told[what]:
                raise TrainingError(
                    f"The checkpoint was made with another {what} than this fit. Resume it with "
                    "the same table, options and seed, or fit from the start."
                )
        parts, kind = _parts(state), type(self._blank())
        n_done = state.config["done"]
        done = [kind.from_state(part, layout) for part in parts[:n_done]]
        return done, parts[n_done] if len(parts) > n_done else None

    def _fitted(self) -> list[Generator]:
        if not self._members:
            raise NotFittedError("The ensemble has not been fitted yet. Run 'riskgen fit' first.")
        return self._members


def _numbered(on_step: OnStep, number: int) -> OnStep:
    def told(report: StepReport) -> None:
        on_step(replace(report, phase=f"{report.phase}, member {number + 1}"))

    return told


def _checkpoint(told: Mapping[str, Any], done: list[Generator], inner: list[State]) -> State:
    states = [member.state() for member in done] + inner[-1:]
    config = {
        "generator": Ensemble.key,
        "finished": False,
        "done": len(done),
        "members": [state.config for state in states],
        **told,
    }
    return State(config, _prefixed(states))


def _prefixed(states: list[State]) -> dict[str, Any]:
    return {
        f"member-{number}/{name}": values
        for number, state in enumerate(states)
        for name, values in state.tensors.items()
    }


def _parts(state: State) -> list[State]:
    parts = []
    for number, config in enumerate(state.config["members"]):
        start = f"member-{number}/"
        own = {k.removeprefix(start): v for k, v in state.tensors.items() if k.startswith(start)}
        parts.append(State(config, own))
    return parts


def _combined(members: list[Generator]) -> dict[str, Any]:
    """Return the reports of the members, and the means of losses that all of them give."""
    reports = [dict(getattr(member, "report", {})) for member in members]
    losses = [report.get("held_out", {}) for report in reports]
    shared = [name for name in losses[0] if all(name in other for other in losses)]
    means = {name: float(np.mean([other[name] for other in losses])) for name in shared}
    return {"members": reports, "held_out": means}
