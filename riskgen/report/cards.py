"""One verdict card for each question, and what it may not claim.

Green only for a PASS with the one good answer, on real data, in a full run:
the evaluation decides, and here it is held to that once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.verdict import Results, Verdict
from riskgen.report.blocks import Card, Chip, Prose, Section
from riskgen.report.measures import key_numbers, tally
from riskgen.report.provenance import origin_of
from riskgen.report.wording import (
    GOOD_ANSWERS,
    QUESTIONS,
    Tone,
    plain,
    sentence,
    status_word,
    tone,
)

MOST_CAVEATS = 3  # [J] on a card; the section on limits has them all


@dataclass(frozen=True)
class Cap:
    """Why a good answer may not be given in a run, and what is printed instead."""

    answer: str
    reason: str
    tone: Tone


# PROTOCOL B4: printed in red where the frauds of the test were simulated.
CIRCULAR = Cap(
    "MECHANISM CHECK ONLY", "Circular: the frauds of the test were simulated too.", "fail"
)
# PROTOCOL 0.2: too few generator seeds for a verdict.
HASTY = Cap("NO EVIDENCE", "A quick run cannot pass: it has too few repetitions.", "unclear")

UNASKED = Chip("idle", status_word("NOT_RUN"))


def cards_of(found: Results, manifest: Mapping[str, Any]) -> tuple[Card, ...]:
    """Return the answer to every question, those that were asked first."""
    verdicts: dict[str, Verdict] = {verdict.question: verdict for verdict in found.verdicts}
    numbered = list(enumerate(found.metrics, start=1))
    cards = []
    for question in QUESTIONS:
        own = [(n, m) for n, m in numbered if m.question == question]
        verdict = verdicts.get(question)
        # A table is of customers or of prices: one of the two has its own question.
        other = {"market": "fidelity", "fidelity": "market"}.get(question)
        if verdict is None and not own and (question == "market" or other in verdicts):
            continue
        cards.append(_card(question, verdict, own, _cap(question, found.facts, manifest)))
    return tuple(sorted(cards, key=lambda card: card.chip == UNASKED))


def _card(
    question: str, verdict: Verdict | None, own: list[tuple[int, MetricResult]], cap: Cap | None
) -> Card:
    numbers, title = key_numbers(own), QUESTIONS[question]
    counted = ", ".join(chip.word for chip in tally([metric for _, metric in own]))
    if verdict is None:
        words = "Measures were taken, but no verdict was drawn from them."
        words = words if own else "This question was not asked in this evaluation."
        return Card(question, title, "NOT RUN", UNASKED, words, (), numbers, question, counted)
    caveats = _few(verdict.caveats)
    return Card(
        question=question,
        title=title,
        answer=cap.answer if cap and _claims(verdict) else plain(verdict.answer, 40),
        chip=_chip(verdict, cap),
        sentence=sentence(verdict.sentence),
        caveats=(cap.reason, *caveats) if cap and _claims(verdict) else caveats,
        numbers=numbers,
        target=question,
        tally=counted,
    )


def _few(caveats: Sequence[str]) -> tuple[str, ...]:
    shown = tuple(sentence(item) for item in caveats[:MOST_CAVEATS])
    more = len(caveats) - len(shown)
    return (*shown, f"And {more} more: see Limits and sign-off.") if more else shown


def _claims(verdict: Verdict) -> bool:
    return verdict.status == "PASS" or verdict.answer == GOOD_ANSWERS[verdict.question]


def _chip(verdict: Verdict, cap: Cap | None) -> Chip:
    if cap and _claims(verdict):
        return Chip(cap.tone, "Capped")
    if verdict.status == "PASS" and verdict.answer != GOOD_ANSWERS[verdict.question]:
        return Chip("unclear", "Not a pass")
    band = "amber" if verdict.answer == "LIMITED" else None
    return Chip(tone(verdict.status, band), status_word(verdict.status, band))


def _cap(question: str, facts: Mapping[str, Any], manifest: Mapping[str, Any]) -> Cap | None:
    """Return why this question cannot pass in this run; None when it can."""
    if question == "utility" and origin_of(facts, manifest) == "simulated":
        return CIRCULAR
    return HASTY if facts.get("quick") is True else None


def under_card(part: Section, cards: Sequence[Card]) -> Section:
    """Return a question's section with the status, and the cap, of its card."""
    card = next((card for card in cards if card.question == part.id), None)
    if card is None:
        return part
    capped = next((cap for cap in (CIRCULAR, HASTY) if cap.reason in card.caveats), None)
    note = () if capped is None else (Prose(capped.reason, capped.tone),)
    return replace(part, chip=card.chip, blocks=(*note, *part.blocks))
