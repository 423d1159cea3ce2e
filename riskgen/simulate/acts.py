"""What several acts of one simulation came to, told together: of events and of paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from riskgen.simulate.stress import Act, Stress


def turning(acts: Sequence[Act]) -> set[int]:
    """Return the acts that turn the dial: of each scenario the first at which it happens."""
    found: dict[str, int] = {}
    for k, act in enumerate(acts):
        if act.severity > 0:
            found.setdefault(act.scenario.id, k)
    return set(found.values())


def together(
    stress: Stress, told: Sequence[Mapping[str, Any]], counts: Mapping[str, int]
) -> dict[str, Any]:
    """Return what the only act came to; of several, each, and all assertions together.

    Parameters
    ----------
    stress : Stress
        What was done.
    told : sequence of mapping
        What each act came to, as JSON values.
    counts : mapping of str to int
        Of the whole simulation.
    """
    if len(told) == 1:
        return dict(told[0])
    return {
        "scenario": stress.id,
        "severity": list(stress.severities),
        "seed": told[0]["seed"],
        "mechanism": stress.mechanism,
        "hypothetical": any(facts["hypothetical"] for facts in told),
        **counts,
        "assertions": [check for facts in told for check in _named(facts)],
        "acts": list(told),
    }


def _named(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the assertions of an act under names that say which act it is."""
    where = f"{facts['scenario']} at {facts['severity']:g}"
    return [{**check, "name": f"{where}: {check['name']}"} for check in facts["assertions"]]
