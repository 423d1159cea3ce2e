"""A chart as a small still drawing, for readers whose scripts are switched off."""

from __future__ import annotations

import math
from collections.abc import Callable

from markupsafe import Markup

from riskgen.report.blocks import Chart, Series
from riskgen.report.theme import line_styles

WIDTH, HEIGHT, EDGE = 640, 240, 10
DASHES = {"solid": "none", "dot": "2 4", "dash": "7 5", "dashdot": "7 4 2 4", "longdash": "12 5"}
LOGARITHMIC = {"roc": (True, True), "tail": (True, True)}
Place = Callable[[float], float | None]


def sketch(chart: Chart) -> Markup:
    """Return ``chart`` as SVG: its curves in their colours, without axes."""
    across, up = LOGARITHMIC.get(chart.form, (False, False))
    xs = [x for series in chart.series for x in _marks(series)]
    ys = [y for series in chart.series for y in series.y if y is not None]
    if not xs or not ys:
        return Markup("")
    place_x, place_y = _scale(xs, across, EDGE, WIDTH - EDGE), _scale(ys, up, HEIGHT - EDGE, EDGE)
    lines = []
    styles = line_styles([series.role for series in chart.series])
    for nth, (series, (colour, dash)) in enumerate(zip(chart.series, styles, strict=True)):
        if chart.form == "bars":
            lines += _bars(series, colour, nth, len(chart.series), max(ys))
            continue
        points = _points(series, place_x, place_y)
        lines.append(
            Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2" ').format(
                points, colour
            )
            + Markup('stroke-dasharray="{}"/>').format(DASHES[dash])
        )
    head = Markup('<svg class="sketch" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return head.format(WIDTH, HEIGHT, chart.words) + Markup("").join(lines) + Markup("</svg>")


def _bars(series: Series, colour: str, nth: int, of: int, tallest: float) -> list[Markup]:
    cell = (WIDTH - 2 * EDGE) / max(len(series.x), 1)
    wide, bars = 0.8 * cell / of, []
    for i, y in enumerate(series.y):
        tall = (HEIGHT - 2 * EDGE) * (y or 0.0) / (tallest or 1.0)
        left = EDGE + i * cell + nth * wide
        shape = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>')
        bars.append(shape.format(left, HEIGHT - EDGE - tall, wide, max(tall, 0.0), colour))
    return bars


def _marks(series: Series) -> list[float]:
    """Return x as numbers; names stand at their positions."""
    return [float(i) if isinstance(x, str) else x for i, x in enumerate(series.x) if x is not None]


def _points(series: Series, place_x: Place, place_y: Place) -> str:
    points = []
    for i, (mark, y) in enumerate(zip(series.x, series.y, strict=True)):
        if mark is None or y is None:
            continue
        x, height = place_x(float(i) if isinstance(mark, str) else mark), place_y(y)
        if x is not None and height is not None:
            points.append(f"{x:.1f},{height:.1f}")
    return " ".join(points)


def _scale(marks: list[float], logarithmic: bool, start: float, end: float) -> Place:
    usable = [math.log(m) for m in marks if m > 0] if logarithmic else marks
    low, high = min(usable, default=0.0), max(usable, default=1.0)
    span = (high - low) or 1.0

    def place(mark: float) -> float | None:
        if logarithmic and mark <= 0:
            return None
        value = math.log(mark) if logarithmic else mark
        return start + (end - start) * (value - low) / span

    return place
