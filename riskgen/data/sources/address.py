"""What the user named as the table, before anything is opened.

Knows words, not files. A secret may stand in it on its way to the driver, and
must leave it nowhere else: :attr:`Address.shown` is what may be written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskgen.data.sources.uri import public


@dataclass(frozen=True)
class Address:
    """A table's whereabouts.

    Attributes
    ----------
    text : str
        Path of a file or a folder, or a URI.
    query : str or None
        SQL that selects the rows, for a database.
    password_file : Path or None
        File whose first line is the password of a database.
    """

    text: str = field(repr=False)
    query: str | None = None
    password_file: Path | None = None

    @property
    def shown(self) -> str:
        """The text without any secret."""
        return public(self.text)

    @property
    def path(self) -> Path:
        """The text as a path."""
        return Path(self.text)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Address:
        """Return the address that :meth:`Source.record` described."""
        return cls(record["source"], record.get("query"))
