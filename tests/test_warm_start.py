"""A fit may begin at another one: what is taken over, what is refused, what it is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Riskgen, tiny_table
from test_generator_contract import OPTIONS, draw, events_panel, market_panel, same

from riskgen.data.panel import Field, SequencePanel
from riskgen.errors import TrainingError
from riskgen.models.base import State, StepReport
from riskgen.models.registry import create
from riskgen.models.start import starting
from riskgen.models.timegan.fitting import Training
from riskgen.models.timegan.timegan import TimeGAN
from riskgen.models.timegan.warm import WarmStart
from riskgen.runs import Run, file_hash

TINY = {**OPTIONS["timegan"], "dropout": 0.0}


STATES = 12


def chained(n: int, seed: int) -> SequencePanel:
    """Customers whose state follows the one before; labelled ones pay the highest amounts."""
    panel = events_panel(n, seed)
    rng = np.random.default_rng(seed)
    follows = np.random.default_rng(99).permutation(STATES)
    state = rng.integers(STATES, size=len(panel.values))
    firsts = set(panel.offsets[:-1].tolist())
    for row in range(len(state)):
        if row not in firsts and rng.random() < 0.9:
            state[row] = follows[state[row - 1]]
    values = panel.values.copy()
    values[:, 1] = state
    kind, _, amount = panel.layout.fields
    layout = replace(panel.layout, fields=(kind, Field("state", STATES), amount))
    return SequencePanel(layout, values, panel.context, panel.offsets)


@pytest.fixture(scope="module")
def first() -> TimeGAN:
    """A fit on customers of which a fifth is labelled."""
    return TimeGAN(**TINY).fit(chained(300, seed=1), seed=3)


def labelled(n: int, seed: int) -> SequencePanel:
    panel = chained(10 * n, seed=seed)
    return panel.take(panel.matching({"label": 1})[:n])


def warm(first: TimeGAN, panel: SequencePanel, **options: Any) -> TimeGAN:
    generator = TimeGAN(**{**TINY, **options})
    generator.start_from(first.state(), panel.layout)
    return generator


def test_twenty_labelled_customers_are_learned_better_from_a_warm_start(first: TimeGAN) -> None:
    panel = labelled(20, seed=2)
    assert panel.n_sequences == 20
    for seed in range(2):
        cold = TimeGAN(**{**TINY, "steps": 40}).fit(panel, seed=seed)
        begun = warm(first, panel, steps=40).fit(panel, seed=seed)
        assert begun.report["held_out"]["events"] < cold.report["held_out"]["events"]


def test_a_warm_start_is_never_worse_than_where_it_began(first: TimeGAN) -> None:
    # Steps as large as these only do harm; the first weights remain.
    log: list[StepReport] = []
    panel = chained(300, seed=1)
    begun = warm(first, panel, learning_rate=0.3, steps=10, context_steps=5)
    begun.fit(panel, seed=3, on_step=log.append)
    known = first.report["held_out"]["events"]
    assert begun.report["held_out"]["events"] <= known + 1e-4


def test_a_warm_start_that_learned_nothing_more_draws_what_the_first_fit_draws(
    first: TimeGAN,
) -> None:
    panel = chained(300, seed=1)
    start = WarmStart.of(first.state(), panel.layout)
    training = Training(panel, first.config, 3, None, start)
    for course in training.courses.values():
        course.settle()
    rngs = [np.random.default_rng(0) for _ in range(2)]
    one, other = (
        simulator.draw(50, rng, {}, None)
        for simulator, rng in zip((training._simulator(), first._fitted()), rngs, strict=True)
    )
    assert same(one, other)


def test_the_layout_must_be_that_of_the_first_fit(first: TimeGAN) -> None:
    panel = chained(300, seed=1)
    fields = (Field("kind", 5), *panel.layout.fields[1:])
    other = replace(panel, layout=replace(panel.layout, fields=fields))
    with pytest.raises(TrainingError, match="learned other fields: kind differ"):
        warm(first, panel).fit(other, seed=0)
    with pytest.raises(TrainingError, match="option 'hidden' was 12 there and is 16 here"):
        warm(first, panel, hidden=16).fit(panel, seed=0)
    with pytest.raises(TrainingError, match="'bootstrap' cannot begin at another fit"):
        starting(create("bootstrap"))


def test_paths_may_start_warm_too() -> None:
    options = {**TINY, "steps": 60}
    one = TimeGAN(**options).fit(market_panel(200), seed=0)
    begun = TimeGAN(**options)
    begun.start_from(one.state(), market_panel().layout)
    begun.fit(market_panel(200, seed=5), seed=0)
    assert draw(begun, "market", 4).n_sequences == 4


def test_an_interrupted_warm_start_goes_on_from_the_same_weights_only(first: TimeGAN) -> None:
    panel = labelled(25, seed=2)
    left: list[State] = []

    def stop(report: StepReport) -> None:
        if report.phase == "events" and report.step == 8:
            raise KeyboardInterrupt

    options = {"steps": 20, "context_steps": 5}
    with pytest.raises(KeyboardInterrupt):
        warm(first, panel, **options).fit(panel, seed=0, on_step=stop, on_checkpoint=left.append)
    straight = warm(first, panel, **options).fit(panel, seed=0)
    resumed = warm(first, panel, **options).fit(panel, seed=0, resume=left[0])
    assert same(draw(straight, "events", 20), draw(resumed, "events", 20))
    with pytest.raises(TrainingError, match="made with other start"):
        TimeGAN(**{**TINY, **options}).fit(panel, seed=0, resume=left[0])


SMALL = "hidden: 8\nhead_width: 4\nsteps: 40\ncontext_steps: 10\naudit: false\n"


@pytest.fixture
def runs(riskgen: Riskgen, tmp_path: Path) -> Path:
    """A folder with a fitted run, and tables of other customers."""
    tiny_table(80).write_parquet(tmp_path / "first.parquet")
    other = tiny_table(90, seed=5)
    other.write_parquet(tmp_path / "other.parquet")
    other.with_columns(fraud=0).write_parquet(tmp_path / "calm.parquet")
    other.drop("country").write_parquet(tmp_path / "poor.parquet")
    (tmp_path / "o.yaml").write_text(SMALL)
    code, _, said = riskgen("fit", "first.parquet", "--options", "o.yaml", "--label", "fraud")
    assert code == 0, said
    return tmp_path / "runs"


def test_the_manifest_says_where_the_weights_began(riskgen: Riskgen, runs: Path) -> None:
    first = Run.newest(runs)
    words = ("--steps", "20", "--option", "audit=false", "--init-from", str(first.path))
    code, _, said = riskgen("fit", "other.parquet", *words, width=300)
    assert code == 0, said
    run = Run.newest(runs)
    told = run.manifest["init_from"]
    assert told["run"] == first.path.name
    assert told["manifest_sha256"] == file_hash(first.path / "manifest.json")
    assert told["data_sha256"] == first.manifest["data"]["sha256"]
    assert run.manifest["options"]["hidden"] == 8, "the size of the weights comes along"
    assert any("carries what was learned of its customers" in n for n in run.manifest["notes"])
    assert "guarded like both tables" in " ".join(said.split())
    same_encoder = [file_hash(r.path / "encoder.json") for r in (first, run)]
    assert same_encoder[0] == same_encoder[1]
    assert riskgen("simulate", "--scenarios", "10")[0] == 0


def test_what_does_not_fit_the_first_run_is_told_in_one_line(riskgen: Riskgen, runs: Path) -> None:
    start = ("--init-from", str(Run.newest(runs).path))
    cases = {
        ("poor.parquet",): "There is no column 'country'",
        ("calm.parquet",): "column 'fraud' was a label there and is dropped here",
        ("other.parquet", "--drop", "country"): "described twice: by --drop",
        ("other.parquet", "--generator", "bootstrap"): "Say --generator timegan",
        ("other.parquet", "--option", "hidden=9"): "option 'hidden' was 8 there and is 9 here",
    }
    for words, reason in cases.items():
        code, _, said = riskgen("fit", *words, *start, width=300)
        assert code == 2, words
        assert reason in said, said
    assert len(list(runs.glob("0*"))) == 1
