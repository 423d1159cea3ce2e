"""Simulated stress scenarios: what was asked, what was reached, what was asserted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskgen.report.blocks import Block, Chip, Facts, Group, Prose, Table
from riskgen.report.provenance import flat, value_text
from riskgen.report.wording import plain, sentence

KNOWN = {"scenario", "severity", "requested", "achieved", "assertions", "plausibility"}


def scenario_blocks(simulations: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Return the blocks of every simulation; one sentence where there is none."""
    if not simulations:
        return (Prose("No stress scenario was simulated from this run.", "idle"),)
    return tuple(_group(facts) for facts in simulations)


def _group(facts: Mapping[str, Any]) -> Group:
    heading = plain(facts.get("scenario") or "No stress")
    if facts.get("severity") is not None:
        heading += f", severity {value_text(facts['severity'])}"
    blocks: list[Table | Facts | Prose] = [_dial(facts)]
    checks = _assertions(facts.get("assertions"))
    if checks is not None:
        blocks.append(checks)
    pairs = list(flat(facts.get("plausibility"), "plausibility"))
    pairs += flat({key: item for key, item in facts.items() if key not in KNOWN})
    if pairs:
        blocks.append(Facts("Plausibility and size", tuple(pairs)))
    return Group(heading, None if checks is None else _held(checks), tuple(blocks))


def _held(checks: Table) -> Chip:
    chips = [cell for row in checks.rows for cell in row if isinstance(cell, Chip)]
    held = sum(chip.tone == "pass" for chip in chips)
    words = f"{held} of {len(chips)} assertions held"
    if any(chip.tone == "fail" for chip in chips):
        return Chip("fail", words)
    return Chip("pass" if held == len(chips) else "idle", words)


def _dial(facts: Mapping[str, Any]) -> Table | Prose:
    asked, reached = _pairs(facts.get("requested")), _pairs(facts.get("achieved"))
    if not asked and not reached:
        return Prose("No requested or achieved values were recorded.", "idle")
    names = list(dict.fromkeys([*asked, *reached]))
    rows = tuple(
        (
            plain(name),
            value_text(asked.get(name)),
            value_text(reached.get(name)),
            _relative(asked.get(name), reached.get(name)),
        )
        for name in names
    )
    columns = ("Parameter", "Requested", "Achieved", "Difference")
    return Table("Requested and achieved", columns, rows, (1, 2, 3))


def _pairs(item: object) -> dict[str, Any]:
    if isinstance(item, dict):
        return {str(name): value for name, value in item.items()}
    return {} if item is None else {"value": item}


def _relative(asked: object, reached: object) -> str:
    if not isinstance(asked, int | float) or not isinstance(reached, int | float) or asked == 0:
        return "–"
    percent = 100 * (reached - asked) / abs(asked)
    return f"{'+' if percent > 0 else ''}{percent:.1f} %".replace("-", "−")


def _assertions(item: object) -> Table | None:
    rows = tuple(_assertion(name, check) for name, check in _checks(item))
    if not rows:
        return None
    return Table("Assertions", ("Assertion", "Detail", "Held"), rows)


def _checks(item: object) -> list[tuple[str, Any]]:
    if isinstance(item, dict):
        return [(str(name), check) for name, check in item.items()]
    if isinstance(item, list | tuple):
        return [(_name(check, n), check) for n, check in enumerate(item, start=1)]
    return []


def _name(check: object, position: int) -> str:
    if isinstance(check, dict):
        for key in ("name", "assertion", "text", "check"):
            if key in check:
                return str(check[key])
    return str(check) if isinstance(check, str) else f"assertion {position}"


def _assertion(name: str, check: object) -> tuple[str | Chip, ...]:
    held: object = check
    detail = ""
    if isinstance(check, dict):
        held = next(
            (check[key] for key in ("passed", "held", "ok", "status") if key in check), None
        )
        used = {"name", "assertion", "text", "check", "passed", "held", "ok", "status"}
        detail = "; ".join(
            f"{k}: {v}"
            for k, v in flat({key: value for key, value in check.items() if key not in used})
        )
    if held is True or held == "PASS":
        return sentence(name), sentence(detail), Chip("pass", "Held")
    if held is False or held == "FAIL":
        return sentence(name), sentence(detail), Chip("fail", "Broken")
    return sentence(name), sentence(detail), Chip("idle", "Not checked")
