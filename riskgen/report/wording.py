"""The report's words: questions, statuses, numbers, and names that came from data.

Every string that may hold a customer's or a file's wording goes through
:func:`plain` before it enters the document. Knows neither HTML nor figures.
"""

from __future__ import annotations

import math
import unicodedata
from typing import Literal

from riskgen.evaluate.result import Estimate, Goal, MetricResult, Status, Threshold

Tone = Literal["pass", "limited", "fail", "unclear", "idle"]

LONGEST_NAME = 80  # [J] a label wider than this cannot be read in a table anyway
LONGEST_TEXT = 1200  # [J] a sentence of the producers is never this long
NOT_SHOWN = "�"
QUESTIONS = {
    "fidelity": "Is it faithful?",
    "utility": "Does it help?",
    "privacy": "Does it leak?",
    "market": "Are tails and dynamics right?",
}
# The only answers that may be green; a PASS beside another answer is a contradiction.
GOOD_ANSWERS = {"fidelity": "YES", "utility": "HELPS", "privacy": "NO", "market": "YES"}
BASES = {"C": "published convention", "R": "regulatory text", "J": "our judgement"}
NO_DP = "No differential-privacy guarantee is claimed."
NO_LEAK = "No leakage detected by the listed attacks at the stated power"
_STATUS_WORDS = {
    "PASS": "Pass",
    "FAIL": "Fail",
    "INCONCLUSIVE": "Inconclusive",
    "NOT_RUN": "Not run",
    "NOT_APPLICABLE": "Not applicable",
}
_TONES: dict[str, Tone] = {
    "PASS": "pass",
    "FAIL": "fail",
    "INCONCLUSIVE": "unclear",
    "NOT_RUN": "idle",
    "NOT_APPLICABLE": "idle",
}


def plain(text: object, longest: int = LONGEST_NAME) -> str:
    """Return text that cannot reorder, hide or stretch what is printed around it.

    Control and direction characters become a visible replacement character;
    what is longer than ``longest`` is cut and ends in an ellipsis.
    """
    words = " ".join(str(text).split())
    cut = words if len(words) <= longest else words[: longest - 1] + "…"
    return "".join(_visible(letter) for letter in cut)


def sentence(text: object) -> str:
    """Return :func:`plain` text of a sentence's length."""
    return plain(text, LONGEST_TEXT)


def _visible(letter: str) -> str:
    # Cc: control, Cf: direction marks and joiners, Cs: lone surrogates, Co: private use.
    return NOT_SHOWN if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"} else letter


def number(value: float | None) -> str:
    """Return a number as it is printed everywhere in the report."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        text = f"{value:.1e}"
    elif size < 5e-4:
        text = f"{value:.4f}"
    elif size >= 1000 or (size >= 2 and value == round(value)):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"
    return text.replace("-", "−")


def short(value: float | None, digits: int = 4) -> str:
    """Return a number that was chosen, not measured: without trailing zeros."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    text = f"{value:,.0f}" if 1e4 <= size < 1e15 else f"{value:.{digits}g}"
    return text.replace("-", "−")


def count(value: int | None) -> str:
    """Return a count with thousands separated."""
    return "–" if value is None else f"{value:,}"


def interval(estimate: Estimate | None) -> str:
    """Return ``0.612 [0.584, 0.640]``; the bare value where none was computed."""
    if estimate is None:
        return "–"
    if estimate.lower is None and estimate.upper is None:
        return number(estimate.value)
    return f"{number(estimate.value)} [{number(estimate.lower)}, {number(estimate.upper)}]"


def level(estimate: Estimate | None) -> str:
    """Return ``95 % interval`` or that there is none."""
    if estimate is None or (estimate.lower is None and estimate.upper is None):
        return "no interval"
    return f"{100 * estimate.level:g} % interval"


def bound(threshold: Threshold | None, goal: Goal) -> str:
    """Return where a measure passes and where it fails, in signs."""
    if threshold is None:
        return "–"
    good, bad = ("≥", "<") if goal == "higher" else ("≤", ">")
    if threshold.green == threshold.red:
        return f"pass {good} {short(threshold.green, 3)}"
    return f"pass {good} {short(threshold.green, 3)}, fail {bad} {short(threshold.red, 3)}"


def direction(goal: Goal) -> str:
    """Say which direction is better."""
    return {"lower": "lower is better", "higher": "higher is better"}.get(
        goal, "close to the floor is better"
    )


def tone(status: Status, band: str | None = None) -> Tone:
    """Return the colour of a status; ``pass`` for PASS and nothing else."""
    return "limited" if status == "FAIL" and band == "amber" else _TONES[status]


def status_word(status: Status, band: str | None = None) -> str:
    """Return the status as a reader says it."""
    return "Limited" if status == "FAIL" and band == "amber" else _STATUS_WORDS[status]


def title_of(metric: MetricResult) -> str:
    """Return a measure's title, or its key where it has none."""
    return plain(metric.title or metric.metric, 140)
