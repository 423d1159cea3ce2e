"""Where a run came from: data, split, schema, and how to make it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from riskgen.report.blocks import Block, Commands, Facts, Listing, Prose, Table
from riskgen.report.wording import count, plain, sentence, short

Pairs = tuple[tuple[str, str], ...]
MOST_PAIRS = 200  # [J] beyond that a list of facts is not read; manifest.json has them all
MOST_ITEMS = 8  # [J] items of a list printed in one line
SIZES = ("entities", "events", "labelled_entities", "days", "assets")


def data_blocks(manifest: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return source, sizes, split and columns of the learned table."""
    data, counts, split = (_dict(manifest, name) for name in ("data", "counts", "split"))
    source = {**data, "source": str(data.get("source", "")).replace("\\", "/").rsplit("/", 1)[-1]}
    totals = [(n.replace("_", " "), count(counts[n])) for n in SIZES if _is_count(counts.get(n))]
    blocks: list[Block] = [Facts("Source and size", (*flat(source), *totals))]
    sizes = _partitions(_dict(counts, "partitions"), _dict(split, "hashes"))
    if sizes is not None:
        blocks.append(sizes)
    how = {name: item for name, item in split.items() if name != "hashes"}
    if how:
        blocks.append(Facts("How it was cut", tuple(flat(how))))
    blocks += _columns(manifest)
    notes = manifest.get("notes")
    if isinstance(notes, list) and notes:
        blocks.append(Listing("What was done to the table", tuple(map(sentence, notes))))
    return tuple(blocks)


def reproduction_blocks(
    manifest: Mapping[str, Any], facts: Mapping[str, Any], simulations: Sequence[Mapping[str, Any]]
) -> tuple[Block, ...]:
    """Return command lines, configuration, versions and hashes."""
    shown = {"data", "counts", "sample", "survey", "split", "notes", "files"}
    shown |= {"table_schema", "libraries"}
    rest = {name: item for name, item in manifest.items() if name not in shown}
    libraries = {**_dict(manifest, "libraries")}
    blocks: list[Block] = [
        Commands("Command lines", _commands(manifest, simulations)),
        Facts("Configuration of the run", tuple(flat(rest))),
    ]
    for caption, items in (
        # Forecasts are a table in their own section.
        ("Facts of the evaluation", {k: item for k, item in facts.items() if k != "forecasts"}),
        ("Library versions", libraries),
        ("SHA-256 of the run's files", _dict(manifest, "files")),
    ):
        if items:
            blocks.append(Facts(caption, tuple(flat(items)), folded=True))
    return tuple(blocks)


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


def flat(item: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested names and values as ``outer, inner`` and text, at most so many."""
    yield from islice(_flat(item, path), MOST_PAIRS)


def value_text(item: object) -> str:
    """Return one value as text."""
    if item is None:
        return "–"
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, int):
        return str(item) if abs(item) < 10_000 else count(item)
    if isinstance(item, float):
        return short(item)
    if isinstance(item, list | tuple):
        shown = ", ".join(value_text(part) for part in item[:MOST_ITEMS])
        return shown + (f" and {len(item) - MOST_ITEMS} more" if len(item) > MOST_ITEMS else "")
    return plain(item, 200)


def _flat(item: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        for name, inner in item.items():
            label = plain(name).replace("_", " ")
            yield from _flat(inner, f"{path}, {label}" if path else label)
    elif item is not None:
        yield path, value_text(item)


def _dict(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    inner = item.get(name)
    return inner if isinstance(inner, dict) else {}


def _partitions(partitions: Mapping[str, Any], hashes: Mapping[str, Any]) -> Table | None:
    if not partitions:
        return None
    columns = ("Partition", "Entities", "Events", "Labelled", "Members, SHA-256")
    rows = tuple(
        (
            plain(name),
            *(count(part[s]) if _is_count(part.get(s)) else "–" for s in SIZES[:3]),
            plain(str(hashes.get(name, "–"))[:16]),
        )
        for name, part in partitions.items()
        if isinstance(part, dict)
    )
    return Table("Partitions: by entity, and test later in time", columns, rows, (1, 2, 3))


def _is_count(item: object) -> bool:
    return isinstance(item, int) and not isinstance(item, bool)


def _columns(manifest: Mapping[str, Any]) -> list[Block]:
    schema = _dict(manifest, "table_schema")
    channels = [c for c in schema.get("channels", ()) if isinstance(c, dict)]
    if not channels:
        return []
    rows = tuple(
        (
            plain(channel.get("name", "")),
            plain(channel.get("role", "")),
            plain(channel.get("kind", "")),
            plain(channel.get("meaning") or "–"),
            sentence(channel.get("reason", "")),
        )
        for channel in channels
    )
    table = Table("Columns", ("Column", "Role", "Kind", "Meaning", "Why"), rows)
    return [table, *_personal(channels)]


def _personal(channels: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Return what became of the columns that look personal: dropped, kept or pseudonymised."""
    dropped = [c for c in channels if c.get("personal") and c.get("role") == "dropped"]
    renamed = [c for c in channels if c.get("pseudonymised")]
    modelled = [c for c in channels if c.get("role") in ("channel", "context")]
    kept = [c for c in modelled if c.get("personal") and c not in renamed]
    blocks: list[Block] = [Prose("No column was dropped as personal data.")]
    if dropped:
        items = tuple(f"{_name(c)}: looks like {plain(c['personal'])}" for c in dropped)
        blocks = [Listing("Columns dropped as personal data", items)]
    if kept:
        words = f"Kept although they look like personal data: {_with_kinds(kept)}, named by the "
        blocks.append(Prose(words + "user.", "unclear"))
    if renamed:
        words = f"Pseudonymised, by fresh ids with no way back: {_with_kinds(renamed)}."
        blocks.append(Prose(words))
    return blocks


def _with_kinds(channels: Sequence[Mapping[str, Any]]) -> str:
    kinds = [f" ({plain(c['personal'])})" if c.get("personal") else "" for c in channels]
    return ", ".join(f"{_name(c)}{kind}" for c, kind in zip(channels, kinds, strict=True))


def _name(channel: Mapping[str, Any]) -> str:
    return plain(channel.get("name", ""))


def _commands(
    manifest: Mapping[str, Any], simulations: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    recorded = manifest.get("commands")
    if isinstance(recorded, list) and recorded:
        return tuple(plain(line, 400) for line in recorded)
    source = str(_dict(manifest, "data").get("source", "TABLE")).replace("\\", "/")
    # A file is known by its name, a database by its whole address.
    fit = f"riskgen fit {plain(source if '://' in source else source.rsplit('/', 1)[-1], 400)}"
    if query := _dict(manifest, "data").get("query"):
        fit += f' --query "{plain(query, 400)}"'
    fit += _generator_words(manifest)
    if manifest.get("seed") is not None:
        fit += f" --seed {plain(manifest['seed'])}"
    return (fit, *map(_simulate, simulations), "riskgen evaluate", "riskgen report")


def _generator_words(manifest: Mapping[str, Any]) -> str:
    """Return the generator with its options as ``riskgen fit`` takes them."""
    name, options = manifest.get("generator"), _dict(manifest, "options")
    if name is None:
        return ""
    words = f" --generator {plain(name)}"
    if name == "ensemble":
        words = f" --generator {plain(options.get('member'))} --ensemble {options.get('size')}"
        options = _dict(options, "options")
    for option, value in options.items():
        # As YAML reads it: the same spelling as JSON for all that an option can be.
        words += " --option " + shlex.quote(plain(f"{option}={json.dumps(value)}", 200))
    if _dict(manifest, "init_from"):
        words += f" --init-from runs/{plain(manifest['init_from'].get('run', 'RUN'))}"
    return words


def _simulate(facts: Mapping[str, Any]) -> str:
    line = "riskgen simulate"
    severity = facts.get("severity")
    if severity:
        grid = severity if isinstance(severity, list) else [severity]
        names = dict.fromkeys(plain(act["scenario"]) for act in facts.get("acts", [facts]))
        line += f" --stress {'+'.join(names)}"
        line += f" --severity {','.join(map(value_text, grid))}"
    if facts.get("n_scenarios") is not None:
        line += f" --scenarios {plain(facts['n_scenarios'])}"
    return line if facts.get("seed") is None else f"{line} --seed {plain(facts['seed'])}"
