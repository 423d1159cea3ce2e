"""Charts drawn by plotly: one JSON specification for each, drawn by one inlined library.

plotly lives here only. A measure's ``curves`` map a series name to equally long
lists ``{"x": [...], "y": [...]}``, with ``"lower"`` and ``"upper"`` for a band. All
series of a measure go into one chart. The measure's key chooses the form:

=========================================  ======  ===========================================
key of the measure                         form    drawn as
=========================================  ======  ===========================================
``*.roc``, ``privacy.membership*``         roc     both axes logarithmic, diagonal, 1 % line
``privacy.weights*``                       roc     the same
``fidelity.c2st*``                         sepn.   true against false positives, diagonal
``fidelity.marginals*``, ``gaps``, …       ecdf    steps from 0 to 1; logarithmic x when wide
``market.fan*``, ``*.fan``                 fan     bands from ``lower`` to ``upper``, median line
``*.acf*``, ``market.leverage*``           acf     lines about a zero line
``*.tail``                                 tail    survival, both axes logarithmic
``utility.scarcity*``, ``*.response*``     lines   lines with bands
``utility.*``                              pr      precision against recall, both from 0 to 1
``training*``                              loss    batches thin, held-out ones marked
any, when ``x`` holds names                bars    bars side by side
any other                                  lines   lines, with a band where there is one
=========================================  ======  ===========================================

The first words of a series' name choose its colour: ``real``, ``synthetic``,
``control`` (or ``holdout``); ``chance``, ``prevalence``, ``budget`` and the like are
thin grey guides; any other name is an arm with a colour and a dash of its own.
An ``ecdf`` or ``pr`` whose values leave [0, 1] falls back to lines.

No map, no globe, no mathematics: those kinds of trace would ask a server.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.offline

from riskgen.report.axes import layout_of, left_end
from riskgen.report.blocks import Chart, Series
from riskgen.report.theme import LIGHT, line_styles

SPARSE = 12  # [J] up to so many points each one is marked
# The broad synthetic curve lies under the thin real one, so that both show where they agree.
WIDTHS = {"synthetic": 3.2, "real": 1.7, "control": 1.7, "guide": 1.4}
BATCH_WIDTH = 1.2  # losses of batches scatter: thin, so that the held-out ones stand out


@functools.cache
def library() -> str:
    """Return plotly's own JavaScript, the one copy that the report carries."""
    return str(plotly.offline.get_plotlyjs())


def figure(chart: Chart) -> dict[str, Any]:
    """Return the specification of ``chart``: ``data`` and ``layout``, JSON values only."""
    drawing = go.Figure(layout={"template": "none", **layout_of(chart)})
    for trace in _traces(chart):
        drawing.add_trace(trace)
    document = drawing.to_plotly_json()
    document["layout"].pop("template", None)
    return {"data": document["data"], "layout": document["layout"]}


def _traces(chart: Chart) -> list[go.Scatter | go.Bar]:
    styles = line_styles([series.role for series in chart.series])
    pairs = list(zip(chart.series, styles, strict=True))
    if chart.form == "bars":
        return [_bar(series, colour) for series, (colour, _) in pairs]
    if chart.form == "fan":
        return _fan(pairs)
    bands = [_band(series, colour) for series, (colour, _) in pairs if series.lower]
    lines = [_line(chart.form, series, *style) for series, style in pairs]
    for rank, line in enumerate(lines):
        line.update(legendrank=rank)
    lines.sort(key=lambda line: -line.line.width)
    return [*bands, *lines, *_guessing(chart)]


def _fan(pairs: Sequence[tuple[Series, tuple[str, str]]]) -> list[go.Scatter | go.Bar]:
    bands = [_band(series, colour, named=True) for series, (colour, _) in pairs if series.lower]
    lines, drawn = [], set()
    for series, (colour, _) in pairs:
        # The bands of one generator share one median: drawn once, in the bands' colour.
        if not series.lower or colour not in drawn:
            line = _line("fan", series, colour, "solid")
            lines.append(line.update(showlegend=not series.lower))
        drawn.add(colour)
    return [*bands, *lines]


def _line(form: str, series: Series, colour: str, dash: str) -> go.Scatter:
    shape = "hv" if form == "ecdf" else "linear"
    is_batch = form == "loss" and series.role == "real"
    width = BATCH_WIDTH if is_batch else WIDTHS.get(series.role, 2.2)
    return go.Scatter(
        x=list(series.x),
        y=list(series.y),
        name=_text(series.name),
        mode="lines+markers" if _is_sparse(form, series) else "lines",
        line={"color": colour, "dash": dash, "width": width, "shape": shape},
        marker={"size": 6, "color": colour},
        hovertemplate="%{x:.4~g}, %{y:.4~g}",
        connectgaps=False,
    )


def _is_sparse(form: str, series: Series) -> bool:
    if form == "loss" and series.role == "control":
        return True  # each point is one look at what was held out
    return form != "ecdf" and series.role != "guide" and len(series.x) <= SPARSE


def _band(series: Series, colour: str, *, named: bool = False) -> go.Scatter:
    whole = [
        (x, low, high)
        for x, low, high in zip(series.x, series.lower, series.upper, strict=True)
        if None not in (x, low, high)
    ]
    x = [point[0] for point in whole]
    return go.Scatter(
        x=x + x[::-1],
        y=[point[2] for point in whole] + [point[1] for point in whole][::-1],
        fill="toself",
        fillcolor=colour,
        opacity=0.2 if named else 0.14,
        line={"width": 0, "color": colour},
        mode="lines",
        name=_text(series.name),
        hoverinfo="skip",
        showlegend=named,
    )


def _bar(series: Series, colour: str) -> go.Bar:
    return go.Bar(
        x=[_text(str(x)) for x in series.x],
        y=list(series.y),
        name=_text(series.name),
        marker={"color": colour},
        hovertemplate="%{x}, %{y:.4~g}",
    )


def _guessing(chart: Chart) -> list[go.Scatter]:
    starts = {"roc": 10.0 ** left_end(chart), "separation": 0.0}
    if chart.form not in starts or any(series.role == "guide" for series in chart.series):
        return []
    return [_diagonal(starts[chart.form])]


def _diagonal(left: float) -> go.Scatter:
    ends = [left, 1.0]
    return go.Scatter(
        x=ends,
        y=ends,
        name="guessing",
        mode="lines",
        line={"color": LIGHT["guide"], "dash": "dash", "width": 1.4},
        hoverinfo="skip",
    )


def _text(name: str) -> str:
    """Escape a name: plotly reads a little HTML in its labels."""
    return html.escape(name, quote=False)
