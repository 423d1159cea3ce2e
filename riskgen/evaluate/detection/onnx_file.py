"""What a model file in ONNX asks for, read before any library opens it.

ONNX is a protocol-buffer message. A small reader walks it and finds what could reach
beyond the file: data in other files, and operators that are not standard ones. It
runs nothing, follows no reference and gives up on anything malformed.

Field numbers are those of ``onnx.proto`` (ONNX 1.17, Linux Foundation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from riskgen.errors import DataError

MOST_BYTES = 200_000_000  # [J] a detector of trees or a small network is far below
DEEPEST = 60  # graphs within graphs; protobuf itself stops at 100
STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml"})

# Message: the fields that hold messages, with their kinds.
_INSIDE = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "opset": {},
    "entry": {},
}
_DOMAIN = {"node": 7, "opset": 1, "function": 10}
_KEY, _VALUE = 1, 2


@dataclass
class OnnxFile:
    """What a model refers to.

    Attributes
    ----------
    domains : set of str
        Sets of operators that it uses.
    own_domains : set of str
        Those that it defines itself, out of standard ones.
    locations : set of str
        Files that hold data of its tensors.
    has_graph : bool
        Whether it holds a graph at all.
    """

    domains: set[str] = field(default_factory=set)
    own_domains: set[str] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)
    has_graph: bool = False


def read_onnx(path: Path) -> bytes:
    """Return the bytes of a model that reaches nowhere it should not.

    Raises
    ------
    DataError
        When it is missing, too large or not ONNX, keeps data outside its folder, or uses
        operators that are not standard.
    """
    content = _content(path)
    found = inspect_onnx(content, path.name)
    strange = sorted(found.domains - found.own_domains - STANDARD)
    if strange:
        raise DataError(
            f"'{path.name}' uses operators of '{strange[0]}'. Only the standard ones (ai.onnx, "
            "ai.onnx.ml) are run. Export it without custom operators."
        )
    _check_locations(path, found.locations, len(content))
    return content


def inspect_onnx(content: bytes, name: str) -> OnnxFile:
    """Walk the message; raises DataError where it is not ONNX."""
    found = OnnxFile()
    try:
        _walk(memoryview(content), "model", found, 0)
    except (ValueError, IndexError) as error:
        raise DataError(f"'{name}' is not a model in ONNX, or is damaged.") from error
    if not found.has_graph:
        raise DataError(f"'{name}' is not a model in ONNX: it holds no graph.")
    return found


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise DataError(f"'{path}' is not a file.")
        if size > MOST_BYTES:
            raise DataError(
                f"'{path.name}' has {size / 1e6:,.0f} MB, at most {MOST_BYTES / 1e6:,.0f} are "
                "read. Export a smaller model, or hand back scores with --scores."
            )
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror}.") from error


def _check_locations(path: Path, locations: set[str], size: int) -> None:
    folder = path.resolve().parent
    for location in sorted(locations):
        pure = PurePosixPath(location)
        outside = pure.is_absolute() or ".." in pure.parts or "\\" in location or "\0" in location
        place = folder if outside else (folder / pure).resolve()
        if outside or not place.is_relative_to(folder) or place == folder:
            raise DataError(
                f"'{path.name}' keeps data outside its own folder, which is not followed. Export "
                "it as one file."
            )
        if not place.is_file():
            raise DataError(f"'{path.name}' keeps data in a file that is not there beside it.")
        size += place.stat().st_size
    if size > MOST_BYTES:
        raise DataError(
            f"'{path.name}' and its data have {size / 1e6:,.0f} MB, at most "
            f"{MOST_BYTES / 1e6:,.0f} are read."
        )


def _walk(message: memoryview, kind: str, found: OnnxFile, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError("graphs within graphs without end")
    entry: dict[int, str] = {}
    for number, part in _fields(message):
        if part is None:
            continue
        inside = _INSIDE[kind].get(number)
        if inside is not None:
            found.has_graph |= inside == "graph"
            _walk(part, inside, found, depth + 1)
        elif number == _DOMAIN.get(kind):
            domains = found.own_domains if kind == "function" else found.domains
            domains.add(bytes(part).decode())
        elif kind == "entry":
            entry[number] = bytes(part).decode()
    if entry.get(_KEY) == "location":
        found.locations.add(entry.get(_VALUE, ""))


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """Yield each field's number and, where it has a length, its bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("field 0")
        if wire == 2:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise ValueError("cut off")
            yield number, message[at : at + length]
            at += length
            continue
        if wire == 0:
            _, at = _varint(message, at)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("groups are not used by ONNX")
        if at > len(message):
            raise ValueError("cut off")
        yield number, None


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
