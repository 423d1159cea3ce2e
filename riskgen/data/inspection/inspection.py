"""Everything that inspection says of a table, as plain data.

Joins the schema with its confidence, the facts, the suspects and the problems;
prints nothing and knows no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from riskgen.data.inspection.confidence import Confidence, confidence_of
from riskgen.data.inspection.evidence import Evidence
from riskgen.data.inspection.facts import (
    duplicate_facts,
    entity_facts,
    label_facts,
    null_facts,
    time_facts,
)
from riskgen.data.inspection.suspects import FLAG_AUC, FLAG_PURE, Suspect, find_suspects
from riskgen.data.quality.problem import Problem, ranked
from riskgen.data.quality.search import find_problems
from riskgen.data.schema import Channel, Schema


@dataclass(frozen=True)
class Finding:
    """One column: what it is taken for, and how sure that is.

    Attributes
    ----------
    name, type : str
        Column name and type.
    missing, distinct : int
        Rows without a value; distinct values present.
    missing_share : float
        Part of the rows without a value, 0..1.
    channel : Channel or None
        The proposal; None where no schema could be proposed.
    confidence : Confidence or None
        How sure it is.
    """

    name: str
    type: str
    missing: int
    missing_share: float
    distinct: int
    channel: Channel | None
    confidence: Confidence | None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        facts = {k: self.__dict__[k] for k in ("name", "type", "missing", "missing_share")}
        facts["distinct"] = self.distinct
        if self.channel is not None:
            proposal = self.channel.model_dump(mode="json", exclude_none=True)
            facts |= {k: v for k, v in proposal.items() if k not in ("name", "dtype")}
        if self.confidence is not None:
            facts |= {"confidence": self.confidence.level, "doubt": self.confidence.doubt}
        return facts


@dataclass(frozen=True, eq=False)
class Inspection:
    """What riskgen makes of a table.

    Attributes
    ----------
    source : str
        Where the table came from; never a password.
    rows : int
        Rows of the whole table.
    sampled : str
        What the facts stand on where that is not the whole table, or "".
    schema : Schema or None
        The proposal; None where none could be made.
    findings : tuple of Finding
        One for each column, in the table's order.
    facts : dict
        ``entities``, ``time``, ``duplicates``, ``label``; absent where unknown.
    suspects : tuple of Suspect
        Columns by how well each alone tells the label.
    problems : tuple of Problem
        The worst first; a refusal of ``fit`` stands at the top.
    notes : tuple of str
        What cleaning would do.
    """

    source: str
    rows: int
    sampled: str
    schema: Schema | None
    findings: tuple[Finding, ...]
    facts: dict[str, Any] = field(repr=False)
    suspects: tuple[Suspect, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    @property
    def personal(self) -> dict[str, str]:
        """Columns that look like personal data, and of which kind."""
        channels = [f.channel for f in self.findings if f.channel is not None]
        return {c.name: c.personal for c in channels if c.personal is not None}

    def to_json(self) -> dict[str, Any]:
        """Return plain data, the same for the same table."""
        schema = self.schema
        return {
            "source": self.source,
            "rows": self.rows,
            "sampled": self.sampled,
            "domain": schema.domain if schema else None,
            "columns": [finding.to_json() for finding in self.findings],
            **self.facts,
            "personal": self.personal,
            "suspects": {
                "flagged_from": {"auc": FLAG_AUC, "pure": FLAG_PURE},
                "columns": [suspect.to_json() for suspect in self.suspects],
            },
            "problems": [problem.to_json() for problem in self.problems],
            "notes": list(self.notes),
        }

    def remarks(self) -> dict[str, list[str]]:
        """Return lines to put above each column of the schema's file."""
        flagged = {s.column: s for s in self.suspects if s.flagged}
        return {f.name: list(_remarks(f, flagged.get(f.name))) for f in self.findings}


def inspect_evidence(
    evidence: Evidence,
    *,
    source: str,
    rows: int,
    sampled: str = "",
    named: Collection[str] = (),
    more: Collection[Problem] = (),
    notes: Collection[str] = (),
) -> Inspection:
    """Return what is known of a table.

    Parameters
    ----------
    evidence : Evidence
        The rows, or those of a sample of entities.
    source, sampled : str
        For the reader, see :class:`Inspection`.
    rows : int
        Rows of the whole table.
    named : collection of str
        Columns that the user named.
    more : collection of Problem
        Problems known from elsewhere, such as a refusal.
    notes : collection of str
        What cleaning did.
    """
    suspects = tuple(find_suspects(evidence))
    return Inspection(
        source=source,
        rows=rows,
        sampled=sampled,
        schema=evidence.schema,
        findings=tuple(_findings(evidence, named)),
        facts=_facts(evidence),
        suspects=suspects,
        problems=tuple(ranked([*more, *find_problems(evidence), *_leaks(suspects, evidence)])),
        notes=tuple(notes),
    )


def _leaks(suspects: Collection[Suspect], evidence: Evidence) -> Iterator[Problem]:
    """Yield a problem for each column that tells the label and would be learned."""
    learned = {c.name for c in evidence.columns("channel", "context", "derived")}
    for suspect in suspects:
        if not (suspect.flagged and suspect.column in learned):
            continue
        told = (
            f"its AUC alone is {suspect.auc:.2f}"
            if suspect.auc >= FLAG_AUC
            else f"some of its values are positive without error, for {100 * suspect.pure:.0f} % "
            "of the positives"
        )
        yield Problem(
            code="leak-suspected",
            effect="wrong" if suspect.auc >= FLAG_AUC else "look",
            found=f"'{suspect.column}' tells the label of other entities: {told}.",
            then="A detector learns the rule that made the label; results look better than life.",
            advice="Leave the column out with --drop if it is filled in after the fact, or if the "
            "label was set by it.",
            columns=(suspect.column,),
            share=suspect.pure,
        )


def _facts(evidence: Evidence) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if evidence.is_events:
        facts["entities"] = entity_facts(evidence)
        facts["time"] = time_facts(evidence)
        facts["label"] = label_facts(evidence)
    facts["duplicates"] = duplicate_facts(evidence)
    return facts


def _findings(evidence: Evidence, named: Collection[str]) -> Iterator[Finding]:
    known = {c.name: c for c in evidence.schema.channels} if evidence.schema else {}
    for name, facts in null_facts(evidence.frame).items():
        channel = known.get(name)
        sure = _sure(channel, evidence, evidence.frame[name], named)
        yield Finding(name=name, channel=channel, confidence=sure, **facts)


def _sure(
    channel: Channel | None, evidence: Evidence, column: pl.Series, named: Collection[str]
) -> Confidence | None:
    if channel is None or evidence.schema is None:
        return None
    return confidence_of(channel, evidence.schema, column, named)


def _remarks(finding: Finding, suspect: Suspect | None) -> Iterator[str]:
    if finding.confidence is not None:
        doubt = f": {finding.confidence.doubt}" if finding.confidence.doubt else ""
        yield f"{finding.confidence.level}{doubt}"
    if finding.missing:
        yield f"missing in {100 * finding.missing_share:.1f} % of rows"
    if finding.channel is not None and finding.channel.personal:
        yield f"personal data: {finding.channel.personal}"
    if suspect is not None:
        yield (
            f"tells the label by itself: AUC {suspect.auc:.2f}; a detector will not have it in "
            "time if it is set afterwards"
        )
