"""A document as one HTML file that asks no server for anything.

Everything from data goes through Jinja's escaping or JSON; the same document
gives the same bytes. Knows templates and figures, not what a number means.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from riskgen.report.blocks import Chart, Gallery, Measure
from riskgen.report.document import Document
from riskgen.report.figures import figure, library
from riskgen.report.sketch import sketch
from riskgen.report.theme import DARK, LIGHT, css_variables, dark_of_light

# PROTOCOL D3, to the letter.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; font-src data:"
)


def render(document: Document) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    document : Document
        What :func:`riskgen.report.document.build_document` built.
    """
    environment = Environment(
        loader=PackageLoader("riskgen.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sketch"] = sketch
    return environment.get_template("report.html").render(
        document=document,
        policy=POLICY,
        style=_style(),
        script=Markup(_asset("report.js")),  # our own file
        library=Markup(library()),  # plotly's own file
        results=script_json(document.results),
        figures=script_json({chart.id: figure(chart) for chart in charts_of(document)}),
        dark=script_json(dark_of_light()),
    )


def charts_of(document: Document) -> list[Chart]:
    """Return every chart of the document, in reading order."""
    charts: list[Chart] = []
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Chart):
                charts.append(block)
            elif isinstance(block, Measure):
                charts += block.charts
            elif isinstance(block, Gallery):
                charts += block.charts
                charts += [chart for measure in block.measures for chart in measure.charts]
    return charts


def script_json(item: Any) -> Markup:
    """Return JSON that cannot end the script element that holds it."""
    # Not sorted: in the file's own order a reader can check the hash of the results.
    text = json.dumps(item, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # nothing that HTML would read is left in it


def _style() -> Markup:
    dark = css_variables(DARK)
    return Markup(
        f":root {{\n{css_variables(LIGHT)}\n}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{\n:root {{\n{dark}\n}}\n}}\n"
        + _asset("report.css")
    )


def _asset(name: str) -> str:
    return (files("riskgen.report") / "templates" / name).read_text(encoding="utf-8")
