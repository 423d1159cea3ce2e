"""The pieces of a transplant by closed forms: gaps, novelty that lasts, kinds, groups."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from conftest import tiny_schema, tiny_table
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.events import Events
from riskgen.simulate.mechanisms import Donors
from riskgen.simulate.mechanisms.transplant.novelty import groups, kept_new
from riskgen.simulate.mechanisms.transplant.timing import blend, gaps

positive = st.floats(1.0, 1e7)
shares = st.floats(0.0, 1.0)


@given(case=positive, usual=positive, low=shares, high=shares)
def test_gaps_fall_from_the_usual_to_the_cases_and_never_rise_above_a_long_one(
    case: float, usual: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    mild, severe = (gaps(np.array([case]), np.array([usual]), s)[0] for s in (low, high))
    if case >= usual:
        assert mild == severe == case
    else:
        assert usual * (1 + 1e-9) >= mild >= severe * (1 - 1e-9)
        assert severe >= case * (1 - 1e-9)


@given(ordinary=positive, special=positive)
def test_half_of_a_share_is_the_geometric_mean(ordinary: float, special: float) -> None:
    one, other = np.array([ordinary]), np.array([special])
    assert blend(one, other, 0.5)[0] == pytest.approx((ordinary * special) ** 0.5)
    assert blend(one, other, 1.0)[0] == special
    assert blend(one, other, 0.0)[0] == pytest.approx(ordinary)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 4)), min_size=1, max_size=40),
    shares,
    shares,
    st.integers(0, 99),
)
def test_what_stays_new_stays_new_when_more_does_and_for_the_whole_group(
    pairs: list[tuple[int, int]], low: float, high: float, seed: int
) -> None:
    low, high = sorted((low, high))
    rank, group = (np.array(column, dtype=np.int64) for column in zip(*sorted(pairs), strict=True))
    uniform = np.random.default_rng(seed).random(len(rank))
    new = np.ones(len(rank), dtype=bool)
    few, many = (kept_new(rank, group, new, uniform, share) for share in (low, high))
    assert not (few & ~many).any()
    _, _, slot = groups(rank, group)
    assert all(len(set(many[slot == number])) == 1 for number in np.unique(slot))
    assert not kept_new(rank, group, ~new, uniform, 1.0).any()


def robbed_in(category: str, holders: int) -> Donors:
    """Cases of a label in a category that so many customers have used."""
    table = tiny_table(60)
    names = [f"c{number:04d}" for number in range(holders)]
    used = pl.col("customer").is_in(names) & (pl.int_range(pl.len()).over("customer") == 2)
    frame = table.with_columns(
        pl.when(used | (pl.col("fraud") == 1))
        .then(pl.lit(category))
        .otherwise(pl.col("category"))
        .alias("category")
    )
    return Donors.of(Events.build(frame, tiny_schema()))


@pytest.mark.parametrize(("holders", "told"), [(0, ""), (30, "rare things")])
def test_a_category_of_fewer_than_11_customers_is_no_part_of_a_shape(
    holders: int, told: str
) -> None:
    # Eight customers are robbed: with nobody else the category is theirs alone.
    kinds = robbed_in("rare things", holders).shapes.kinds
    assert {kind.category for kind in kinds} == {told}
