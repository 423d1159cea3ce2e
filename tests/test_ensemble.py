"""An ensemble is a fair mixture, and takes up where Ctrl-C left it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Riskgen, tiny_table
from test_generator_contract import OPTIONS, PANELS, draw, same

from riskgen.data.panel import SequencePanel
from riskgen.errors import RiskgenError, TrainingError
from riskgen.models.base import Generator, State, StepReport, sample
from riskgen.models.checkpoint import read_state, write_state
from riskgen.models.ensemble import Ensemble
from riskgen.models.registry import create
from riskgen.runs import Run

TINY = {**OPTIONS["timegan"], "steps": 40, "context_steps": 4}


def ensemble(member: str = "timegan", size: int = 2, **options: Any) -> Generator:
    given = {**TINY, **options} if member == "timegan" else options
    return create("ensemble", member=member, size=size, options=given)


@cache
def learned(domain: str) -> Generator:
    return ensemble(steps=60, context_steps=10).fit(PANELS[domain](), seed=3)


def stopping(number: int, step: int) -> Any:
    def on_step(report: StepReport) -> None:
        if report.phase == f"events, member {number}" and report.step == step:
            raise KeyboardInterrupt

    return on_step


def interrupted(panel: SequencePanel, number: int, step: int) -> State:
    left: list[State] = []
    with pytest.raises(KeyboardInterrupt):
        ensemble().fit(panel, seed=3, on_step=stopping(number, step), on_checkpoint=left.append)
    (state,) = left
    return state


@pytest.mark.parametrize("domain", ["events", "market"])
def test_a_stored_ensemble_of_networks_draws_what_the_fitted_one_draws(
    domain: str, tmp_path: Path
) -> None:
    fitted = learned(domain)
    write_state(tmp_path, "generator", fitted.state())
    stored = read_state(tmp_path, "generator")
    loaded = Ensemble.from_state(stored, PANELS[domain]().layout)
    many = draw(loaded, domain, fitted.chunk + 1)
    assert same(draw(fitted, domain, 5), many.take(np.arange(5)))


def test_each_member_gives_its_share_of_any_chunk_in_no_order() -> None:
    panel = PANELS["events"]()
    mixture = ensemble("bootstrap", 2).fit(panel, seed=0)
    assert isinstance(mixture, Ensemble)
    for number, member in enumerate(mixture._members):
        member._panel = panel.take(panel.matching({"label": number}))  # type: ignore[attr-defined]
    second = draw(mixture, "events", mixture.chunk).context_codes("label")
    assert second.sum() == mixture.chunk // 2
    assert 0.4 < second[:500].mean() < 0.6


def test_members_that_know_the_same_do_not_draw_the_same() -> None:
    mixture = ensemble("bootstrap", 2).fit(PANELS["market"](), seed=0)
    drawn = sample(mixture, mixture.chunk, seed=1, length=60)
    paths = drawn.values.reshape(mixture.chunk, -1)
    assert len(np.unique(paths, axis=0)) > 0.9 * mixture.chunk


@pytest.mark.parametrize(("number", "step"), [(1, 7), (2, 3)])
def test_a_resumed_ensemble_is_the_undisturbed_one(number: int, step: int) -> None:
    panel = PANELS["events"]()
    left = interrupted(panel, number, step)
    resumed = ensemble().fit(panel, seed=3, resume=left)
    whole = ensemble().fit(panel, seed=3)
    assert same(draw(resumed, "events", 20), draw(whole, "events", 20))


def test_a_checkpoint_of_another_fit_is_refused() -> None:
    panel = PANELS["events"]()
    left = interrupted(panel, 2, 3)
    with pytest.raises(TrainingError, match="another seed"):
        ensemble().fit(panel, seed=4, resume=left)
    with pytest.raises(TrainingError, match="another options"):
        ensemble(dropout=0.1).fit(panel, seed=3, resume=left)
    with pytest.raises(TrainingError, match="another panel"):
        ensemble().fit(panel.take(np.arange(60)), seed=3, resume=left)


def test_what_cannot_be_mixed_is_refused() -> None:
    with pytest.raises(RiskgenError, match="0 × 'timegan'"):
        ensemble(size=0)
    with pytest.raises(RiskgenError, match="no ensemble itself"):
        ensemble("ensemble")
    with pytest.raises(RiskgenError, match="does not take these options"):
        ensemble(hiden=3)


def test_the_members_share_the_time_that_was_given() -> None:
    one = ensemble(max_seconds=60.0)
    assert isinstance(one, Ensemble)
    assert one._blank().config.max_seconds == 30.0  # type: ignore[attr-defined]


def test_the_report_has_the_mean_of_the_held_out_losses() -> None:
    fitted = learned("events")
    assert isinstance(fitted, Ensemble)
    losses = [member["held_out"]["events"] for member in fitted.report["members"]]
    assert len(set(losses)) == 2
    assert fitted.report["held_out"]["events"] == pytest.approx(np.mean(losses))


def test_an_ensemble_is_fitted_and_simulated_from_the_command_line(
    riskgen: Riskgen, tmp_path: Path
) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    code, _, said = riskgen("fit", "t.parquet", "--generator", "bootstrap", "--ensemble", "2")
    assert code == 0, said
    run = Run.newest(tmp_path / "runs")
    assert run.manifest["generator"] == "ensemble"
    assert run.manifest["options"] == {"member": "bootstrap", "size": 2, "options": {}}
    assert riskgen("simulate", "--scenarios", "20")[0] == 0
