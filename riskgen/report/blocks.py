"""The parts that a report is made of: plain data, frozen, no HTML and no drawing.

A block carries everything a reader needs in words and numbers; a chart is only
named data beside it, so that the report stays whole where scripts are off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from riskgen.report.wording import Tone

Size = Literal["wide", "half", "compact"]


@dataclass(frozen=True)
class Chip:
    """A status in a colour and, always, a word."""

    tone: Tone
    word: str


@dataclass(frozen=True)
class Strip:
    """Positions on a small axis, in percent of its width; None is not drawn.

    Attributes
    ----------
    value, lower, upper : float or None
        The estimate and its interval.
    floor : float or None
        The same measure between two sets of real entities.
    green, red : float or None
        Where it passes and fails.
    goal : str
        ``lower``, ``higher`` or ``near``.
    words : str
        The same in a sentence.
    role : str
        Whose number it is; decides its colour where no status does.
    """

    value: float | None
    lower: float | None
    upper: float | None
    floor: float | None
    green: float | None
    red: float | None
    goal: str
    words: str
    role: str = "synthetic"


@dataclass(frozen=True)
class Series:
    """One named curve of a chart.

    Attributes
    ----------
    name : str
        As in the legend.
    role : str
        ``real``, ``synthetic``, ``control``, ``guide`` or ``arm``; decides the colour.
    x : tuple
        Numbers or category names.
    y, lower, upper : tuple of float or None
        ``lower`` and ``upper`` are empty where the curve has no band.
    """

    name: str
    role: str
    x: tuple[float | str | None, ...]
    y: tuple[float | None, ...]
    lower: tuple[float | None, ...] = ()
    upper: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns; ``numeric`` columns are set right.

    ``folded`` shows the caption only until it is asked for, inside a group.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | Chip | Strip, ...], ...]
    numeric: tuple[int, ...] = ()
    filterable: bool = False
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Chart:
    """A drawing: what to draw, what it says in words, and its numbers as a table."""

    id: str
    metric: str
    title: str
    words: str
    series: tuple[Series, ...]
    numbers: Table
    form: str
    kind: ClassVar[str] = "chart"


@dataclass(frozen=True)
class Prose:
    """A paragraph; with a tone it stands in a box."""

    text: str
    tone: Tone | None = None
    kind: ClassVar[str] = "prose"


@dataclass(frozen=True)
class Listing:
    """A short list of sentences."""

    caption: str
    items: tuple[str, ...]
    kind: ClassVar[str] = "listing"


@dataclass(frozen=True)
class Facts:
    """Names and values, for what is read one at a time."""

    caption: str
    items: tuple[tuple[str, str], ...]
    folded: bool = False
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Commands:
    """Lines to type."""

    caption: str
    lines: tuple[str, ...]
    kind: ClassVar[str] = "commands"


@dataclass(frozen=True)
class Signatures:
    """Empty lines for the people who must sign."""

    roles: tuple[str, ...]
    kind: ClassVar[str] = "signatures"


@dataclass(frozen=True)
class Measure:
    """One metric: verdict, numbers, drawing, parts and method."""

    id: str
    key: str
    title: str
    chip: Chip
    reason: str
    numbers: tuple[tuple[str, str], ...]
    strip: Strip | None
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    brief: str
    method: tuple[tuple[str, str], ...]
    size: Size = "wide"
    kind: ClassVar[str] = "measure"


@dataclass(frozen=True)
class Gallery:
    """Small multiples: measures or charts side by side, under one legend.

    Attributes
    ----------
    caption : str
        What they have in common.
    legend : tuple of (str, str)
        Role and name of each series that is drawn.
    measures, charts : tuple
        What stands side by side; one of the two is empty.
    """

    caption: str
    legend: tuple[tuple[str, str], ...]
    measures: tuple[Measure, ...] = ()
    charts: tuple[Chart, ...] = ()
    kind: ClassVar[str] = "gallery"


@dataclass(frozen=True)
class Group:
    """Tables and facts about one thing, with its status."""

    caption: str
    chip: Chip | None
    blocks: tuple[Table | Facts | Prose, ...]
    kind: ClassVar[str] = "group"


Block = Table | Chart | Prose | Listing | Facts | Commands | Signatures | Measure | Gallery | Group


@dataclass(frozen=True)
class KeyNumber:
    """One number on a verdict card."""

    title: str
    value: str
    context: str
    chip: Chip
    strip: Strip | None
    target: str


@dataclass(frozen=True)
class Card:
    """The answer to one question."""

    question: str
    title: str
    answer: str
    chip: Chip
    sentence: str
    caveats: tuple[str, ...]
    numbers: tuple[KeyNumber, ...]
    target: str
    tally: str


@dataclass(frozen=True)
class Section:
    """A part of the report that the navigation names."""

    id: str
    title: str
    lead: str
    blocks: tuple[Block, ...]
    chip: Chip | None = None
