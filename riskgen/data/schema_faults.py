"""What is wrong with a schema file, in the user's words: line, key, nearest known name.

Turns pydantic's complaints and YAML's tree into sentences; reads no files.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from riskgen.data.schema import Channel, Schema

Place = tuple[str | int, ...]
_LONGEST = 40  # characters of a wrong word that are quoted


@dataclass(frozen=True)
class Lines:
    """Where the keys of a YAML document stand.

    Attributes
    ----------
    starts : dict of path to int
        Line (from 1) of each key or item, by its path.
    repeats : list of (int, str)
        Line and name of keys that stand twice in one mapping.
    """

    starts: dict[Place, int] = field(default_factory=dict)
    repeats: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, root: yaml.Node | None) -> Lines:
        """Read the places from a tree without aliases."""
        lines = cls()
        if root is not None:
            lines._visit((), root)
        return lines

    def nearest(self, place: Place) -> int | None:
        """Return the line of ``place``, or of what encloses it."""
        while place not in self.starts and place:
            place = place[:-1]
        return self.starts.get(place)

    def _visit(self, place: Place, node: yaml.Node) -> None:
        self.starts.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._visit((*place, number), item)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                self._key(place, key, value, seen)

    def _key(self, place: Place, key: yaml.Node, value: yaml.Node, seen: set[str]) -> None:
        name, line = str(key.value), key.start_mark.line + 1
        if name in seen:
            self.repeats.append((line, shortened(name)))
        seen.add(name)
        self.starts[(*place, name)] = line
        self._visit((*place, name), value)


def faults(error: ValidationError, document: Any, lines: Lines) -> list[tuple[int | None, str]]:
    """Return a line and a clause for each complaint, in the order of the file."""
    found = [
        (lines.nearest(place), _clause(problem, place, document))
        for problem in error.errors(include_url=False)
        for place in [tuple(problem["loc"])]
    ]
    return sorted(found, key=lambda item: item[0] or 0)


def _clause(problem: Any, place: Place, document: Any) -> str:
    kind = problem["type"]
    where = _where(place, document)
    if kind == "extra_forbidden":
        known = list(_fields(place))
        return f"unknown key '{shortened(place[-1])}'{where}{_near(str(place[-1]), known)}"
    if kind == "missing":
        return f"key '{place[-1]}' is missing{where}"
    if kind == "literal_error":
        known = list(_words(place))
        value = problem["input"]
        return f"unknown {place[-1]} '{shortened(value)}'{where}{_near(str(value), known)}"
    if kind == "string_type" and place:
        return (
            f"'{place[-1]}'{where} is read as {_read_as(problem['input'])}, not as text; "
            "put it in quotes"
        )
    if not place:
        return _whole(problem, document)
    return f"'{place[-1]}'{where}: {problem['msg'].removeprefix('Value error, ')}"


def _whole(problem: Any, document: Any) -> str:
    if not isinstance(document, dict):
        return f"a schema has the keys {', '.join(Schema.model_fields)}; found {_read_as(document)}"
    return str(problem["msg"]).removeprefix("Value error, ")


def _read_as(value: object) -> str:
    names = {"NoneType": "nothing", "bool": "true or false", "int": "a number", "float": "a number"}
    names |= {
        "date": "a date",
        "datetime": "a date",
        "list": "a list",
        "dict": "keys",
        "str": "text",
    }
    return names.get(type(value).__name__, type(value).__name__)


def _where(place: Place, document: Any) -> str:
    """Return the column that a place is in, by name where it has one."""
    if len(place) < 2 or place[0] != "channels" or not isinstance(place[1], int):
        return ""
    try:
        name = document["channels"][place[1]]["name"]
    except (KeyError, TypeError, IndexError):
        return f" in column {place[1] + 1}"
    return f" in column '{shortened(name)}'"


def _fields(place: Place) -> Sequence[str]:
    return list(Channel.model_fields if place[0] == "channels" else Schema.model_fields)


def _words(place: Place) -> Iterator[str]:
    """Yield the words that a field may hold."""
    model = Channel if place[0] == "channels" else Schema
    info = model.model_fields.get(str(place[-1]))
    for option in _options(info.annotation if info else None):
        if isinstance(option, str):
            yield option


def _options(annotation: Any) -> Iterator[Any]:
    for part in get_args(annotation):
        yield from (_options(part) if get_args(part) else [part])


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if near:
        return f"; nearest: '{near[0]}'"
    return f"; known: {', '.join(known)}"


def shortened(value: object) -> str:
    """Return a wrong word short enough for one line."""
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
