"""Personal data is told by its content, and not by luck."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskgen.data.personal import personal_kind


def luhn(stem: str) -> str:
    """Append the check digit of ISO/IEC 7812."""
    for digit in "0123456789":
        numbers = [int(c) for c in reversed(stem + digit)]
        total = sum(numbers[::2]) + sum(sum(divmod(2 * n, 10)) for n in numbers[1::2])
        if total % 10 == 0:
            return stem + digit
    raise AssertionError


def iban(number: int) -> str:
    """Make up a German account number with valid check digits (ISO 13616)."""
    body = f"{number:018d}"
    return f"DE{98 - int(body + '131400') % 97:02d}{body}"


def series(name: str, values: list[object]) -> pl.Series:
    return pl.Series(name, values)


def test_e_mail_iban_card_and_phone_are_found_by_content() -> None:
    numbers = range(50)
    found = {
        "e-mail": [f"person{i}@bank.example" for i in numbers],
        "IBAN": [iban(123456 + i) for i in numbers],
        "card number": [luhn(f"4{i:014d}7"[:15]) for i in range(10**9, 10**9 + 50)],
        "phone": [f"+49 170 12345{i:02d}" for i in numbers],
        "network address": [f"10.0.{i}.7" for i in numbers],
        "national id": [f"123-45-{i:04d}" for i in numbers],
    }
    for kind, values in found.items():
        assert personal_kind(series("x", list(values))) == kind


def test_spaced_ibans_and_grouped_cards_are_found() -> None:
    spaced = [" ".join(iban(i)[k : k + 4] for k in range(0, 22, 4)) for i in range(20)]
    assert personal_kind(series("x", spaced)) == "IBAN"
    cards = ["-".join(luhn(f"55{i:013d}")[k : k + 4] for k in range(0, 16, 4)) for i in range(20)]
    assert personal_kind(series("x", cards)) == "card number"


def test_wrong_check_digits_are_neither_iban_nor_card() -> None:
    wrong = [
        text[:2] + f"{(int(text[2:4]) + 1) % 97:02d}" + text[4:] for text in map(iban, range(9))
    ]
    assert personal_kind(series("x", wrong * 5)) is None
    cards = [luhn(f"4{i:014d}") for i in range(30)]
    broken = [card[:-1] + str((int(card[-1]) + 1) % 10) for card in cards]
    assert personal_kind(series("x", broken * 3)) is None


def test_card_numbers_stored_as_whole_numbers_are_found() -> None:
    cards = [int(luhn(f"4{i:014d}")) for i in range(10**6, 10**6 + 40)]
    assert personal_kind(pl.Series("x", cards)) == "card number"


def test_large_whole_numbers_do_not_pass_for_cards_by_luck() -> None:
    # One in ten random numbers has a valid Luhn digit; 400 seeds never reach 80 %.
    rng = np.random.default_rng(0)
    for _ in range(400):
        values = rng.integers(10**13, 10**15, 30)
        assert personal_kind(pl.Series("amount", values)) is None


def test_phone_numbers_without_a_prefix_need_a_name_that_says_phone() -> None:
    values = [f"0301234{i:03d}" for i in range(100)] * 3
    assert personal_kind(series("mobile_phone", values)) == "phone"
    assert personal_kind(series("code", values)) is None


def test_names_of_people_need_the_name_of_the_column_too() -> None:
    values = ["Ada Lovelace", "Grace Hopper", "Emmy Noether", "Karl O'Neill"] * 10
    assert personal_kind(series("holder_name", values)) == "person name"
    assert personal_kind(series("merchant_name", values)) is None
    assert personal_kind(series("segment", values)) is None


def test_free_text_and_birth_dates_are_found() -> None:
    notes = [f"paid the invoice number {i} for rent of flat" for i in range(200)]
    assert personal_kind(series("remark", notes)) == "free text"
    assert personal_kind(pl.Series("date_of_birth", [1, 2])) == "date of birth"


def test_text_that_hardly_repeats_is_near_unique() -> None:
    assert personal_kind(series("token", [f"t{i:x}" for i in range(500)])) == "near-unique text"
    assert personal_kind(series("shop", [f"s{i % 100}" for i in range(500)])) is None


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("operation", ["credit in cash", "remittance to another bank", None] * 30),
        pl.Series("country", ["DE", "FR", "IT"] * 30),
        pl.Series("amount", [1.5, 2.5] * 40),
        pl.Series("terminal_id", list(range(1000))),
        pl.Series("unix_ms", [1_600_000_000_000 + 977 * i for i in range(200)]),
        pl.Series("x", [None, None], dtype=pl.String),
        pl.Series("x", [], dtype=pl.Int64),
    ],
)
def test_ordinary_columns_are_not_personal(column: pl.Series) -> None:
    assert personal_kind(column) is None
