"""A generator's state as two files: safetensors and JSON. Nothing is executed.

Knows plain arrays and JSON, no network and no generator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from riskgen.errors import RunError
from riskgen.models.base import State

FORMAT = 1
"""Version of the JSON document."""


def write_state(folder: Path, name: str, state: State) -> None:
    """Write ``<name>.safetensors`` and ``<name>.json`` into ``folder``.

    Each file is written beside its place and renamed into it, tensors first, so
    that an interruption leaves the older state readable.
    """
    tensors = {key: np.array(value, order="C") for key, value in state.tensors.items()}
    shapes = {key: [str(value.dtype), list(value.shape)] for key, value in tensors.items()}
    document = {"format": FORMAT, "config": state.config, "tensors": shapes}
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False)
    beside = folder / f"{name}.safetensors.part"
    save_file(tensors, beside)
    beside.replace(folder / f"{name}.safetensors")
    beside = folder / f"{name}.json.part"
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(folder / f"{name}.json")


def read_state(folder: Path, name: str) -> State:
    """Read what :func:`write_state` wrote.

    Raises
    ------
    RunError
        When a file is missing, is not what its name says, or the two do not
        belong together.
    """
    document = _document(folder / f"{name}.json")
    tensors = _tensors(folder / f"{name}.safetensors")
    found = {key: [str(value.dtype), list(value.shape)] for key, value in tensors.items()}
    if found != document["tensors"]:
        raise RunError(
            f"'{name}.json' and '{name}.safetensors' in '{folder}' do not belong together: "
            f"{len(document['tensors'])} tensors are described, {len(found)} were found, or "
            "their shapes differ. Fit again, or restore the folder from a copy."
        )
    return State(document["config"], tensors)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RunError(f"State '{path}' could not be read: {error}.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RunError(f"State '{path}' is not of format {FORMAT}. Was it written by riskgen?")
    if not all(isinstance(document.get(key), dict) for key in ("config", "tensors")):
        raise RunError(f"State '{path}' lacks its config or its list of tensors. Fit again.")
    return document


def _tensors(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"Weights '{path}' could not be read: {error}.") from error
