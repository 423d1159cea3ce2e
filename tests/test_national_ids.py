"""National ids keep the rules of their countries; numbers that do not are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.personal import personal_kind
from riskgen.data.personal.checkdigits import (
    fits_luhn,
    fits_mod_11_10,
    fits_mod_97_10,
    fits_verhoeff,
)
from riskgen.data.personal.national_ids import is_national_id

# Specimens that the issuers, or the articles about the ids, print.
SPECIMENS = {
    "United States": "536-22-8726",
    "United Kingdom": "AB 12 34 56 C",
    "Germany": "86 095 742 719",
    "France": "2 55 08 14 168 025 38",
    "Corsica": "1 88 05 2A 004 001 " + str(97 - 1880519004001 % 97).zfill(2),
    "Spain": "12345678Z",
    "Spain, foreigner": "X-1234567-L",
    "Italy": "MRTMTT25D09F205Z",
    "Netherlands": "111222333",
    "Poland": "44051401458",
    "Czechia": "736028/5163",
    "Sweden": "811218-9876",
    "Belgium": "85.07.30-033.28",
    "Switzerland": "756.9217.0769.85",
    "India, PAN": "AAAPL1234C",
    "Brazil": "111.444.777-35",
    "China": "11010519491231002X",
}
CHECKED = [name for name in SPECIMENS if name not in ("United States", "United Kingdom")]
CHECKED.remove("India, PAN")
DIGITS = st.text("0123456789", min_size=2, max_size=17)


def changed_once(text: str) -> list[str]:
    """Return the text with one digit changed, for every digit and every other value."""
    return [
        text[:i] + other + text[i + 1 :]
        for i, digit in enumerate(text)
        if digit.isdigit()
        for other in "0123456789"
        if other != digit
    ]


@pytest.mark.parametrize("country", SPECIMENS)
def test_printed_specimens_are_national_ids(country: str) -> None:
    assert is_national_id(SPECIMENS[country])


@pytest.mark.parametrize("country", CHECKED)
def test_hardly_any_wrong_digit_passes(country: str) -> None:
    # Rules of eleven digits overlap between countries: one wrong number in ten may be another's.
    wrong = changed_once(SPECIMENS[country])
    assert np.mean([is_national_id(text) for text in wrong]) < 0.2


@pytest.mark.parametrize(
    "text",
    [
        "000-12-3456",
        "666-12-3456",
        "912-34-5678",
        "123-00-4567",
        "123-45-0000",
        "BG123456A",
        "DA123456A",
        "AO123456A",
        "AB123456E",
        "AAAZL1234C",
        "",
        "123",
        "hello",
    ],
)
def test_numbers_that_are_never_given_out_are_no_ids(text: str) -> None:
    assert not is_national_id(text)


@given(DIGITS)
def test_exactly_one_check_digit_fits(stem: str) -> None:
    for fits in (fits_luhn, fits_verhoeff, fits_mod_11_10):
        assert sum(fits(stem + digit) for digit in "0123456789") == 1


@given(DIGITS, st.data())
def test_one_wrong_digit_is_always_noticed(stem: str, data: st.DataObject) -> None:
    for fits in (fits_luhn, fits_verhoeff, fits_mod_11_10):
        whole = next(stem + digit for digit in "0123456789" if fits(stem + digit))
        place = data.draw(st.integers(0, len(whole) - 1))
        other = data.draw(st.sampled_from([c for c in "0123456789" if c != whole[place]]))
        assert not fits(whole[:place] + other + whole[place + 1 :])


@given(DIGITS, st.data())
def test_verhoeff_notices_neighbours_that_changed_places(stem: str, data: st.DataObject) -> None:
    whole = next(stem + digit for digit in "0123456789" if fits_verhoeff(stem + digit))
    place = data.draw(st.integers(0, len(whole) - 2))
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    assert fits_verhoeff(swapped) == (swapped == whole)


def test_the_specimen_of_the_iban_standard_leaves_one() -> None:
    assert fits_mod_97_10("WEST12345698765432GB82")


def test_verhoeff_of_236_is_3() -> None:
    assert fits_verhoeff("2363")


def valid(width: int, fits: Callable[[str], bool], n: int, seed: int = 0) -> list[str]:
    """Draw numbers of a width that pass a rule."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < n:
        text = str(rng.integers(10 ** (width - 1), 10**width))
        if is_national_id(text) and fits(text):
            found.append(text)
    return found


@pytest.mark.parametrize("width", [9, 11, 12])
def test_columns_of_ids_are_found_as_text_and_as_numbers(width: int) -> None:
    texts = valid(width, lambda text: True, 60)
    assert personal_kind(pl.Series("x", texts)) == "national id"
    assert personal_kind(pl.Series("x", [int(text) for text in texts])) == "national id"
    with_gaps = pl.Series("x", [None, *map(float, texts)])
    assert personal_kind(with_gaps) == "national id"


def test_ids_that_lost_their_leading_zeros_are_found() -> None:
    rng, pesels = np.random.default_rng(1), []
    while len(pesels) < 80:
        text = f"{rng.integers(0, 60):02d}05{rng.integers(1, 29):02d}{rng.integers(10**5):05d}"
        if is_national_id(text):
            pesels.append(int(text))
    assert min(pesels) < 10**10
    assert personal_kind(pl.Series("x", pesels)) == "national id"


@pytest.mark.parametrize("width", range(8, 19))
def test_numbers_of_any_width_do_not_pass_by_luck(width: int) -> None:
    rng = np.random.default_rng(width)
    for seed in range(8):
        drawn = rng.integers(10 ** (width - 1), 10**width, 25)
        counted = 10 ** (width - 1) + seed * 977 + np.arange(300) * (seed + 1)
        for values in (drawn, counted):
            repeated = pl.Series("customer", np.repeat(values, 3))
            assert personal_kind(repeated) is None
            assert personal_kind(repeated.cast(pl.String)) is None


def test_a_few_valid_ids_in_a_column_are_luck() -> None:
    texts = valid(11, lambda text: True, 19)
    assert personal_kind(pl.Series("x", texts * 5)) is None
    others = [str(10**10 + 7 * i) for i in range(15)]
    assert personal_kind(pl.Series("x", [*texts, *texts[:1], *others] * 5)) is None


@pytest.mark.parametrize("name", ["SSN", "tax_id", "steuernummer", "passport_no", "national_id"])
def test_a_column_that_says_id_needs_no_check_digit(name: str) -> None:
    values = [f"C{10**7 + 7 * i}" for i in range(30)] * 4
    assert personal_kind(pl.Series(name, values)) == "national id"
    assert personal_kind(pl.Series(name, ["yes", "no"] * 30)) is None
