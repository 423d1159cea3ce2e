"""From verdicts to a Markdown table: how often each answer came, with exact intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from verdict_worlds import BUDGET, SEED, TREES, WORLDS

from riskgen.evaluate.intervals import clopper_pearson

DETECTS = 2.8  # z(.975) + z(.80), as in PROTOCOL B3
ANSWERS = ("HELPS", "EQUIVALENT", "NO EVIDENCE", "HURTS")
Rows = Sequence[dict[str, Any]]


def markdown(rows: Rows, made: dict[str, Any]) -> str:
    """Return the tables; ``made`` names machine and commits."""
    groups = {name: [row for row in rows if row["world"] == name] for name in WORLDS}
    shown = {name: group for name, group in groups.items() if group}
    parts = [_head(rows, made), _answers(shown), _checks(shown), _more(shown)]
    return "\n\n".join(parts) + "\n"


def _head(rows: Rows, made: dict[str, Any]) -> str:
    seconds = float(np.mean([row["cpu_s"] for row in rows])) if rows else 0.0
    return (
        f"{made['machine']}; commit {', '.join(made['commits'])}. {len(rows)} whole verdicts, "
        f"each on a fresh bank with five refits, {seconds:.0f} CPU seconds each. Gradient "
        f"boosting of {TREES} trees, {100 * BUDGET:g} % of the day's customers alerted, one ratio; "
        f"seeds follow from {SEED}. Shares with exact 95 % intervals (Clopper-Pearson)."
    )


def _answers(groups: dict[str, Rows]) -> str:
    titles = ["in place of the generator", "must help", "verdicts", "answer with"]
    titles += [*ANSWERS, "share of HELPS", "share of HURTS"]
    lines = ["### Answers", "", *_header(titles)]
    for name, group in groups.items():
        for words, key in (("checks off", "checks switched off"), ("checks", "answer")):
            counts = Counter(row[key] for row in group)
            cells = [WORLDS[name].says, "yes" if WORLDS[name].helps else "no", str(len(group))]
            cells += [words, *(str(counts[answer]) for answer in ANSWERS)]
            cells += [_share(counts[answer], len(group)) for answer in ("HELPS", "HURTS")]
            lines.append(_cells(cells))
    return "\n".join(lines)


def _checks(groups: dict[str, Rows]) -> str:
    names = sorted({key for g in groups.values() for row in g for key in _failed(row)})
    lines = ["### Verdicts in which a check did not pass, judged over all refits", ""]
    lines += _header(["in place of the generator", *(n.removeprefix("utility.") for n in names)])
    for name, group in groups.items():
        counts = Counter(key for row in group for key in _failed(row))
        every = [f"{counts[key]} of {len(group)}" for key in names]
        lines.append(_cells([WORLDS[name].says, *every]))
    return "\n".join(lines)


def _failed(row: dict[str, Any]) -> dict[str, str]:
    return dict(row["checks that did not pass"])


def _more(groups: dict[str, Rows]) -> str:
    titles = ["in place of the generator", "arm asked about", "mean change, pp"]
    titles += ["detectable as told, pp", "by the intervals, pp"]
    titles += ["any arm p < .05", "any arm would help", "interval holds 0, best baseline"]
    titles += ["against R0", "against R1", "against R2", "against R3", "below 0", "guard-rail"]
    lines = ["### Behind the answers", "", *_header(titles)]
    for name, group in groups.items():
        asked = Counter(row["claim"] for row in group)
        changes = [100 * row["effect"]["recall"][0] for row in group]
        cells = [WORLDS[name].says, ", ".join(f"{k} {v}" for k, v in sorted(asked.items()))]
        cells += [f"{np.mean(changes):+.1f} ± {np.std(changes):.1f}"]
        cells += [f"{100 * np.mean([row['detectable'] for row in group]):.1f}"]
        cells += [f"{100 * np.mean([_seen(row['effect']['recall']) for row in group]):.1f}"]
        for key in ("arms significant", "arms that would help"):
            cells.append(_share(sum(bool(row[key]) for row in group), len(group)))
        intervals = [[row["effect"]["recall"] for row in group]]
        intervals += [
            [row["against each baseline"][base] for row in group] for base in _baselines(group)
        ]
        cells += [_share(sum(map(holds_zero, found)), len(found)) for found in intervals]
        cells += [_share(sum(row["effect"]["recall"][2] < 0 for row in group), len(group))]
        fell = sum(row["effect"]["precision"][2] < -0.01 for row in group)
        lines.append(_cells([*cells, _share(fell, len(group))]))
    note = (
        "The best baseline is the real-only arm with the highest recall on the test itself, so "
        "that an arm of equal skill lies below it on average; against one fixed arm it does not. "
        "Below 0: the interval of recall is wholly negative. Guard-rail: the interval of average "
        "precision is wholly below -1 pp. Either makes HURTS. Detectable as told takes one in ten "
        "fraud customers to be found by one arm alone; by the intervals, it is 2.8 of the standard "
        "errors that the verdicts had. Neither knows that several arms are corrected for."
    )
    return "\n".join([*lines, "", note])


def _seen(interval: Sequence[float]) -> float:
    """Return what an interval as wide sees with 80 % power: 2.8 of its standard errors."""
    return DETECTS * (interval[2] - interval[1]) / (2 * 1.96)


def holds_zero(interval: Sequence[float]) -> bool:
    """Whether 0 lies between the ends of value, lower and upper."""
    return interval[1] <= 0.0 <= interval[2]


def _baselines(group: Rows) -> list[str]:
    return sorted(group[0]["against each baseline"])


def _share(count: int, n: int) -> str:
    found = clopper_pearson(count, n)
    return f"{found.value:.3f} [{found.lower:.3f}, {found.upper:.3f}]"


def _header(titles: Sequence[str]) -> list[str]:
    return [_cells(titles), "|" + "---|" * len(titles)]


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
