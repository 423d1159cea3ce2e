"""Which columns of a table play the roles that a scenario names.

A role is a meaning of the schema (``merchant``, ``balance``), ``clock`` (the table
knows the time of day), ``label`` (it marks single events), or the name of a column.
Nothing is made up: a required role that nobody plays refuses the table, an optional
one is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from riskgen.data.derived.derivation import parse_formula
from riskgen.data.events import Events
from riskgen.data.schema import Channel, Meaning, Role, Schema, unknown_name
from riskgen.errors import ScenarioError
from riskgen.simulate.scenario import StressScenario

_USABLE: tuple[Role, ...] = ("channel", "context", "derived")
# Money that goes out or comes in may be written with a sign or without.
_AMOUNTS = ("amount", "signed_amount")


@dataclass(frozen=True)
class Roles:
    """Who plays what.

    Attributes
    ----------
    found : dict of str to str
        Column of each role that is played.
    missing : tuple of str
        Optional roles that nobody plays.
    """

    found: Mapping[str, str]
    missing: tuple[str, ...]

    def facts(self) -> dict[str, str | None]:
        """Return the column of every role, None where there is none, as JSON values."""
        return {**self.found, **dict.fromkeys(self.missing)}

    def sentence(self) -> str:
        """Say in words which columns are used and which roles stay empty."""
        used = ", ".join(f"{role} is '{column}'" for role, column in self.found.items())
        lacks = f"; no {' or '.join(self.missing)}" if self.missing else ""
        return f"{used or 'no column is needed'}{lacks}"


def roles_of(scenario: StressScenario, schema: Schema) -> Roles:
    """Return who plays the roles of ``scenario`` in a table.

    Raises
    ------
    ScenarioError
        When a required role is played by no column, or a role is given to a
        column that the table does not have or that is not modelled.
    """
    meant = as_meant(schema, scenario.columns)
    found = {role: player(role, meant) for role in scenario.roles}
    lacking = [
        role for role, need in scenario.roles.items() if need == "required" and found[role] is None
    ]
    if lacking:
        raise ScenarioError(_refusal(scenario, lacking, schema))
    played = {role: column for role, column in found.items() if column is not None}
    return Roles(played, tuple(role for role, column in found.items() if column is None))


def as_meant(schema: Schema, columns: Mapping[str, str]) -> Schema:
    """Return the schema with meanings given to columns by hand.

    Parameters
    ----------
    schema : Schema
        Of the table.
    columns : mapping of meaning to column
        Who plays a role; whoever had the meaning before loses it.
    """
    if not columns:
        return schema
    usable = sorted(channel.name for channel in schema.with_role(*_USABLE))
    for role, name in columns.items():
        if role not in get_args(Meaning):
            raise ScenarioError(unknown_name("role", role, sorted(get_args(Meaning))))
        if name not in usable:
            told = unknown_name("modelled column", name, usable)
            raise ScenarioError(f"The role '{role}' is given to a column. {told}")
    given = {name: cast(Meaning, role) for role, name in columns.items()}
    channels = tuple(_as_meant(channel, given) for channel in schema.channels)
    return schema.model_copy(update={"channels": channels})


def with_meanings(events: Events, columns: Mapping[str, str]) -> Events:
    """Return the same events under :func:`as_meant`'s schema."""
    if not columns:
        return events
    return Events(as_meant(events.schema, columns), events.frame, events.offsets)


def _as_meant(channel: Channel, given: Mapping[str, Meaning]) -> Channel:
    if channel.name in given:
        return channel.model_copy(update={"meaning": given[channel.name]})
    if channel.meaning in given.values():
        return channel.model_copy(update={"meaning": None})
    return channel


def player(role: str, schema: Schema) -> str | None:
    """Return the column that plays ``role``, None where nobody does."""
    if role == "clock":
        return schema.time if schema.resolution == "clock" else None
    if role == "label":
        return schema.label if schema.label_level == "event" else None
    wanted = _AMOUNTS if role == "amount" else (role,)
    usable = schema.with_role(*_USABLE)
    by_meaning = [channel.name for channel in usable if channel.meaning in wanted]
    if role == "balance":
        by_meaning += [c.name for c in usable if _is_running_sum(c)]
    by_name = [channel.name for channel in usable if channel.name == role]
    return next(iter([*by_meaning, *by_name]), None)


def _is_running_sum(channel: Channel) -> bool:
    return channel.role == "derived" and parse_formula(channel).function == "running_sum"


def _refusal(scenario: StressScenario, lacking: list[str], schema: Schema) -> str:
    columns = len(schema.with_role(*_USABLE))
    names = ", ".join(f"'{role}'" for role in lacking)
    return (
        f"Scenario '{scenario.id}' cannot do without {names}, and none of the {columns} columns "
        f"plays that role. Name one with --column {lacking[0]}=NAME, or give it "
        f"'meaning: {lacking[0]}' in the schema and fit again."
    )
