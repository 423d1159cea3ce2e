"""The answer to one question, in a word and a sentence, with what it stands on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from riskgen.evaluate.result import MetricResult, Question, Status

RESULTS_VERSION = "riskgen.results/v1"
Answer = Literal[
    "YES", "LIMITED", "NO", "HELPS", "HURTS", "EQUIVALENT", "NO EVIDENCE", "NOT APPLICABLE"
]


@dataclass(frozen=True)
class Verdict:
    """What riskgen answers to one question.

    Attributes
    ----------
    question : str
        ``fidelity`` (is it faithful?), ``utility`` (does it help?), ``privacy``
        (does it leak?) or ``market`` (are tails and dynamics right?).
    answer : str
        One or two words. For ``privacy``, ``NO`` means that no leakage was
        detected by the listed attacks at the stated power, ``YES`` that one was.
    sentence : str
        The answer in full, with its numbers.
    status : str
        Colour for the reader: PASS is the only green one.
    caveats : list of str
        Limits that must be read with the answer, most important first.
    """

    question: Question
    answer: Answer
    sentence: str
    status: Status
    caveats: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Results:
    """Everything that an evaluation found.

    Attributes
    ----------
    metrics : list of MetricResult
        In reading order.
    verdicts : list of Verdict
        In reading order.
    facts : dict
        Plain JSON values: sizes, seeds, data origin, arms, thresholds used.
    """

    metrics: list[MetricResult]
    verdicts: list[Verdict]
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values with a schema version."""
        return {
            "schema": RESULTS_VERSION,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "metrics": [metric.to_json() for metric in self.metrics],
            "facts": self.facts,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Results:
        """Return the results that :meth:`to_json` wrote."""
        metrics = [MetricResult.from_json(item) for item in document["metrics"]]
        verdicts = [Verdict(**item) for item in document["verdicts"]]
        return cls(metrics, verdicts, document["facts"])
