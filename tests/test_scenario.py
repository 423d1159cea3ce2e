"""Reading a stress scenario: what a file may say, and what a wrong one is told."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.condition import parse_condition
from riskgen.simulate.scenario import parse_scenario, read_scenario
from riskgen.simulate.severity import Parameter, Source

MADE_UP = Source(kind="judgement")


def changed(old: str, new: str) -> str:
    text = catalogue.text("ato_drain")
    assert old in text
    return text.replace(old, new, 1)


def message(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "mine")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_unknown_key_is_an_error_that_names_the_nearest_known_one() -> None:
    assert "Did you mean 'mechanism'?" in message(changed("mechanism:", "mechanisme:"))
    assert "Did you mean 'share'?" in message(changed("share: 0.02", "shares: 0.02"))
    assert "Did you mean 'source'?" in message(changed("source: {kind", "sorce: {kind"))
    assert "Did you mean 'assert'?" in message(changed("assert:", "asserts:"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("share: 0.02", "share: 2", "population.share"),
        ("id: ato_drain", "id: Ato-Drain", "id"),
        ("scale: log", "scale: cubic", "scale"),
        ("at1: 6.0", "at1: -6.0", "log scale"),
        ("account_age_d > 90", "__import__('os')", "NAME OPERATOR NUMBER"),
        ("grid: [0, 0.25", "grid: [0.5, 0.25", "grid must rise"),
        ("p95: 72", "p95: 2", "p95 lies below"),
        ("schema: riskgen.scenario/v1", "schema: riskgen.scenario/v2", "schema"),
        ("views: []", "title: twice", "stands twice"),
        ("views: []", "views: [", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(old: str, new: str, said: str) -> None:
    assert said in message(changed(old, new))


def test_aliases_and_code_are_refused() -> None:
    assert "aliases are not allowed" in message("a: &x [1]\nb: *x\n")
    assert "not valid YAML" in message("a: !!python/object/apply:os.getcwd []\n")
    assert "keys and values" in message("- 1\n")
    assert "nested too deeply" in message("[" * 20_000)


def test_a_missing_a_large_and_a_binary_file_are_told(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_text("#" * 300_000, encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\xfd")
    for path, said in (
        (tmp_path / "none.yaml", "No such file"),
        (large, "larger than 256 kB"),
        (binary, "not UTF-8"),
    ):
        with pytest.raises(ScenarioError, match=said):
            read_scenario(path)


def test_the_source_ledger_counts_parameters_by_kind() -> None:
    scenario = parse_scenario(changed("kind: judgement", "kind: literature, ref: x"), "mine")
    assert scenario.source_ledger() == {"judgement": 6 / 7, "literature": 1 / 7}


@given(
    scale=st.sampled_from(["log", "linear", "logit", "fisher"]),
    ends=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    gamma=st.floats(0.25, 4),
)
def test_a_parameter_moves_monotonically_from_its_identity_to_its_maximum(
    scale: str, ends: tuple[float, float], gamma: float
) -> None:
    document = {"at0": ends[0], "at1": ends[1], "scale": scale, "source": {"kind": "judgement"}}
    parameter = Parameter.model_validate(document)
    values = [parameter.at(s / 8, gamma) for s in range(9)]
    assert values[0] == ends[0]
    assert values[-1] == ends[1]
    sign = 1 if ends[1] >= ends[0] else -1
    assert all(sign * (b - a) >= -1e-12 for a, b in itertools.pairwise(values))


def test_scales_are_those_of_the_protocol() -> None:
    factor = Parameter(at0=1, at1=8, scale="log", source=MADE_UP)
    assert factor.at(0.5, 2.0) == pytest.approx(8**0.25)
    shift = Parameter(at0=0, at1=0.8, scale="fisher", source=MADE_UP)
    assert shift.at(0.5) == pytest.approx(math.tanh(math.atanh(0.8) / 2))
    share = Parameter(at0=None, at1=0.9, scale="logit", source=MADE_UP)
    assert share.at(0.5, data=0.1) == pytest.approx(0.5)
    assert share.at(0.0, data=0.1) == 0.1


def test_a_condition_is_comparisons_joined_by_and() -> None:
    first, second = parse_condition("balance > 500 and n_before>=5")
    assert (first.name, first.op, first.value) == ("balance", ">", 500.0)
    assert second.holds(5)
    assert not second.holds(4)
    assert parse_condition("") == ()
    with pytest.raises(ValueError, match="NAME OPERATOR NUMBER"):
        parse_condition("balance > 500 or n > 1")
