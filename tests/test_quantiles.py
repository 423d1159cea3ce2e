from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskgen.data.codecs.quantiles import Quantiles


def owners_of(values: np.ndarray, n_entities: int = 20) -> np.ndarray:
    return np.sort(np.arange(len(values)) % n_entities)


@given(
    hnp.arrays(np.int64, st.integers(40, 200), elements=st.integers(-(10**9), 10**9)),
    st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_numbers_within_bounds_come_back_to_the_last_decimal(
    whole: np.ndarray, decimals: int
) -> None:
    values = whole / 10.0**decimals
    codec = Quantiles.fit(values, owners_of(values), decimals=decimals)
    decoded = codec.decode(codec.encode(values))
    if codec.bins is None:
        assert set(decoded) <= set(codec.numbers(codec.atoms))
        return
    edges = codec.bounds(np.array([codec.first_bin, codec.levels - 1]))
    low, high = codec.numbers(np.array([edges[0][0], edges[1][1]]))
    kept = ((low <= values) & (values <= high)) | np.isin(whole, codec.atoms)
    assert np.array_equal(decoded[kept], values[kept])
    assert np.isin(decoded[~kept], [low, high]).all()


def test_cents_are_the_very_floats_of_the_table() -> None:
    values = np.round(np.random.default_rng(0).uniform(0, 5_000, 20_000), 2)
    codec = Quantiles.fit(values, owners_of(values), decimals=2)
    decoded = codec.decode(codec.encode(values))
    assert np.mean(decoded == values) > 0.99


def test_a_shared_value_is_an_atom_and_a_private_one_is_not() -> None:
    rng = np.random.default_rng(1)
    values, owners = np.round(rng.uniform(1, 900, 4_000), 2), np.repeat(np.arange(40), 100)
    values[::10] = 9.99  # everybody's
    values[owners == 3] = 123.45  # one entity's, 2.5 % of all events
    codec = Quantiles.fit(values, owners, decimals=2)
    assert codec.atoms.tolist() == [999.0]
    assert codec.decode(np.array([0.0, 0.3, 0.99])).tolist() == [9.99] * 3


def test_missing_numbers_have_their_own_level_or_become_the_commonest() -> None:
    values = np.round(np.random.default_rng(2).normal(50, 9, 600), 1)
    whole = Quantiles.fit(values, owners_of(values), decimals=1)
    assert not whole.missing
    assert np.isfinite(whole.decode(whole.encode(np.array([np.nan])))).all()
    values[::3] = np.nan
    holed = Quantiles.fit(values, owners_of(values), decimals=1)
    assert np.array_equal(np.isnan(holed.decode(holed.encode(values))), np.isnan(values))


def test_a_column_that_is_always_missing_has_one_level() -> None:
    values = np.full(50, np.nan)
    codec = Quantiles.fit(values, owners_of(values), decimals=2)
    assert codec.levels == 1
    assert np.isnan(codec.decode(codec.encode(values))).all()
    assert np.isnan(codec.decode(codec.encode(np.array([7.0])))).all()


def test_a_number_between_atoms_goes_to_the_nearest() -> None:
    values = np.tile([1.0, 2.0, 6.0], 100)
    codec = Quantiles.fit(values, owners_of(values), decimals=0)
    assert codec.bins is None
    found = codec.decode(codec.encode(np.array([-9.0, 1.4, 3.4, 5.0, 99.0])))
    assert found.tolist() == [1.0, 1.0, 2.0, 6.0, 6.0]


def test_decimals_are_found_where_none_are_stated() -> None:
    rng = np.random.default_rng(3)
    cents = np.round(rng.uniform(0, 10, 500), 2)
    assert Quantiles.fit(cents, owners_of(cents), decimals=None).decimals == 2
    rates = rng.uniform(1, 9, 500) * 1e-4
    codec = Quantiles.fit(rates, owners_of(rates), decimals=None)
    decoded = codec.decode(codec.encode(rates))
    assert np.median(np.abs(decoded / rates - 1)) < 1e-5


def test_numbers_far_from_zero_but_close_together_keep_their_digits() -> None:
    days = 19_723.0 + np.random.default_rng(5).integers(0, 90, 4_000)
    codec = Quantiles.fit(days, owners_of(days), decimals=0, n_bins=48)
    assert np.array_equal(codec.decode(codec.encode(days)), days)
    far = Quantiles.fit(-days * 1e6 + 17, owners_of(days), decimals=0)
    found = far.decode(far.encode(-days * 1e6 + 17))
    assert np.mean(found == -days * 1e6 + 17) > 0.9


def test_a_quantile_codec_is_saved_as_json() -> None:
    values = np.round(np.random.default_rng(4).lognormal(3, 1, 900), 2)
    values[::7] = 5.0
    values[::11] = np.nan
    codec = Quantiles.fit(values, owners_of(values), decimals=2)
    copy = Quantiles.from_state(json.loads(json.dumps(codec.state())))
    places = np.linspace(0, codec.levels - 1e-6, 999)
    assert np.array_equal(copy.decode(places), codec.decode(places), equal_nan=True)
    assert np.array_equal(copy.encode(values), codec.encode(values))
