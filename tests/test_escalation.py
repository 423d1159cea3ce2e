"""Where weights leave too few paths more are drawn, or other ones, and weights stay honest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from test_beginning import market
from test_reweighting import scenario
from test_tilting import normal_days

from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.errors import ScenarioError
from riskgen.models.bootstrap import Bootstrap
from riskgen.models.garch.garch import Garch
from riskgen.simulate.paths import Draw, PathSimulator
from riskgen.simulate.reweighting import escalation
from riskgen.simulate.reweighting.effective import Effective
from riskgen.simulate.reweighting.escalation import BASE, LARGER, TILTED, escalated
from riskgen.simulate.reweighting.pools import Source
from riskgen.simulate.reweighting.reweighting import Reweighting
from riskgen.simulate.reweighting.statistics import Market
from riskgen.simulate.reweighting.thinning import thinned
from riskgen.simulate.stress import Stress

DAYS, SCALE = 25, 0.01


def encoder(n: int) -> PriceEncoder:
    """Panels in hundredths."""
    every = np.arange(n)
    names = tuple("ABC"[:n])
    scale, nothing = np.full(n, SCALE), np.zeros(n)
    return PriceEncoder(names, tuple(range(n)), nothing, scale, every, np.ones(n), nothing)


def walk() -> Source:
    """A random walk of normal days: every law under a view on its mean is known."""
    generator = Bootstrap(mean_block=1.0).fit(normal_days(), seed=0)
    return Source(PathSimulator(generator, encoder(1)), seed=3, horizon=DAYS)


def shifted(k: float, more: str = "") -> Any:
    """A view on the mean of a path, ``k`` of its standard deviations away."""
    return scenario(f"{{stat: mean_return, op: '=', value: {k * SCALE / np.sqrt(DAYS)}}}", more)


def solved(source: Source, asked: Any, severity: float = 1.0) -> Reweighting:
    assets = source.simulator.encoder.assets
    return escalated(asked, severity, source, Market(assets), seed=source.seed)


def drawn(source: Source, found: Reweighting, n: int) -> tuple[np.ndarray, np.ndarray]:
    generator = source.simulator.generator
    draws = (Draw(generator, found.weights, found.factor, found.chances),)
    stress = Stress.of(found.scenario, 1.0)
    parts = list(
        source.simulator.parts(
            n, seed=source.seed, horizon=source.horizon, stress=stress, draws=draws
        )
    )
    weights = [part.weight for part in parts]
    return np.concatenate([part.returns for part in parts]), np.concatenate(weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [3.0, 5.0])
def test_a_walk_shifted_by_many_deviations_is_the_known_law_with_most_paths_left(k: float) -> None:
    source = walk()
    found = solved(source, shifted(k))
    assert found.escalation["step"] == TILTED
    # Weights alone leave exp(-k²) of 10,000 paths: one, or none that meets the view.
    before = found.escalation["tried"][0].get("kish", 0.0)
    assert before < 20
    # Tilted days are the very law that is asked for; one path in ten is drawn as ever.
    assert found.pool.kish > 0.8 * found.pool.n
    assert found.pool.kish > 400 * max(before, 1.0)
    # The relative entropy is that to the base, whatever was drawn: k²/2 of a normal law.
    assert found.kl == pytest.approx(k**2 / 2, rel=0.03)
    paths, weights = drawn(source, found, 6_000)
    assert weights.mean() == pytest.approx(1, abs=0.02)
    days = paths[:, :, 0] / SCALE
    shift = k / np.sqrt(DAYS)
    error = 5 / np.sqrt(len(days) * 0.8)
    # Closed form of the tilted walk: each day normal around the shift, of unit variance.
    assert np.average(days[:, 0], weights=weights) == pytest.approx(shift, abs=error)
    assert np.average(days[:, 4] ** 2, weights=weights) == pytest.approx(
        1 + shift**2, abs=3 * error
    )
    both = np.average(days[:, 1] * days[:, 2], weights=weights)
    assert both == pytest.approx(shift**2, abs=2 * error)
    fallen = np.average(days[:, 0] < 0, weights=weights)
    assert fallen == pytest.approx(norm.cdf(-shift), abs=error)


def test_what_weights_alone_can_do_is_left_to_them() -> None:
    source = walk()
    found = solved(source, shifted(0.5))
    assert found.escalation["step"] == BASE
    assert "sentence" not in found.escalation
    assert found.chances is None
    assert found.factor == 1
    paths, _ = drawn(source, found, 100)
    assert np.array_equal(paths, source.base(100).returns)


def test_a_larger_base_comes_first_where_it_is_enough() -> None:
    source = walk()
    found = solved(source, shifted(2.2))  # exp(-4.84): 79 of 10,000
    assert found.escalation["step"] == LARGER
    assert found.factor in (4, 8)
    assert found.pool.n == 10_000
    assert found.pool.kish >= 200
    assert found.kl == pytest.approx(2.2**2 / 2, rel=0.1)
    assert "paths are drawn for each that is kept" in found.escalation["sentence"]
    few, some = drawn(source, found, 1_500)
    more, weights = drawn(source, found, 3_000)
    assert np.array_equal(few, more[:1_500])
    assert np.array_equal(some, weights[:1_500])
    assert weights.mean() == pytest.approx(1, abs=0.15)
    # Nobody is kept twice, and weights are as even as the rule asks for.
    assert len(np.unique(more[:, :, 0], axis=0)) == 3_000
    assert Effective.of(weights).kish > 0.01 * 3_000
    mean = np.average(more.mean(axis=(1, 2)), weights=weights) * np.sqrt(DAYS) / SCALE
    assert mean == pytest.approx(2.2, abs=0.3)


def test_a_generator_that_cannot_be_tilted_is_refused_with_what_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bootstrap, "tilts", property(lambda self: False))
    with pytest.raises(ScenarioError, match="draws of 'bootstrap' cannot be tilted") as refused:
        solved(walk(), shifted(3.0))
    assert "base: " in str(refused.value)
    assert "up to severity 0." in str(refused.value)


def test_what_no_draws_reach_is_refused_with_how_far_they_go() -> None:
    # The largest day is 3.7 deviations: a mean beyond it cannot be.
    with pytest.raises(ScenarioError, match=r"tilted draws: up to severity 0\.\d\d"):
        solved(walk(), shifted(4.0 * np.sqrt(DAYS)))


def test_the_budget_of_a_larger_base_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalation, "CELLS", 10_000 * DAYS)
    assert solved(walk(), shifted(2.2)).escalation["step"] == TILTED


@pytest.mark.parametrize("kind", ["garch", "blocks"])
def test_fat_tails_and_blocks_are_tilted_too_and_say_what_is_true_of_the_base(kind: str) -> None:
    panel = market()
    generator: Any = Garch() if kind == "garch" else Bootstrap(mean_block=5.0)
    source = Source(PathSimulator(generator.fit(panel, seed=0), encoder(2)), seed=1, horizon=20)
    plain = source.base(10_000).returns.mean(axis=(1, 2))
    target = plain.mean() - 3.0 * plain.std()
    views = f"{{stat: mean_return, op: '=', value: {target}}}"
    found = solved(source, scenario(views, "plausibility: {min_ess: {kish: 400, frac: 0.04}}"))
    before = found.escalation["tried"][0].get("kish", 0.0)
    assert found.escalation["step"] == TILTED
    assert found.pool.kish > max(400.0, 3 * before)
    paths, weights = drawn(source, found, 10_000)
    assert np.average(paths.mean(axis=(1, 2)), weights=weights) == pytest.approx(target, rel=0.02)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1000), min_size=8, max_size=60),
    st.integers(1, 7),
    st.floats(0, 0.999999),
)
def test_as_many_are_kept_as_asked_for_each_once(
    weights: list[float], n: int, uniform: float
) -> None:
    kept, counted = thinned(np.array(weights), n, uniform)
    assert len(kept) == len(counted) == n
    assert len(np.unique(kept)) == n
    assert (counted >= 0).all()


def test_kept_paths_count_for_all_on_average() -> None:
    rng = np.random.default_rng(0)
    weights, value = rng.exponential(size=400) ** 3, rng.normal(size=400)
    weights /= weights.mean()
    drawn = [thinned(weights, 100, uniform) for uniform in (np.arange(500) + 0.5) / 500]
    totals = np.array([[w.sum(), w @ value[kept]] for kept, w in drawn]) / 100
    assert totals[:, 0].mean() == pytest.approx(1, abs=1e-2)
    assert totals[:, 1].mean() == pytest.approx((weights * value).mean(), abs=2e-2)
    # No more can be known of the base than its own effective number says.
    assert max(Effective.of(w).kish for _, w in drawn) <= Effective.of(weights).kish * 1.01
    same, equal = thinned(weights, 400, 0.3)
    assert np.array_equal(same, np.arange(400))
    assert equal is weights


def test_paths_that_count_for_nothing_fill_up_where_too_few_count() -> None:
    weights = np.zeros(50)
    weights[[7, 30]] = 25.0
    kept, counted = thinned(weights, 10, 0.5)
    assert {7, 30} <= set(kept.tolist())
    assert (counted > 0).sum() == 2
    assert counted.mean() == pytest.approx(1)
