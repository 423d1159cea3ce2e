"""What each column of the user's table is, in words that a machine checks.

A schema is inferred, printed, saved beside the run and can be handed back as
YAML or JSON (:mod:`riskgen.data.schema_file`). Unknown keys are errors.
"""

from __future__ import annotations

import difflib
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskgen.errors import SchemaError

Kind = Literal["amount", "number", "category", "flag", "timestamp", "identifier"]
Role = Literal["entity", "time", "label", "channel", "context", "row_id", "derived", "dropped"]
Meaning = Literal[
    "amount",
    "signed_amount",
    "balance",
    "category",
    "merchant",
    "counterparty",
    "country",
    "device",
    "channel",
    "price",
    "credit_limit",
    "address",
    "phone",
    "approval",
]
Resolution = Literal["clock", "day", "month", "step"]


class Channel(BaseModel):
    """One column: its kind, its role and how it came to have them.

    Attributes
    ----------
    name : str
        Column name exactly as in the table.
    dtype : str
        Polars type as text, for example ``Int32`` or ``Datetime(ms)``; output
        is cast back to it.
    kind : str
        What the values are.
    role : str
        ``entity`` and ``time`` order the table; ``label`` is what a detector
        predicts; ``channel`` varies by event; ``context`` is fixed per entity;
        ``row_id`` numbers the rows; ``derived`` is computed from other columns
        after simulation; ``dropped`` is not modelled and comes out empty.
    meaning : str or None
        What stress scenarios may use the column as.
    decimals : int or None
        Decimal places of an amount or number.
    formula : str or None
        For ``derived``: how the values follow from other columns, for example
        ``running_sum(amount)``, ``absolute(amount_signed)`` or
        ``weekday(when)``; see :mod:`riskgen.data.derived.formula`.
    form : str or None
        How a time column writes its values when it is not of a date type:
        ``epoch(ms)``, ``%d.%m.%Y`` or ``%y%m%d since 1969``; see
        :mod:`riskgen.data.times.forms`. Simulated times are written the same way.
    clock : str or None
        For ``time``: the ``derived`` column that holds the time of day.
    reason : str
        Why this role was proposed, for the user to agree or not.
    personal : str or None
        The kind of personal data that the values look like.
    pseudonymised : bool
        Whether fresh ids with no way back stand for the values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dtype: str
    kind: Kind
    role: Role
    meaning: Meaning | None = None
    decimals: int | None = None
    formula: str | None = None
    form: str | None = None
    clock: str | None = None
    reason: str = ""
    personal: str | None = None
    pseudonymised: bool = False


class Schema(BaseModel):
    """All columns of a table, in its order, and what is known of time.

    Attributes
    ----------
    domain : str
        ``transactions`` (one row an event of an entity) or ``market`` (one row
        a date, one column an asset).
    channels : tuple of Channel
        One for each column of the table, in the table's order.
    resolution : str
        Finest step of time that the data show: ``clock`` (time of day known),
        ``day``, ``month`` or ``step`` (whole numbers without a date).
    label_level : str or None
        ``event`` when the label can change within an entity, else ``entity``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: Literal["transactions", "market"]
    channels: tuple[Channel, ...] = Field(min_length=1)
    resolution: Resolution
    label_level: Literal["event", "entity"] | None = None

    @model_validator(mode="after")
    def _roles_are_complete(self) -> Schema:
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise ValueError("two channels have the same name")
        for role, least, most in self._role_counts():
            found = len(self.with_role(role))
            if not least <= found <= most:
                raise ValueError(f"found {found} columns with role '{role}', need {least}")
        return self

    def _role_counts(self) -> list[tuple[Role, int, int]]:
        entities = 1 if self.domain == "transactions" else 0
        labels = 0 if self.label_level is None else 1
        return [("entity", entities, entities), ("time", 1, 1), ("label", labels, labels)]

    def with_role(self, *roles: Role) -> tuple[Channel, ...]:
        """Return the channels that have one of ``roles``, in table order."""
        return tuple(channel for channel in self.channels if channel.role in roles)

    def meaning(self, meaning: Meaning) -> Channel | None:
        """Return the first usable channel that means ``meaning``, if any."""
        usable = self.with_role("channel", "context", "derived")
        return next((c for c in usable if c.meaning == meaning), None)

    def channel(self, name: str) -> Channel:
        """Return the channel called ``name``; SchemaError lists the nearest ones."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise SchemaError(unknown_name("column", name, [c.name for c in self.channels]))

    @property
    def entity(self) -> str:
        """Name of the column that tells entities apart."""
        return self.with_role("entity")[0].name

    @property
    def time(self) -> str:
        """Name of the column that orders events."""
        return self.with_role("time")[0].name

    @property
    def label(self) -> str | None:
        """Name of the label column, if there is one."""
        labels = self.with_role("label")
        return labels[0].name if labels else None

    def to_yaml(self) -> str:
        """Return the schema as YAML without comments."""
        return yaml_text(self.model_dump(mode="json", exclude_none=True))


class _Dumper(yaml.SafeDumper):
    """Writes text that holds odd characters in double quotes, with escapes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Other styles fold a next-line character (U+0085) into a blank.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(document: object) -> str:
    """Return plain data as YAML that reads back as it is, whatever its texts hold."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def unknown_name(what: str, name: str, known: list[str]) -> str:
    """Say that ``name`` is unknown and list the known names, nearest first."""
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    rest = [item for item in known if item not in nearest]
    listed = ", ".join(f"'{item}'" for item in (nearest + rest)[:12])
    return f"There is no {what} '{name}'. Known: {listed}."


def first_problem(error: ValidationError) -> str:
    """Return pydantic's first complaint as one line, with the place it is at."""
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"]) or "the file"
    more = len(error.errors()) - 1
    tail = f" ({more} more)" if more else ""
    return f"{place}: {problem['msg']}{tail}."
