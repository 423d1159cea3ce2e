"""The shipped stress scenarios, by name; a path to a file is taken as well."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.scenario import StressScenario, parse_scenario, read_scenario

_FOLDER = "riskgen.catalogue"


def names() -> list[str]:
    """Return the names of the shipped scenarios, sorted."""
    entries = (entry.name for entry in files(_FOLDER).iterdir())
    return sorted(name.removesuffix(".yaml") for name in entries if name.endswith(".yaml"))


def text(name: str) -> str:
    """Return a shipped scenario as it is written; ScenarioError lists the nearest names."""
    if name not in names():
        raise ScenarioError(unknown_name("stress scenario", name, names()))
    return files(_FOLDER).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def load(name_or_path: str | Path) -> StressScenario:
    """Return a shipped scenario by its name, or the one in a file.

    Raises
    ------
    ScenarioError
        When there is neither such a name nor such a file, or the file is wrong.
    """
    written = str(name_or_path)
    if written in names():
        return parse_scenario(text(written), written)
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return read_scenario(path)
    raise ScenarioError(unknown_name("stress scenario", written, names()))
