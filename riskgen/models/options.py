"""Options that a user names, checked against the fields of a generator's config.

Knows names and types; what a value does is the generator's affair.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from riskgen.data.schema import unknown_name
from riskgen.errors import RiskgenError
from riskgen.models.registry import create

_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "null",
}


def default_options(key: str) -> dict[str, Any]:
    """Return the options of generator ``key`` with their defaults.

    Raises
    ------
    RiskgenError
        When there is no such generator.
    """
    config = _config(key)
    return {item.name: getattr(config, item.name) for item in fields(config)}


def checked_options(key: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``options`` with the types that generator ``key`` wants.

    Text is read as a number where a number is wanted, since YAML takes ``4e-3``
    for text.

    Raises
    ------
    RiskgenError
        When the generator or an option is unknown, or a value has another type.
    """
    hints = get_type_hints(type(_config(key)))
    checked = {}
    for name, value in options.items():
        if name not in hints:
            raise RiskgenError(unknown_name(f"option of '{key}'", str(name), sorted(hints)))
        found, fits = _converted(hints[name], value)
        if not fits:
            raise RiskgenError(
                f"Option '{name}' of '{key}' is not what it takes: found {value!r}. "
                f"Give {_described(hints[name])}."
            )
        checked[name] = found
    return checked


def _config(key: str) -> Any:
    config = getattr(create(key), "config", None)
    assert is_dataclass(config), f"'{key}' has no config"
    return config


def _converted(hint: Any, value: Any) -> tuple[Any, bool]:
    """Return ``value`` as ``hint`` wants it, and whether it can be had so."""
    if get_origin(hint) in (Union, types.UnionType):
        tried = [_converted(part, value) for part in get_args(hint)]
        return next(((found, True) for found, fits in tried if fits), (value, False))
    if get_origin(hint) is Literal:
        return value, value in get_args(hint)
    if hint is float:
        return _number(value)
    if hint is int:
        return value, isinstance(value, int) and not isinstance(value, bool)
    if hint in _WORDS:
        return value, isinstance(value, hint)
    if get_origin(hint) is tuple and isinstance(value, list | tuple):
        return tuple(value), True
    kind = get_origin(hint) or hint
    # What is neither a class nor one of the above the config itself must check.
    return value, not isinstance(kind, type) or isinstance(value, kind)


def _number(value: Any) -> tuple[Any, bool]:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value, False
    try:
        found = float(value)
    except ValueError:
        return value, False
    return found, math.isfinite(found)


def _described(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(_described(part) for part in get_args(hint))
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(repr(part) for part in get_args(hint))
    return _WORDS.get(hint, str(hint).removeprefix("typing."))
