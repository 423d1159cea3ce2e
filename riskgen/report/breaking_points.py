"""Breaking points: one table over all scenarios, then each one's curve against severity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from riskgen.report.blocks import Block, Chart, Chip, Measure, Section, Table
from riskgen.report.charts import chart_of
from riskgen.report.provenance import value_text
from riskgen.report.wording import Tone, plain, sentence

Row = Mapping[str, Any]

METRIC = "utility.breaking_point"
LEAD = (
    "Customers that the detector never saw suffer a scenario, milder and worse, at the same times. "
    "A mild fraud may escape as well as a severe one: the curve says which. Beside it stand what "
    "drawn scores find, and sham edits, which are no fraud. Hours and money are those before the "
    "first alert; in the table over all they are at the severest, as is chance."
)
NOTES = (
    ("Found", "Share of the cases alerted on a day from the first to the last of their events."),
    (
        "Hours",
        "Median time from the first fraudulent event to the first alert, of the cases found: "
        "the first event of that day that scores as high as the last customer alerted.",
    ),
    (
        "Lost",
        "Money that went out by fraudulent events before that alert, all of it where none came.",
    ),
    ("Intervals", "95 %, customers resampled, centred on the value (percentile bootstrap)."),
    ("By chance", "Mean of 20 sets of drawn scores on the same customers."),
)


def breaking_point_section(found: Sequence[Row]) -> Section | None:
    """Return the section, or None where no breaking point was looked for."""
    tested = [facts for facts in found if facts.get("kind") == "real test"]
    found = [facts for facts in found if facts.get("kind") != "real test"]
    if not found and not tested:
        return None
    several = len({facts.get("detector") for facts in found}) > 1
    blocks: list[Block] = [_real(tested)] if tested else []
    blocks += [_overview(found, several)] if found else []
    blocks += [_measure(n, facts, several) for n, facts in enumerate(found, start=1)]
    return Section("breaking-points", "Breaking points", LEAD, tuple(blocks))


def _real(tested: Sequence[Row]) -> Table:
    """Return what each detector finds of the real frauds of the test."""
    rows = tuple(
        (
            _detector(facts),
            *(_share(facts["recall"]), _bare(facts["chance"]), _share(facts["precision"])),
            *(
                _bare_of(facts["toll"], "hours", _time),
                _bare_of(facts["toll"], "lost_share", _percent),
            ),
            value_text(facts["n_fraud"]),
        )
        for facts in tested
    )
    columns = ("Detector", "Found", "By chance", "Average precision", "Hours", "Lost", "Frauds")
    return Table("Real frauds of the test", columns, rows, tuple(range(1, len(columns))))


def _overview(found: Sequence[Row], several: bool) -> Table:
    rows = tuple(_summary(facts, several) for facts in found)
    named = ("Scenario", "Detector") if several else ("Scenario",)
    columns = (
        *(*named, "Breaks", "Found, mildest", "Found, severest"),
        *("By chance", "Hours", "Lost", "Cases"),
    )
    caption = "All scenarios"
    first = len(named) + 1
    return Table(caption, columns, rows, tuple(range(first, len(columns))))


def _summary(facts: Row, several: bool) -> tuple[str | Chip, ...]:
    toll = _severest(facts)
    detector = (_detector(facts),) if several else ()
    return (
        *(plain(facts["scenario"]), *detector, _chip(facts)),
        *(_share(facts["recall"][0]), _share(facts["recall"][-1]), _bare(facts["chance"][-1])),
        *(_bare_of(toll, "hours", _time), _bare_of(toll, "lost_share", _percent)),
        value_text(facts["n_cases"]),
    )


def _detector(facts: Row) -> str:
    """Return the name of a detector, without what it learned from."""
    return plain(str(facts.get("detector", "")).split(",")[0], 50)


def _chip(facts: Row) -> Chip:
    """Return where it breaks; never in green: a rehearsal is no proof."""
    where = plain(facts["breaks"])
    tones: dict[str, Tone] = {"too few cases": "unclear", "chance only": "fail", "nowhere": "idle"}
    return Chip(tones.get(where, "limited"), where)


def _measure(position: int, facts: Row, several: bool) -> Measure:
    chart = _chart(position, facts)
    title = plain(facts["scenario"])
    if several:
        title = f"{title}: {_detector(facts)}"
    return Measure(
        id=f"breaking-{position}",
        key=METRIC,
        title=title,
        chip=_chip(facts),
        reason=sentence(facts["sentence"]),
        numbers=_numbers(facts),
        strip=None,
        charts=() if chart is None else (chart,),
        tables=_tables(facts),
        method=_method(facts),
        brief="",
        size="half",
    )


def _numbers(facts: Row) -> tuple[tuple[str, str], ...]:
    toll = _severest(facts)
    return (
        ("Found at the severest", _share(facts["recall"][-1])),
        ("Hours to the first alert", "–" if toll is None else _ranged(toll["hours"], _time)),
        ("Lost before it, a case", "–" if toll is None else _ranged(toll["lost"], _money)),
    )


def _method(facts: Row) -> tuple[tuple[str, str], ...]:
    alerted = f"{100 * facts['budget']:g} % of active customers a day"
    told = [
        ("Detector", plain(facts.get("detector", "not stated"), 200)),
        ("Alerts", alerted),
        ("Broken below", f"{100 * facts['level']:g} % of cases found"),
        *NOTES,
    ]
    omitted = "; ".join(sentence(note) for note in facts.get("omitted", []))
    if omitted:
        told.append(("Left out of this scenario", omitted))
    return tuple(told)


def _chart(position: int, facts: Row) -> Chart | None:
    severity, level = facts["severity"], facts["level"]
    ends = [severity[0], severity[-1]]
    curves: dict[str, dict[str, list[Any]]] = {
        "frauds found": _curve(severity, facts["recall"]),
        "chance": {"x": severity, "y": [found["value"] for found in facts["chance"]]},
        "target": {"x": ends, "y": [level, level]},
    }
    if facts["sham"]["value"] is not None:
        curves["sham edits, no fraud"] = {"x": ends, "y": [facts["sham"]["value"]] * 2}
    at = _edge(facts)
    if at is not None:
        curves["breaking point"] = {"x": [at, at], "y": [0.0, 1.0]}
    title = f"Frauds of {plain(facts['scenario'])} found, by severity"
    chart = chart_of(f"breaking-point-{position}", METRIC, title, curves)
    return None if chart is None else replace(chart, words=_words(facts))


def _edge(facts: Row) -> float | None:
    """Return the severity on one side of which the target is missed, if there is one."""
    if facts.get("too_few") or facts.get("broken_at") is None:
        return None
    mild = facts["broken_at"] == facts["severity"][0]
    edge: float | None = facts.get("recovers_at") if mild else facts["broken_at"]
    return edge


def _words(facts: Row) -> str:
    words = "Share of the frauds found against severity, with its 95 % interval; drawn scores, "
    words += f"sham edits and the target of {100 * facts['level']:g} % beside it."
    return f"{words} Below the target: {plain(facts['breaks'])}."


def _curve(severity: Sequence[float], found: Sequence[Row]) -> dict[str, list[Any]]:
    bands = {side: [item[side] for item in found] for side in ("lower", "upper")}
    return {"x": list(severity), "y": [item["value"] for item in found], **bands}


def _tables(facts: Row) -> tuple[Table, ...]:
    """Return the numbers of each severity: found, and what went by before the first alert."""
    severity = [value_text(s) for s in facts["severity"]]
    found = [_share(item) for item in facts["recall"]]
    chance = [_bare(item) for item in facts["chance"]]
    sham = ("sham edits, no fraud", _share(facts["sham"]), "")
    rows = (*zip(severity, found, chance, strict=True), sham)
    tables = [Table("Found, by severity", ("Severity", "Found", "By chance"), rows, (1, 2))]
    tolls = facts.get("toll")
    if tolls:
        hours = [_ranged(toll["hours"], _time) for toll in tolls]
        events = [_ranged(toll["events"], _time) for toll in tolls]
        rows = tuple(zip(severity, hours, events, strict=True))
        caption, columns = "Time before the first alert", ("Severity", "Hours", "Frauds before it")
        tables.append(Table(caption, columns, rows, (1, 2)))
        lost = [_ranged(toll["lost"], _money) for toll in tolls]
        parts = [_ranged(toll["lost_share"], _percent) for toll in tolls]
        rows = tuple(zip(severity, lost, parts, strict=True))
        caption, columns = "Money lost before it", ("Severity", "Mean of a case", "Of all")
        tables.append(Table(caption, columns, rows, (1, 2)))
    return tuple(tables)


def _severest(facts: Row) -> Row | None:
    tolls = facts.get("toll")
    return tolls[-1] if tolls else None


def _bare_of(toll: Row | None, name: str, written: Callable[[float], str]) -> str:
    if toll is None or toll[name]["value"] is None:
        return "–"
    return written(toll[name]["value"])


def _time(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _money(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _bare(found: Row) -> str:
    return "–" if found["value"] is None else f"{found['value']:.2f}"


def _share(found: Row) -> str:
    return _ranged(found, lambda value: f"{value:.2f}")


def _ranged(found: Row, written: Callable[[float], str]) -> str:
    if found["value"] is None:
        return "–"
    if found["lower"] is None or found["upper"] is None:
        return written(found["value"])
    low, high = written(found["lower"]), written(found["upper"])
    return f"{written(found['value'])} [{low}, {high}]"
