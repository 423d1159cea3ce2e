"""Read a small YAML file into a closed model: an unknown key brings the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from riskgen.data.schema import first_problem
from riskgen.errors import RiskgenError, ScenarioError
from riskgen.simulate.scenario import document
from riskgen.simulate.severity import Source

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES = 64_000  # a file of rules is a page or two [J]


class Closed(BaseModel):
    """A part of a file: frozen, closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stated(Closed):
    """A number that somebody has to answer for."""

    value: float
    source: Source


def read_text(path: Path) -> str:
    """Return what a file says.

    Raises
    ------
    RiskgenError
        When it is missing, too large or not text.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RiskgenError(f"'{path}' is larger than {MAX_BYTES // 1000} kB.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RiskgenError(f"'{path}' cannot be read: {reason}.") from error


def parsed(text: str, name: str, kind: type[Model], parts: Mapping[str, type[BaseModel]]) -> Model:
    """Read ``text`` as a ``kind``.

    Parameters
    ----------
    text : str
        YAML, without aliases and double keys.
    name : str
        What errors call the file.
    kind : type
        Closed model of the whole file.
    parts : mapping of key to type
        Model of what stands under a key, to name the nearest known one.

    Raises
    ------
    RiskgenError
        In one line, when it is not YAML or says what it cannot say.
    """
    try:
        return kind.model_validate(document(text, name))
    except ScenarioError as error:
        raise RiskgenError(str(error).replace("Scenario", "File", 1)) from error
    except ValidationError as error:
        raise RiskgenError(f"File '{name}': {_explain(error, kind, parts)}") from error


def _explain(
    error: ValidationError, kind: type[BaseModel], parts: Mapping[str, type[BaseModel]]
) -> str:
    unknown = [item for item in error.errors() if item["type"] == "extra_forbidden"]
    if not unknown:
        return first_problem(error).replace("Value error, ", "")
    *above, key = [str(part) for part in unknown[0]["loc"]]
    part = next((parts[item] for item in reversed(above) if item in parts), kind)
    known = [field.alias or name for name, field in part.model_fields.items()]
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"Did you mean '{nearest[0]}'?" if nearest else f"Known: {', '.join(known)}."
    place = f" in '{'.'.join(above)}'" if above else ""
    return f"unknown key '{key}'{place}. {hint}"
