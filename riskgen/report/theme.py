"""Colours of the report, for paper and for dark screens; used by page and figures.

Real is always blue, synthetic always orange, control grey: the three stay apart
for every common colour blindness (after Okabe and Ito 2008) and in print, where
their dashes differ too. A status colour is never used for a curve.
"""

from __future__ import annotations

from collections.abc import Sequence

LIGHT = {
    "paper": "#f5f6f8",
    "surface": "#ffffff",
    "sunken": "#eef1f4",
    "ink": "#17202c",
    "muted": "#56606e",
    "line": "#dce1e7",
    "accent": "#1a4f8b",
    "real": "#1f6fb5",
    "synthetic": "#d4620a",
    "control": "#7a8594",
    "guide": "#98a2af",
    "arm1": "#0a8f6a",
    "arm2": "#b8528f",
    "arm3": "#6a51a3",
    "arm4": "#8c6d31",
    "arm5": "#3a8696",
    "pass": "#17663a",
    "pass-soft": "#e4f3e9",
    "limited": "#874d00",
    "limited-soft": "#fcf0dc",
    "fail": "#a21f17",
    "fail-soft": "#fce9e7",
    "unclear": "#574392",
    "unclear-soft": "#efebfa",
    "idle": "#535d6a",
    "idle-soft": "#eaedf1",
}
DARK = {
    "paper": "#0f141b",
    "surface": "#171e27",
    "sunken": "#1f2833",
    "ink": "#e6ebf1",
    "muted": "#a4afbc",
    "line": "#2d3743",
    "accent": "#8fc1f5",
    "real": "#5fb0f0",
    "synthetic": "#f59b46",
    "control": "#93a0b0",
    "guide": "#6d7988",
    "arm1": "#3cc79e",
    "arm2": "#e59ac9",
    "arm3": "#a996e0",
    "arm4": "#c8a55f",
    "arm5": "#6fc3d3",
    "pass": "#74d69a",
    "pass-soft": "#133122",
    "limited": "#f2bb62",
    "limited-soft": "#37280f",
    "fail": "#ff9f96",
    "fail-soft": "#3d1a18",
    "unclear": "#c5b6f8",
    "unclear-soft": "#2b2548",
    "idle": "#a9b4c1",
    "idle-soft": "#252e39",
}
ARMS = ("arm1", "arm2", "arm3", "arm4", "arm5")
DASHES = ("solid", "dash", "dashdot", "longdash", "dot")
FIRST_DASH = {"control": "dot", "guide": "dash"}
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def css_variables(palette: dict[str, str]) -> str:
    """Return the palette as CSS custom properties, one a line."""
    return "\n".join(f"  --{name}: {value};" for name, value in palette.items())


def dark_of_light() -> dict[str, str]:
    """Return which dark colour stands for which light one, for drawn figures."""
    return {LIGHT[name]: DARK[name] for name in LIGHT}


def line_styles(roles: Sequence[str]) -> list[tuple[str, str]]:
    """Return colour and dash for curves of ``roles``, so that no two look alike."""
    styles, seen = [], dict.fromkeys(roles, 0)
    first = FIRST_DASH if "real" in roles else {**FIRST_DASH, "control": DASHES[0]}
    for role in roles:
        nth = seen[role]
        seen[role] += 1
        colour = LIGHT[ARMS[nth % len(ARMS)] if role == "arm" else role]
        begin = DASHES.index(first.get(role, DASHES[0]))
        dash = DASHES[(begin + nth) % len(DASHES)]
        styles.append((colour, dash))
    return styles
