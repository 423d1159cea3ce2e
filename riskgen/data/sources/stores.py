"""Object stores, web addresses and Delta tables, read by polars itself.

Credentials come from where polars looks for them: the environment, the
machine's role, ~/.aws. They pass through nothing here.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from riskgen.data.sources.address import Address
from riskgen.data.sources.checked import checked
from riskgen.data.sources.rowdigest import RowDigest
from riskgen.data.sources.uri import scheme_of, scrubbed, secrets_in
from riskgen.errors import DataError

STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss", "http"})
STORES |= {"https", "hf"}
_ROWS = 131_072
# RuntimeError: what polars raises where a store answers with an error.
_REFUSALS = (pl.exceptions.PolarsError, OSError, ValueError, RuntimeError)
Result = TypeVar("Result")


@dataclass(frozen=True)
class StoreTable:
    """Parquet or Delta, on an object store; Delta also in a folder.

    Attributes
    ----------
    address : Address
        URI, or path of a folder with a ``_delta_log``; ``delta+`` before the
        scheme says that a URI is a Delta table.
    """

    address: Address

    @property
    def name(self) -> str:
        """Address without secrets."""
        return self.address.shown

    @property
    def stem(self) -> str:
        """Last word of the path."""
        words = re.findall(r"[\w.-]+", self.name.rstrip("/*").rsplit("/", 1)[-1])
        return Path(words[0]).stem if words else "table"

    def scan(self) -> pl.LazyFrame:
        """Return the rows; DataError when they cannot be read."""
        return self._plainly(lambda: checked(self._rows, self.name))

    def digest(self) -> str:
        """Return a SHA-256 of the rows that does not depend on their order."""
        return self._plainly(self._digest)

    def record(self) -> dict[str, Any]:
        """Return the address without secrets."""
        local = scheme_of(self.address.text) is None
        return {"source": str(self.address.path.resolve()) if local else self.name}

    @cached_property
    def _rows(self) -> pl.LazyFrame:
        scheme = scheme_of(self.address.text)
        if scheme is not None and not scheme.startswith("delta+"):
            return pl.scan_parquet(self.address.text)
        if importlib.util.find_spec("deltalake") is None:
            raise DataError(
                f"'{self.name}' is a Delta table. Reading it needs: pip install \"riskgen[delta]\""
            )
        return pl.scan_delta(self.address.text.removeprefix("delta+"))

    def _digest(self) -> str:
        frame = self.scan()
        digest = RowDigest(frame.head(0).collect().to_arrow().schema)
        for batch in frame.collect_batches(chunk_size=_ROWS, maintain_order=False):
            digest.update(batch)
        return digest.hexdigest()

    def _plainly(self, read: Callable[[], Result]) -> Result:
        """Read, and say what a store answers without the secrets of the address."""
        secrets = secrets_in(self.address.text)
        refusals: tuple[type[Exception], ...] = (*_REFUSALS, *_delta_errors())
        try:
            return read()
        except DataError as error:
            message = scrubbed(str(error), secrets)
        except refusals as error:
            line = (str(error).splitlines() or ["no details"])[0].rstrip(".")
            line = scrubbed(line, secrets)
            message = f"'{self.name}' cannot be read: {line}. Check address and credentials."
        # Outside the handlers: the store's own words hang on to no error of ours.
        raise DataError(message)


def _delta_errors() -> tuple[type[Exception], ...]:
    if importlib.util.find_spec("deltalake") is None:
        return ()
    from deltalake.exceptions import DeltaError

    return (DeltaError,)
