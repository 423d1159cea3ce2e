"""A run folder opened again: generator, encoder and, when asked for, the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskgen.data.encoding import EventEncoder
from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.data.schema import Schema
from riskgen.data.schema_file import read_schema
from riskgen.data.size.selection import MOST_EVENTS
from riskgen.data.sources.uri import public, scheme_of
from riskgen.errors import RunError
from riskgen.models.base import Generator
from riskgen.models.checkpoint import read_state
from riskgen.models.registry import generator_type
from riskgen.runs import Run, read_json
from riskgen.stages.fit import split_facts
from riskgen.stages.material import Material, TableRequest, prepare


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a run holds, ready to sample."""

    run: Run
    schema: Schema
    encoder: EventEncoder | PriceEncoder = field(repr=False)
    generator: Generator = field(repr=False)

    @classmethod
    def open(cls, run: Run) -> Fitted:
        """Load the encoder and the generator of ``run``."""
        schema = read_schema(run.path / "schema.yaml")
        document = read_json(run.path / "encoder.json")
        market = schema.domain == "market"
        encoder = PriceEncoder.from_state(document) if market else EventEncoder.from_state(document)
        state = read_state(run.path, "generator")
        kind = generator_type(run.manifest["generator"])
        generator = kind.from_state(state, encoder.layout)
        return cls(run, schema, encoder, generator)

    def material(
        self,
        source: str | Path | None = None,
        password_file: Path | None = None,
        context: str | None = None,
    ) -> Material:
        """Read the table that the run learned and split it as the fit did.

        Raises
        ------
        RunError
            When the file has moved or changed since the fit.
        """
        recorded = self.run.manifest["data"]
        place = str(source) if source is not None else recorded["source"]
        if scheme_of(place) is None and not Path(place).exists():
            raise RunError(
                f"The table of this run is no longer at '{public(place)}'. Name it with --data."
            )
        request = TableRequest(
            place,
            recorded.get("query"),
            password_file,
            max_events=recorded.get("max_events", MOST_EVENTS),
            **_context(recorded, context),
        )
        material = prepare(request, self.schema)
        if material.digest != recorded["sha256"]:
            raise RunError(
                f"'{request.open().name}' is not the table that this run learned (other SHA-256). "
                "Name the right one with --data, or fit again."
            )
        if split_facts(material)["hashes"] != self.run.manifest["split"]["hashes"]:
            raise RunError("The table splits differently from the fit; fit again.")
        return material


def _context(recorded: Mapping[str, Any], place: str | None) -> dict[str, Any]:
    """Return how the fit joined its context, from where it lies now."""
    joined = recorded.get("context")
    if joined is None:
        if place is not None:
            raise RunError("This run was fitted without --context. Leave it out, or fit again.")
        return {}
    place = place if place is not None else joined["source"]
    if scheme_of(place) is None and not Path(place).exists():
        raise RunError(
            f"The context of this run is no longer at '{public(place)}'. Name it with --context."
        )
    return {"context": place, "context_key": joined["key"], "entity": joined["entity"]}


def open_run(path: Path | None, root: Path) -> Run:
    """Open the named run, or the newest one under ``root``."""
    return Run.open(path) if path is not None else Run.newest(root)
