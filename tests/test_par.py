"""SDV's PAR behind our protocol: the same network, valid panels, no pickle."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from test_generator_contract import CountingClock, events_panel, market_panel

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import StepReport, sample
from riskgen.models.par import network
from riskgen.models.par.context import ContextCopula
from riskgen.models.par.par import PAR
from riskgen.models.par.sequences import data_types, sequences, windows
from riskgen.seeding import torch_fence


def test_the_network_is_that_of_sdvs_own_synthesizer() -> None:
    panel = events_panel(24)
    inputs = np.random.default_rng(0).random((24, 2))
    ours = network.train(
        sequences(panel, inputs),
        data_types(panel.layout),
        epochs=3,
        seed=5,
        watch=lambda done, loss: False,
    )
    theirs = synthesizer_fitted_to(panel, inputs, epochs=3, seed=5)
    assert ours._data_map == theirs._data_map
    weights = theirs._model.state_dict()
    for name, mine in ours._model.state_dict().items():
        assert torch.equal(mine, weights[name]), name


def synthesizer_fitted_to(panel: SequencePanel, inputs: np.ndarray, epochs: int, seed: int):
    """Return the PARModel inside a PARSynthesizer that learned the panel as a table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from sdv.metadata import Metadata
        from sdv.sequential import PARSynthesizer

        frame = pd.DataFrame({"key": np.repeat(np.arange(panel.n_sequences), panel.lengths)})
        columns: dict[str, dict[str, str]] = {"key": {"sdtype": "id"}}
        for j in range(inputs.shape[1]):
            frame[f"c{j}"] = np.repeat(inputs[:, j], panel.lengths)
            columns[f"c{j}"] = {"sdtype": "numerical"}
        for j, item in enumerate(panel.layout.fields):
            frame[item.name] = np.floor(panel.values[:, j]).astype(np.int64)
            columns[item.name] = {"sdtype": "categorical"}
        table = {"columns": columns, "sequence_key": "key"}
        metadata = Metadata.load_from_dict({"tables": {"t": table}, "relationships": []})
        context = [f"c{j}" for j in range(inputs.shape[1])]
        with torch_fence(seed, "par", "fit"):
            synthesizer = PARSynthesizer(
                metadata, context_columns=context, epochs=epochs, cuda=False
            )
            synthesizer.fit({"t": frame})
    return synthesizer._model


def test_naming_the_generators_imports_neither_sdv_nor_deepecho() -> None:
    code = (
        "import sys, riskgen.models.registry\n"
        "assert 'par' in riskgen.models.registry.GENERATORS\n"
        "sys.exit(', '.join({'sdv', 'deepecho', 'rdt', 'copulas'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_context_keeps_its_frequencies_and_what_goes_together() -> None:
    rng = np.random.default_rng(0)
    label = (rng.random(4000) < 0.1).astype(float)
    size = np.where(label, 3, rng.integers(3, size=4000)) + rng.random(4000)
    wealth = 2.0 * label + rng.normal(size=4000)
    fields = (Field("label", 2), Field("size", 5, spread=True), Field("wealth", 0))
    real = np.column_stack([label, size, wealth])
    copula = ContextCopula.fit(fields, real, np.random.default_rng(1))
    drawn, seen = copula.draw(20_000, {}, np.random.default_rng(2))
    # Four standard errors of the difference of two frequencies.
    for column in (0, 1):
        counts = [
            np.bincount(np.floor(x[:, column]).astype(int), minlength=5) for x in (real, drawn)
        ]
        assert np.abs(counts[0] / 4000 - counts[1] / 20_000).max() < 4 * np.sqrt(0.25 / 3333)
    assert drawn[:, 2].std() == pytest.approx(real[:, 2].std(), rel=0.05)
    # Scores anywhere in a level's stretch cost part of the correlation: weaker, not gone.
    together = [np.corrcoef(np.floor(x[:, 0]), x[:, 2])[0, 1] for x in (drawn, real)]
    assert 0.1 < together[0] < together[1]
    assert (np.floor(drawn[:, 1]) < 4).all(), "a level that nobody had is never drawn"
    assert ((seen[:, :2] >= 0) & (seen[:, :2] < 1)).all()
    wanted, _ = copula.draw(2000, {"label": 1}, np.random.default_rng(2))
    assert (wanted[:, 0] == 1).all()
    assert wanted[:, 2].mean() > drawn[:, 2].mean() + 0.5
    with pytest.raises(NotFittedError, match="No training sequence had 'size' at level 4"):
        copula.draw(5, {"size": 4}, np.random.default_rng(2))


def test_a_context_that_is_all_alike_and_a_copied_column_do_no_harm() -> None:
    fields = (Field("label", 2), Field("a", 0), Field("b", 0))
    number = np.arange(50.0)
    real = np.column_stack([np.zeros(50), number, number])
    copula = ContextCopula.fit(fields, real, np.random.default_rng(0))
    drawn, _ = copula.draw(100, {"label": 0}, np.random.default_rng(1))
    assert np.allclose(drawn[:, 1], drawn[:, 2], atol=1e-6)
    assert (drawn[:, 0] == 0).all()


def few(n: int = 8) -> SequencePanel:
    """Two events each, both of kind 3 where the label is set, else of kind 0."""
    label = (np.arange(n) % 2).astype(float)
    values = np.repeat(3 * label, 2)[:, None]
    layout = Layout(
        (Field("kind", 4),), (Field("label", 2), Field("x", 2), Field("length", 0)), CountingClock()
    )
    context = np.column_stack([label, np.zeros(n), np.full(n, 2)])
    return SequencePanel(layout, values, context, 2 * np.arange(n + 1))


def test_the_events_follow_the_label() -> None:
    generator = PAR(epochs=300).fit(few(), seed=0)
    share = [
        (sample(generator, 96, seed=1, condition={"label": label}).values == 3).mean()
        for label in (0, 1)
    ]
    # Without the label both are 0.5 with a standard error of at most 0.05.
    assert share[1] - share[0] > 0.3


class GapClock(CountingClock):
    """Says that first events have gap level 4, as a calendar's clock does."""

    def bounds(self, state: np.ndarray) -> np.ndarray:
        return np.tile(np.array([4, 4]), (len(state), 1))


def test_first_events_have_the_gap_of_first_events_and_places_fill_their_level() -> None:
    rng = np.random.default_rng(0)
    gap = rng.integers(4, size=(40, 5)) + 0.5
    gap[:, 0] = 4.5
    layout = Layout(
        (Field("gap", 5, spread=True), Field("hour", 6, spread=True, requires=("gap", 3))),
        (Field("label", 2), Field("home", 2), Field("length", 0)),
        GapClock(),
    )
    hour = np.where(gap >= 3, 6 * rng.random((40, 5)), 0.0)
    values = np.column_stack([gap.ravel(), hour.ravel()])
    context = np.column_stack([np.arange(40) % 2, np.zeros(40), np.full(40, 5)]).astype(float)
    panel = SequencePanel(layout, values, context, 5 * np.arange(41))
    drawn = sample(PAR(epochs=5).fit(panel, seed=0), 300, seed=0)
    assert (np.floor(drawn.values[drawn.offsets[:-1], 0]) == 4).all()
    place = drawn.values[:, 0] % 1
    assert place.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / len(place)))
    absent = drawn.values[:, 0] < 3
    assert absent.any()
    assert (drawn.values[absent, 1] == 0).all()
    assert (drawn.values[~absent, 1] > 0).all()


def test_paths_are_cut_into_equal_pieces() -> None:
    cut = windows(market_panel(400), 60)
    assert cut.lengths.tolist() == [60] * 6
    assert np.array_equal(cut.values[60:120], market_panel(400).values[60:120])
    assert np.array_equal(cut.values[180:240], market_panel(400).values[200:260])
    short = windows(market_panel(40), 60)
    assert short.lengths.tolist() == [20, 20]


def test_time_ends_training_and_what_was_learned_by_then_is_kept() -> None:
    steps: list[StepReport] = []
    generator = PAR(epochs=10_000, max_seconds=1e-9)
    generator.fit(few(), seed=0, on_step=steps.append)
    assert [step.fraction for step in steps] == [1.0]
    assert sample(generator, 3, seed=0).n_sequences == 3


def test_the_loss_told_is_in_nats_per_event() -> None:
    steps: list[StepReport] = []
    panel = few(40)
    PAR(epochs=1).fit(panel, seed=0, on_step=steps.append)
    # Untrained: one of two kinds and of three tokens, at both events and at the end, where
    # deepecho counts a kind although there is none.
    assert steps[0].loss == pytest.approx(1.5 * (np.log(2) + np.log(3)), rel=0.05)


def test_numbers_beyond_all_bounds_end_in_a_training_error() -> None:
    panel = market_panel(120)
    panel.values[7, 1] = 1e300
    generator = PAR(epochs=4)
    with np.errstate(all="ignore"), pytest.raises(TrainingError, match="diverged"):
        generator.fit(panel, seed=0)
    with pytest.raises(NotFittedError):
        generator.state()
    endless = [{"context": [], "data": [[0.0, np.inf, 1.0]]}]
    with np.errstate(all="ignore"), pytest.raises(TrainingError, match="diverged"):
        network.train(endless, ["continuous"], epochs=2, seed=0, watch=lambda done, loss: False)


def test_an_empty_panel_and_senseless_options_are_refused() -> None:
    with pytest.raises(TrainingError, match="no events"):
        PAR().fit(events_panel().take(np.array([], dtype=np.int64)), seed=0)
    with pytest.raises(RiskgenError, match="at least 1 epoch"):
        PAR(epochs=0)
