"""From results, manifest, training log and simulations to the tree of a report.

Plain data in, plain data out: no HTML, no drawing, no files. What is written
here in words is the report's whole claim, so a verdict is coloured here too:
green only for a PASS with the one good answer, on real data, in a full run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.verdict import Results, Verdict
from riskgen.report.blocks import Card, Chip, Prose, Section
from riskgen.report.measures import key_numbers, tally
from riskgen.report.sections import Material, sections_of
from riskgen.report.wording import (
    GOOD_ANSWERS,
    QUESTIONS,
    Tone,
    count,
    plain,
    sentence,
    status_word,
    tone,
)


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


@dataclass(frozen=True)
class Document:
    """A whole report as plain data.

    Attributes
    ----------
    title, subtitle : str
        Name of the run, and what was learned with what.
    banners : tuple of Prose
        What must be known before anything is read.
    cards : tuple of Card
        One answer for each question.
    tally : tuple of Chip
        How many measures have which status.
    sections : tuple of Section
        In reading order.
    provenance : tuple of (str, str)
        Names and values for the footer.
    results : dict
        The results, embedded unchanged.
    digest : str
        SHA-256 of ``results.json`` as riskgen writes it.
    """

    title: str
    subtitle: tuple[str, ...]
    banners: tuple[Prose, ...]
    cards: tuple[Card, ...]
    tally: tuple[Chip, ...]
    sections: tuple[Section, ...]
    provenance: tuple[tuple[str, str], ...]
    results: dict[str, Any]
    digest: str


def build_document(
    results: dict[str, Any],
    manifest: dict[str, Any],
    training: Sequence[Mapping[str, Any]] = (),
    simulations: Sequence[Mapping[str, Any]] = (),
) -> Document:
    """Return the report of one run.

    Parameters
    ----------
    results : dict
        As :meth:`riskgen.evaluate.verdict.Results.to_json` returns it.
    manifest : dict
        The run's manifest; ``table_schema`` may hold the schema as JSON.
    training : sequence of dict
        Rows of the training log: ``step``, ``loss``, ``held_out``, ``phase``.
    simulations : sequence of dict
        One for each simulation: ``scenario``, ``severity``, ``requested``,
        ``achieved``, ``assertions``, ``plausibility``.
    """
    found = Results.from_json(results)
    material = Material(found, manifest, tuple(training), tuple(simulations))
    digest = digest_of(results)
    cards = _cards(found, manifest)
    chips = {card.question: card.chip for card in cards}
    sections = sections_of(material)
    return Document(
        title=_title(manifest),
        subtitle=_subtitle(manifest, found.facts),
        banners=_banners(found.facts, manifest),
        cards=cards,
        tally=tally(found.metrics),
        sections=tuple(replace(part, chip=chips.get(part.id)) for part in sections),
        provenance=_provenance(manifest, digest),
        results=results,
        digest=digest,
    )


def digest_of(results: dict[str, Any]) -> str:
    """Return the SHA-256 of ``results`` in the bytes that ``results.json`` has."""
    text = json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode(errors="surrogatepass") + b"\n").hexdigest()


def origin_of(facts: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Return ``real``, ``simulated`` or what was stated of where the data come from."""
    if facts.get("simulated") is True:
        return "simulated"
    recorded = manifest.get("data")
    stated = recorded.get("origin") if isinstance(recorded, dict) else None
    for item in (facts.get("data_origin"), facts.get("origin"), stated):
        if isinstance(item, str) and item:
            return "simulated" if "simulat" in item.lower() else plain(item)
    return "not stated"


def _title(manifest: Mapping[str, Any]) -> str:
    recorded = manifest.get("data")
    source = recorded.get("source") if isinstance(recorded, dict) else None
    name = _file_name(source).rsplit(".", 1)[0]
    return plain(manifest.get("name") or name or "riskgen run")


def _file_name(source: object) -> str:
    # The folder above the file tells strangers how somebody's disk is laid out.
    return str(source).replace("\\", "/").rsplit("/", 1)[-1] if isinstance(source, str) else ""


def _subtitle(manifest: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[str, ...]:
    counts = manifest.get("counts")
    sizes = counts if isinstance(counts, dict) else {}
    words = [f"data origin: {origin_of(facts, manifest)}"]
    for name in ("entities", "events", "days", "assets"):
        if isinstance(sizes.get(name), int):
            words.append(f"{count(sizes[name])} {name}")
    for name in ("generator", "seed"):
        if manifest.get(name) is not None:
            words.append(f"{name} {plain(manifest[name])}")
    if manifest.get("riskgen"):
        words.append(f"riskgen {plain(manifest['riskgen'])}")
    return tuple(words)


def _banners(facts: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[Prose, ...]:
    banners = []
    origin = origin_of(facts, manifest)
    if origin == "simulated":
        words = "Simulated bank: the utility verdict is capped. The frauds were written by a "
        words += "simulator, so this checks the mechanism only; it is not evidence about a bank."
        banners.append(Prose(words, "fail"))
    elif origin == "not stated":
        words = "Nobody stated where these data come from. Read the utility verdict as if they "
        words += "were simulated."
        banners.append(Prose(words, "unclear"))
    if facts.get("quick") is True:
        words = "Quick run: fewer repetitions than a verdict needs. No answer here can be a pass."
        banners.append(Prose(words, "unclear"))
    return tuple(banners)


def _cards(found: Results, manifest: Mapping[str, Any]) -> tuple[Card, ...]:
    verdicts: dict[str, Verdict] = {verdict.question: verdict for verdict in found.verdicts}
    numbered = list(enumerate(found.metrics, start=1))
    cards = []
    for question in QUESTIONS:
        own = [(n, m) for n, m in numbered if m.question == question]
        verdict = verdicts.get(question)
        if question == "market" and verdict is None and not own:
            continue
        cards.append(_card(question, verdict, own, _cap(question, found.facts, manifest)))
    return tuple(cards)


def _card(
    question: str, verdict: Verdict | None, own: list[tuple[int, MetricResult]], cap: Cap | None
) -> Card:
    numbers, title = key_numbers(own), QUESTIONS[question]
    counted = ", ".join(chip.word for chip in tally([metric for _, metric in own]))
    if verdict is None:
        words = "Measures were taken, but no verdict was drawn from them."
        words = words if own else "This question was not asked in this evaluation."
        chip = Chip("idle", status_word("NOT_RUN"))
        return Card(question, title, "NOT RUN", chip, words, (), numbers, question, counted)
    caveats = tuple(sentence(item) for item in verdict.caveats)
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


def _provenance(manifest: Mapping[str, Any], digest: str) -> tuple[tuple[str, str], ...]:
    recorded = manifest.get("data")
    data = recorded if isinstance(recorded, dict) else {}
    pairs = [("SHA-256 of results.json", digest)]
    if data.get("sha256"):
        pairs.append(("SHA-256 of the data", plain(data["sha256"])))
    for name in ("riskgen", "generator", "seed", "created"):
        if manifest.get(name) is not None:
            pairs.append((name, plain(manifest[name])))
    return tuple(pairs)
