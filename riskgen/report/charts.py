"""From a measure's curves to the plain data of a chart; which form a chart takes.

The conventions are listed in ``riskgen.report.figures``, which does the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from riskgen.report.blocks import Chart, Series, Table
from riskgen.report.wording import number, plain

MOST_POINTS = 300  # [J] more cannot be told apart on a chart 1,000 pixels wide
MOST_ROWS = 12  # [J] rows of the table beside a chart: its shape, not its every point
MOST_SERIES = 12  # [J] more lines than that cannot be told apart
FORMS = (
    ("*.roc", "roc"),
    ("*.roc.*", "roc"),
    ("privacy.membership*", "roc"),
    ("privacy.weights*", "roc"),
    ("privacy.mia*", "roc"),
    ("fidelity.c2st*", "separation"),
    ("fidelity.marginals*", "ecdf"),
    ("fidelity.gaps*", "ecdf"),
    ("fidelity.lengths*", "ecdf"),
    ("market.fan*", "fan"),
    ("*.fan", "fan"),
    ("*.acf*", "acf"),
    ("market.leverage*", "acf"),
    ("*.tail", "tail"),
    ("*.tail.*", "tail"),
    ("utility.scarcity*", "lines"),
    ("utility.response*", "lines"),
    ("utility.*", "pr"),
    ("training*", "loss"),
)
_WORDS = {
    "ecdf": "Share of values at or below each value, by series",
    "roc": "Members found (true positive rate) against strangers accused (false positive rate), "
    "both on a logarithmic scale; the diagonal is guessing",
    "separation": "Synthetic entities recognised against control entities mistaken for them; the "
    "diagonal is guessing",
    "pr": "Precision against recall",
    "fan": "Median path and the bands that hold the middle share of paths, by step",
    "acf": "Correlation against lag",
    "tail": "Share of moves larger than a size, both on a logarithmic scale",
    "loss": "Loss against training step",
    "bars": "Share of each level, by series",
    "lines": "Curves by series",
}
_ROLES = (
    ("guide", ("chance", "diagonal", "prevalence", "budget", "guess", "target", "gaussian")),
    ("guide", ("breaking point",)),
    ("synthetic", ("synth", "simulated", "generated", "riskgen", "stressed")),
    ("control", ("control", "sham", "holdout", "hold-out", "held", "floor", "ctrl")),
    ("real", ("real", "observed", "history", "generator split", "training", "loss")),
)


def chart_of(
    identifier: str, metric: str, title: str, curves: Mapping[str, Mapping[str, Sequence[Any]]]
) -> Chart | None:
    """Return the chart of ``curves``; None when nothing in them can be drawn.

    Parameters
    ----------
    identifier : str
        Fixed element id of the drawing.
    metric : str
        Key that chooses the form.
    title : str
        What it shows.
    curves : mapping of str to mapping
        Series name to equally long lists ``x``, ``y`` and, for a band,
        ``lower`` and ``upper``.
    """
    found = [_series(name, curve) for name, curve in list(curves.items())[:MOST_SERIES]]
    series = tuple(item for item in found if item is not None)
    if not series:
        return None
    form = form_of(metric, series)
    if form == "roc":  # the curves are attacks, not data
        series = tuple(_as_arm(item) for item in series)
    words = f"{_WORDS[form]}: {', '.join(item.name for item in series)}."
    left_out = len(curves) - len(series)
    if left_out:
        words += f" {left_out} more series not drawn."
    numbers = numbers_of(series)
    return Chart(identifier, metric, plain(title, 140), words, series, numbers, form)


def form_of(metric: str, series: Sequence[Series]) -> str:
    """Return the form of a chart, by the metric's key and what the series hold."""
    if any(isinstance(x, str) for item in series for x in item.x):
        return "bars"
    form = next((form for pattern, form in FORMS if fnmatch(metric, pattern)), "lines")
    if form in ("ecdf", "pr") and not all(_is_share(item) for item in series):
        return "lines"
    return form


def role_of(name: str) -> str:
    """Return whose curve a series is, by the words in its name; else ``arm``."""
    lower = name.lower()
    if "+" in lower:  # an arm: real data and something more
        return "arm"
    for role, words in _ROLES:
        if any(lower.startswith(word) for word in words):
            return role
    return "arm"


def numbers_of(series: Sequence[Series]) -> Table:
    """Return a short table that says what the chart shows."""
    shared = all(item.x == series[0].x for item in series)
    if shared:
        names = tuple(item.name for item in series)
        rows = tuple(
            (_mark(series[0].x[i]), *(number(item.y[i]) for item in series))
            for i in _spread(len(series[0].x), MOST_ROWS)
        )
        return Table(
            "Numbers behind the chart", ("x", *names), rows, tuple(range(1, len(names) + 1))
        )
    long = tuple(
        (item.name, _mark(item.x[i]), number(item.y[i]))
        for item in series
        for i in _spread(len(item.x), MOST_ROWS)
    )
    return Table("Numbers behind the chart", ("series", "x", "y"), long, (1, 2))


def _series(name: str, curve: Mapping[str, Sequence[Any]]) -> Series | None:
    x, y = list(curve.get("x", ())), list(curve.get("y", ()))
    length = min(len(x), len(y))
    if length == 0:
        return None
    kept = _spread(length, MOST_POINTS)
    words = any(isinstance(mark, str) for mark in x)
    bands = [list(curve.get(side, ())) for side in ("lower", "upper")]
    whole = all(len(band) >= length for band in bands)
    return Series(
        plain(name),
        role_of(name),
        tuple(plain(x[i]) if words else _finite(x[i]) for i in kept),
        tuple(_finite(y[i]) for i in kept),
        tuple(_finite(bands[0][i]) for i in kept) if whole else (),
        tuple(_finite(bands[1][i]) for i in kept) if whole else (),
    )


def _as_arm(series: Series) -> Series:
    return series if series.role in ("guide", "control") else replace(series, role="arm")


def _spread(length: int, most: int) -> list[int]:
    """Return at most ``most`` positions, evenly spread, both ends among them."""
    if length <= most:
        return list(range(length))
    return [round(i * (length - 1) / (most - 1)) for i in range(most)]


def _finite(item: object) -> float | None:
    if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
        return None
    return float(f"{item:.6g}")


def _mark(item: float | str | None) -> str:
    return item if isinstance(item, str) else number(item)


def _is_share(series: Series) -> bool:
    return all(y is None or -1e-9 <= y <= 1 + 1e-9 for y in series.y)
