"""What a person sees: tables, progress and the last line with the next command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from riskgen.data.schema import Schema

ANSWER_STYLE = {"PASS": "bold green", "FAIL": "bold red"}


class Screen:
    """The terminal; quiet drops everything but results.

    Parameters
    ----------
    quiet : bool
        Print results only.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        # Progress and notes go to standard error, so that results can be piped.
        self.err = Console(stderr=True, quiet=quiet, highlight=False)
        self.out = Console(highlight=False)

    def note(self, text: str) -> None:
        """Say something that matters once."""
        self.err.print(f"  {escape(plain(text))}")

    def head(self, text: str) -> None:
        """Begin a new part."""
        self.err.print(f"[bold]{escape(plain(text))}[/bold]")

    def result(self, text: str) -> None:
        """Print what the command was called for."""
        self.out.print(escape(plain(text)), soft_wrap=True)

    def schema(self, schema: Schema) -> None:
        """Show the proposed role of every column, with the reason."""
        table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
        for title in ("column", "role", "kind", "why"):
            table.add_column(title, overflow="fold")
        for channel in schema.channels:
            style = {"dropped": "dim", "label": "bold"}.get(channel.role, "")
            cells = (channel.name, channel.role, channel.kind, channel.reason)
            table.add_row(*(escape(plain(cell)) for cell in cells), style=style)
        self.err.print(table)

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print rows under their titles, as what the command was called for."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(escape(plain(cell)) for cell in row))
        self.out.print(table)

    def verdicts(self, verdicts: list[Any]) -> None:
        """Print each answer with its sentence; only PASS is green."""
        for verdict in verdicts:
            style = ANSWER_STYLE.get(verdict.status, "bold yellow")
            self.out.print(
                f"[{style}]{verdict.question:<9} {verdict.answer}[/{style}]  "
                f"{escape(plain(verdict.sentence))}",
                soft_wrap=True,
            )

    @contextmanager
    def progress(self, label: str, *, pace_s: float = 30.0) -> Iterator[Bar]:
        """Show a bar with the time left, as the last ``pace_s`` seconds have it."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(
            *columns,
            console=self.err,
            transient=True,
            disable=self.quiet,
            speed_estimate_period=pace_s,
        ) as bars:
            yield Bar(bars, bars.add_task(label, total=1.0, detail=""))


class Bar:
    """A progress bar that is told a fraction and a detail."""

    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def show(self, fraction: float, detail: str = "", label: str | None = None) -> None:
        """Move the bar to ``fraction`` (0..1)."""
        self._bars.update(self._task, completed=fraction, detail=detail, description=label)


def plain(text: str) -> str:
    """Replace control characters, which a column name may hold, by '?'."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
