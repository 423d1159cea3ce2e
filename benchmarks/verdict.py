"""Is the verdict right about itself? Whole verdicts on banks whose answer is known.

    OMP_NUM_THREADS=1 python benchmarks/verdict.py --workers 2
    OMP_NUM_THREADS=1 python benchmarks/verdict.py --only copies --verdicts 20

Every verdict is a fresh bank, a fresh test and five refits. Where nothing can help, "helps"
may come in one of twenty; where a detectable effect was planted it must come in four of
five. A verdict is written down as soon as it is there, so that a run that was interrupted
goes on. The frauds are simulated, and the rule's own cap for that is left out: it would
forbid "helps" everywhere.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from origin import origin
from verdict_table import markdown
from verdict_worlds import WORLDS, row_of

HERE = Path(__file__).parent
FOLDER = HERE.parent / ".bench" / "verdict"
ROWS = "rows.jsonl"
Task = tuple[str, int]


def main(words: Sequence[str] | None = None) -> None:
    asked = _arguments(words)
    asked.folder.mkdir(parents=True, exist_ok=True)
    kept = asked.folder / ROWS
    known = read_rows(kept)
    wanted = tasks(asked.only, asked.verdicts)
    there = {(row["world"], row["number"]) for row in known}
    missing = [task for task in wanted if task not in there]
    print(f"{len(wanted) - len(missing)} of {len(wanted)} verdicts are there", flush=True)
    if not asked.table_only:
        with kept.open("a") as file:
            for row in _made(missing, asked.workers):
                file.write(json.dumps(row) + "\n")
                file.flush()
                known.append(row)
                print(_line(row), flush=True)
    known.sort(key=lambda row: (list(WORLDS).index(row["world"]), row["number"]))
    write(known, asked.out)


def tasks(only: Iterable[str], verdicts: int | None) -> list[Task]:
    """Return what to do: the same share of every world first, so that a part is a fair part."""
    wanted = {name: verdicts or WORLDS[name].verdicts for name in only}
    found = [((i + 1) / n, name, i) for name, n in wanted.items() for i in range(n)]
    return [(name, i) for _, name, i in sorted(found)]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows that are there; a last one that was cut off is made again."""
    rows = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """Write rows in short, and their table, with the commits that made them and the machine."""
    made = {"machine": origin()["machine"], "commits": sorted({row["commit"] for row in rows})}
    lines = ",\n".join(json.dumps(_short(row)) for row in rows)
    head = json.dumps(made)[:-1]
    out.write_text(f'{head}, "verdicts": [\n{lines}\n]}}\n')
    out.with_suffix(".md").write_text(markdown(rows, made))
    print(f"{out}, {out.with_suffix('.md')}")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a row comes to; the whole of it stays in the folder."""
    kept = ("world", "number", "answer", "checks switched off", "claim")
    effect = row["effect"]
    return {
        **{name: row[name] for name in kept},
        "recall": effect["recall"],
        "precision": effect["precision"],
        "p": effect["p"],
        "failed": list(row["checks that did not pass"]),
    }


def _made(missing: list[Task], workers: int) -> Iterator[dict[str, Any]]:
    if workers == 1:
        yield from (row_of(*task) for task in missing)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(row_of, *task) for task in missing]):
            yield future.result()


def _line(row: dict[str, Any]) -> str:
    change, p = row["effect"]["recall"][0], row["effect"]["p"]
    return (
        f"{row['world']} {row['number']}: {row['claim']} {change:+.3f}, p {p:.3f}, "
        f"{row['checks switched off']}, with checks {row['answer']}; {row['cpu_s']:.0f} CPU s"
    )


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--verdicts", type=int, help="of each world, in place of its own number")
    parser.add_argument("--workers", type=int, default=1, help="processes at work")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where rows are kept")
    parser.add_argument("--out", type=Path, default=HERE / "verdict.json")
    parser.add_argument("--table-only", action="store_true", help="make nothing, write the table")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
