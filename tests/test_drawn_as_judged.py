"""What is drawn, step by step and from tables, has the probabilities that training judges."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.data.panel import Field, SequencePanel
from riskgen.data.standing import StandingAmounts
from riskgen.data.toybank import simulate_bank
from riskgen.models.base import sample
from riskgen.models.timegan import drawing
from riskgen.models.timegan.cell import RunningCell
from riskgen.models.timegan.drawing import UNIFORMS
from riskgen.models.timegan.ending import Ending, without_outcomes
from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.lookups import earlier_levels
from riskgen.models.timegan.rolling import Roll
from riskgen.models.timegan.sampling import Simulator
from riskgen.models.timegan.scoring import sequence_log_likelihood
from riskgen.models.timegan.timegan import TimeGAN
from riskgen.models.timegan.trackers import RunningTrackers
from riskgen.stages.material import TableRequest, propose_schema

N = 48


@cache
def bank(folder: Path) -> tuple[Simulator, SequencePanel]:
    """Return a generator of a bank with balances and standing orders, and what it draws."""
    table = folder / "bank.parquet"
    simulate_bank(
        n_customers=120, days=90, seed=1, fraud_share=0.05, events_per_customer=25.0
    ).write_parquet(table)
    request = TableRequest(table)
    drawn, _ = request.draw(request.open())
    events = Events.build(pl.read_parquet(table), propose_schema(drawn, request))
    options = {"hidden": 16, "head_width": 8, "steps": 30, "audit": False, "refine": False}
    model = TimeGAN(**options).fit(EventEncoder.fit(events).encode(events), seed=0)
    simulator = model._fitted()
    with torch.no_grad():  # gates begin at nothing: let all of them say something
        torch.manual_seed(1)
        for weight in simulator.networks.parameters():
            weight += 0.1 * torch.randn(weight.shape)
    return simulator, sample(model, N, seed=2)


class Replay:
    """Makes a roll draw the events of a panel, and adds up how likely they were."""

    def __init__(self, simulator: Simulator, panel: SequencePanel) -> None:
        self.simulator, self.panel = simulator, panel
        self.total, self.step, self.level = np.zeros(panel.n_sequences), 0, 0
        self.levels = simulator.event_coder.level_columns

    def values(self) -> NDArray[np.float64]:
        """Return the events of this step; the last ones where there are no more."""
        last = self.panel.lengths - 1
        return self.panel.values[self.panel.offsets[:-1] + np.minimum(self.step, last)]

    def random(self, shape: int | tuple[int, int]) -> NDArray[np.float64]:
        if isinstance(shape, int):
            return np.ones(shape)  # nothing ends
        values = self.values()
        return np.repeat(np.mod(values, 1.0), UNIFORMS, axis=1)

    def choose(self, logits: torch.Tensor, uniform: NDArray[np.float64]) -> torch.Tensor:
        column, values = self.levels[self.level], self.values()
        drawn = torch.from_numpy(np.floor(values[:, column]).astype(np.int64))
        counts = self.simulator.event_coder.applies(values)[:, column]
        counts &= self.step < self.panel.lengths
        nats = torch.log_softmax(logits, 1).gather(1, drawn[:, None])[:, 0].double().numpy()
        self.total += np.where(counts, nats, 0.0)
        self.level = (self.level + 1) % len(self.levels)
        return drawn

    def note_end(self, odds: torch.Tensor) -> None:
        over = F.logsigmoid(odds).double().numpy(), F.logsigmoid(-odds).double().numpy()
        length = self.panel.lengths
        self.total += np.where(length == self.step, over[0], (length > self.step) * over[1])


def test_events_are_drawn_with_the_likelihood_that_they_are_judged_by(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator, panel = bank(tmp_path_factory.getbasetemp())
    assert any(isinstance(item, StandingAmounts) for item in panel.layout.trackers)
    replay, weighed = Replay(simulator, panel), Ending.weighed

    def noted(self: Ending, *told: object) -> torch.Tensor:
        odds = weighed(self, *told)  # type: ignore[arg-type]
        replay.note_end(odds)
        return odds

    monkeypatch.setattr(drawing, "FEW", 0.0)
    monkeypatch.setattr(drawing, "inverse_choice", replay.choose)
    monkeypatch.setattr(Ending, "weighed", noted)
    shown = without_outcomes(simulator.context_coder.encode(panel.context), panel.layout)
    with torch.inference_mode():
        roll = Roll(simulator, panel.context, shown.codes, shown.numbers)
        for step in range(int(panel.lengths.max()) + 1):
            replay.step = step
            if step:
                roll.end(replay)  # type: ignore[arg-type]
            roll.step(replay)  # type: ignore[arg-type]
    monkeypatch.undo()
    _, judged = sequence_log_likelihood(simulator, panel, 128)
    assert np.allclose(replay.total, judged, rtol=1e-4, atol=1e-3)


def test_fields_of_a_few_rows_are_drawn_as_if_for_all(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator, panel = bank(tmp_path_factory.getbasetemp())
    shown = without_outcomes(simulator.context_coder.encode(panel.context), panel.layout)
    drawn = []
    for few in (0.0, 1.1):
        monkeypatch.setattr(drawing, "FEW", few)
        with torch.inference_mode():
            roll = Roll(simulator, panel.context, shown.codes, shown.numbers)
            rng = np.random.default_rng(0)
            drawn.append(np.stack([roll.step(rng) for _ in range(6)]))
    same = np.isclose(*drawn).all(axis=(0, 2))
    # A level can change where a uniform number lies on an edge to seven digits.
    assert same.mean() > 0.95


def test_table_sums_are_the_products_that_training_makes() -> None:
    torch.manual_seed(0)
    fields = (Field("kind", 3), Field("detail", 4), Field("size", 2))
    heads = FieldHeads(fields, 4, 6, 3, 0.0).eval().requires_grad_(False)
    codes = torch.stack([torch.randint(0, n + 1, (9,)) for n in (3, 4, 2)], dim=1)
    features = heads.reader(codes, torch.zeros(9, 0))
    wanted = F.linear(features, heads.masked_weight()).view(9, 3, 6)
    for column, sums in enumerate(earlier_levels(heads)):
        # Codes have one place more than is drawn: "no row yet".
        found = torch.zeros(9, 6) if sums is None else sums.of(codes)
        assert torch.allclose(found, wanted[:, column], atol=1e-6)


def test_the_cell_turns_as_the_recurrence_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    simulator, panel = bank(tmp_path_factory.getbasetemp())
    generator = simulator.networks.generator
    rows = simulator.event_coder.encode(panel.values[:12])
    codes, numbers = torch.from_numpy(rows.codes), torch.from_numpy(rows.numbers)
    features, context = torch.randn(12, generator.n_features), torch.randn(4, 48)
    with torch.no_grad():
        cell, told = RunningCell(generator, context), (codes, numbers, features)
        steps = [part.view(3, 4, -1) for part in told]
        hidden = generator.embed(*steps, context)
        for step in range(3):
            cell.turn(steps[0][step], steps[1][step], [steps[2][step]])
            assert torch.allclose(cell.hidden, hidden[step], atol=1e-5)


def test_a_borrowed_state_is_the_one_that_the_tracker_would_keep(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    _, panel = bank(tmp_path_factory.getbasetemp())
    layout, heads = panel.layout, panel.offsets[:-1]
    standing = next(item for item in layout.trackers if isinstance(item, StandingAmounts))
    running, own = RunningTrackers(layout, panel.context), standing.start(panel.context)
    for step in range(int(panel.lengths.min())):
        values = panel.values[heads + step]
        told = running.steers()[standing.steers].signals(values)
        assert np.array_equal(told.numpy(), standing.signals(own, values))
        running.advance(values)
        own = standing.advance(own, values)
