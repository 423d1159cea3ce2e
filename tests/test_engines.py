"""The same outcome whoever runs the tasks, and whoever dies while at it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from riskgen.errors import DataError, RiskgenError
from riskgen.simulate.engines.engine import Engine, Here, engine_of
from riskgen.simulate.engines.workers import Workers

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs: pip install 'riskgen[ray]'")


def squared(n: int) -> tuple[int, int]:
    return n * n, os.getpid()


def threads_of(_: int) -> tuple[str, bool]:
    return os.environ["OMP_NUM_THREADS"], "numpy" in sys.modules


def failing(n: int) -> int:
    if n == 3:
        raise DataError("number 3 is not wanted")
    return n


def dying(task: tuple[Path, int]) -> int:
    """Die once, as if killed from outside, at the third task."""
    folder, n = task
    if n == 3 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def always_dying(n: int) -> int:
    if n == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def outcomes(engine: Engine, make: Callable[[int], object], n: int) -> dict[int, object]:
    return dict(engine.map(make, range(n)))


def test_every_task_is_done_once_here_and_in_workers() -> None:
    here, workers = outcomes(Here(), squared, 7), outcomes(Workers(2), squared, 7)
    assert [here[n][0] for n in range(7)] == [workers[n][0] for n in range(7)]
    assert {found[1] for found in here.values()} == {os.getpid()}
    processes = {found[1] for found in workers.values()}
    assert os.getpid() not in processes
    assert 1 <= len(processes) <= 2


def test_a_worker_has_one_thread_before_numpy_is_there() -> None:
    assert set(outcomes(Workers(1), threads_of, 2).values()) == {("1", False)}


def test_nothing_to_do_is_done_at_once() -> None:
    assert outcomes(Workers(2), squared, 0) == outcomes(Here(), squared, 0) == {}


def test_a_task_whose_worker_is_killed_is_given_to_another_one(tmp_path: Path) -> None:
    tasks = [(tmp_path, n) for n in range(6)]
    found = [outcome for _, outcome in Workers(2).map(dying, tasks)]
    assert sorted(found) == list(range(6))
    assert (tmp_path / "died").exists()


def test_a_task_that_kills_every_worker_is_given_up() -> None:
    with pytest.raises(RiskgenError, match=r"lost its worker 3 times.*fewer --workers"):
        outcomes(Workers(2), always_dying, 4)


@pytest.mark.parametrize("engine", [Here(), Workers(2)])
def test_what_a_task_raises_is_raised(engine: Engine) -> None:
    with pytest.raises(DataError, match="number 3 is not wanted"):
        outcomes(engine, failing, 10)


@pytest.mark.parametrize("engine", [Here(), Workers(2)])
def test_tasks_are_taken_as_there_is_room_for_them(engine: Engine) -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for n in range(50):
            taken.append(n)
            yield n

    done = 0
    for done, _ in enumerate(engine.map(squared, tasks()), start=1):
        assert len(taken) <= done + 3
    assert done == 50


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    code = (
        "import os, test_engines as t\n"
        "from riskgen.simulate.engines.workers import Workers\n"
        "if __name__ == '__main__':\n"
        "    for n, found in Workers(2).map(t.squared_slowly, range(100)):\n"
        "        print(found, flush=True)\n"
    )
    (tmp_path / "long.py").write_text(code)
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen(
        [sys.executable, tmp_path / "long.py"], stdout=subprocess.PIPE, text=True, env=path
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    assert gone(worker)


def test_workers_end_when_nobody_asks_for_more() -> None:
    found = Workers(2).map(squared, range(100))
    _, (_, worker) = next(found)
    found.close()
    assert gone(worker)


def squared_slowly(n: int) -> int:
    time.sleep(0.1)
    return os.getpid()


def gone(process: int, patience: int = 200) -> bool:
    for _ in range(patience):
        try:
            os.kill(process, 0)
            zombie = Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"
        except (ProcessLookupError, FileNotFoundError):
            return True
        if zombie:
            return True
        time.sleep(0.05)
    return False


def test_the_engine_is_the_one_that_was_asked_for() -> None:
    assert isinstance(engine_of("local"), Here)
    assert engine_of("local", 3) == Workers(3)


def test_a_missing_ray_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RiskgenError, match=r"pip install 'riskgen\[ray\]'"):
        outcomes(engine_of("ray"), squared, 1)


def test_a_cluster_that_does_not_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    engine = engine_of("ray", address="127.0.0.1:1")
    with pytest.raises(RiskgenError, match=r"No Ray cluster answers at '127.0.0.1:1'"):
        outcomes(engine, squared, 1)


@needs_ray
def test_ray_gives_a_task_of_a_dead_worker_to_another_one(tmp_path: Path) -> None:
    code = (
        "import sys, test_engines as t\n"
        "from pathlib import Path\n"
        "from riskgen.simulate.engines.engine import engine_of\n"
        "tasks = [(Path(sys.argv[1]), n) for n in range(6)]\n"
        "print(sorted(found for _, found in engine_of('ray', 2).map(t.dying, tasks)))\n"
        "try:\n"
        "    t.outcomes(engine_of('ray', 2), t.failing, 6)\n"
        "except t.DataError as error:\n"
        "    print(error)\n"
    )
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=path
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "[0, 1, 2, 3, 4, 5]" in said, done.stdout
    assert said[-1] == "number 3 is not wanted"
    assert (tmp_path / "died").exists()
