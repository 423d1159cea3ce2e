"""A schema as a file that people edit: written with comments, read with plain errors.

Sits beside :mod:`riskgen.data.schema`; knows YAML and where a key stands in a
file, not tables. Nothing in a file is executed, and what could blow up a
reader (aliases, deep nesting, size) is refused.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from riskgen.data.schema import Schema, yaml_text
from riskgen.data.schema_faults import Lines, faults
from riskgen.errors import SchemaError

LARGEST = 5_000_000  # bytes; 10,000 columns with long reasons need 3 MB [J]
MOST_FAULTS = 5
_DEEPEST = 10  # a schema is a list of mappings in a mapping: 3 [J]
_WIDTH = 96
_HEADER = """\
What riskgen makes of the table. Edit it, then: riskgen fit TABLE --schema THIS_FILE
Comments are for you; only the keys are read.

role  entity    tells customers (accounts, cards) apart; exactly one
      time      orders the events of an entity; exactly one
      label     what a detector predicts, 0 and 1; one at most
      channel   varies by event and is learned
      context   is fixed for an entity and is learned
      derived   follows from other columns (formula) and is computed after simulation
      row_id    numbers the rows; simulated rows get fresh numbers
      dropped   is not learned and comes out empty
kind  amount (money), number, category, flag (two values), timestamp, identifier

certain: you said it, or it holds in every row. likely: name and content agree.
guess: one hint only; look at it first."""


def commented_yaml(schema: Schema, remarks: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return a schema as YAML for :func:`read_schema`, with a header and remarks.

    Parameters
    ----------
    schema : Schema
        What to write.
    remarks : mapping of column to sequence of str, optional
        Lines to put above a column, without ``#``; any character is allowed.
    """
    document = schema.model_dump(mode="json", exclude_defaults=True)
    channels = document.pop("channels")
    parts = [comment(_HEADER), "", yaml_text(document).rstrip(), "", "channels:"]
    for channel in channels:
        parts += ["", *(comment(line) for line in (remarks or {}).get(channel["name"], ()))]
        parts.append(yaml_text([channel]).rstrip("\n"))
    return "\n".join(parts) + "\n"


def comment(text: str) -> str:
    """Return text as YAML comment lines; what could end a comment is replaced by '?'."""
    lines = [_safe(line) for line in text.split("\n")] if text == _HEADER else [_safe(text)]
    folded = [part for line in lines for part in _folded(line)]
    return "\n".join(f"# {line}".rstrip() for line in folded)


def _folded(line: str) -> list[str]:
    if len(line) <= _WIDTH:
        return [line]
    return textwrap.wrap(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _safe(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def read_schema(path: Path) -> Schema:
    """Read a schema from YAML or JSON (JSON is YAML).

    Raises
    ------
    SchemaError
        When the file cannot be read, is not YAML, or does not describe a
        schema: up to five faults, each with its line and the nearest known name.
    """
    text = _text(path)
    try:
        root = _composed(text, path)
        document = yaml.SafeLoader(text).construct_document(root) if root is not None else None
    except yaml.YAMLError as error:
        raise SchemaError(f"Schema '{path}' is not valid YAML: {_told(error)}") from error
    except ValueError as error:
        # PyYAML reads 2024-13-45 as a date and fails as one.
        raise SchemaError(
            f"Schema '{path}' holds a value that cannot be read ({error}). Put it in quotes."
        ) from error
    return _validated(document, root, path)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise SchemaError(
                f"Schema '{path}' has {path.stat().st_size:,} bytes; the most is {LARGEST:,}. "
                "Name the schema, not the table."
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"Schema '{path}' could not be read: {error}.") from error


def _composed(text: str, path: Path) -> yaml.Node | None:
    """Return the tree of a document that is flat and has no aliases."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = f" line {event.start_mark.line + 1}" if event.start_mark else ""
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            # Ten lines of aliases of aliases stand for billions of values.
            raise SchemaError(f"{path}{line}: aliases (*) are not read. Write it out.")
        if depth > _DEEPEST:
            raise SchemaError(f"{path}{line}: nested too deeply to be a schema.")
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _told(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "it cannot be read").rstrip(".")
    return f"{problem} (line {mark.line + 1})." if mark is not None else f"{problem}."


def _validated(document: Any, root: yaml.Node | None, path: Path) -> Schema:
    lines = Lines.of(root)
    try:
        schema = Schema.model_validate(document)
    except ValidationError as error:
        raise SchemaError(_listed(faults(error, document, lines), path)) from error
    if lines.repeats:
        line, key = lines.repeats[0]
        raise SchemaError(f"{path} line {line}: key '{key}' stands twice. Remove one.")
    return schema


def _listed(found: Sequence[tuple[int | None, str]], path: Path) -> str:
    shown = [
        f"{path} line {line}: {text}." if line else f"{path}: {text}."
        for line, text in found[:MOST_FAULTS]
    ]
    more = len(found) - len(shown)
    return " ".join([*shown, *([f"And {more} more."] if more else [])])
