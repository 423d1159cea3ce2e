"""Breaking points: the curve of a detector against the severity of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskgen.report.blocks import Block, Chart, Prose, Section, Table
from riskgen.report.charts import chart_of
from riskgen.report.provenance import value_text
from riskgen.report.wording import plain, sentence

Row = Mapping[str, Any]

LEAD = (
    "Customers that the detector never saw suffer a scenario, milder and worse, at the same times. "
    "A mild fraud may escape as well as a severe one: the curve says which."
)


def breaking_point_section(found: Sequence[Row]) -> Section | None:
    """Return the section, or None where no breaking point was looked for."""
    if not found:
        return None
    blocks: list[Block] = []
    for number, facts in enumerate(found, start=1):
        blocks += _blocks(number, facts)
    return Section("breaking-points", "Breaking points", LEAD, tuple(blocks))


def _blocks(number: int, facts: Row) -> list[Block]:
    blocks: list[Block] = [Prose(f"{plain(facts['scenario'])}: {sentence(facts['sentence'])}")]
    chart = _chart(number, facts)
    if chart is not None:
        blocks.append(chart)
    omitted = "; ".join(sentence(note) for note in facts.get("omitted", []))
    if omitted:
        blocks.append(Prose(f"Left out of this scenario: {omitted}.", "idle"))
    return [*blocks, _table(facts)]


def _chart(number: int, facts: Row) -> Chart | None:
    severity, level = facts["severity"], facts["level"]
    curves = {
        "frauds found": _curve(severity, facts["recall"]),
        "chance": {"x": severity, "y": [found["value"] for found in facts["chance"]]},
        "target": {"x": [severity[0], severity[-1]], "y": [level, level]},
    }
    title = f"Frauds of {plain(facts['scenario'])} found, by severity"
    return chart_of(f"breaking-point-{number}", "utility.response", title, curves)


def _curve(severity: Sequence[float], found: Sequence[Row]) -> dict[str, list[Any]]:
    bands = {side: [item[side] for item in found] for side in ("lower", "upper")}
    return {"x": list(severity), "y": [item["value"] for item in found], **bands}


def _table(facts: Row) -> Table:
    rows = tuple(
        (value_text(s), _share(seen), _share(blind), value_text(seen["n"]))
        for s, seen, blind in zip(facts["severity"], facts["recall"], facts["chance"], strict=True)
    )
    sham = ("sham edits, no fraud", _share(facts["sham"]), "", value_text(facts["sham"]["n"]))
    columns = ("Severity", "Found, with 95 % interval", "By scores that are drawn", "Cases")
    budget = f"{100 * facts['budget']:g} % of active customers alerted a day"
    return Table(f"Frauds found: {budget}", columns, (*rows, sham), (1, 2, 3))


def _share(found: Row) -> str:
    if found["value"] is None:
        return "–"
    if found["lower"] is None or found["upper"] is None:
        return f"{found['value']:.2f}"
    return f"{found['value']:.2f} [{found['lower']:.2f}, {found['upper']:.2f}]"
