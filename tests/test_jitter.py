"""The placebo: noisy copies that stay valid panels and stay the same customers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import RiskgenError
from riskgen.models.base import sample
from riskgen.models.bootstrap import Bootstrap
from riskgen.models.cells import cells
from riskgen.models.jitter import jittered

FIELDS = (
    Field("kind", 4),
    Field("price", 8, spread=True),  # 0 missing, 1 and 2 shared prices, 3 to 7 cells
    Field("detail", 3, spread=True, requires=("price", 5)),
    Field("level", 0),
)


def panel(n: int = 60, seed: int = 0) -> SequencePanel:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, size=n)
    total = int(lengths.sum())
    price = rng.integers(8, size=total) + 0.5
    price = np.where(price > 3, np.floor(price) + rng.random(total), price)
    detail = np.where(price >= 5, 3 * rng.random(total), 0.0)
    values = np.column_stack([rng.integers(4, size=total), price, detail, rng.normal(size=total)])
    context = np.column_stack([np.arange(n) % 2, lengths]).astype(float)
    layout = Layout(FIELDS, (Field("label", 2), Field("length", 0)))
    return SequencePanel(layout, values, context, np.concatenate([[0], np.cumsum(lengths)]))


def noisy(real: SequencePanel, scale: float, seed: int = 0) -> SequencePanel:
    inside = [cells(real.layout, real.values, column) for column in range(4)]
    return jittered(real, inside, scale, np.random.default_rng(seed))


def test_cells_are_told_from_single_things() -> None:
    real = panel()
    assert cells(real.layout, real.values, 1).tolist() == [False] * 3 + [True] * 5
    assert cells(real.layout, real.values, 2).all()
    assert not cells(real.layout, real.values, 0).any()


def test_no_jitter_is_the_identity() -> None:
    real = panel()
    copied = noisy(real, 0.0)
    assert np.array_equal(copied.values, real.values)
    assert np.array_equal(copied.context, real.context)
    without = sample(Bootstrap().fit(real, seed=0), 50, seed=4)
    assert np.array_equal(
        without.values, sample(Bootstrap(jitter=0.0).fit(real, seed=0), 50, seed=4).values
    )


@given(st.floats(0.0, 50.0), st.integers(0, 10_000))
def test_codes_stay_in_range_and_a_field_applies_where_it_applied(scale: float, seed: int) -> None:
    real = panel()
    moved = noisy(real, scale, seed)  # the panel checks the range of its codes itself
    level, before = np.floor(moved.values), np.floor(real.values)
    assert ((level[:, 1] >= 5) == (before[:, 1] >= 5)).all()
    assert (moved.values[level[:, 1] < 5, 2] == 0).all()
    single = before[:, 1] < 3
    assert np.array_equal(moved.values[single, 1], real.values[single, 1])
    assert (level[~single, 1] >= 3).all()
    assert np.array_equal(moved.values[:, 0], real.values[:, 0])


def test_small_noise_moves_every_number_a_little_and_never_the_context() -> None:
    real = panel(400)
    moved = noisy(real, 0.1)
    change = moved.values - real.values
    assert change[:, 3].std() == pytest.approx(0.1, rel=0.1)
    inside = (real.values[:, 1] >= 5.5) & (real.values[:, 1] < 7.5)
    assert change[inside, 1].std() == pytest.approx(0.1, rel=0.15)
    assert (change[inside, 1] != 0).all()
    assert np.array_equal(moved.context, real.context)
    assert np.array_equal(moved.offsets, real.offsets)


def test_the_same_customers_are_drawn_in_the_same_order_with_jitter_and_without() -> None:
    real = panel()
    plain = sample(Bootstrap().fit(real, seed=0), 1500, seed=2)
    moved = sample(Bootstrap(jitter=0.3).fit(real, seed=0), 1500, seed=2)
    assert np.array_equal(moved.offsets, plain.offsets)
    assert np.array_equal(moved.context, plain.context)
    assert np.array_equal(moved.values[:, 0], plain.values[:, 0])
    # A customer that is drawn twice gets noise of its own each time.
    assert len(np.unique(moved.values[:, 3])) == len(moved.values)
    assert len(np.unique(plain.values[:, 3])) <= len(real.values)


def test_jitter_reaches_blocks_of_a_path_too() -> None:
    layout = Layout((Field("a", 0),), ())
    path = SequencePanel(layout, np.zeros((200, 1)), np.zeros((1, 0)), np.array([0, 200]))
    drawn = sample(Bootstrap(jitter=0.5).fit(path, seed=0), 64, seed=0, length=50)
    assert drawn.values.std() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("options", [{"jitter": -0.1}, {"mean_block": 0.5}, {"jitter": np.nan}])
def test_senseless_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RiskgenError, match="jitter is 0 or more"):
        Bootstrap(**options)
