"""What a simulation is put under: one severity, several, or a grid."""

from __future__ import annotations

import numpy as np
import pytest

from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.stress import parse_severities


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("0.6", (0.6,)),
        ("0,0.5,1", (0.0, 0.5, 1.0)),
        ("0.2..1", (0.2, 0.4, 0.6, 0.8, 1.0)),
        ("0..1:3", (0.0, 0.5, 1.0)),
        (" 0.5 .. 1 : 2 ", (0.5, 1.0)),
    ],
)
def test_severities_are_read_as_they_are_written(text: str, severities: tuple[float, ...]) -> None:
    assert parse_severities(text) == severities


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("high", "cannot be read"),
        ("0.2...1", "cannot be read"),
        ("0..1:1", "cannot be read"),
        ("nan", "leaves the range"),
        ("0.5..2", "leaves the range"),
        ("1..0.5", "do not rise"),
        ("0.5,0.5", "do not rise"),
        ("0..1:99", "at most 50"),
    ],
)
def test_other_severities_are_refused(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        parse_severities(text)


def test_severities_take_turns_whatever_part_a_sequence_is_in() -> None:
    stress = catalogue.stress("ato_drain", (0.2, 0.6, 1.0))
    whole = stress.severity_of(np.arange(30))
    assert np.bincount(whole).tolist() == [10, 10, 10]
    assert np.array_equal(whole[12:], stress.severity_of(np.arange(12, 30)))
