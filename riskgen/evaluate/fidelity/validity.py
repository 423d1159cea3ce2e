"""Rules that no row may break: PROTOCOL A5, point 7.

A rule is asked of the synthetic data only when all real data keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from riskgen.data.codecs.recency import is_fresh
from riskgen.data.derived.derivation import derive, openings, parse_formula
from riskgen.data.events import Events
from riskgen.data.schema import Channel
from riskgen.evaluate.features.trailing import Timeline
from riskgen.evaluate.fidelity.cohorts import Cohorts
from riskgen.evaluate.intervals import clopper_pearson
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.thresholds import bands

Broken = NDArray[np.bool_]
Rule = Callable[[Events], Broken]

OTHER = "OTHER"  # what rare levels are called before training; allowed beside the real ones


def measure_validity(cohorts: Cohorts) -> MetricResult:
    """Return the share of synthetic events that break any rule real events keep."""
    synthetic = cohorts.synthetic
    any_broken = np.zeros(synthetic.n_events, dtype=bool)
    by, skipped = {}, []
    for name, rule in _rules(cohorts):
        if rule(cohorts.real).any() or rule(cohorts.control).any():
            skipped.append(name)
            continue
        broken = rule(synthetic)
        any_broken |= broken
        by[name] = clopper_pearson(int(broken.sum()), len(broken))
    note = f" Not asked, since real data break them: {', '.join(skipped)}." if skipped else ""
    share = clopper_pearson(int(any_broken.sum()), len(any_broken))
    status = "FAIL" if any_broken.any() else "PASS"
    return MetricResult(
        "fidelity.validity",
        "Rules that no row may break",
        "fidelity",
        "FAIL" if any_broken.any() else "PASS",
        share,
        threshold=bands("fidelity.validity").threshold(),
        band="red" if status == "FAIL" else "green",
        reason=f"{int(any_broken.sum()):,} of {len(any_broken):,} events break a rule.{note}",
        method="Share of events, exact binomial interval (Clopper & Pearson 1934)",
        by=by,
    )


def _rules(cohorts: Cohorts) -> Iterator[tuple[str, Rule]]:
    yield "time never goes back", _time_goes_back
    schema = cohorts.real.schema
    for channel in schema.with_role("channel", "context", "derived", "label"):
        name = channel.name
        yield f"{name} is missing only where it may be", _missing(name)
        if channel.kind in ("amount", "number"):
            yield f"{name} is never negative", _negative(name)
            if channel.decimals is not None:
                yield f"{name} has {channel.decimals} decimals", _decimals(name, channel.decimals)
        elif channel.kind != "timestamp":
            yield f"{name} has known levels", _vocabulary(name, cohorts)
        if channel.role == "context":
            yield f"{name} is fixed for an entity", _varies(name)
        if channel.role == "derived" and channel.formula:
            yield f"{name} = {channel.formula}", _identity(channel)


def _time_goes_back(events: Events) -> Broken:
    line = Timeline(events.offsets, events.seconds())
    return np.asarray(line.seconds < line.previous(line.seconds, first=-np.inf))


def _missing(name: str) -> Rule:
    return lambda events: np.asarray(events.codes(name)[0] < 0)


def _negative(name: str) -> Rule:
    return lambda events: np.asarray(events.numbers(name) < 0)


def _decimals(name: str, decimals: int) -> Rule:
    def broken(events: Events) -> Broken:
        values = np.nan_to_num(events.numbers(name))
        # A float of size x is good to x · 2⁻⁵²; beyond that the last place is not to be had.
        slack = 1e-9 + np.abs(values) * 1e-12
        return np.asarray(np.abs(values - np.round(values, decimals)) > slack)

    return broken


def _vocabulary(name: str, cohorts: Cohorts) -> Rule:
    # Control customers with levels of their own show that the list is open. Made-up
    # names stand for rare levels on purpose: no real one of those may come out.
    known = {OTHER, *cohorts.real.codes(name)[1]}

    def broken(events: Events) -> Broken:
        codes, levels = events.codes(name)
        strange = np.array([*(not (v in known or is_fresh(v)) for v in levels), False])
        return np.asarray(strange[codes])

    return broken


def _varies(name: str) -> Rule:
    def broken(events: Events) -> Broken:
        codes = events.codes(name)[0]
        return np.asarray(codes != codes[events.offsets[:-1]][events.owner])

    return broken


def _identity(channel: Channel) -> Rule:
    """Return the rule that a derived column is what its formula says, given the others."""
    cent = 0.51 * 10.0 ** -(channel.decimals or 0)
    is_number = channel.kind in ("amount", "number")

    def broken(events: Events) -> Broken:
        again = derive(events, openings(events))
        if not is_number:
            return np.asarray(again.texts(channel.name) != events.texts(channel.name))
        found, wanted = events.numbers(channel.name), again.numbers(channel.name)
        if parse_formula(channel).is_running:
            # Step by step: one wrong balance is one wrong row, not all that follow.
            line = Timeline(events.offsets, events.seconds())
            found, wanted = found - line.previous(found), wanted - line.previous(wanted)
        apart = np.isnan(found) != np.isnan(wanted)
        return np.asarray(apart | (np.abs(found - wanted) > cent))

    return broken
