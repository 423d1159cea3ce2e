"""The stress scenarios that can be named: the shipped ones and those in ``./scenarios``.

A path to a file is taken as well, and ``a+b`` for a composition. A file of the
user goes before a shipped one of the same name.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from riskgen.data.schema import unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.composition import Composition, require_disjoint, typed
from riskgen.simulate.scenario import StressScenario, read_text
from riskgen.simulate.stress import Stress

OWN = Path("scenarios")
_FOLDER = "riskgen.catalogue"


def names() -> list[str]:
    """Return the names of the shipped scenarios, sorted."""
    entries = (entry.name for entry in files(_FOLDER).iterdir())
    return sorted(name.removesuffix(".yaml") for name in entries if name.endswith(".yaml"))


def own_names() -> list[str]:
    """Return the names of the user's files in ``./scenarios``, sorted.

    An exact copy of a shipped one is not the user's.
    """
    found = sorted(OWN.glob("*.yaml")) if OWN.is_dir() else []
    return [path.stem for path in found if not _is_shipped(path)]


def _is_shipped(path: Path) -> bool:
    shipped = files(_FOLDER).joinpath(path.name)
    return shipped.is_file() and path.read_bytes() == shipped.read_bytes()


def text(name_or_path: str | Path) -> str:
    """Return a scenario as it is written; ScenarioError lists the nearest names."""
    written = str(name_or_path)
    if written in own_names():
        return read_text(OWN / f"{written}.yaml")
    if written in names():
        return files(_FOLDER).joinpath(f"{written}.yaml").read_text(encoding="utf-8")
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return read_text(path)
    raise ScenarioError(unknown_name("stress scenario", written, sorted({*names(), *own_names()})))


def load(name_or_path: str | Path) -> StressScenario:
    """Return one scenario by its name, or the one in a file.

    Raises
    ------
    ScenarioError
        When there is neither such a name nor such a file, the file is wrong, or
        it is a composition.
    """
    found = typed(text(name_or_path), str(name_or_path))
    if isinstance(found, Composition):
        raise ScenarioError(f"'{name_or_path}' is a composition; one scenario is needed here.")
    return found


def stress(name_or_path: str | Path, severities: tuple[float, ...] = ()) -> Stress:
    """Return what a simulation is put under.

    Parameters
    ----------
    name_or_path : str or Path
        A name, a file, or names joined by ``+``.
    severities : tuple of float
        How badly; the file's default when empty.

    Raises
    ------
    ScenarioError
        As :func:`load`, or when the members of a composition do not go together.
    """
    written = str(name_or_path)
    if "+" in written and not Path(written).is_file():
        members = [load(name) for name in written.split("+")]
        name, title = "_and_".join(s.id for s in members), " + ".join(s.title for s in members)
        return _joined(name, title, members, severities)
    found = typed(text(written), written)
    if isinstance(found, StressScenario):
        return Stress(found.id, found.title, (found,), severities or (found.severity.default,))
    if not severities and found.severity is not None:
        severities = (found.severity.default,)
    return _joined(found.id, found.title, [load(name) for name in found.compose], severities)


def _joined(
    name: str, title: str, members: list[StressScenario], severities: tuple[float, ...]
) -> Stress:
    require_disjoint(members)
    usual = (members[0].severity.default,)
    return Stress(name, title, tuple(members), severities or usual)
