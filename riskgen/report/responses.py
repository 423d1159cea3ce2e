"""What to do about scenarios: what each response prevents, whom it hits, what warns first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskgen.report.blocks import (
    Block,
    Chart,
    Chip,
    Facts,
    Gallery,
    Group,
    Prose,
    Section,
    Strip,
    Table,
)
from riskgen.report.charts import chart_of
from riskgen.report.wording import Tone, number, plain, sentence

Row = Mapping[str, Any]

LEAD = (
    "Real customers that nothing was learned from suffer each scenario; every response is replayed "
    "on them and on the same customers as they are. It is chosen on one half of the customers and "
    "told of the other, within a budget of genuine customers hit."
)
# PROTOCOL E: a scenario is a file that somebody wrote, not what a fraudster will do.
READING = (
    "The frauds are those of the scenario files, at a severity that is a dial: a fraudster who "
    "learns of a cap stays below it. {} What responses are taken to do is stated below, and is the "
    "bank's to replace with --responses."
)
# PROTOCOL B4: on a simulated bank genuine customers are simulated too.
CIRCULAR = "The genuine customers are simulated too: a check of the mechanism, no evidence."
TONES: dict[str, Tone] = {
    "RECOMMENDED": "pass",
    "NOT SURE": "unclear",
    "NONE HELPS": "limited",
    "TOO FEW CASES": "idle",
}
MOST_FRONT = 8  # [J] rows of the efficient set in the table; the drawing has them all
Cells = tuple[str | Chip | Strip, ...]


def response_section(found: Row | None) -> Section | None:
    """Return the section, or None where no response was tried."""
    if found is None:
        return None
    scenarios = found["scenarios"]
    simulated = found["origin"] == "simulated"
    reading = READING.format(CIRCULAR if simulated else "The genuine customers are the table's.")
    tone: Tone = "fail" if simulated else "unclear"
    blocks: list[Block] = [Prose(reading, tone), _overview(scenarios, found["budget"])]
    charts = [_chart(place, item) for place, item in enumerate(scenarios, start=1)]
    drawn = tuple(chart for chart in charts if chart is not None)
    if drawn:
        series = [item for chart in drawn for item in chart.series]
        legend = tuple(dict.fromkeys((item.role, item.name) for item in series))
        caption = "Loss prevented against genuine customers hit"
        blocks.append(Gallery(caption, legend, charts=drawn))
    blocks += [_group(item) for item in scenarios]
    left = {**found["left_out"], **found["skipped"]}
    if left:
        pairs = tuple((plain(name), sentence(reason)) for name, reason in left.items())
        blocks.append(Facts("Left out", pairs, folded=True))
    blocks.append(_stated(found))
    return Section("responses", "What to do about it", LEAD, tuple(blocks))


def _overview(scenarios: Sequence[Row], budget: float) -> Table:
    rows: tuple[Cells, ...] = tuple(
        (
            plain(item["scenario"]),
            Chip(TONES[item["answer"]], item["answer"].capitalize()),
            *_best(item["best"]),
        )
        for item in scenarios
    )
    columns = ("Scenario", "Answer", "Loss prevented", "Struck stopped", "Hit, of 10,000 a month")
    caption = f"The best within {budget:g} genuine customers of 10,000 hit in a month"
    return Table(caption, columns, rows, (2, 3, 4))


def _best(best: Row | None) -> tuple[str, ...]:
    if best is None:
        return ("–", "–", "–")
    return (_share(best["prevented"]), _share(best["stopped"]), _count(best["friction"]))


def _chart(place: int, item: Row) -> Chart | None:
    curves = {
        "efficient set": _curve(item["front"], band=True),
        "one response alone": _curve(item["alone"]),
        "chance: blocking at random": _curve(item["blind"]),
    }
    curves = {name: curve for name, curve in curves.items() if curve["x"]}
    if not curves:
        return None
    top = max(y for curve in curves.values() for y in curve["y"])
    curves["budget"] = {"x": [item["budget"]] * 2, "y": [0.0, top]}
    title = f"{plain(item['scenario'])}, severity {item['severity']:g}"
    return chart_of(f"response-{place}", "response.front", title, curves)


def _curve(standings: Sequence[Row], *, band: bool = False) -> dict[str, list[Any]]:
    known = [item for item in standings if item["prevented"]["value"] is not None]
    known = sorted(known, key=lambda item: float(item["friction"]["value"]))
    curve = {"x": [item["friction"]["value"] for item in known]}
    curve["y"] = [item["prevented"]["value"] for item in known]
    if band:
        curve |= {side: [item["prevented"][side] for item in known] for side in ("lower", "upper")}
    return curve


def _group(item: Row) -> Group:
    parts: list[Table | Facts | Prose] = [Prose(sentence(item["sentence"]))]
    if item["notes"]:
        told = "; ".join(sentence(note) for note in item["notes"])
        parts.append(Prose(f"Left out of this scenario: {told}.", "idle"))
    if item["front"]:
        parts.append(_front(item))
    if item.get("warnings"):
        parts.append(_warnings(item["warnings"]))
    heading = f"{plain(item['scenario'])}: {item['n_cases']} customers struck"
    chip = Chip(TONES[item["answer"]], item["answer"].capitalize())
    return Group(heading, chip, tuple(parts))


def _front(item: Row) -> Table:
    step = max(1, -(-len(item["front"]) // MOST_FRONT))
    told = [*item["front"][::step]]
    rows = [_standing(plain(entry["policy"], 120), entry) for entry in told]
    if item["chance"] is not None:
        rows.append(_standing("at random, within the budget", item["chance"]))
    if item["sham"] is not None:
        rows.append(("the best on edits that are no fraud", _share(item["sham"]), *["–"] * 4))
    columns = (
        *("Efficient set", "Loss prevented", "Median hours", "Frauds through first"),
        *("Hit, of 10,000 a month", "Money held up"),
    )
    return Table(
        "Efficient set, least friction first", columns, tuple(rows), (1, 2, 3, 4, 5), folded=True
    )


def _standing(name: str, entry: Row) -> tuple[str, ...]:
    hours = entry["hours"]["value"]
    return (
        name,
        _share(entry["prevented"]),
        "half never" if hours is None else number(hours),
        number(entry["passed"]["value"]),
        _count(entry["friction"]),
        number(entry["held"]["value"]),
    )


def _warnings(warned: Sequence[Row]) -> Table:
    rows = tuple(
        (
            "noise" if item["beyond_chance"] is None else plain(item["indicator"]),
            _hours(item["lead_h"]),
            _share(item["warned"]),
            _share(item["left"]),
            _count(item["false_alarms"]),
            "–" if item["beyond_chance"] is None else "yes" if item["beats_chance"] else "no",
        )
        for item in warned
    )
    columns = (
        *("Indicator", "Mean lead, h", "Warned in time", "Money still there"),
        *("False alarms, of 10,000 a month", "Beats noise"),
    )
    caption = "Early warning before half of the money is gone"
    return Table(caption, columns, rows, (1, 2, 3, 4), folded=True)


def _stated(found: Row) -> Facts:
    pairs = []
    for name, item in found["stated"].items():
        source = item["source"]
        words = ", ".join(plain(source[key], 200) for key in ("kind", "ref", "note") if source[key])
        pairs.append((plain(name).replace("_", " "), f"{item['value']:g} ({words})"))
    asked = found["budget"]
    pairs.append(("budget used", f"{asked:g}"))
    tried = found["customers"]
    pairs.append(("customers", f"{tried['tried']}, of whom {tried['reported']} are told of"))
    pairs.append(("customer-months told of", f"{tried['customer_months']:.0f}"))
    pairs.append(("policies tried", str(found["policies"])))
    return Facts("What responses are taken to do, and who says so", tuple(pairs))


def _share(found: Row) -> str:
    if found["value"] is None:
        return "–"
    told = f"{100 * found['value']:.0f} %"
    if found["lower"] is None or found["upper"] is None:
        return told
    return f"{told} [{100 * found['lower']:.0f}, {100 * found['upper']:.0f}]"


def _count(found: Row) -> str:
    if found["value"] is None:
        return "–"
    if found["lower"] is None or found["upper"] is None:
        return f"{found['value']:.0f}"
    return f"{found['value']:.0f} [{found['lower']:.0f}, {found['upper']:.0f}]"


def _hours(found: Row) -> str:
    if found["value"] is None:
        return "–"
    if found["lower"] is None or found["upper"] is None:
        return number(found["value"])
    return f"{number(found['value'])} [{number(found['lower'])}, {number(found['upper'])}]"
