"""Scores that come back are checked row by row, and only their order is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from utility_world import ALWAYS, world  # noqa: F401

from riskgen.data.scoring.answers import read_scores
from riskgen.errors import DataError
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.given import in_order
from riskgen.evaluate.rehearsals.breaking_point import BreakingPoint, find_breaking_point
from riskgen.evaluate.rehearsals.cases import Cases, Ground
from riskgen.evaluate.rehearsals.judge import Judge
from riskgen.evaluate.rehearsals.rating import Given
from riskgen.evaluate.rehearsals.sheets import (
    case_contents,
    numbered,
    require_scores,
    scores_by_part,
)
from riskgen.simulate.catalogue import load

MARK = "0123456789ab"


def ids(*numbers: int, mark: str = MARK) -> list[str]:
    return [f"{mark}-{number:08d}" for number in numbers]


def written(folder: Path, name: str = "scores.parquet", **columns: object) -> str:
    path = folder / name
    table = pl.DataFrame(columns)
    table.write_parquet(path) if name.endswith("parquet") else table.write_csv(path)
    return str(path)


def test_scores_come_in_any_order_and_in_any_number_of_files(tmp_path: Path) -> None:
    first = written(tmp_path, riskgen_id=ids(2, 0), score=[0.5, -3.0], note=["a", "b"])
    second = written(tmp_path, "rest.csv", score=[7, 8], riskgen_id=ids(1, 4))
    found = read_scores([first, second])
    assert found.mark == MARK
    np.testing.assert_array_equal(found.placed(5), [-3.0, 7.0, 0.5, np.nan, 8.0])


def test_a_yes_or_no_is_a_score(tmp_path: Path) -> None:
    path = written(tmp_path, riskgen_id=ids(0, 1), score=[True, False])
    assert read_scores([path]).placed(2).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": ["x"], "score": [1.0]}, "no column 'riskgen_id'. Found: 'id', 'score'"),
        ({"riskgen_id": ids(0), "p": [1.0]}, "no column 'score'"),
        ({"riskgen_id": ids(0), "score": ["high"]}, "is of type String. Give numbers"),
        (
            {"riskgen_id": ids(0, 1, 2), "score": [1.0, None, float("inf")]},
            r"2 of 3 scores are missing or not finite .* \(first at row 2\)",
        ),
        (
            {"riskgen_id": [*ids(0), "17", None], "score": [1.0, 1.0, 1.0]},
            r"2 of 3 ids are none of riskgen's .* \(first at row 2\)",
        ),
        (
            {"riskgen_id": ids(0, 1, 0, 1), "score": [1.0, 2.0, 3.0, 4.0]},
            "2 ids come more than once \\(first again at row 3",
        ),
        (
            {"riskgen_id": [*ids(0), *ids(1, mark="ffffffffffff")], "score": [1.0, 2.0]},
            "for 2 exports",
        ),
    ],
)
def test_unusable_scores_are_refused_with_their_row(
    tmp_path: Path, columns: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_scores([written(tmp_path, **columns)])


def test_repeats_are_found_across_files(tmp_path: Path) -> None:
    one = written(tmp_path, riskgen_id=ids(0, 1), score=[1.0, 2.0])
    two = written(tmp_path, "more.parquet", riskgen_id=ids(2, 1), score=[1.0, 2.0])
    with pytest.raises(DataError, match=r"first again at row 2 of '.*more\.parquet'"):
        read_scores([one, two])


def test_ids_beyond_the_export_and_damaged_files_are_refused(tmp_path: Path) -> None:
    found = read_scores([written(tmp_path, riskgen_id=ids(9), score=[1.0])])
    with pytest.raises(DataError, match="lie beyond its 5 rows"):
        found.placed(5)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cut off"):
        read_scores([str(tmp_path / "broken.parquet")])


# The order alone.

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@settings(max_examples=60, deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=40), st.data())
def test_a_strictly_increasing_scale_changes_nothing(
    values: list[float], data: st.DataObject
) -> None:
    scores = np.array(values, dtype=np.float64)
    distinct = np.unique(scores)
    steps = data.draw(
        st.lists(st.floats(1e-3, 1e6), min_size=len(distinct), max_size=len(distinct))
    )
    other = np.cumsum(steps)[np.searchsorted(distinct, scores)] - data.draw(FLOATS)
    if len(np.unique(other)) < len(distinct):  # the shift has rounded two into one
        return
    np.testing.assert_array_equal(in_order(scores, seed=3), in_order(other, seed=3))


def test_equals_are_drawn_apart_and_what_is_missing_stays_missing() -> None:
    scores = np.array([1.0, np.nan, 1.0, 5.0, 0.0])
    found = in_order(scores, seed=0)
    assert np.isnan(found[1])
    assert found[4] < min(found[0], found[2]) < max(found[0], found[2]) < found[3]
    assert found[0] != found[2]
    np.testing.assert_array_equal(found, in_order(scores, seed=0))


def test_a_constant_score_alerts_as_often_as_the_budget_says(world) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    board = Board.of_events(world["split"].test, ALWAYS)
    same = np.ones(len(board.owner))
    recalls = [float(board.recall(in_order(same, seed=s), 0.05)) for s in range(40)]
    drawn = [
        float(board.recall(np.random.default_rng(s).random(len(same)), 0.05)) for s in range(40)
    ]
    spread = np.std(drawn) * np.sqrt(2 / 40)
    assert abs(np.mean(recalls) - np.mean(drawn)) < 4 * spread


# A whole breaking point out of numbers alone.


@pytest.fixture(scope="module")
def rehearsed(world):  # type: ignore[no-untyped-def]  # noqa: F811
    ground = Ground.of(world["split"], budget=0.2, seed=1)
    cases = Cases.of(ground, load("ato_drain"), severities=(0.2, 1.0))
    contents = list(case_contents(cases))
    sheets = numbered([sheet for sheet, _ in contents])
    histories = [events for _, rounds in contents for events in rounds]
    return ground, cases, sheets, histories


def broken_by(rehearsed, calm: np.ndarray, placed: np.ndarray) -> BreakingPoint:  # type: ignore[no-untyped-def]
    ground, cases, sheets, _ = rehearsed
    ordered = in_order(np.concatenate([calm, placed]), seed=0)
    require_scores(sheets, placed)
    rating = Given(ordered[: len(calm)], scores_by_part(sheets, ordered[len(calm) :]))
    return find_breaking_point(cases, Judge(ground, rating), level=0.5)


def test_the_labels_themselves_find_every_case(rehearsed) -> None:  # type: ignore[no-untyped-def]
    ground, _, _, histories = rehearsed
    oracle = np.concatenate([events.event_label() for events in histories]).astype(float)
    best = broken_by(rehearsed, np.zeros(ground.base.n_events), oracle)
    assert [seen.value for seen in best.recall] == [1.0, 1.0]
    assert best.guessing == ()


def test_a_constant_score_is_called_chance(rehearsed) -> None:  # type: ignore[no-untyped-def]
    ground, _, sheets, _ = rehearsed
    calm, placed = np.ones(ground.base.n_events), np.ones(sum(sheet.n for sheet in sheets))
    blind = broken_by(rehearsed, calm, placed)
    assert blind.guessing == (0.2, 1.0)
    assert "no more than chance" in blind.sentence()


def test_drawn_scores_are_hardly_ever_called_better_than_chance(rehearsed) -> None:  # type: ignore[no-untyped-def]
    ground, _, sheets, _ = rehearsed
    better = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        calm, placed = rng.random(ground.base.n_events), rng.random(sum(s.n for s in sheets))
        better += 2 - len(broken_by(rehearsed, calm, placed).guessing)
    assert better <= 1  # of twelve, each with a chance of one in forty


def test_any_increasing_scale_gives_the_same_breaking_point(rehearsed) -> None:  # type: ignore[no-untyped-def]
    ground, _, sheets, _ = rehearsed
    rng = np.random.default_rng(5)
    calm = rng.integers(0, 9, ground.base.n_events).astype(float)
    placed = rng.integers(0, 12, sum(sheet.n for sheet in sheets)).astype(float)
    first = broken_by(rehearsed, calm, placed).facts()
    assert first == broken_by(rehearsed, np.exp(calm) - 5, np.exp(placed) - 5).facts()


def test_missing_scores_are_counted_and_the_first_is_named(rehearsed) -> None:  # type: ignore[no-untyped-def]
    _, _, sheets, _ = rehearsed
    placed = np.zeros(sum(sheet.n for sheet in sheets))
    second = sheets[1]
    placed[second.first + 4 : second.first + 7] = np.nan
    said = (
        f"3 of {len(placed):,} scores are missing, first that of row 5 of '{second.file}.parquet'"
    )
    with pytest.raises(DataError, match=said):
        require_scores(sheets, placed)
