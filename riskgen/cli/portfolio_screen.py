"""The risk of a portfolio on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskgen.cli.screen import Screen

LEVELS = ("level", "VaR", "95 % interval", "shortfall", "95 % interval")


def show_portfolios(facts: Mapping[str, Any], screen: Screen) -> None:
    """Show the portfolio's risk, at each severity of a grid, if there is a portfolio."""
    if "portfolio" in facts:
        _show(facts, screen)
    for at in facts.get("portfolios", []):
        screen.result(f"Severity {at['severity']:g}")
        _show({**facts, **at}, screen)


def _show(facts: Mapping[str, Any], screen: Screen) -> None:
    """Show tail risks, and the paths on which the portfolio loses what was asked."""
    held = facts["portfolio"]
    share = held["unit"] == "share of value"

    def told(value: float) -> str:
        return f"{100 * value:.2f} %" if share else f"{value:,.0f}"

    def between(bounds: list[float]) -> str:
        return " to ".join(told(bound) for bound in bounds)

    screen.table(
        LEVELS,
        [
            (
                f"{100 * risk['level']:g} %",
                told(risk["var"]),
                between(risk["var_interval"]),
                told(risk["es"]),
                between(risk["es_interval"]),
            )
            for risk in held["risk"]
        ],
    )
    falls = ", ".join(f"{told(v)} ({100 * float(q):g} %)" for q, v in held["fall"].items())
    screen.result(f"Largest fall from a peak: {falls}; mean profit {told(held['mean'])}")
    screen.note(f"{facts['horizon']} days from {facts['start']}, begun in {facts['begins_in']}")
    for line in facts.get("reverse_stress", {}).get("lines", []):
        screen.result(line)
