"""The sections of a report, in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.verdict import Results
from riskgen.report.blocks import Block, Listing, Prose, Section, Signatures
from riskgen.report.breaking_points import breaking_point_section
from riskgen.report.forecasts import forecast_blocks
from riskgen.report.measures import blocks_of, every_measure, thresholds
from riskgen.report.provenance import data_blocks, reproduction_blocks
from riskgen.report.responses import response_section
from riskgen.report.scarcity import scarcity_section
from riskgen.report.scenarios import scenario_blocks
from riskgen.report.training import training_section
from riskgen.report.wording import NO_DP, NO_LEAK, QUESTIONS, sentence

Row = Mapping[str, Any]
LEADS = {
    "fidelity": "Each measure compares simulated entities with control entities that the generator "
    "never saw. The floor is the same measure between two sets of real entities: nothing can be "
    "expected to be better than that.",
    "utility": "A detector is trained with and without simulated data and tested on later, "
    "untouched, real-prevalence data of other entities. A gain counts only when it beats every "
    "cheap alternative.",
    "privacy": "Each attack plays a stranger who holds the simulated data and tries to tell the "
    "entities that were learned from control entities that were not. A pass means: "
    f"{NO_LEAK[0].lower()}{NO_LEAK[1:]}; it is not a proof that there is none. {NO_DP}",
    "market": "Known facts of market returns, measured on simulated paths and on the history that "
    "the generator never saw; tail figures scored on held-out days; and one-day forecasts on the "
    "days that came last, beside what any risk desk has.",
}
PROHIBITED = (
    "Deciding anything about a person from simulated records.",
    "Quoting a pass from this report without its interval, its floor and its n.",
    "Handing simulated data to others on the strength of this report alone.",
    "Reading a severity as a probability: it is a dial.",
)
SIGNERS = ("Developer", "Independent validator", "Data-protection officer", "Model owner")
MOST_CAVEATS = 30  # [J] all of them, unless a producer floods the list


@dataclass(frozen=True)
class Material:
    """Everything that a report is made of."""

    results: Results
    manifest: Mapping[str, Any]
    training: tuple[Row, ...]
    simulations: tuple[Row, ...]
    breaking_points: tuple[Row, ...] = ()
    responses: Row | None = None
    scarcity: Row | None = None


def sections_of(material: Material) -> tuple[Section, ...]:
    """Return the sections that this run has something to say in."""
    numbered = list(enumerate(material.results.metrics, start=1))
    asked = {metric.question for metric in material.results.metrics}
    of_prices = material.manifest.get("domain") == "market"
    expected = asked if of_prices else {"fidelity", "utility", "privacy", *asked}
    questions = [
        _question(question, numbered, material.results.facts)
        for question in QUESTIONS
        if question in expected
    ]
    rest = [
        _every_measure(numbered),
        scarcity_section(material.scarcity),
        _scenarios(material.simulations),
        breaking_point_section(material.breaking_points),
        response_section(material.responses),
        training_section(material.training),
        Section(
            "data", "Data", "What was learned, and how it was cut.", data_blocks(material.manifest)
        ),
        _method(numbered),
        _limits(material.results),
        _reproduction(material),
    ]
    return tuple(section for section in [*questions, *rest] if section is not None)


def _question(
    question: str, numbered: Sequence[tuple[int, MetricResult]], facts: Mapping[str, Any]
) -> Section:
    own = [(n, m) for n, m in numbered if m.question == question]
    blocks: tuple[Block, ...] = blocks_of(own)
    if not own:
        blocks = (Prose("No measure of this question was run.", "idle"),)
    if question == "market":
        blocks = (*forecast_blocks(facts), *blocks)
    return Section(question, QUESTIONS[question], LEADS[question], blocks)


def _every_measure(numbered: Sequence[tuple[int, MetricResult]]) -> Section:
    lead = "Each number with its interval, its noise floor and where it passes. What was not run "
    lead += "or could not decide is never a pass."
    return Section("measures", "Every measure", lead, (every_measure(numbered),))


def _scenarios(simulations: Sequence[Row]) -> Section:
    lead = "What was asked of each stress scenario and what the simulated data then showed. "
    lead += "Severity is a dial from 0 to 1, not a probability."
    blocks = scenario_blocks(simulations)
    return Section("scenarios", "Stress scenarios", lead, blocks)


def _method(numbered: Sequence[tuple[int, MetricResult]]) -> Section:
    table = thresholds(numbered)
    lead = "Every threshold says who stands behind it: a published convention, a regulatory text, "
    lead += "or our own judgement, which the user may replace. How each number is computed is "
    lead += "folded under it."
    statuses = Listing(
        "How to read a status",
        (
            "Pass: within the threshold, and the interval does not reach the failing bound.",
            "Limited: beyond the passing bound, within the failing one.",
            "Fail: beyond the failing bound.",
            "Inconclusive: the data cannot decide. It does not count as a pass.",
            "Not run, not applicable: no evidence either way, with the reason.",
        ),
    )
    blocks: tuple[Block, ...] = (statuses,) if table is None else (statuses, table)
    return Section("method", "Method and thresholds", lead, blocks)


def _limits(results: Results) -> Section:
    caveats = [sentence(item) for verdict in results.verdicts for item in verdict.caveats]
    unique = tuple(dict.fromkeys(caveats))[:MOST_CAVEATS]
    blocks: list[Block] = []
    if unique:
        blocks.append(Listing("Limits that must be read with the answers", unique))
    blocks += [
        Listing("Not to be used for", PROHIBITED),
        Listing("Differential privacy", (NO_DP,)),
        Signatures(SIGNERS),
    ]
    lead = "What this report does not show, what it must not be used for, and who has read it."
    return Section("limits", "Limits and sign-off", lead, tuple(blocks))


def _reproduction(material: Material) -> Section:
    lead = "Same data, configuration, seed and machine give the same bytes."
    blocks = reproduction_blocks(material.manifest, material.results.facts, material.simulations)
    return Section("reproduction", "Reproduction", lead, blocks)
