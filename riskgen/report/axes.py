"""The frame of a chart: axes, their words and scales, by the form of the chart."""

from __future__ import annotations

import math
from fnmatch import fnmatch
from typing import Any

from riskgen.report.blocks import Chart
from riskgen.report.theme import FONT, LIGHT

WIDE = 100.0  # [J] a range of two decades is unreadable on a linear axis
SMALLEST_RATE = 1e-4  # [J] left end of the ROC; fewer false accusations are not estimable
AXES = {
    "ecdf": ("value", "share at or below"),
    "separation": ("control taken for synthetic", "synthetic recognised"),
    "roc": ("strangers accused (FPR)", "members found (TPR)"),
    "pr": ("recall", "precision"),
    "fan": ("step", "growth"),
    "acf": ("lag", "correlation"),
    "tail": ("size of the move", "share larger"),
    "loss": ("step", "loss"),
    "bars": ("", "share"),
    "lines": ("", ""),
}

LABELS = (
    ("fidelity.calendar*", ("hour of the day", "share of events")),
    ("fidelity.gaps*", ("hours between events", "share at or below")),
    ("fidelity.lengths*", ("events of an entity", "share at or below")),
    ("market.correlation*", ("pair of assets, in order", "correlation")),
    (
        "response.front*",
        ("hit, of 10,000 a month", "loss prevented"),
    ),
    ("utility.breaking_point*", ("severity", "share of frauds found")),
    ("utility.scarcity*", ("known frauds", "recall")),
)


def layout_of(chart: Chart) -> dict[str, Any]:
    """Return plotly's layout of ``chart``, as JSON values."""
    named = (labels for pattern, labels in LABELS if fnmatch(chart.metric, pattern))
    across, up = next(named, AXES[chart.form])
    layout: dict[str, Any] = {
        "xaxis": _axis(across),
        "yaxis": _axis(up),
        "margin": {"l": 12, "r": 12, "t": 34, "b": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": LIGHT["muted"]},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "showlegend": True,
        "hoverlabel": {"bgcolor": LIGHT["surface"], "bordercolor": LIGHT["line"]},
        "autosize": True,
        "hovermode": "closest",
        "dragmode": False,
    }
    return _with_form(chart, layout)


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 8},
        "automargin": True,
        "gridcolor": LIGHT["line"],
        "linecolor": LIGHT["line"],
        "zerolinecolor": LIGHT["guide"],
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
    }


def _with_form(chart: Chart, layout: dict[str, Any]) -> dict[str, Any]:
    across, up = layout["xaxis"], layout["yaxis"]
    if chart.form in ("ecdf", "pr", "separation"):
        up["range"] = [-0.02, 1.03]
    if chart.form in ("pr", "separation"):
        across["range"] = [-0.02, 1.03]
    if chart.form == "roc":
        rates = {"type": "log", "range": [left_end(chart), 0.02], "dtick": 1}
        across |= {**rates, "tickformat": ".2~%"}
        up |= {**rates, "tickformat": ".2~%"}
        layout["shapes"] = [_one_percent()]
    if chart.form == "tail":
        across |= {"type": "log", "dtick": "D2"}
        up |= {"type": "log", "dtick": 1, "exponentformat": "power"}
    if chart.form == "acf":
        up |= {"zeroline": True, "rangemode": "tozero"}
    if chart.form == "ecdf" and _is_wide(chart, "x"):
        across["type"] = "log"
    if chart.form == "loss" and _is_wide(chart, "y"):
        up["type"] = "log"
    if fnmatch(chart.metric, "utility.scarcity*"):
        across |= {"type": "log", "dtick": "D2"}
    if chart.form == "bars":
        across["type"], layout["barmode"] = "category", "group"
    return layout


def _one_percent() -> dict[str, Any]:
    line = {"color": LIGHT["guide"], "width": 1, "dash": "dot"}
    return {"type": "line", "x0": 0.01, "x1": 0.01, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _is_wide(chart: Chart, side: str) -> bool:
    marks = [
        mark for series in chart.series for mark in getattr(series, side) if isinstance(mark, float)
    ]
    return bool(marks) and min(marks) > 0 and max(marks) / min(marks) > WIDE


def left_end(chart: Chart) -> int:
    """Return the decade at which a ROC begins: the first with a positive rate."""
    rates = [x for series in chart.series for x in series.x if isinstance(x, float) and x > 0]
    smallest = max(min(rates, default=SMALLEST_RATE), SMALLEST_RATE)
    return math.floor(math.log10(smallest) + 1e-9)
