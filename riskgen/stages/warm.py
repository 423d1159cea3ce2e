"""A fit that begins at an earlier run: what must agree, and what the run says of it.

The earlier run's schema and encoder are used as they are: its weights mean
nothing over other levels. Values that it does not know become its OTHER.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskgen.errors import SchemaError, TrainingError
from riskgen.models.start import starting
from riskgen.runs import MANIFEST, file_hash
from riskgen.stages.material import Material, TableRequest

if TYPE_CHECKING:
    from riskgen.models.base import Generator
    from riskgen.stages.fitted import Fitted

DESCRIBING = ("schema", "metadata", "domain", "time", "label", "keep", "drop", "pseudonymise")


def check_request(table: TableRequest, generator: str, first: Fitted) -> None:
    """Refuse a request that says otherwise than the run it begins at.

    Raises
    ------
    SchemaError
        When the request describes columns itself.
    TrainingError
        When the generators differ.
    """
    given = [f"--{name}" for name in DESCRIBING if getattr(table, name)]
    if table.entity is not None and table.context is None:
        given.append("--entity")
    if given:
        raise SchemaError(
            f"The columns are described twice: by {', '.join(given)} and by the run of "
            "--init-from, whose schema is used as it is. Leave the former out."
        )
    if first.generator.key != generator:
        raise TrainingError(
            f"Run '{first.run.path.name}' was fitted with '{first.generator.key}', this fit asks "
            f"for '{generator}'. Say --generator {first.generator.key}, or name another run."
        )


def check_material(material: Material, first: Fitted) -> None:
    """Refuse a table of which cleaning set something aside that the run learned.

    Raises
    ------
    SchemaError
        When a column has another role than it had in the run.
    """
    mine = {channel.name: channel for channel in material.schema.channels}
    for channel in first.schema.channels:
        found = mine[channel.name]
        if found.role != channel.role:
            reason = f" ({found.reason})" if found.reason else ""
            raise SchemaError(
                f"The table does not fit the run of --init-from: column '{channel.name}' was a "
                f"{channel.role} there and is {found.role} here{reason}. Give a table in which it "
                "varies, or fit without --init-from."
            )


def shared_options(first: Fitted, options: dict[str, Any]) -> dict[str, Any]:
    """Return ``options`` with those that decide the size of the weights, from the run."""
    known = first.generator.state().config["options"]
    shape = {name: known[name] for name in starting(first.generator).shape_options}
    return {**shape, **options}


def begin(generator: Generator, first: Fitted) -> None:
    """Let ``generator`` begin at the run."""
    starting(generator).start_from(first.generator.state(), first.encoder.layout)


def papers(first: Fitted) -> dict[str, Any]:
    """Return what the manifest says of the run that was begun at."""
    run = first.run
    return {
        "init_from": {
            "run": run.path.name,
            "manifest_sha256": file_hash(run.path / MANIFEST),
            "data_sha256": run.manifest["data"]["sha256"],
            "origin": run.manifest["data"]["origin"],
        }
    }


def privacy_note(first: Fitted) -> str:
    """Return what the user must know of such a run."""
    return (
        f"The weights began at those of run '{first.run.path.name}': this run carries what was "
        "learned of its customers too, and is to be guarded like both tables."
    )
