"""riskgen's generators and their peers on the same data at equal CPU seconds.

    python benchmarks/generators.py --minutes 1 --only timegan bootstrap
    python benchmarks/generators.py --minutes 1 3 10 --data-folder PATH --data toybank berka stocks

Every fit is a process of its own: its CPU seconds and peak memory are its own.
Three training seeds, three metric seeds each. The seconds are those of training;
what was really used is in the table. A floor (real entities or windows in place of
simulated ones) stands in each table. Results are added to results.json as they
come, in place of earlier ones of the same generator and seed: an interrupted run
loses nothing, and a part can be measured anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from datasets import CUSTOMERS, SERIES, TABLES, TOYBANK, EventData, event_data, series, windows_of
from measured import measured
from origin import earlier, origin
from peers import PEERS, command
from quality import event_quality, read_made, window_floor, window_quality
from table import markdown

from riskgen.models.registry import GENERATORS, generator_type

HERE = Path(__file__).parent
DATA_FOLDER = "RISKGEN_BENCH_DATA"
FLOOR = "real held-out data"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main(words: list[str] | None = None) -> None:
    asked = _arguments(words)
    # Judges too: the machine's other cores must not decide how long it takes.
    torch.set_num_threads(1)
    results = json.loads(asked.out.read_text()) if asked.out.exists() else []
    come_from = origin()
    for name in asked.data:
        with tempfile.TemporaryDirectory(prefix="riskgen-bench-") as place:
            judged = _windows if name in SERIES else _events
            for result in judged(name, asked, Path(place)):
                fresh = {**result, **come_from}
                results = [*earlier(results, fresh), fresh]
                print(json.dumps(fresh), flush=True)
                asked.out.write_text(json.dumps(results, indent=1) + "\n")
                asked.out.with_suffix(".md").write_text(markdown(results))
    print(markdown(results))


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0])
    parser.add_argument("--only", nargs="+", help="generators and peers, all when left out")
    parser.add_argument("--data", nargs="+", help=f"{TOYBANK}, {', '.join((*TABLES, *SERIES))}")
    parser.add_argument("--data-folder", type=Path, default=os.environ.get(DATA_FOLDER))
    parser.add_argument("--seeds", type=int, default=3, help="training seeds")
    parser.add_argument("--metric-seeds", type=int, default=3)
    parser.add_argument("--metric-steps", type=int, default=2_000, help="of the published score")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="of the toy bank")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    asked = parser.parse_args(words)
    if asked.data_folder is not None:
        asked.data_folder = Path(asked.data_folder)
    if asked.data is None:
        asked.data = [TOYBANK] if asked.data_folder is None else [TOYBANK, *TABLES, *SERIES]
    known = {TOYBANK, *TABLES, *SERIES}
    if not set(asked.data) <= known:
        parser.error(f"--data: known are {', '.join(sorted(known))}")
    if asked.data_folder is None and asked.data != [TOYBANK]:
        parser.error(f"name the folder of real data with --data-folder or {DATA_FOLDER}")
    everyone = {*GENERATORS, *PEERS}
    if asked.only is not None and not set(asked.only) <= everyone:
        parser.error(f"--only: known are {', '.join(sorted(everyone))}")
    return asked


def _events(name: str, asked: argparse.Namespace, scratch: Path) -> Iterator[dict[str, Any]]:
    data = event_data(name, asked.data_folder, scratch, asked.customers)
    n = data.held_out.n_entities
    for minutes in asked.minutes:
        common = {"data": name, "minutes": minutes}
        yield {**common, "generator": FLOOR, **_floor(data, asked)}
        for key, seed in _wanted("events", asked):
            folder = scratch / f"{key}-{minutes:g}-{seed}"
            folder.mkdir()
            data.write(folder)
            result = _fitted(key, folder, minutes, seed, n)
            if result["failed"] is None:
                made = read_made(folder, data)
                result["quality"] = event_quality(made, data, asked.metric_seeds)
            shutil.rmtree(folder)
            yield {**common, "generator": key, "seed": seed, **result}


def _floor(data: EventData, asked: argparse.Namespace) -> dict[str, Any]:
    # The training half is real too, and never seen by the judges' other side.
    quality = event_quality(data.train, data, asked.metric_seeds)
    del quality["nearest"]  # it is what was learned itself
    return {"failed": None, "quality": quality}


def _windows(name: str, asked: argparse.Namespace, scratch: Path) -> Iterator[dict[str, Any]]:
    names, table = series(name, asked.data_folder)
    real = windows_of(table)
    for minutes in asked.minutes:
        common = {"data": name, "minutes": minutes}
        floor = {"quality": window_floor(table, asked.metric_seeds, asked.metric_steps)}
        yield {**common, "generator": FLOOR, "failed": None, **floor}
        for key, seed in _wanted("windows", asked):
            folder = scratch / f"{key}-{minutes:g}-{seed}"
            folder.mkdir()
            pl.DataFrame(table, schema=names).write_parquet(folder / "series.parquet")
            result = _fitted(key, folder, minutes, seed, len(real))
            if result["failed"] is None:
                made = np.load(folder / "synthetic.npy")
                result["quality"] = window_quality(
                    made, table, asked.metric_seeds, asked.metric_steps
                )
            shutil.rmtree(folder)
            yield {**common, "generator": key, "seed": seed, **result}


def _wanted(kind: str, asked: argparse.Namespace) -> list[tuple[str, int]]:
    """Return generators and seeds, seed by seed: an interrupted run has all generators."""
    keys = [key for key in (*GENERATORS, *PEERS) if asked.only is None or key in asked.only]
    return [(key, seed) for seed in range(asked.seeds) for key in keys if _learns(key, kind)]


def _learns(key: str, kind: str) -> bool:
    if key in PEERS:
        return PEERS[key].learns == kind
    learns = generator_type(key).learns
    return "events" in learns if kind == "events" else bool(learns & {"levels", "market"})


def _fitted(key: str, folder: Path, minutes: float, seed: int, n: int) -> dict[str, Any]:
    seconds = 60.0 * minutes
    if key in PEERS:
        if not PEERS[key].python.exists():
            reason = f"{PEERS[key].python.relative_to(HERE.parent)} is not there: make bench-peers"
            return {"failed": reason}
        line = command(key, folder, seconds, seed, n)
    else:
        line = [sys.executable, str(HERE / "one_fit.py"), str(folder), key]
        line += [f"{seconds}", f"{seed}", f"{n}"]
    cost = measured(line, folder / "log.txt", ONE_THREAD)
    found: dict[str, Any] = {"failed": cost.failed, "peak_mib": cost.peak_mib}
    if cost.failed is None:
        found |= json.loads((folder / "fit.json").read_text())
        found["speed"] = found["n"] / max(found["sample_cpu_s"], 1e-9)
    return found


if __name__ == "__main__":
    main()
