"""An unfinished simulation on disk: kept, taken up, refused, or dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskgen.errors import RunError
from riskgen.runs import file_hash, write_json
from riskgen.simulate.draft import Draft

ASKED = {"scenarios": 100, "seed": 1, "chunks": (16, 2)}


def with_parts(tmp_path: Path, n: int = 2) -> Draft:
    draft = Draft.of(tmp_path / "base")
    with draft.opened(ASKED):
        for number in range(n):
            made(draft, number)
    return draft


def made(draft: Draft, number: int) -> None:
    draft.part(number).write_bytes(b"rows" * number)
    draft.keep(number, {"sha256": file_hash(draft.part(number)), "n_scenarios": 50})


def test_a_draft_is_hidden_and_its_owner_s_alone(tmp_path: Path) -> None:
    draft = with_parts(tmp_path)
    assert draft.folder.name == ".base.partial"
    assert draft.folder.stat().st_mode & 0o077 == 0


def test_the_same_request_goes_on_with_the_parts_that_are_there(tmp_path: Path) -> None:
    draft = with_parts(tmp_path)
    (draft.folder / ".part-00002.parquet.77.partial").write_bytes(b"half")
    with draft.opened(ASKED):
        assert draft.made(1) == {"sha256": file_hash(draft.part(1)), "n_scenarios": 50}
        assert draft.made(2) is None
        assert not list(draft.folder.glob(".*"))


def test_what_a_killed_worker_left_does_not_become_part_of_the_simulation(
    tmp_path: Path,
) -> None:
    draft = with_parts(tmp_path)
    with draft.opened(ASKED):
        (draft.folder / ".part-00001.parquet.77.partial").write_bytes(b"half")
        draft.become(tmp_path / "base")
    whole = {"part-00000.parquet", "part-00001.parquet"}
    assert {path.name for path in (tmp_path / "base").iterdir()} == whole


@pytest.mark.parametrize("damage", ["cut", "gone", "untold", "unreadable"])
def test_a_part_that_is_not_whole_does_not_count(tmp_path: Path, damage: str) -> None:
    draft = with_parts(tmp_path)
    facts = draft.folder / "part-00001.json"
    {
        "cut": lambda: draft.part(1).write_bytes(b"ro"),
        "gone": lambda: draft.part(1).unlink(),
        "untold": lambda: facts.unlink(),
        "unreadable": lambda: facts.write_text('{"sha'),
    }[damage]()
    with draft.opened(ASKED):
        assert draft.made(0) is not None
        assert draft.made(1) is None


def test_another_request_is_refused_until_forced(tmp_path: Path) -> None:
    draft = with_parts(tmp_path)
    other = {**ASKED, "seed": 2}
    with pytest.raises(RunError, match=r"seed 1\).*--force"), draft.opened(other):
        pass
    assert draft.made(1) is not None
    with draft.opened(other, force=True):
        assert draft.made(1) is None
        made(draft, 0)
    with draft.opened(other):
        assert draft.made(0) is not None


def test_an_option_that_an_older_riskgen_did_not_know_is_named(tmp_path: Path) -> None:
    draft = with_parts(tmp_path)
    with (
        pytest.raises(RunError, match=r"here \(portfolio unknown\)"),
        draft.opened({**ASKED, "portfolio": None}),
    ):
        pass


def test_nothing_is_left_when_no_part_was_made(tmp_path: Path) -> None:
    draft = Draft.of(tmp_path / "base")
    with pytest.raises(FileNotFoundError), draft.opened(ASKED):
        draft.part(0).with_name("nowhere").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_simulation_without_a_part_is_in_nobody_s_way(tmp_path: Path) -> None:
    draft = Draft.of(tmp_path / "base")
    draft.folder.mkdir()
    write_json(draft.folder / "request.json", {"seed": 5})
    with draft.opened(ASKED):
        made(draft, 0)
    assert draft.made(0) is not None


def test_two_processes_never_write_one_simulation(tmp_path: Path) -> None:
    draft = with_parts(tmp_path)
    with (
        draft.opened(ASKED),
        pytest.raises(RunError, match="Another process"),
        Draft.of(tmp_path / "base").opened(ASKED),
    ):
        pass


def test_a_finished_draft_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    final = tmp_path / "base"
    final.mkdir()
    (final / "old").touch()
    draft = with_parts(tmp_path)
    with draft.opened(ASKED):
        draft.become(final)
    assert sorted(path.name for path in final.iterdir()) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    assert not draft.folder.exists()
