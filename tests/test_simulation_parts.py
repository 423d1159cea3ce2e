"""``riskgen simulate`` in parts: taken up where it stopped, the same bytes by whomever."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import tiny_table
from test_engines import needs_ray

from riskgen.cli import main
from riskgen.errors import RunError
from riskgen.runs import read_json
from riskgen.simulate import catalogue
from riskgen.stages.simulate import SimulateRequest, Standing, making, simulate_run, simulation
from riskgen.stages.simulate.request import PartTask

N = 7_000  # three whole parts of two chunks, and a piece
# The engine is no part of what is asked, nor is where things lie.
NOT_ASKED = {
    *("run", "root", "out", "data", "context", "password_file"),
    *("engine", "workers", "address", "force"),
    # Read into a scenario and a provenance, of which the plan speaks.
    *("stress", "severity"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    tiny_table(120).write_parquet(folder / "bank.parquet")
    words = ["fit", "bank.parquet", "--generator", "bootstrap", "-q", "--runs", "runs"]
    done = subprocess.run([*RISKGEN, *words], cwd=folder, env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 0, done.stderr
    (made,) = (folder / "runs").glob("0001-*")
    # On so tiny a bank not every assertion holds, and none is what is tested here.
    text = catalogue.text("card_testing_burst").partition("assert:")
    rest = text[2][text[2].index("calibration:") :]
    (folder / "burst.yaml").write_text(text[0] + rest)
    return made


def stressed(run: Path, scenarios: int = N, **rest: object) -> SimulateRequest:
    stress = str(run.parent.parent / "burst.yaml")
    return SimulateRequest(run=run, scenarios=scenarios, stress=stress, severity=1.0, **rest)  # type: ignore[arg-type]


def command_of(run: Path) -> list[str]:
    stress = ["--stress", str(run.parent.parent / "burst.yaml"), "--severity", "1"]
    return ["simulate", "--run", str(run), "--scenarios", str(N), *stress]


RISKGEN = [sys.executable, "-c", "from riskgen.cli import main; main()"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def folder_of(run: Path, name: str = "card_testing_burst") -> Path:
    return run / "simulations" / name


@pytest.fixture(scope="module")
def whole(run: Path) -> dict[str, str]:
    """What a simulation that nothing interrupts leaves."""
    simulate_run(stressed(run))
    return digests(folder_of(run))


def stop_after(n: int, kind: type[BaseException] = KeyboardInterrupt):  # type: ignore[no-untyped-def]
    def watch(now: Standing) -> None:
        if now.parts - now.found == n:
            raise kind

    return watch


def test_a_part_holds_whole_scenarios_and_as_many_as_every_other(
    run: Path, whole: dict[str, str]
) -> None:
    assert list(whole) == [*(f"part-{n:05d}.parquet" for n in range(4)), "simulation.json"]
    parts = [pl.read_parquet(folder_of(run) / name) for name in whole if name != "simulation.json"]
    numbers = [part["scenario_id"].unique().sort() for part in parts]
    assert [len(part) for part in numbers] == [2048, 2048, 2048, N - 3 * 2048]
    assert pl.concat(numbers).to_list() == list(range(N))
    facts = read_json(folder_of(run) / "simulation.json")
    assert facts["sha256"] == {name: whole[name] for name in facts["parts"]}


def test_an_interrupted_simulation_goes_on_and_ends_in_the_same_bytes(
    run: Path, whole: dict[str, str]
) -> None:
    request = stressed(run)
    with pytest.raises(KeyboardInterrupt):
        simulate_run(request, on_progress=stop_after(2))
    assert digests(folder_of(run)) == whole, "what was finished stays until it is replaced"
    seen: list[Standing] = []
    simulate_run(request, on_progress=seen.append)
    assert (seen[0].found, seen[0].scenarios, len(seen)) == (2, 4096, 3)
    assert digests(folder_of(run)) == whole


def test_a_missing_part_in_the_middle_is_made_again(run: Path, whole: dict[str, str]) -> None:
    request = stressed(run)
    with pytest.raises(KeyboardInterrupt):
        simulate_run(request, on_progress=stop_after(3))
    draft = folder_of(run).with_name(".card_testing_burst.partial")
    (draft / "part-00001.parquet").write_bytes(b"torn")
    seen: list[Standing] = []
    simulate_run(request, on_progress=seen.append)
    assert seen[0].found == 2
    assert digests(folder_of(run)) == whole


def test_workers_leave_the_same_bytes_even_when_one_is_killed(
    run: Path, whole: dict[str, str]
) -> None:
    request = stressed(run, workers=2)
    killed = []

    def kill_one(now: Standing) -> None:
        if now.parts == 1:
            killed.append(children()[0])
            os.kill(killed[0], signal.SIGKILL)

    simulate_run(request, on_progress=kill_one)
    assert killed
    assert digests(folder_of(run)) == whole


def children() -> list[int]:
    """Processes that this one has started and that draw."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and b"spawn_main" in words:
            found.append(int(process.name))
    return found


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_one_file_is_put_together_from_the_same_parts(
    run: Path, tmp_path: Path, suffix: str
) -> None:
    once, twice = tmp_path / f"once{suffix}", tmp_path / f"twice{suffix}"
    simulate_run(stressed(run, 3_000, out=once))
    request = stressed(run, 3_000, out=twice)
    with pytest.raises(KeyboardInterrupt):
        simulate_run(request, on_progress=stop_after(1))
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        once.name
    ]
    facts = simulate_run(request)
    assert once.read_bytes() == twice.read_bytes()
    assert facts["sha256"] == {twice.name: hashlib.sha256(twice.read_bytes()).hexdigest()}
    assert sorted(path.name for path in tmp_path.iterdir()) == [once.name, twice.name]


def test_another_request_is_refused_and_said_which_until_forced(run: Path) -> None:
    request = SimulateRequest(run=run, scenarios=3_000)
    with pytest.raises(KeyboardInterrupt):
        simulate_run(request, on_progress=stop_after(1))
    other = dataclasses.replace(request, seed=5)
    with pytest.raises(RunError, match=r"seed 0.*--force"):
        simulate_run(other)
    simulate_run(dataclasses.replace(other, force=True))
    facts = read_json(folder_of(run, "base") / "simulation.json")
    assert facts["seed"] == 5


def test_every_option_is_either_asked_for_or_known_not_to_matter() -> None:
    fields = {field.name for field in dataclasses.fields(SimulateRequest)}
    assert set(SimulateRequest().asked()) == fields - NOT_ASKED


def test_a_part_that_fails_leaves_those_before_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = making.make_part

    def failing(task: PartTask) -> int:
        if task.number == 1:
            raise MemoryError
        return made(task)

    monkeypatch.setattr(simulation, "make_part", failing)
    request = SimulateRequest(run=run, scenarios=3_000)
    with pytest.raises(MemoryError):
        simulate_run(request)
    monkeypatch.undo()
    seen: list[Standing] = []
    simulate_run(request, on_progress=seen.append)
    assert seen[0].found == 1


def test_a_killed_command_goes_on_when_it_is_given_again(run: Path, whole: dict[str, str]) -> None:
    draft = folder_of(run).with_name(".card_testing_burst.partial")
    killed, done = (
        subprocess.run([*start, *command_of(run)], env=ENVIRONMENT, capture_output=True)
        for start in ([sys.executable, "-c", DEADLY], RISKGEN)
    )
    assert killed.returncode == -signal.SIGKILL
    assert done.returncode == 0, done.stderr
    assert b"2 of 4 parts are there already" in done.stderr
    assert digests(folder_of(run)) == whole
    assert not draft.exists()


DEADLY = """
import os, signal
from riskgen.cli import main
from riskgen.stages.simulate import simulation

made = simulation.make_part

def make_part(task):
    if task.number == 2:
        task.draft.part(2).write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    return made(task)

simulation.make_part = make_part
main()
"""


def test_ctrl_c_says_how_to_go_on(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = making.make_part

    def interrupted(task: PartTask) -> int:
        if task.number == 1:
            raise KeyboardInterrupt
        return made(task)

    monkeypatch.setattr(simulation, "make_part", interrupted)
    words = ["riskgen", "simulate", "--run", str(run), "--scenarios", "3000"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130
    assert "2,048 of 3,000 scenarios are kept: the same command goes on" in capsys.readouterr().out


def test_an_address_without_ray_is_a_mistake(riskgen) -> None:  # type: ignore[no-untyped-def]
    code, _, said = riskgen("simulate", "--address", "auto")
    assert code == 2
    assert "--engine ray" in said


@needs_ray
def test_ray_leaves_the_same_bytes(run: Path, whole: dict[str, str]) -> None:
    command = [*RISKGEN, *command_of(run), "--engine", "ray", "--workers", "2"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert digests(folder_of(run)) == whole
