"""The report shows how training went: smoothed losses, each look, and the lowest."""

from __future__ import annotations

from typing import Any

from riskgen.report.blocks import Chart, Gallery
from riskgen.report.figures import figure
from riskgen.report.provenance import _commands
from riskgen.report.training import looks_of, training_section


def logged(n: int = 100, phase: str = "events") -> list[dict[str, Any]]:
    """A log whose held-out loss falls to step 60 and then rises; the log repeats the latest."""
    rows: list[dict[str, Any]] = []
    known = None
    for step in range(1, n + 1):
        if step % 10 == 0:
            known = 2.0 + abs(step - 60) / 100
        loss = 1.0 if step % 2 else 3.0
        rows.append({"phase": phase, "step": step, "loss": loss, "held_out": known})
    return rows


def charts(rows: list[dict[str, Any]]) -> tuple[Chart, ...]:
    section = training_section(rows)
    assert section is not None
    (gallery,) = section.blocks
    assert isinstance(gallery, Gallery)
    return gallery.charts


def test_each_look_is_one_point_however_often_the_log_repeats_it() -> None:
    looks = looks_of(logged())
    assert [look.step for look in looks] == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


def test_the_lowest_look_is_named_and_drawn() -> None:
    (chart,) = charts(logged())
    assert chart.title == "Phase events: held-out loss lowest at step 60 of 100, 2"
    lowest = chart.series[-1]
    assert (lowest.name, lowest.role, lowest.x) == ("lowest held-out loss", "guide", (60.0, 60.0))


def test_losses_of_batches_are_smoothed_so_that_their_course_is_seen() -> None:
    (chart,) = charts(logged())
    smooth = [y for y in chart.series[0].y if y is not None]
    assert max(smooth[10:]) - min(smooth[10:]) < 0.5  # the batches alternate between 1 and 3
    assert smooth[0] == 1.0


def test_looks_are_marked_and_batches_are_thin() -> None:
    (chart,) = charts(logged())
    modes = {trace["name"]: trace for trace in figure(chart)["data"]}
    assert modes["held-out loss"]["mode"] == "lines+markers"
    assert modes["training loss"]["mode"] == "lines"
    assert modes["training loss"]["line"]["width"] < modes["held-out loss"]["line"]["width"]


def test_every_phase_of_every_member_has_a_chart() -> None:
    rows = [row for k in (1, 2) for row in logged(20, f"events, member {k}")]
    assert [chart.title.split(":")[0] for chart in charts(rows)] == [
        "Phase events, member 1",
        "Phase events, member 2",
    ]


def test_a_log_without_looks_says_so_and_one_without_numbers_has_no_section() -> None:
    rows = [{"phase": "resample", "step": 1, "loss": 0.0, "held_out": None}]
    (chart,) = charts(rows)
    assert chart.title == "Phase resample: ended at step 1, nothing held out"
    assert training_section([{"phase": "x", "step": 1, "loss": None, "held_out": None}]) is None
    assert training_section([]) is None


def test_further_losses_of_a_log_are_drawn_too() -> None:
    rows = [{**row, "discriminator_loss": 0.7} for row in logged()]
    (chart,) = charts(rows)
    assert [series.name for series in chart.series][:2] == ["training loss", "discriminator loss"]


def test_the_command_of_a_fit_names_its_options_and_its_members() -> None:
    manifest = {"data": {"source": "t.parquet"}, "seed": 3, "generator": "timegan"}
    plain = {**manifest, "options": {"steps": 9, "learning_rate": 0.004, "audit": False}}
    words = "--option steps=9 --option learning_rate=0.004 --option audit=false --seed 3"
    assert _commands(plain, [])[0] == f"riskgen fit t.parquet --generator timegan {words}"
    mixed = {**manifest, "generator": "ensemble"}
    mixed["options"] = {"member": "timegan", "size": 2, "options": {"steps": 9}}
    words = "--generator timegan --ensemble 2 --option steps=9 --seed 3"
    assert _commands(mixed, [])[0] == f"riskgen fit t.parquet {words}"
    begun = {**manifest, "init_from": {"run": "0001-first"}}
    assert "--init-from runs/0001-first" in _commands(begun, [])[0]
