"""The benchmark runs from end to end at a tiny size, so that it cannot rot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def test_two_generators_are_fitted_and_judged_in_processes_of_their_own(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    words = ["--minutes", "0.02", "--only", "timegan", "bootstrap", "--seeds", "1"]
    words += ["--metric-seeds", "1", "--customers", "40", "--out", str(out), "--data", "toybank"]
    done = subprocess.run(
        [sys.executable, str(BENCH / "generators.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(out.read_text())
    assert [r["generator"] for r in results] == ["real held-out data", "timegan", "bootstrap"]
    for result in results:
        assert result["failed"] is None, result
        assert 0.0 <= result["quality"]["c2st_sequences"][0] <= 1.0
    for result in results[1:]:
        assert result["fit_cpu_s"] > 0
        assert result["speed"] > 0
        assert result["peak_mib"] > 50
        assert result["commit"]
        assert result["machine"]
    assert "| bootstrap |" in out.with_suffix(".md").read_text()


def test_a_process_that_fails_is_shown_with_its_last_words(tmp_path: Path) -> None:
    from measured import measured
    from table import markdown

    code = "import sys; sys.exit('no such | thing in /somebody/at-home/file.txt')"
    cost = measured([sys.executable, "-c", code], tmp_path / "log.txt")
    assert cost.failed == "exit 1: no such | thing in file.txt"
    good = {"failed": None, "fit_cpu_s": 60.0, "peak_mib": 500.0, "n": 2_000, "commit": "abc"}
    runs = [
        {"generator": "timegan", "speed": 100.0, "quality": {"c2st_sequences": [0.6, 0.7]}, **good},
        {"generator": "timegan", "speed": 100.0, "quality": {"c2st_sequences": [0.8]}, **good},
        {
            "generator": "rival",
            "white_box": 0.6,
            "speed": 10.0,
            "quality": {"c2st_sequences": [0.9]},
            **good,
        },
        {"generator": "peer", "failed": cost.failed},
    ]
    runs[2]["white_box"] = 0.6
    text = markdown([{"data": "toybank", "minutes": 1.0, **run} for run in runs])
    first = {"failed": None, "quality": {"c2st_sequences": [0.5]}}
    floor = markdown([{"data": "toybank", "minutes": 1.0, "generator": "floor", **first}])
    assert (
        "| timegan | 0.725 ± 0.106 | – | 60.0 ± 0.0 | 100 | 500 | 1 | 2,000 | 2 × 1/2 | abc |"
        in text
    )
    assert "| rival | 0.900 | 0.600 | 60.0 | 10 | 500 | 0.1 | 2,000 | 1 × 1 | abc |" in text
    assert "| peer | failed: exit 1: no such / thing in file.txt |" in text
    assert "| floor | 0.500 | – | – | – | – | – | – | 1 × 1 | unknown |" in floor


def test_a_part_that_is_measured_anew_replaces_its_own_result_only() -> None:
    from origin import earlier

    one = {"data": "toybank", "minutes": 1.0, "generator": "timegan", "seed": 0}
    floor = {"data": "toybank", "minutes": 1.0, "generator": "real held-out data"}
    others = [{**one, "seed": 1}, {**one, "minutes": 3.0}, {**one, "data": "stocks"}, floor]
    assert earlier([one, *others], {**one, "failed": None}) == others
    assert earlier([one, *others], floor) == [one, *others[:-1]]


def test_every_peer_has_a_script_and_says_what_it_learns() -> None:
    from peers import PEERS, command

    for name, peer in PEERS.items():
        assert (BENCH / peer.script).exists(), peer.script
        assert peer.learns in ("events", "windows")
        assert command(name, Path("x"), 60.0, 1, 5)[3:] == ["x", "60.0", "1", "5"]


def test_exponents_of_growth_are_slopes_and_a_tiny_run_prints_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from growth import exponent, main

    assert exponent([1, 2, 4], [3.0, 6.0, 12.0]) == pytest.approx(1.0)
    assert exponent([1, 2, 4], [1.0, 4.0, 16.0]) == pytest.approx(2.0)
    main(["--axes", "columns", "--sizes", "1", "2", "--customers", "60", "--passes", "1"])
    assert "exponent of columns: encode " in capsys.readouterr().out


def test_simulations_are_timed_and_weighed() -> None:
    words = ["--sizes", "2100", "--workers", "1", "--kinds", "paths", "--faults", "0"]
    done = subprocess.run(
        [sys.executable, str(BENCH / "simulation.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("workers: 1") == 2
    assert done.stdout.count("2,100 ") == 2
    assert "× a scenario's CPU seconds" in done.stdout


def test_held_out_crises_are_asked_about_from_end_to_end(tmp_path: Path) -> None:
    import numpy as np
    import polars as pl

    rng, n = np.random.default_rng(0), 3_700
    dates = np.busday_offset("2007-01-01", np.arange(n), roll="forward")
    moves = 0.01 * (rng.normal(size=(n, 1)) + rng.normal(size=(n, 2)))
    prices = 100 * np.exp(np.cumsum(moves, axis=0))
    (tmp_path / "market").mkdir()
    table = pl.DataFrame({"date": pl.Series(dates), "A": prices[:, 0], "B": prices[:, 1]})
    table.write_parquet(tmp_path / "market" / "sp500_20assets_prices.parquet")
    words = ["--data", str(tmp_path), "--out", str(tmp_path), "--paths", "64"]
    words += ["--generators", "bootstrap", "garch"]
    done = subprocess.run(
        [sys.executable, str(BENCH / "crises.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads((tmp_path / "crises.json").read_text())["results"]
    assert {row["crisis"] for row in results} == {"2008", "2020"}
    # Days that are like all others lie inside an ensemble that knows nothing of them.
    calm = [row for row in results if row["ensemble"] == "garch, any regime"]
    assert all(0.0 < rank < 1.0 for row in calm for rank in row["ranks"].values())
    assert "| garch, from the day before |" in (tmp_path / "crises.md").read_text()
