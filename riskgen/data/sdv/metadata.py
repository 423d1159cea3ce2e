"""SDV's description of tables: read from its JSON, written as its JSON.

Takes SDV ``Metadata`` (``V1`` and ``V2``, several tables) and the older
``SingleTableMetadata``. Reading and writing need no sdv: the format is plain
JSON. Ranges and lists of values that such a file may hold are values of
customers; they are neither kept nor written. What a description means for a
table is decided in :mod:`riskgen.data.sdv.described`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from riskgen.data.schema import unknown_name
from riskgen.data.sdv.tables import Described, SdvColumn, chosen_table
from riskgen.data.sdv.types import SDTYPES
from riskgen.errors import SchemaError

# A list of every value of a column may stand in a file; a table does not [J].
LARGEST = 100_000_000  # bytes
_VERSIONS = ("V1", "V2", "SINGLE_TABLE_V1", "SINGLE_TABLE_V2", "MULTI_TABLE_V1")
_FILE_KEYS = ("tables", "relationships", "METADATA_SPEC_VERSION")
_TABLE_KEYS = (
    *("columns", "primary_key", "alternate_keys", "sequence_key", "sequence_index"),
    *("column_relationships", "constraints", "METADATA_SPEC_VERSION"),
)
_COLUMN_KEYS = (
    *("sdtype", "pii", "datetime_format", "regex_format", "computer_representation"),
    *("decimal_places", "order", "order_by", "range_min", "range_max", "range_values"),
    *("range_is_nullable", "high_cardinality"),
)


def read_metadata(path: Path, table: str | None = None, columns: Sequence[str] = ()) -> Described:
    """Return what an SDV metadata file says of one table.

    Parameters
    ----------
    path : Path
        JSON of SDV ``Metadata`` or ``SingleTableMetadata``.
    table : str or None
        Which table of the file. When None, the only one; of several, the one
        whose columns are all among ``columns``, and with it its parents whose
        columns are there too (a context table that was joined).
    columns : sequence of str
        Columns of the user's table.

    Raises
    ------
    SchemaError
        When the file cannot be read or does not describe tables, with the
        place of the fault and the nearest known word.
    """
    document = _document(path)
    tables = _tables(document, path)
    if table is not None:
        if table not in tables:
            raise SchemaError(f"'{path}': " + unknown_name("table", table, list(tables)))
        return tables[table]
    if len(tables) == 1:
        return next(iter(tables.values()))
    return chosen_table(tables, frozenset(columns), path)


def owner_in(path: Path) -> str | None:
    """Return the one column that a metadata file calls the owner of rows, if it is one."""
    tables = _tables(_document(path), path).values()
    owners = {t.sequence_key for t in tables if t.sequence_key is not None}
    owners = owners or {key for t in tables for key in t.parents.values()}
    return next(iter(owners)) if len(owners) == 1 else None


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise SchemaError(
                f"SDV metadata '{path}' has {path.stat().st_size:,} bytes; the most is "
                f"{LARGEST:,}. Name the metadata, not the table."
            )
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"SDV metadata '{path}' could not be read: {error}.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "too deep"
        raise SchemaError(
            f"SDV metadata '{path}' is not valid JSON ({place}). Save it again with sdv's "
            "Metadata.save_to_json."
        ) from error
    return _mapping(document, f"SDV metadata '{path}'")


def _tables(document: dict[str, Any], path: Path) -> dict[str, Described]:
    where = f"SDV metadata '{path}'"
    version = document.get("METADATA_SPEC_VERSION")
    if version is not None and version not in _VERSIONS:
        raise SchemaError(f"{where}: METADATA_SPEC_VERSION is none of {', '.join(_VERSIONS)}.")
    if "tables" not in document:
        if "columns" not in document:
            raise SchemaError(
                f"{where} has neither 'tables' nor 'columns', so it describes no table. Metadata "
                "older than SDV 1.0 ('fields') must be upgraded with sdv first."
            )
        return {"table": _table("table", document, where)}
    _check_keys(document, _FILE_KEYS, where)
    parts = _mapping(document["tables"], f"{where}, tables")
    if not parts:
        raise SchemaError(f"{where} describes no table.")
    found = {n: _table(n, part, f"{where}, table '{n}'") for n, part in parts.items()}
    return _related(found, document.get("relationships", []), f"{where}, relationships")


def _table(name: str, part: Any, where: str) -> Described:
    document = _mapping(part, where)
    if "fields" in document:
        raise SchemaError(f"{where} is older than SDV 1.0 ('fields'); upgrade it with sdv first.")
    _check_keys(document, _TABLE_KEYS, where)
    entries = _mapping(document.get("columns"), f"{where}, columns")
    columns = {n: _column(n, entry, f"{where}, column '{n}'") for n, entry in entries.items()}
    if not columns:
        raise SchemaError(f"{where} describes no column.")
    owner, index, primary = (
        _key(document.get(key), key, columns, where)
        for key in ("sequence_key", "sequence_index", "primary_key")
    )
    return Described(name, columns, owner, index, primary)


def _column(name: str, entry: Any, where: str) -> SdvColumn:
    document = _mapping(entry, where)
    _check_keys(document, _COLUMN_KEYS, where)
    sdtype, pii = document.get("sdtype"), document.get("pii")
    if not isinstance(sdtype, str):
        raise SchemaError(f"{where}: 'sdtype' is missing or no text. Say what the column is.")
    if pii is not None and not isinstance(pii, bool):
        raise SchemaError(f"{where}: 'pii' is neither true nor false.")
    # SDV takes any function of Faker as an sdtype and writes 'pii' beside it.
    if sdtype not in SDTYPES and not pii:
        raise SchemaError(f"{where}: " + unknown_name("sdtype", sdtype, list(SDTYPES)))
    texts = [_text(document.get(key), key, where) for key in ("datetime_format", "regex_format")]
    return SdvColumn(name, sdtype, pii, *texts)


def _key(value: Any, key: str, columns: Mapping[str, SdvColumn], where: str) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list) and key == "primary_key":
        return None
    if isinstance(value, list):
        raise SchemaError(
            f"{where}: '{key}' names {len(value)} columns. riskgen takes one; join them into one "
            "column, or leave the key out and name the owner with --entity."
        )
    name = _text(value, key, where)
    if name is not None and name not in columns:
        raise SchemaError(f"{where}, {key}: " + unknown_name("column", name, list(columns)))
    return name


def _related(tables: dict[str, Described], relations: Any, where: str) -> dict[str, Described]:
    if not isinstance(relations, list):
        raise SchemaError(f"{where}: not a list.")
    for relation in relations:
        part = _mapping(relation, where)
        child, parent = (
            _table_name(part.get(f"{side}_table_name"), tables, where)
            for side in ("child", "parent")
        )
        key = part.get("child_foreign_key")
        if not isinstance(key, str):
            continue  # a key of several columns joins nothing here
        if key not in tables[child].columns:
            raise SchemaError(
                f"{where}: " + unknown_name("column", key, list(tables[child].columns))
            )
        parents = {**tables[child].parents, parent: key}
        tables[child] = replace(tables[child], parents=parents)
    return tables


def _table_name(name: Any, tables: Mapping[str, Described], where: str) -> str:
    if not isinstance(name, str) or name not in tables:
        raise SchemaError(f"{where}: " + unknown_name("table", str(name), list(tables)))
    return name


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: not an object of names and values.")
    return value


def _text(value: Any, key: str, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise SchemaError(f"{where}: '{key}' is no text.")
    return value


def _check_keys(document: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in document:
        if key not in known:
            raise SchemaError(f"{where}: " + unknown_name("key", key, list(known)))
