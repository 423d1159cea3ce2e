"""Tuning: the defaults come first, nothing is forgotten, and noise is no gain."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Riskgen, tiny_table

from riskgen.errors import RiskgenError, RunError, TrainingError
from riskgen.models.base import OnStep, StepReport
from riskgen.models.objective import objective
from riskgen.models.options import checked_options, default_options
from riskgen.models.proposal import Tried, propose
from riskgen.models.search import NETWORK, SPACES, Axis, grid, space_of
from riskgen.runs import Run
from riskgen.stages import tune
from riskgen.stages.fit import encode
from riskgen.stages.material import EventMaterial, TableRequest, prepare
from riskgen.stages.study import Trial
from riskgen.stages.tune import TuneRequest, tune_table
from riskgen.stages.verdict import judged

Loss = Callable[[dict[str, Any], int], float]


class Pretender:
    """Reports the held-out loss that it is told to."""

    panels: list[Any] = []  # noqa: RUF012
    loss: Loss

    def __init__(self, **options: Any) -> None:
        self.options = options

    def fit(self, panel: Any, *, seed: int, on_step: OnStep) -> None:
        type(self).panels.append(panel)
        loss = type(self).loss(self.options, seed)
        on_step(StepReport("context", 1, 1.0, 0.0, 0.0))
        on_step(StepReport("events", 1, 0.5, 0.0, loss))
        on_step(StepReport("events", 2, 1.0, 0.0, loss + 1.0))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[Loss], type[Pretender]]:
    def install(loss: Loss) -> type[Pretender]:
        kind = type("Pretender", (Pretender,), {"loss": staticmethod(loss), "panels": []})
        monkeypatch.setattr(tune, "create", lambda key, **options: kind(**options))
        return kind

    return install


def bowl(options: dict[str, Any], seed: int) -> float:
    """Best at 64 and 0.1; seeds matter a little."""
    return abs(options["hidden"] - 64) / 100 + abs(options["dropout"] - 0.1) + 1e-4 * (seed % 3)


@pytest.fixture
def request_(tmp_path: Path) -> TuneRequest:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    table = TableRequest(tmp_path / "t.parquet")
    vary = {"hidden": (), "dropout": ()}
    return TuneRequest(table, tmp_path / "runs" / "s.jsonl", trials=8, vary=vary)


def lines(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in found]


def test_the_defaults_are_always_trial_0(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    pretend(bowl)
    told: list[Trial] = []
    tuned = tune_table(replace(request_, options={"steps": 7}), on_trial=told.append)
    assert (told[0].number, told[0].options) == (0, {"hidden": 96, "dropout": 0.25})
    assert tuned.default == told[0]
    assert [trial.number for trial in told[:8]] == list(range(8))


def test_a_real_gain_is_written_as_options_that_fit_takes(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    pretend(bowl)
    tuned = tune_table(replace(request_, trials=12, options={"steps": 7}))
    assert tuned.helped
    assert tuned.sentence.startswith("Tuning helped")
    written = tune.to_yaml({"steps": 7, **tuned.best.options})
    assert request_.options_file.read_text() == written


def test_a_gain_on_the_chosen_seed_alone_is_no_gain(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    def lucky(options: dict[str, Any], seed: int) -> float:
        noise = hash((options["hidden"], options["dropout"], seed)) % 1000 / 1000
        return noise if seed == 0 else 0.5 + 0.01 * (noise - 0.5)

    pretend(lucky)
    tuned = tune_table(request_)
    assert tuned.best.number != 0
    assert not tuned.helped
    assert tuned.sentence.startswith("Tuning did not help")
    assert request_.options_file.read_text() == "{}\n"


def test_an_interrupted_study_goes_on_as_if_it_had_not_been(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    pretend(bowl)
    tune_table(request_)
    other = replace(request_, study=request_.study.with_name("other.jsonl"))

    def stop(trial: Trial) -> None:
        if trial.number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune_table(other, on_trial=stop)
    with other.study.open("a") as handle:
        handle.write('{"number": 5, "opti')  # killed within a line
    kind = pretend(bowl)
    tune_table(other)
    assert lines(other.study) == lines(request_.study)
    assert len(kind.panels) == len(lines(request_.study)) - 1 - 5


def test_more_trials_may_be_asked_of_a_finished_study(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    pretend(bowl)
    tune_table(replace(request_, trials=3))
    told: list[Trial] = []
    tune_table(request_, on_trial=told.append)
    assert len([trial for trial in told if trial.seed == 0]) == 8


def test_a_study_of_something_else_is_refused(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    pretend(bowl)
    tune_table(replace(request_, trials=1, repeats=0))
    with pytest.raises(RunError, match="another seed and options"):
        tune_table(replace(request_, seed=1, options={"steps": 3}))
    with pytest.raises(RunError, match="another space"):
        tune_table(replace(request_, vary={"hidden": (32, 64)}))
    request_.study.write_text("hello\n")
    with pytest.raises(RunError, match="no study that riskgen wrote"):
        tune_table(request_)


def test_only_the_generators_partition_is_ever_fitted(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    kind = pretend(bowl)
    tune_table(replace(request_, trials=2))
    material = prepare(request_.table)
    assert isinstance(material, EventMaterial)
    _, panel = encode(material)
    assert kind.panels
    for seen in kind.panels:
        assert seen.n_sequences == material.split.generator.n_entities
        assert (seen.values == panel.values).all()


def test_a_failed_trial_is_kept_with_its_reason_and_never_the_best(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    def fragile(options: dict[str, Any], seed: int) -> float:
        if options["hidden"] == 64:
            raise TrainingError("Training diverged.")
        return float(options["hidden"])

    pretend(fragile)
    request = replace(request_, sampler="grid", vary={"hidden": (32, 64)}, trials=9)
    told: list[Trial] = []
    tuned = tune_table(request, on_trial=told.append)
    (failed,) = [trial for trial in told if trial.value is None]
    assert failed.error == "Training diverged."
    assert tuned.best.options == {"hidden": 32}
    assert len({trial.number for trial in told}) == 3  # 96, the default, joins the grid

    pretend(lambda options, seed: fragile({"hidden": 64}, seed))
    with pytest.raises(TrainingError, match="No trial could be trained"):
        tune_table(replace(request, study=request.study.with_name("none.jsonl")))


def test_no_trial_begins_when_its_time_is_needed_for_the_repeats(
    request_: TuneRequest, pretend: Callable[[Loss], type[Pretender]]
) -> None:
    pretend(bowl)
    told: list[Trial] = []
    tune_table(replace(request_, max_seconds=1e-9), on_trial=told.append)
    assert {trial.number for trial in told} == {0}
    assert len(told) == 4


def test_a_grid_gives_every_point_once_in_an_order_of_the_seed() -> None:
    space = {"a": Axis((1, 2, 3)), "b": Axis((0.1, 0.2))}
    tried: list[Tried] = []
    while (point := propose(space, "grid", tried, 0)) is not None:
        tried.append(Tried(point, 0.0))
    assert sorted((t.point["a"], t.point["b"]) for t in tried) == [
        (a, b) for a in (1, 2, 3) for b in (0.1, 0.2)
    ]
    assert grid(space, 0) != grid(space, 1)


def test_the_bayesian_search_comes_nearer_than_its_random_start() -> None:
    space = {"hidden": NETWORK["hidden"], "dropout": NETWORK["dropout"]}
    nearer = 0
    for seed in range(5):
        tried: list[Tried] = []
        for _ in range(30):
            point = propose(space, "tpe", tried, seed)
            assert point is not None
            assert point == propose(space, "tpe", tried, seed)
            tried.append(Tried(point, bowl(point, 0)))
        values = [item.value for item in tried if item.value is not None]
        nearer += min(values[15:]) < min(values[:15])
    assert nearer >= 4


@pytest.mark.parametrize("key", sorted(SPACES))
def test_every_searched_option_is_one_of_the_generators_and_leaves_the_yardstick(key: str) -> None:
    defaults = default_options(key)
    yardstick = {"window", "held_out", "patience", "max_seconds", "steps", "audit"}
    for name, axis in space_of(key, {}).items():
        assert name not in yardstick
        assert defaults[name] in axis.values
        if axis.low is not None and axis.high is not None:
            assert all(axis.low <= value <= axis.high for value in axis.values)


def test_what_cannot_be_searched_is_refused_with_what_can() -> None:
    with pytest.raises(RiskgenError, match=r"no search space\. Found one for 'timegan'"):
        space_of("bootstrap", {})
    with pytest.raises(RiskgenError, match=r"no option of 'timegan' 'hiden'\. Known: 'hidden'"):
        space_of("timegan", {"hiden": ()})
    with pytest.raises(RiskgenError, match="has no range to search"):
        space_of("timegan", {"window": ()})
    assert space_of("bootstrap", {"mean_block": (5, 20)})["mean_block"].values == (5, 20, 10)


def test_the_held_out_value_is_the_likelihood_of_whole_sequences() -> None:
    log = [
        StepReport("context", 1, 1.0, 9.0, 30.0),
        StepReport("events", 1, 0.5, 9.0, None),
        StepReport("events", 2, 0.7, 9.0, 8.0),
        StepReport("events", 3, 1.0, 9.0, 9.0),
    ]
    assert objective("held-out", log, {}, 10.0) == (11.0, {"context": 30.0, "events": 8.0})
    audit = {"audit": {"auc": 0.4, "error": 0.05}}
    assert objective("auditor", log, audit, 10.0)[0] == pytest.approx(0.1)
    with pytest.raises(RiskgenError, match="in 0 phases of events"):
        objective("held-out", [], {}, 10.0)
    with pytest.raises(RiskgenError, match="too few sequences"):
        objective("auditor", log, {"audit": None}, 10.0)


def trials(default: list[float], best: list[float]) -> list[Trial]:
    pairs = zip(default, best, strict=True)
    return [
        Trial(number, seed, {}, pair[number], 1.0)
        for seed, pair in enumerate(pairs)
        for number in (0, 1)
    ]


def test_the_verdict_counts_fresh_seeds_only_and_pairs_them() -> None:
    # Seeds differ much more than the two do: pairs see a gain all the same.
    found = trials([99.0, 1.0, 5.0, 9.0], [0.0, 0.9, 4.9, 8.89])
    tuned = judged(found, found[1], seed=0)
    assert tuned.helped
    assert tuned.gain == pytest.approx(0.31 / 3)
    worse = trials([99.0, 1.0, 5.0, 9.0], [0.0, 1.1, 5.1, 9.1])
    assert "above the defaults" in judged(worse, worse[1], seed=0).sentence
    single = trials([99.0, 1.0], [0.0, 0.5])
    assert judged(single, single[1], seed=0).sentence.startswith("Not decided")
    assert not judged(single, single[0], seed=0).helped


def test_the_printed_command_fits_what_was_found(riskgen: Riskgen, tmp_path: Path) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    small = ["--option", "audit=false", "--option", "hidden=8", "--option", "context_steps=4"]
    words = ["--steps", "30", "--repeats", "2", "--vary", "learning_rate=0.02"]
    code, out, said = riskgen(
        "tune", "t.parquet", "--entity", "customer", *words, *small, "--sampler", "grid"
    )
    assert code == 0, said
    assert "trial 0" in said
    assert "CPU s" in said
    *verdict, line = out.strip().splitlines()
    assert any("Tuning" in text for text in verdict)
    command = shlex.split(line)
    assert command[:5] == ["riskgen", "fit", "t.parquet", "--entity", "customer"]
    code, _, said = riskgen(*command[1:])
    assert code == 0, said
    options = Run.newest(tmp_path / "runs").manifest["options"]
    assert options["hidden"] == 8
    assert options["steps"] == 30


def test_an_option_with_a_few_choices_lists_them() -> None:
    assert checked_options("timevae", {"prior": "mixture"}) == {"prior": "mixture"}
    with pytest.raises(RiskgenError, match=r"found 'flat'\. Give one of 'normal', 'mixture'"):
        checked_options("timevae", {"prior": "flat"})


def test_options_of_fit_are_checked_by_name_and_type(riskgen: Riskgen, tmp_path: Path) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    fit = ("fit", "t.parquet")
    code, _, said = riskgen(*fit, "--option", "hiden=8", width=300)
    assert code == 2
    assert "There is no option of 'timegan' 'hiden'. Known: 'hidden'" in said
    code, _, said = riskgen(*fit, "--option", "hidden=wide", width=300)
    assert code == 2
    assert "found 'wide'. Give a whole number." in said
    code, _, said = riskgen(*fit, "--option", "hidden", width=300)
    assert "Write name=value" in said
    (tmp_path / "o.yaml").write_text("- 1\n")
    code, _, said = riskgen(*fit, "--options", "o.yaml", width=300)
    assert code == 2
    assert "not names with values. Found list" in said


def test_a_flag_goes_before_a_named_option_and_that_before_the_file(
    riskgen: Riskgen, tmp_path: Path
) -> None:
    tiny_table(80).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "o.yaml").write_text(
        "steps: 9\nhidden: 8\nlearning_rate: 2e-2\ncontext_steps: 4\naudit: false\n"
    )
    words = ("--options", "o.yaml", "--option", "hidden=12", "--steps", "40")
    assert riskgen("fit", "t.parquet", *words)[0] == 0
    options = Run.newest(tmp_path / "runs").manifest["options"]
    assert (options["steps"], options["hidden"], options["learning_rate"]) == (40, 12, 0.02)
