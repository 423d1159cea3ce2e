"""A schema file can be edited by hand: comments survive any name, faults have lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from riskgen.data.schema import Channel, Schema
from riskgen.data.schema_file import LARGEST, commented_yaml, read_schema
from riskgen.errors import SchemaError

PLAIN = """\
domain: transactions
resolution: day
channels:
- name: customer
  dtype: String
  kind: identifier
  role: entity
- name: when
  dtype: Date
  kind: timestamp
  role: time
- name: amount
  dtype: Float64
  kind: amount
  role: channel
"""


def written(text: str, folder: Path) -> Path:
    path = folder / "schema.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def fault(text: str, folder: Path) -> str:
    with pytest.raises(SchemaError) as caught:
        read_schema(written(text, folder))
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert PLAIN.count(old) == 1
    return PLAIN.replace(old, new)


def schema_of(names: list[str], reason: str = "") -> Schema:
    roles = ["entity", "time", *["channel"] * (len(names) - 2)]
    kinds = {"entity": "identifier", "time": "timestamp", "channel": "number"}
    channels = [
        Channel(name=n, dtype="Int64", kind=kinds[r], role=r, reason=reason)  # type: ignore[arg-type]
        for n, r in zip(names, roles, strict=True)
    ]
    return Schema(domain="transactions", channels=tuple(channels), resolution="step")


def test_a_plain_schema_is_read(tmp_path: Path) -> None:
    assert read_schema(written(PLAIN, tmp_path)).entity == "customer"


def test_json_is_read_as_well(tmp_path: Path) -> None:
    path = written(json.dumps(yaml.safe_load(PLAIN)), tmp_path)
    assert read_schema(path) == read_schema(written(PLAIN, tmp_path))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1), min_size=2, max_size=5, unique=True), st.text(), st.text())
def test_any_names_reasons_and_remarks_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], reason: str, remark: str
) -> None:
    schema = schema_of(names, reason)
    text = commented_yaml(schema, {name: [remark, f"role of {name}: {reason}"] for name in names})
    assert read_schema(written(text, tmp_path_factory.getbasetemp())) == schema


@pytest.mark.parametrize(
    "odd", ["a\nrole: time", "# no", "a: b", "x\u2028y\x85z", "- 1", "''\"", "no"]
)
def test_a_name_cannot_break_out_of_its_comment(odd: str, tmp_path: Path) -> None:
    schema = schema_of([odd, "when"])
    text = commented_yaml(schema, {odd: [f"likely: '{odd}' repeats"]})
    assert read_schema(written(text, tmp_path)) == schema


def test_remarks_stand_above_their_column() -> None:
    text = commented_yaml(schema_of(["a", "b"]), {"b": ["guess: look at it"]})
    lines = text.splitlines()
    assert lines[lines.index("- name: b") - 1] == "# guess: look at it"
    assert lines[0].startswith("# ")


def test_lines_stay_short_enough_for_an_editor() -> None:
    text = commented_yaml(schema_of(["a", "b"]), {"a": ["word " * 100]})
    assert max(map(len, text.splitlines())) <= 100


def test_an_unknown_key_is_told_with_line_column_and_nearest_name(tmp_path: Path) -> None:
    text = fault(
        changed("  kind: amount\n  role", "  kind: amount\n  role: channel\n  roel"), tmp_path
    )
    assert "schema.yaml line 16: unknown key 'roel' in column 'amount'; nearest: 'role'." in text


def test_an_unknown_role_or_kind_is_told_with_the_nearest_word(tmp_path: Path) -> None:
    text = fault(
        changed("kind: amount\n  role: channel", "kind: ammount\n  role: chanel"), tmp_path
    )
    assert "line 14: unknown kind 'ammount' in column 'amount'; nearest: 'amount'" in text
    assert "line 15: unknown role 'chanel' in column 'amount'; nearest: 'channel'" in text


def test_a_word_that_resembles_none_gets_the_whole_list(tmp_path: Path) -> None:
    text = fault(changed("role: time", "role: zzz"), tmp_path)
    assert "known: entity, time, label" in text


def test_an_unknown_key_at_the_top_is_told_too(tmp_path: Path) -> None:
    assert "line 1: unknown key 'domian'; nearest: 'domain'" in fault(
        "domian: market\n" + PLAIN, tmp_path
    )


def test_up_to_five_faults_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    text = fault(PLAIN + "".join(f"  odd_{i}: 1\n" for i in range(7)), tmp_path)
    assert text.count("unknown key") == 5
    assert text.endswith("And 2 more.")


def test_a_missing_key_is_told_with_its_column(tmp_path: Path) -> None:
    text = fault(changed("  dtype: Date\n", ""), tmp_path)
    assert "line 8: key 'dtype' is missing in column 'when'" in text


def test_a_name_that_yaml_reads_as_truth_is_told_to_be_quoted(tmp_path: Path) -> None:
    text = fault(changed("name: amount", "name: no"), tmp_path)
    assert "line 12: 'name'" in text
    assert "put it in quotes" in text


def test_a_key_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    text = fault(changed("  role: time\n", "  role: time\n  role: time\n"), tmp_path)
    assert "line 12: key 'role' stands twice" in text


def test_two_entities_are_told_in_words(tmp_path: Path) -> None:
    assert "found 2 columns with role 'entity'" in fault(
        changed("role: time", "role: entity"), tmp_path
    )


@pytest.mark.parametrize("text", ["", "[]", "7", "just text", "- a\n- b"])
def test_a_file_that_is_no_schema_is_told_so(text: str, tmp_path: Path) -> None:
    assert "a schema has the keys domain, channels" in fault(text, tmp_path)


def test_aliases_that_could_explode_are_refused(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefghi", "bcdefghij", strict=True)
    )
    assert "line 2: aliases" in fault(bomb, tmp_path)


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system ['true']", "a: [", "x: !odd 1", "\t- a", "a: \x07"]
)
def test_odd_tags_and_broken_yaml_run_nothing_and_are_told(text: str, tmp_path: Path) -> None:
    assert "is not valid YAML" in fault(text, tmp_path)


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in fault("[" * 200_000, tmp_path)


def test_a_date_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert "quotes" in fault(changed("name: amount", "name: 2024-13-45"), tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    assert "Name the schema, not the table" in fault("#" * (LARGEST + 1), tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="could not be read"):
        read_schema(tmp_path / "nowhere.yaml")
