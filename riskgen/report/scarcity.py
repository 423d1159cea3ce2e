"""Where scenarios may help: recall against known frauds, and typologies that are new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskgen.report.blocks import Block, Chart, Gallery, Listing, Prose, Section, Table
from riskgen.report.charts import chart_of
from riskgen.report.wording import Tone, plain, sentence

Row = Mapping[str, Any]

LEAD = (
    "The same test is met by detectors that know fewer frauds, and by detectors that know none, "
    "or a few, of one typology. Found is the share of fraud customers at the alert budget."
)
METRIC = "utility.scarcity"
DRAWN = ("P2", "S2")  # beside the best real-only arm and the claim


def scarcity_section(found: Row | None) -> Section | None:
    """Return the section, or None where nothing was asked."""
    if found is None:
        return None
    blocks: list[Block] = []
    if "curve" in found:
        blocks += _curve(found["curve"])
    if "unseen" in found:
        blocks += _unseen(found["unseen"])
    if "emerging" in found:
        blocks += _emerging(found["emerging"])
    asked = (found[name] for name in ("curve", "unseen", "emerging") if name in found)
    caveats = dict.fromkeys(sentence(c) for answer in asked for c in answer["caveats"])
    blocks.append(Listing("Read with these answers", tuple(caveats)))
    return Section("scarcity", "Few frauds known, and new ones", LEAD, tuple(blocks))


def _answer(title: str, answer: Row) -> Prose:
    tone: Tone = "pass" if answer["answer"] == "GAIN" else "unclear"
    return Prose(f"{title}: {sentence(answer['sentence'])}", tone)


def _curve(answer: Row) -> list[Block]:
    blocks: list[Block] = [_answer("Known frauds", answer)]
    chart = _chart(answer["points"], answer["oracle"])
    if chart is not None:
        legend = tuple((item.role, item.name) for item in chart.series)
        blocks.append(Gallery("Found, by number of known frauds", legend, charts=(chart,)))
    rows = tuple(
        (
            str(point["known"]),
            _recall(point, point["best"]),
            _recall(point, point["claim"]),
            *(_recall(point, name) for name in DRAWN),
            point["worth in words"],
            "–" if point["p"] is None else f"{point['p']:.3f}",
        )
        for point in answer["points"]
    )
    columns = ("Known", "Best real only", "Scenarios", "One rule", "Generator", "Worth", "Holm p")
    blocks.append(Table("Equivalent real frauds", columns, rows, (1, 2, 3, 4, 5, 6)))
    told = answer.get("diagnostics")
    if told:
        pairs = tuple((name, _share(auc)) for name, auc in told["auc"].items())
        if pairs:
            title = "Trained and tested on real (R) or simulated (S) customers"
            blocks.append(Table(title, ("Pairing", "AUC of customers"), pairs, (1,)))
        blocks.append(Prose(sentence(told["reading"]), "idle"))
    return blocks


def _chart(points: list[Row], oracle: Row) -> Chart | None:
    arms = {
        "real only, best": [(p["known"], p["arms"][p["best"]]) for p in points],
        "simulated: scenarios": [(p["known"], p["arms"][p["claim"]]) for p in points if p["claim"]],
        "one rule (P2)": [(p["known"], p["arms"]["P2"]) for p in points if "P2" in p["arms"]],
    }
    curves: dict[str, dict[str, list[Any]]] = {
        name: {
            "x": [n for n, _ in told],
            "y": [arm["recall"]["value"] for _, arm in told],
            **{side: [arm["recall"][side] for _, arm in told] for side in ("lower", "upper")},
        }
        for name, told in arms.items()
    }
    ends = [points[0]["known"], points[-1]["known"]]
    curves["target: all real frauds"] = {"x": ends, "y": [oracle["value"]] * 2}
    return chart_of("scarcity-curve", METRIC, "Share of frauds found", curves)


def _unseen(answer: Row) -> list[Block]:
    rows = tuple(
        (
            plain(item["typology"]),
            plain(arm["title"], 80),
            _share(arm["own"]),
            _share(arm["others"]),
        )
        for item in answer["typologies"]
        for arm in item["arms"].values()
    )
    columns = ("Left out", "Arm", "Found of it", "Found of the others")
    return [
        _answer("A typology that nobody knows", answer),
        Table("One typology left out", columns, rows, (2, 3), filterable=True),
    ]


def _emerging(answer: Row) -> list[Block]:
    rows = tuple(
        (
            plain(item["typology"]),
            str(item["cases"]),
            plain(arm["title"], 80),
            _share(arm["own"]),
            _share(arm["others"]),
        )
        for item in answer["points"]
        for arm in item["arms"].values()
    )
    columns = ("Typology", "Cases known", "Arm", "Found of it", "Found of the others")
    return [
        _answer("A typology of which a few cases are known", answer),
        Table("An emerging typology", columns, rows, (1, 3, 4), filterable=True),
    ]


def _recall(point: Row, name: str | None) -> str:
    arm = point["arms"].get(name) if name else None
    return "–" if arm is None else f"{_share(arm['recall'])} {name}"


def _share(found: Row | None) -> str:
    if found is None or found["value"] is None:
        return "–"
    if found["lower"] is None or found["upper"] is None:
        return f"{found['value']:.2f}"
    return f"{found['value']:.2f} [{found['lower']:.2f}, {found['upper']:.2f}]"
