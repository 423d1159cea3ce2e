"""Simulated stress scenarios: what was asked, what was reached, what was asserted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskgen.report.blocks import Block, Chip, Facts, Group, Prose, Table
from riskgen.report.provenance import flat, value_text
from riskgen.report.wording import plain, sentence

SHOWN = {
    *("scenario", "severity", "requested", "achieved", "assertions", "severity_curve"),
    *("collateral", "precedents", "omitted", "roles", "remarks"),
}
# Where somebody's files lie, and what the manifest of the parts says already.
LEFT_OUT = {"where", "name", "parts", "sha256"}
USED = {"name", "assertion", "text", "check", "passed", "held", "ok", "status"}


def scenario_blocks(simulations: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Return the blocks of every simulation; one sentence where there is none."""
    if not simulations:
        return (Prose("No stress scenario was simulated from this run.", "idle"),)
    return tuple(_group(facts) for simulation in simulations for facts in _acts(simulation))


def _acts(facts: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what each scenario and severity of a grid or a composition says of itself."""
    acts = facts.get("acts")
    if not isinstance(acts, list) or not acts:
        return (facts,)
    told = {name: facts[name] for name in ("n_scenarios", "release", "roles") if name in facts}
    return [{**told, **act} for act in acts]


def _group(facts: Mapping[str, Any]) -> Group:
    heading = plain(facts.get("scenario") or "base")
    if facts.get("severity"):
        heading += f", severity {value_text(facts['severity'])}"
    blocks: list[Table | Facts | Prose] = [_dial(facts)]
    checks, curve = _assertions(facts.get("assertions")), _curve(facts.get("severity_curve"))
    moved = _collateral(facts.get("collateral"))
    blocks += [table for table in (checks, curve, moved) if table is not None]
    blocks += [Prose(text, "idle") for text in _notes(facts)]
    for past in facts.get("precedents", []):
        words = past.get("sentence") or past.get("reason")
        blocks.append(Prose(sentence(words)))
    rest = {k: item for k, item in facts.items() if k not in SHOWN | LEFT_OUT | {"plausibility"}}
    told = facts.get("plausibility")
    if isinstance(told, dict) and told.get("sentence"):
        blocks.append(Prose(sentence(told["sentence"]), "limited" if told.get("warning") else None))
        told = {key: item for key, item in told.items() if key not in ("sentence", "warning")}
    pairs = [*flat(rest), *flat(told, "plausibility")]
    if pairs:
        blocks.append(Facts("Plausibility and size", tuple(pairs), folded=True))
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
        return Prose("Drawn as learned: nothing was requested.", "idle")
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


def _curve(item: object) -> Table | None:
    """Return what each severity of the dial gives, as a table."""
    columns = item if isinstance(item, dict) else {}
    columns = {name: part for name, part in columns.items() if isinstance(part, list)}
    rows = tuple(
        tuple(value_text(part) for part in row) for row in zip(*columns.values(), strict=False)
    )
    names = tuple(plain(name).replace("_", " ") for name in columns)
    return Table("The dial", names, rows, tuple(range(1, len(names)))) if rows else None


def _notes(facts: Mapping[str, Any]) -> list[str]:
    """Return in sentences which columns were used, what was left out and what to know."""
    own = facts.get("roles", {}).get(facts.get("scenario"), {})
    played = [f"{plain(role)} is '{plain(name)}'" for role, name in own.items() if name]
    lacking = [plain(role) for role, name in own.items() if not name]
    told = ["Columns: " + ", ".join(played)] if played else []
    told += ["Roles that no column plays: " + ", ".join(lacking)] if lacking else []
    if facts.get("omitted"):
        told.append("Left out: " + "; ".join(sentence(note) for note in facts["omitted"]))
    return [
        sentence(text) for text in [*told, *(sentence(note) for note in facts.get("remarks", []))]
    ]


def _collateral(item: object) -> Table | None:
    """Return what else moved, in units of the base's own noise, as a table."""
    if not isinstance(item, list) or not item:
        return None
    rows = tuple(
        (
            " of ".join(plain(row[key]) for key in ("statistic", "asset") if row.get(key)),
            value_text(row["distance"]),
            value_text(row["noise"]),
            f"{row['ratio']:.2f}",
            _moved(row),
        )
        for row in item
    )
    columns = ("Statistic", "Moved by", "Noise of the base", "Ratio", "")
    measured = "of the asset that it moved most" if "asset" in item[0] else "total variation"
    title = f"What else moved ({measured}; at most twice the noise)"
    return Table(title, columns, rows, (1, 2, 3))


def _moved(row: Mapping[str, Any]) -> Chip:
    if row["targeted"]:
        return Chip("idle", "meant to move")
    return Chip("pass", "within") if row["status"] == "PASS" else Chip("fail", "moved")


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
        held = next((check[k] for k in ("passed", "held", "ok", "status") if k in check), None)
        rest = {key: value for key, value in check.items() if key not in USED}
        detail = "; ".join(f"{label}: {value}" for label, value in flat(rest))
    return sentence(name), sentence(detail), _chip(held)


def _chip(held: object) -> Chip:
    if held is True or held == "PASS":
        return Chip("pass", "Held")
    if held is False or held == "FAIL":
        return Chip("fail", "Broken")
    return Chip("idle", "Not applicable" if held == "NOT_APPLICABLE" else "Not asked")
