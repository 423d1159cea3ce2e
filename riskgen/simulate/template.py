"""The beginning of a scenario of one's own: a commented file that is valid as it is."""

from __future__ import annotations

import re
from importlib.resources import files

from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.composition import typed

_ID = re.compile(r"^id: *\S+", re.MULTILINE)


def template(name: str, domain: str, like: str | None = None) -> str:
    """Return the text of a new scenario file.

    Parameters
    ----------
    name : str
        Its id.
    domain : str
        ``transactions`` or ``market``; not looked at when ``like`` is given.
    like : str or None
        A scenario to start from instead.

    Raises
    ------
    ScenarioError
        When the name cannot be an id, or ``like`` is not known.
    """
    if like is None:
        source = files("riskgen.simulate").joinpath("templates", f"{domain}.yaml")
        written = source.read_text(encoding="utf-8").replace("{id}", name)
    else:
        written = _ID.sub(f"id: {name}", catalogue.text(like), count=1)
    if typed(written, name).id != name:
        raise ScenarioError(f"'{like}' does not say its id on a line of its own.")
    return written
