"""An inspection as a person sees it: tables that fit 80 columns as well as 160.

Knows rich and plain data; every text of the table goes through :func:`plain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from riskgen.cli.screen import plain

if TYPE_CHECKING:
    from riskgen.data.inspection.inspection import Finding, Inspection
    from riskgen.data.quality.problem import Problem

WIDE = 120  # from here the reason stands beside the column, not below it
_LONGEST_NAME = 28
_MONTHS = 18  # months that are shown; --json holds them all
_SUSPECTS = 6
_SURE = (
    "certain: you said it, or it holds in every row · likely: name and content agree · "
    "guess: one hint only"
)
_STYLES = {"certain": "green", "likely": "", "guess": "yellow"}
_EFFECTS = {
    "refused": "bold red",
    "wrong": "red",
    "undecided": "magenta",
    "worse": "yellow",
    "look": "cyan",
}
_LEGEND = {
    "refused": "fit will not start",
    "wrong": "results would mislead",
    "undecided": "a verdict will be INCONCLUSIVE",
    "worse": "learned less well",
    "look": "right if it is meant",
}


def show_inspection(inspection: Inspection, console: Console) -> None:
    """Print everything, the problems last, where the eye is."""
    for part in _parts(inspection, console.width):
        console.print(part)


def _parts(inspection: Inspection, width: int) -> Iterator[RenderableType]:
    yield _head(inspection)
    yield from _columns(inspection.findings, width)
    yield from _facts(inspection)
    yield from _months(inspection)
    yield from _suspects(inspection)
    yield from _notes(inspection)
    yield from _problems(inspection.problems)


def _head(inspection: Inspection) -> Text:
    schema = inspection.schema
    kind = f" · {schema.domain}" if schema else ""
    facts = f"  {inspection.rows:,} rows · {len(inspection.findings)} columns{kind}"
    head = Text(plain(inspection.source), "bold").append(facts, "not bold")
    return head.append(f"\n{inspection.sampled}", "yellow") if inspection.sampled else head


def _title(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _columns(findings: Sequence[Finding], width: int) -> Iterator[RenderableType]:
    yield _title("Columns")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    wide = width >= WIDE
    titles = ["column", "role", "kind", "sure", "missing"]
    for title in titles:
        table.add_column(title, no_wrap=True, justify="right" if title == "missing" else "left")
    table.add_column("why", overflow="fold")
    for finding in findings:
        table.add_row(*_cells(finding), _why(finding))
    yield from [table] if wide else _stacked(findings)
    yield Padding(Text(_SURE, "dim"), (0, 0, 0, 2))


def _stacked(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    """Yield each column as a line of its own with the reason below it."""
    rows = [_cells(finding) for finding in findings]
    room = max((row[0].cell_len for row in rows), default=0) + 2
    for finding, cells in zip(findings, rows, strict=True):
        line = Text(no_wrap=True, overflow="ellipsis")
        for cell, size in zip(cells, (room, 10, 12, 9, 0), strict=True):
            line.append_text(cell).append(" " * max(0, size - cell.cell_len))
        if cells[4].plain:
            line.append(" missing", "dim")
        yield line
        yield Padding(_why(finding), (0, 0, 0, 4))


def _cells(finding: Finding) -> list[Text]:
    channel, sure = finding.channel, finding.confidence
    role = channel.role if channel else "?"
    style = {"dropped": "dim", "label": "bold", "entity": "bold", "time": "bold"}.get(role, "")
    missing = "" if not finding.missing else _percent(finding.missing_share)
    level = sure.level if sure else ""
    return [
        Text(_short(plain(finding.name), _LONGEST_NAME), style),
        Text(role, style),
        Text(channel.kind if channel else _short(finding.type.split("(")[0], 12), style),
        Text(level, _STYLES.get(level, "")),
        Text(missing),
    ]


def _why(finding: Finding) -> Text:
    channel, sure = finding.channel, finding.confidence
    text = Text(plain(channel.reason) if channel else f"{finding.distinct:,} values", "dim")
    if channel and channel.personal and "personal" not in channel.reason:
        text.append(f"; personal data: {channel.personal}", "yellow")
    if sure and sure.doubt and sure.level == "guess":
        text.append(f" ({plain(sure.doubt)})", "dim italic")
    return text


def _short(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else "<0.1 %"


def _facts(inspection: Inspection) -> Iterator[RenderableType]:
    yield _title("Table")
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim", min_width=12)
    grid.add_column(overflow="fold")
    for name, said in _sentences(inspection.facts):
        grid.add_row(f"  {name}", said)
    if inspection.personal:
        named = ", ".join(f"{plain(name)} ({kind})" for name, kind in inspection.personal.items())
        grid.add_row("  personal", Text(named, "yellow"))
    yield grid


def _sentences(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if entities := facts.get("entities"):
        single = (
            f", {entities['single_event']:,} with one event" if entities["single_event"] else ""
        )
        yield "entities", f"{entities['entities']:,} with {entities['events']:,} events{single}"
        yield "lengths", _quantiles(entities["length_quantiles"], "events")
    if time := facts.get("time"):
        yield "time", _span(time)
        yield "gaps", _gaps(time)
    if label := facts.get("label"):
        yield (
            "label",
            f"{plain(label['column'])}: {label['positive_rows']:,} rows, "
            f"{label['positive_entities']:,} entities positive",
        )
    again = facts["duplicates"]
    number = again.get("but_for_row_id")
    more = f"; {number:,} but for their number" if number is not None else ""
    yield "duplicates", f"{again['whole_rows']:,} rows repeat another{more}"


def _quantiles(found: dict[str, float], unit: str) -> str:
    if not found:
        return "too few entities to show any"
    if len(found) > 1 and len(set(found.values())) == 1:
        return f"nearly all {_number(next(iter(found.values())))} {unit}"
    return ", ".join(f"{q} ≤ {_number(value)}" for q, value in found.items()) + f" {unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"


def _span(time: dict[str, Any]) -> str:
    if time["first"] is None:
        return f"resolution {time['resolution']}; too few entities to show the span"
    empty = time["days_without_events"]
    without = f", {empty:,} of them without an event" if empty else ""
    unit = "steps" if time["resolution"] == "step" else "days"
    return (
        f"{time['first']} to {time['last']}: {time['days']:,} {unit}{without}; "
        f"resolution {time['resolution']}"
    )


def _gaps(time: dict[str, Any]) -> str:
    parts = []
    if time["gap_days"]:
        gaps = time["gap_days"]
        if time["resolution"] == "step":
            parts.append(_quantiles(gaps, "steps"))
        else:
            parts.append(", ".join(f"{q} ≤ {_duration(days)}" for q, days in gaps.items()))
    if time["equal_times"] is not None:
        parts.append(f"{_percent(time['equal_times'])} at the time of the event before")
    if time["grid_seconds"] and time["resolution"] == "clock" and time["grid_seconds"] > 1:
        parts.append(f"all on a grid of {time['grid_seconds']:g} seconds")
    return "; ".join(parts) or "no entity has two events"


def _duration(days: float) -> str:
    for size, unit in ((1.0, "days"), (1 / 24, "h"), (1 / 1_440, "min")):
        if days >= size:
            return f"{_number(days / size)} {unit}"
    return f"{_number(days * 86_400)} s"


def _months(inspection: Inspection) -> Iterator[RenderableType]:
    label = inspection.facts.get("label") or {}
    months = label.get("months", [])
    if not months:
        return
    yield _title(f"Label '{plain(label['column'])}' by month")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("  month", "events", "positive", "rate"):
        table.add_column(title, no_wrap=True, justify="left" if "month" in title else "right")
    table.add_column("", no_wrap=True, style="dim")
    for m in months[-_MONTHS:]:
        rate, few = f"{100 * m['rate']:.2f} %", "few" if m["few"] else ""
        cells = (f"  {m['month']}", f"{m['events']:,}", f"{m['positive']:,}", rate, few)
        table.add_row(*cells, style="dim" if few else "")
    yield table
    if len(months) > _MONTHS:
        yield Text(f"  {len(months) - _MONTHS} earlier months: --json", "dim")
    if any(m["few"] for m in months[-_MONTHS:]):
        yield Text("  few: under 100 events or 11 positives; no rate to rely on", "dim")


def _suspects(inspection: Inspection) -> Iterator[RenderableType]:
    found = inspection.suspects
    if not found:
        return
    from riskgen.data.inspection.suspects import FLAG_AUC, FLAG_PURE

    flagged = [s for s in found if s.flagged]
    shown = flagged + [s for s in found if not s.flagged][: max(0, _SUSPECTS - len(flagged))]
    yield _title("How well a column alone tells the label, on other entities")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("  column", "AUC", "95 %", "precision", "told purely"):
        table.add_column(title, no_wrap=True, justify="left" if "column" in title else "right")
    for s in shown:
        cells = (f"{s.auc:.2f}", f"{s.lower:.2f}–{s.upper:.2f}", f"{s.precision:.3f}")
        name = Text("  " + _short(plain(s.column), _LONGEST_NAME))
        table.add_row(name, *cells, f"{100 * s.pure:.0f} %", style="red" if s.flagged else "")
    yield table
    part = found[0].fraction_of_rows
    where = "" if part >= 1 else f"; on {100 * part:.0f} % of the rows"
    yield Padding(
        Text(
            f"Red: a leak is suspected, from AUC {FLAG_AUC} or {100 * FLAG_PURE:.0f} % of the "
            "positives told without error. By luck: AUC 0.5, precision "
            f"{found[0].base:.3f}{where}.",
            "dim",
        ),
        (0, 0, 0, 2),
    )


def _notes(inspection: Inspection) -> Iterator[RenderableType]:
    dropped = [note for note in inspection.notes if " is not modelled: " not in note]
    if dropped:
        yield _title("What fit will do first")
        for note in dropped:
            yield Padding(Text(plain(note)), (0, 0, 0, 2))


def _problems(problems: Sequence[Problem]) -> Iterator[RenderableType]:
    if not problems:
        yield _title("No problem was found that would change the result.")
        return
    yield _title(f"Problems that change the result ({len(problems)})")
    grid = Table.grid(padding=(0, 2, 1, 0))
    grid.add_column(no_wrap=True, justify="right", style="dim", min_width=4)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for number, problem in enumerate(problems, 1):
        said = Text(plain(problem.found)).append(f"\n{plain(problem.then)}", "dim")
        said.append("\n→ ", "bold").append(plain(problem.advice))
        grid.add_row(str(number), Text(problem.effect, _EFFECTS[problem.effect]), said)
    yield grid
    met = [effect for effect in _LEGEND if any(p.effect == effect for p in problems)]
    legend = " · ".join(f"{effect}: {_LEGEND[effect]}" for effect in met)
    yield Padding(Text(legend, "dim"), (0, 0, 0, 2))
