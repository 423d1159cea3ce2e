"""What is done when weights leave too few effective paths (PROTOCOL E1).

First a larger base, of which the paths that count are kept; then a generator whose own
choices are tilted, at a known ratio of the laws; then the two together. What none of them
reaches is refused. Each step is tried only where the one before leaves too few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from riskgen.errors import ScenarioError
from riskgen.models.tilting import PLAIN
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.reweighting.crossing import search
from riskgen.simulate.reweighting.entropy import Infeasible
from riskgen.simulate.reweighting.pools import Pool, Source
from riskgen.simulate.reweighting.reweighting import (
    CELLS,
    Reweighting,
    attempt,
    beyond,
    enough,
    pool_size,
    rule_of,
)
from riskgen.simulate.reweighting.statistics import Market
from riskgen.simulate.scenario import StressScenario

FACTORS = (2, 4, 8)
"""Paths that are drawn for each that is kept: a simulation may take eight times as long [J]."""

_SPARE = 1.25
"""Kept paths weigh unevenly still: a larger base must promise a quarter more than is asked [J]."""

BASE, LARGER, TILTED, BOTH = (
    "base",
    "larger base",
    "tilted draws",
    "larger base of tilted draws",
)


def escalated(
    scenario: StressScenario,
    severity: float,
    source: Source,
    market: Market,
    *,
    seed: int,
) -> Reweighting:
    """Return weights that leave enough effective paths, by the first step that does.

    Raises
    ------
    ScenarioError
        When a view cannot be read, or no step leaves enough, with what each came to.
    """
    n = pool_size(source.horizon, len(market.assets))
    return _Case(scenario, severity, source.base(n), source, market, seed).solved()


@dataclass(eq=False)
class _Case:
    """A scenario at a severity, and what was tried to make its views hold."""

    scenario: StressScenario
    severity: float
    base: Pool
    source: Source
    market: Market
    seed: int
    tried: list[dict[str, Any]] = field(default_factory=list)

    def solved(self) -> Reweighting:
        for step, chances, pool, factor in self._steps():
            told: dict[str, Any] = {"step": step, "factor": factor}
            self.tried.append(told)
            try:
                found = attempt(
                    self.scenario,
                    self.severity,
                    self.base,
                    pool,
                    self.market,
                    seed=self.seed,
                    factor=factor,
                )
            except Infeasible as error:
                told["reason"] = str(error)
                continue
            told |= {"kl": found.kl, "kish": found.pool.kish}
            if enough(found):
                return replace(found, chances=chances, escalation=_account(self.tried, found))
        raise self._refusal()

    def _steps(self) -> Iterator[tuple[str, Floats | None, Pool, int]]:
        """Yield what is tried next: its name, chances, pool and paths drawn for each kept."""
        n, source = len(self.base), self.source
        yield BASE, None, self.base, 1
        factor = self._promising()
        if factor:
            yield LARGER, None, source.base(factor * n), factor
        if source.tilting is None:
            return
        chances, reached = search(
            self.scenario, self.severity, self.base, source, self.market, seed=self.seed
        )
        if chances is None or reached < self.severity:
            self.tried.append({"step": TILTED, "factor": 1, "reached_severity": reached})
            return
        yield TILTED, chances, source.tilted(n, chances, self.seed), 1
        factor = self._promising()
        if factor:
            yield BOTH, chances, source.tilted(factor * n, chances, self.seed), factor

    def _promising(self) -> int | None:
        """Return by how much more paths would leave enough, None where the budget does not."""
        least, share = rule_of(self.scenario)
        wanted, had = _SPARE * max(least, share * len(self.base)), self.tried[-1].get("kish", 0.0)
        room = CELLS // self.base.returns.size
        return next((f for f in FACTORS if f <= room and f * had >= wanted), None)

    def _refusal(self) -> ScenarioError:
        steps = "; ".join(_line(one) for one in self.tried)
        key = self.source.simulator.generator.key
        if self.source.tilting is None:
            steps += (
                f"; the draws of '{key}' cannot be tilted, those of 'garch' and 'bootstrap' can"
            )
        return beyond(
            self.scenario,
            self.severity,
            self.base,
            self.market,
            f"{steps}.",
            seed=self.seed,
            reach=self.tried[-1].get("reached_severity", 0.0),
        )


def _account(tried: list[dict[str, Any]], found: Reweighting) -> dict[str, Any]:
    """Return what was tried, and in a sentence what was done, as JSON values."""
    last, first = tried[-1], tried[0]
    told: dict[str, Any] = {"step": last["step"], "tried": tried}
    if last["step"] == BASE:
        return told
    before = f"{first['kish']:,.1f}" if "kish" in first else "no"
    how = []
    if last["step"] in (TILTED, BOTH):
        how.append(
            "the generator's own draws are tilted (the ratio of the two laws is in the weights, "
            f"and one path in {1 / PLAIN:g} is drawn as ever)"
        )
    if found.factor > 1:
        how.append(f"{found.factor} paths are drawn for each that is kept")
    told["sentence"] = (
        f"Weights alone would leave {before} effective paths of {found.pool.n:,}; so "
        f"{' and '.join(how)}, which leaves {found.pool.kish:,.0f} (relative entropy to the "
        f"base {found.kl:.2f})."
    )
    return told


def _line(one: dict[str, Any]) -> str:
    if "kish" in one:
        left = f"{one['kish']:,.1f} effective paths (Kish; relative entropy {one['kl']:.2f})"
        return f"{one['step']}: {left}"
    if "reached_severity" in one:
        return f"{one['step']}: up to severity {one['reached_severity']:.2f}"
    return f"{one['step']}: {one['reason'].rstrip('.')}"
