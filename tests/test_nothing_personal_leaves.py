"""What one customer alone has is in no file, no simulated table, no report and no message."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import tiny_schema, tiny_table
from planted_bank import Plants, planted_bank
from safetensors.numpy import load_file, save_file

from riskgen.cli import group
from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events
from riskgen.report.figures import library
from riskgen.stages.fit import FitRequest, fit_run
from riskgen.stages.material import TableRequest

TINY = {"hidden": 8, "head_width": 4, "steps": 12, "context_steps": 4, "audit": False}
DAY = 86_400.0
EARLY = datetime(1987, 3, 14, 3, 7, 9)
NEAR = 2e-4  # a number this close to a planted one was read from it


def riskgen(*words: str, code: int = 0) -> str:
    """Run a command; return all it printed."""
    done = CliRunner().invoke(group, list(words))
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plants]:
    """The whole job on a planted table, and an interrupted fit; everything written is under out."""
    folder = tmp_path_factory.mktemp("job")
    table, plants = planted_bank()
    source = folder / "table.parquet"
    table.write_parquet(source)
    out = folder / "out"
    out.mkdir()
    runs = ("--runs", str(out / "runs"))
    inspect = ("inspect", str(source))
    sample = ("fit", str(source), "--keep", "holder", "--max-events", "5500")
    said = [
        riskgen(*inspect, "--pseudonymise", "payee", "--out", str(out / "proposed.yaml")),
        riskgen(*inspect, "--keep", "mail", "--json", "--to-sdv", str(out / "sdv.json")),
        riskgen(*sample, "--generator", "bootstrap", "--runs", str(out / "rival")),
        riskgen("simulate", "--scenarios", "80", "--runs", str(out / "rival")),
        riskgen(
            *("fit", str(source), "--steps", "6", "--keep", "mail", "--pseudonymise", "payee"),
            *runs,
        ),
        riskgen("simulate", "--scenarios", "80", *runs),
        riskgen("simulate", "--scenarios", "80", "--out", str(out / "made.csv"), *runs),
        riskgen("simulate", "--scenarios", "60", "--stress", "ato_drain", *runs),
        riskgen("evaluate", "--quick", *runs),
        riskgen("report", "--out", str(out / "report.html"), *runs),
    ]
    (out / "said.txt").write_text("\n".join(said))
    _interrupt(source, out)
    return out, plants


def _interrupt(source: Path, out: Path) -> None:
    request = FitRequest(
        TableRequest(source, keep=("mail",)), root=out / "interrupted", options=TINY
    )

    def stop(report: Any) -> None:
        if report.phase == "events" and report.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_run(request, on_step=stop)


def found(folder: Path, plants: Plants) -> list[str]:
    """Return file and plant of everything found under ``folder``."""
    hits = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        # The tables of foreign calendars in plotly's own file are no numbers of ours.
        content = path.read_bytes().replace(library().encode(), b"")
        if path.suffix == ".parquet":
            content += _texts_of_parquet(path)
        for blob in (content, *_decoded(content)):
            hits += [f"{path.name}: {text!r}" for text in spellings(plants) if text in blob]
            hits += [f"{path.name}: {text!r}" for text in wholes(plants) if stands_in(text, blob)]
            # Tensors are read as numbers below; four bytes across two of them are none.
            if path.suffix != ".safetensors":
                hits += [f"{path.name}: {text!r}" for text in in_binary(plants) if text in blob]
        numbers = np.fromiter(_numbers(path, content), dtype=np.float64)
        hits += [f"{path.name}: {name}" for name in near(numbers, plants)]
    return sorted(set(hits))


def spellings(plants: Plants) -> list[bytes]:
    """Return every planted text, number and time as it could be written out."""
    words = list(plants.texts)
    for number in plants.numbers:
        words += [f"{number:.2f}", f"{number:,.2f}", f"{number:.3e}"]
    for time in plants.times:
        words += [
            f"{time:%Y-%m}",
            f"{time:%m/%Y}",
            f"{time:%d.%m.%Y}",
            f"{time:%H:%M:%S.%f}",
            f"{time:%Y%m%d}",
        ]
    return [word.encode() for word in words]


def in_binary(plants: Plants) -> list[bytes]:
    """Return every planted number as four and as eight bytes."""
    kinds = ("<f8", "<f4")
    return [np.array(number, dtype=kind).tobytes() for number in plants.numbers for kind in kinds]


def wholes(plants: Plants) -> list[bytes]:
    """Return every planted number in its smallest unit, without a point."""
    return [str(round(number * 100)).encode() for number in plants.numbers]


def stands_in(digits: bytes, blob: bytes) -> bool:
    """Whether a number stands in ``blob``; inside a longer run of digits it is none.

    Some hundred thousand digits of shares and areas hold any six in a row by chance.
    """
    return re.search(rb"(?<![0-9])" + digits + rb"(?![0-9])", blob) is not None


def near(numbers: np.ndarray, plants: Plants) -> list[str]:
    """Return the plants that some number is as good as equal to, in any usual unit."""
    hits = []
    with np.errstate(all="ignore"):
        for number in plants.numbers:
            for scale in (1.0, 100.0, 10_000.0):
                if (np.abs(numbers / (number * scale) - 1) < NEAR).any():
                    hits.append(f"{number} times {scale}")
        for time in plants.times:
            seconds = time.replace(tzinfo=UTC).timestamp()
            for unit in (1.0, 1e3, 1e6, 1e9, 1 / DAY, 1 / 3600):
                if (np.abs(numbers / unit - seconds) <= DAY).any():
                    hits.append(f"{time} in units of 1/{unit} s")
    return hits


def _decoded(content: bytes) -> Iterator[bytes]:
    """Yield what base64 hides in a page: the arrays of its figures, for example."""
    for match in re.finditer(rb"[A-Za-z0-9+/]{24,}={0,2}", content):
        text = match[0]
        if len(text) % 4 == 0:
            yield base64.b64decode(text)


def _numbers(path: Path, content: bytes) -> Iterator[float]:
    if path.suffix == ".parquet":
        yield from _of_parquet(path)
    elif path.suffix == ".safetensors":
        for tensor in load_file(path).values():
            yield from np.ravel(tensor).astype(np.float64).tolist()
    elif path.suffix in (".json", ".jsonl", ".yaml", ".csv", ".html", ".txt"):
        text = re.sub(rb"[0-9a-f]{32,}", b"", content).replace(b"\xe2\x80\xaf", b"")
        text = re.sub(rb"(?<=\d),(?=\d{3}\b)", b"", text) if path.suffix != ".csv" else text
        for match in re.finditer(rb"(?<![\w.#-])-?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w])", text):
            yield float(match[0])


def _of_parquet(path: Path) -> Iterator[float]:
    file = pq.ParquetFile(path)
    frame = pl.from_arrow(file.read())
    assert isinstance(frame, pl.DataFrame)
    for column in frame:
        if column.dtype.is_numeric():
            yield from column.cast(pl.Float64).drop_nulls().to_list()
        elif column.dtype.is_temporal():
            yield from (column.cast(pl.Datetime("us")).dt.epoch("s")).drop_nulls().to_list()


def _texts_of_parquet(path: Path) -> bytes:
    """Return all values and all metadata of a Parquet file as text; its pages are compressed."""
    file = pq.ParquetFile(path)
    frame = pl.from_arrow(file.read())
    assert isinstance(frame, pl.DataFrame)
    statistics = [
        repr(file.metadata.row_group(group).column(column).to_dict())
        for group in range(file.metadata.num_row_groups)
        for column in range(file.metadata.num_columns)
    ]
    return "\n".join(
        [frame.write_csv(), repr(file.metadata.metadata), str(file.schema_arrow), *statistics]
    ).encode()


def test_nothing_of_a_single_customer_is_in_what_is_written_or_said(
    job: tuple[Path, Plants],
) -> None:
    out, plants = job
    assert found(out, plants) == []


def test_what_was_searched_holds_every_kind_of_output(job: tuple[Path, Plants]) -> None:
    out, _ = job
    kinds = {path.name for path in out.rglob("*")}
    wanted = {"manifest.json", "encoder.json", "generator.safetensors", "checkpoint.safetensors"}
    wanted |= {"schema.yaml", "training.jsonl", "results.json", "part-00000.parquet"}
    assert wanted | {"made.csv", "report.html", "said.txt", "request.json"} <= kinds


def test_kept_and_pseudonymised_columns_are_in_the_manifest_and_in_the_report(
    job: tuple[Path, Plants],
) -> None:
    out, _ = job
    notes = json.loads(next(out.glob("runs/0*/manifest.json")).read_text())["notes"]
    report = (out / "report.html").read_text()
    assert "'mail' looks like personal data (e-mail) and is kept, because you named it." in notes
    assert "Kept although they look like personal data: mail (e-mail), named by the user." in report
    assert "Pseudonymised, by fresh ids with no way back: payee (IBAN)." in report


def test_the_search_finds_whatever_is_planted_into_an_output(
    job: tuple[Path, Plants], tmp_path: Path
) -> None:
    out, plants = job
    original = json.loads(next(out.glob("runs/0*/manifest.json")).read_text())
    text, number, time = plants.texts[0], plants.numbers[0], plants.times[0]
    seconds = time.replace(tzinfo=UTC).timestamp()
    for value in (text, f"x{text}x", number, round(number * 100), seconds, f"{time:%Y-%m-%d}"):
        (tmp_path / "manifest.json").write_text(json.dumps({**original, "more": [value]}))
        assert found(tmp_path, plants), value
    (tmp_path / "manifest.json").unlink()
    for name, column in (("a", [text]), ("b", [number]), ("c", [time])):
        pl.DataFrame({"x": column}).write_parquet(tmp_path / f"{name}.parquet")
        assert found(tmp_path, plants), name
        (tmp_path / f"{name}.parquet").unlink()
    for kind in (np.float32, np.float64):
        save_file({"w": np.array([1.0, number], dtype=kind)}, tmp_path / "w.safetensors")
        assert found(tmp_path, plants), kind
    (tmp_path / "w.safetensors").unlink()
    page = base64.b64encode(np.array([0.0, 1.0, number]).tobytes()).decode()
    (tmp_path / "page.html").write_text(f'{{"bdata":"{page}"}}')
    assert found(tmp_path, plants)


def test_digits_inside_a_longer_number_are_no_leak_and_the_number_alone_is_one() -> None:
    assert not stands_in(b"775742", b"0.12377574234")
    for blob in (b"[775742]", b"x775742x", b"1,775742;", b"775742"):
        assert stands_in(b"775742", blob)


def test_a_single_early_customer_moves_no_first_day_of_the_calendar() -> None:
    table = tiny_table(60).sort("customer", "when")
    early = table["when"].to_list()
    early[0] = EARLY
    moved = table.with_columns(when=pl.Series(early, dtype=pl.Datetime("us")))
    for n in (60, 8):
        kept = [
            Events.build(t.filter(pl.col("customer") < f"c{n:04d}"), tiny_schema())
            for t in (table, moved)
        ]
        states = [EventEncoder.fit(events).state()["clock"] for events in kept]
        assert states[0]["origin"] > EARLY.replace(tzinfo=UTC).timestamp() + 300 * DAY
        assert abs(states[0]["origin"] - states[1]["origin"]) <= 2 * DAY
