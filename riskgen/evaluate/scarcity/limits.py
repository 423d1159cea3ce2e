"""What caps an answer on scarcity, and what must be read with it."""

from __future__ import annotations

from typing import Any

from riskgen.evaluate.utility.evidence import Evidence
from riskgen.evaluate.utility.ruling import LEAST_RUNS, LEAST_TEST_FRAUDS

CIRCULAR = "Mechanism check only – circular: the frauds of the test set come from a simulator."


def told(answer: str, sentence: str, *, simulated: bool) -> dict[str, Any]:
    """Return answer and sentence; on simulated frauds no gain is claimed (PROTOCOL B4)."""
    if not simulated:
        return {"answer": answer, "sentence": sentence}
    capped = "NO EVIDENCE" if answer == "GAIN" else answer
    return {"answer": capped, "sentence": f"{sentence} Mechanism check only – circular."}


def caveats_of(evidence: Evidence, *, simulated: bool, openings: int) -> list[str]:
    """Return the limits of an answer."""
    found = [CIRCULAR] if simulated else []
    if evidence.n_runs < LEAST_RUNS:
        found.append(f"{evidence.n_runs} draws: a gain is claimed from {LEAST_RUNS} draws on only.")
    if evidence.exams.n_fraud < LEAST_TEST_FRAUDS:
        found.append(
            f"Only {evidence.exams.n_fraud} fraud customers in the test window; below "
            f"{LEAST_TEST_FRAUDS} nothing is concluded."
        )
    if openings > 1:
        found.append(
            f"The test set was looked at {openings} times, this time included: what was changed "
            "in between may have been fitted to it."
        )
    found.append(
        "Validation keeps all its frauds whatever is known to learn from: it chooses ratios and "
        "the arm that is asked about. Leaks and shortcuts are checked by riskgen utility."
    )
    return found
