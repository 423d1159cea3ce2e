"""From results, manifest, training log and simulations to the tree of a report.

Plain data in, plain data out: no HTML, no drawing, no files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskgen.evaluate.verdict import Results
from riskgen.report.blocks import Card, Chip, Prose, Section
from riskgen.report.cards import cards_of, under_card
from riskgen.report.measures import tally
from riskgen.report.provenance import origin_of
from riskgen.report.sections import Material, sections_of
from riskgen.report.wording import count, plain


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
    breaking_points: Sequence[Mapping[str, Any]] = (),
    responses: Mapping[str, Any] | None = None,
    scarcity: Mapping[str, Any] | None = None,
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
    breaking_points : sequence of dict
        As :meth:`riskgen.evaluate.rehearsals.breaking_point.BreakingPoint.facts` returns them,
        with the name of the ``scenario``.
    responses : dict or None
        As :func:`riskgen.stages.response.respond` writes it.
    scarcity : dict or None
        Answers by question, as :mod:`riskgen.stages.scarcity` writes them.
    """
    found = Results.from_json(results)
    told = (tuple(training), tuple(simulations), tuple(breaking_points))
    material = Material(found, manifest, *told, responses=responses, scarcity=scarcity)
    digest = digest_of(results)
    cards = cards_of(found, manifest)
    sections = tuple(under_card(part, cards) for part in sections_of(material))
    return Document(
        title=_title(manifest),
        subtitle=_subtitle(manifest, found.facts),
        banners=_banners(found.facts, manifest),
        cards=cards,
        tally=tally(found.metrics),
        sections=sections,
        provenance=_provenance(manifest, digest),
        results=results,
        digest=digest,
    )


def digest_of(results: dict[str, Any]) -> str:
    """Return the SHA-256 of ``results.json``, from results in the order the file has them."""
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode(errors="surrogatepass") + b"\n").hexdigest()


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
