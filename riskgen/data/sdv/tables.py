"""Tables as SDV metadata describe them, and which of them is the user's.

Knows descriptions, not files or tables of data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from riskgen.data.context.table import SUFFIX
from riskgen.errors import SchemaError


@dataclass(frozen=True)
class SdvColumn:
    """What SDV metadata say of one column.

    Attributes
    ----------
    name : str
        Column name.
    sdtype : str
        SDV's type: ``numerical``, ``categorical``, ``id``, ``email`` and so on.
    pii : bool or None
        Whether the team calls it personal; None where the file is silent.
    datetime_format : str or None
        strftime pattern of a ``datetime``.
    regex_format : str or None
        Pattern of an ``id``.
    """

    name: str
    sdtype: str
    pii: bool | None = None
    datetime_format: str | None = None
    regex_format: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return the column as it stands in SDV's JSON."""
        found = {"sdtype": self.sdtype, "pii": self.pii, "datetime_format": self.datetime_format}
        found["regex_format"] = self.regex_format
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True)
class Described:
    """One table as SDV metadata describe it.

    Attributes
    ----------
    table : str
        Name of the table in the file.
    columns : mapping of str to SdvColumn
        By column name, in the file's order.
    sequence_key, sequence_index, primary_key : str or None
        Columns that own, order and number the rows. A primary key of several
        columns is None.
    parents : mapping of str to str
        Foreign key of this table by name of the table that it points to.
    """

    table: str
    columns: Mapping[str, SdvColumn]
    sequence_key: str | None = None
    sequence_index: str | None = None
    primary_key: str | None = None
    parents: Mapping[str, str] = field(default_factory=dict)


def chosen_table(tables: Mapping[str, Described], columns: frozenset[str], path: Path) -> Described:
    """Return the one of several tables that describes ``columns``, with its joined parents.

    Raises
    ------
    SchemaError
        When none fits, or several do.
    """
    fitting = [t for t in tables.values() if set(t.columns) <= columns]
    above = {parent for t in fitting for parent in t.parents}
    lowest = [t for t in fitting if t.table not in above]
    if len(lowest) != 1:
        listed = ", ".join(f"'{name}'" for name in tables)
        raise SchemaError(
            f"SDV metadata '{path}' describe the tables {listed}; {len(lowest)} of them fit the "
            "columns of this table. Save the metadata of one table alone, or give the table with "
            "the columns that they name."
        )
    return _with_parents(lowest[0], tables, columns)


def _with_parents(
    child: Described, tables: Mapping[str, Described], columns: frozenset[str]
) -> Described:
    """Return a table with the columns of its joined parents; a lone parent owns its rows."""
    owners: list[str] = []
    added: dict[str, SdvColumn] = {}
    for name, key in child.parents.items():
        found = _joined(tables[name], child, key)
        if found and set(found) <= columns:
            owners.append(key)
            added |= found
    owner = owners[0] if len(owners) == 1 else None
    together = {**added, **child.columns}
    ordered = {name: together[name] for name in [*child.columns, *added]}
    return replace(child, columns=ordered, sequence_key=child.sequence_key or owner)


def _joined(parent: Described, child: Described, key: str) -> dict[str, SdvColumn]:
    """Return the columns of a parent by the names that they have beside the child's."""
    names = {
        name: name + SUFFIX if name in child.columns else name
        for name in parent.columns
        if name not in (parent.primary_key, key)
    }
    return {new: replace(parent.columns[old], name=new) for old, new in names.items()}
