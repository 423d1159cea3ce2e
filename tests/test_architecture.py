"""The house rules that a machine can see: floors, printing, pickles, global state."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "riskgen"
FLOORS = [
    "errors",
    "seeding",
    "data",
    "models",
    "runs",
    "simulate",
    "evaluate",
    "report",
    "stages",
    "cli",
]
FILES = sorted(ROOT.rglob("*.py"))
AT_HOME = {
    "polars": ("data/", "simulate/stream.py"),
    "pandas": ("data/market/sp500.py",),
    "plotly": ("report/",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "torch": ("models/", "evaluate/", "seeding.py"),
    "sdv": ("data/sdv/",),
    "deepecho": ("models/par/",),
    "jinja2": ("report/",),
    "ray": ("simulate/engines/ray_cluster.py",),
    "onnxruntime": ("evaluate/detection/onnx.py",),
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor_of(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "riskgen" or len(parts) < 2 or parts[1] not in FLOORS:
        return None
    return FLOORS.index(parts[1])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_down_or_sideways_never_up(path: Path) -> None:
    own = floor_of(".".join(["riskgen", *path.relative_to(ROOT).with_suffix("").parts]))
    if own is None:
        return
    above = [m for m in imported(path) if (floor_of(m) or 0) > own]
    assert not above, f"{name_of(path)} imports from the floors above: {above}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_library_stays_in_the_rooms_that_may_know_it(path: Path) -> None:
    for library, homes in AT_HOME.items():
        used = any(m.split(".")[0] == library for m in imported(path))
        at_home = any(name_of(path).startswith(home) for home in homes)
        assert not used or at_home, f"{name_of(path)} imports {library}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_prints_pickles_or_draws_from_a_global_generator(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    banned = ["pickle", "torch.load(", "np.random.seed", "torch.manual_seed", "eval(", "exec("]
    allowed = {"seeding.py": {"torch.manual_seed"}}.get(name_of(path), set())
    tree = ast.parse(source)
    calls = {ast.unparse(n.func) + "(" for n in ast.walk(tree) if isinstance(n, ast.Call)}
    names = imported(path) | calls | {call.rstrip("(") for call in calls}
    assert not (names & set(banned)) - allowed
    assert "print(" not in calls


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_reads_the_wall_clock(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    clocks = {"time.time", "datetime.now", "datetime.today", "date.today", "datetime.utcnow"}
    assert not calls & clocks


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_stay_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 300, f"{name_of(path)} has {lines} lines"


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys, riskgen.cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(riskgen.cli.group, ['--help']).exit_code == 0\n"
        "heavy = {'torch', 'polars', 'pandas', 'sklearn', 'plotly', 'numpy', 'sdv', 'pydantic'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_riskgen_changes_no_global_state() -> None:
    code = (
        "import numpy as np, torch\n"
        "a, b = np.random.get_state()[1].sum(), torch.get_rng_state().sum()\n"
        "import riskgen.models.registry, riskgen.stages.fit, riskgen.evaluate.suite\n"
        "assert a == np.random.get_state()[1].sum()\n"
        "assert b == torch.get_rng_state().sum()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_room_travels_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["tool"]["setuptools"]
    rooms = {".".join(["riskgen", *p.parent.relative_to(ROOT).parts]) for p in FILES}
    assert rooms == set(listed["packages"]) - {"riskgen.catalogue"}
