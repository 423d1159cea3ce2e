"""A scenario says which columns it needs, and finds them by what they mean."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import tiny_schema

from riskgen.data.events import Events
from riskgen.data.schema import Schema
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.mechanisms import stress_events
from riskgen.simulate.roles import as_meant, roles_of
from riskgen.simulate.scenario import StressScenario


def asking(roles: dict[str, str], columns: dict[str, str] | None = None) -> StressScenario:
    scenario = catalogue.load("ato_drain")
    return scenario.model_copy(update={"roles": roles, "columns": columns or {}})


def without_meaning(meaning: str) -> Schema:
    schema = tiny_schema()
    channels = tuple(
        c.model_copy(update={"meaning": None}) if c.meaning == meaning else c
        for c in schema.channels
    )
    return schema.model_copy(update={"channels": channels})


def test_a_role_is_played_by_the_column_that_means_it() -> None:
    roles = roles_of(asking({"amount": "required", "label": "optional"}), tiny_schema())
    amount = next(c for c in tiny_schema().channels if c.meaning in ("amount", "signed_amount"))
    assert roles.found == {"amount": amount.name, "label": tiny_schema().label}
    assert roles.missing == ()


def test_a_missing_required_role_refuses_and_says_how_to_name_it() -> None:
    with pytest.raises(ScenarioError, match=r"cannot do without 'iban'.*--column iban=NAME"):
        roles_of(asking({"iban": "required"}), tiny_schema())


def test_a_missing_optional_role_is_told() -> None:
    roles = roles_of(asking({"amount": "required", "iban": "optional"}), tiny_schema())
    assert roles.missing == ("iban",)
    assert roles.facts()["iban"] is None
    assert "no iban" in roles.sentence()


def test_a_column_named_by_hand_takes_the_role_from_whoever_had_it() -> None:
    meant = as_meant(tiny_schema(), {"country": "category"})
    assert [c.name for c in meant.channels if c.meaning == "country"] == ["category"]
    assert not [c.name for c in meant.channels if c.meaning == "category"]
    with pytest.raises(ScenarioError, match="modelled column 'nowhere'"):
        as_meant(tiny_schema(), {"merchant": "nowhere"})
    with pytest.raises(ScenarioError, match="There is no role 'merchnat'"):
        as_meant(tiny_schema(), {"merchnat": "category"})


def test_a_stress_bends_the_column_that_it_is_told_to(tiny_events: Events) -> None:
    bare = Events(without_meaning("country"), tiny_events.frame, tiny_events.offsets)
    told, named = (
        stress_events(
            events, asking({"country": "required"}, columns), severity=1.0, seed=1, share=1.0
        )
        for events, columns in ((tiny_events, {}), (bare, {"country": "country"}))
    )
    assert np.array_equal(told.touched, named.touched)
    assert told.events.frame.equals(named.events.frame)


def test_a_table_without_a_required_role_is_refused_before_anything_happens(
    tiny_events: Events,
) -> None:
    with pytest.raises(ScenarioError, match="cannot do without 'merchant'"):
        stress_events(tiny_events, asking({"merchant": "required"}), severity=1.0, seed=1)
