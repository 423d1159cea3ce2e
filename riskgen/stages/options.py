"""Options of a generator in a YAML file, as ``tune`` writes and ``fit`` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from riskgen.errors import RiskgenError
from riskgen.models.options import checked_options


def read_options(path: Path) -> dict[str, Any]:
    """Return the options in ``path``: names and values, unchecked.

    Raises
    ------
    RiskgenError
        When the file cannot be read or holds something else.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RiskgenError(
            f"The options '{path}' cannot be read as YAML ({type(error).__name__}). "
            "Write one 'name: value' on each line."
        ) from error
    document = {} if document is None else document
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise RiskgenError(
            f"The options '{path}' are not names with values. Found "
            f"{type(document).__name__}. Write one 'name: value' on each line."
        )
    return document


def given_options(
    generator: str, path: Path | None, words: Sequence[str], flags: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options of a command line: file, then ``name=value``, then flags.

    Parameters
    ----------
    generator : str
        Whose options they are.
    path : Path or None
        As :func:`read_options` takes it.
    words : sequence of str
        As :func:`option_of` takes them.
    flags : mapping
        Options with a flag of their own; None where it was not given.

    Raises
    ------
    RiskgenError
        When an option is unknown or has another type.
    """
    found = {} if path is None else read_options(path)
    found |= dict(option_of(word) for word in words)
    found |= {name: value for name, value in flags.items() if value is not None}
    return checked_options(generator, found)


def option_of(text: str) -> tuple[str, Any]:
    """Return name and value of ``name=value``; the value is read as YAML.

    Raises
    ------
    RiskgenError
        When there is no name or the value is no YAML.
    """
    name, equals, value = text.partition("=")
    try:
        found = yaml.safe_load(value)
    except yaml.YAMLError:
        equals = ""
    if not equals or not name.strip():
        raise RiskgenError(f"'{text}' is no option. Write name=value, for example hidden=96.")
    return name.strip(), found


def varied(text: str) -> tuple[str, tuple[Any, ...]]:
    """Return name and values of ``name`` or ``name=a,b,c``."""
    if "=" not in text:
        return text.strip(), ()
    name, value = text.split("=", 1)
    return name.strip(), tuple(option_of(f"{name}={part}")[1] for part in value.split(","))


def to_yaml(options: dict[str, Any]) -> str:
    """Return ``options`` as the text of a file that :func:`read_options` reads."""
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}
    return yaml.safe_dump(plain, sort_keys=True) if plain else "{}\n"
