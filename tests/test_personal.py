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


POSITIONS = np.random.default_rng(2).normal([52.52, 13.405], 0.05, (80, 2)).round(5)


def test_latitude_and_longitude_are_exact_coordinates() -> None:
    for name, column in (("lat", 0), ("home_latitude", 0), ("Longitude", 1), ("merch_lng", 1)):
        assert personal_kind(series(name, POSITIONS[:, column].tolist())) == "exact coordinates"
    assert personal_kind(pl.Series("lat", POSITIONS[:, 0], dtype=pl.Float32)) == "exact coordinates"
    written = series("latitude", [str(value) for value in POSITIONS[:, 0]])
    assert personal_kind(written) == "exact coordinates"


def test_words_of_two_meanings_need_their_partner() -> None:
    long = series("merch_long", POSITIONS[:, 1].tolist())
    assert personal_kind(long, ["merch_lat", "merch_long"]) == "exact coordinates"
    assert personal_kind(long, ["merch_long", "merch_short"]) is None
    x = series("geo_x", POSITIONS[:, 0].tolist())
    assert personal_kind(x, ["geo_x", "geo_y"]) == "exact coordinates"
    assert personal_kind(x.rename("x"), ["x", "y"]) is None


def test_pairs_in_one_text_are_exact_coordinates() -> None:
    pairs = [f"{a:.5f}, {b:.5f}" for a, b in POSITIONS]
    assert personal_kind(series("where", pairs)) == "exact coordinates"


def test_coarse_positions_and_other_numbers_are_no_coordinates() -> None:
    assert personal_kind(series("lat", POSITIONS[:, 0].round(2).tolist())) is None
    assert personal_kind(series("lat", (POSITIONS[:, 0] * 100).tolist())) is None
    assert personal_kind(series("V1", POSITIONS[:, 0].tolist())) is None
    assert personal_kind(series("lat", [None, None])) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [("e-mail", "ann{}@mail.example"), ("IBAN", "{}"), ("card number", "{}")],
)
def test_personal_data_inside_some_texts_are_found(kind: str, value: str) -> None:
    texts = [f"STANDING ORDER {i % 97} RENT" for i in range(300)]
    makers = {"IBAN": iban, "card number": lambda i: luhn(f"4{i:014d}"), "e-mail": str}
    for i in range(0, 300, 30):
        texts[i] = f"TO {value.format(makers[kind](10**9 + i))} RENT {i}"
    assert personal_kind(series("purpose", texts)) == f"{kind} in text"


def test_a_spaced_iban_before_more_words_is_found() -> None:
    plain = [iban(10**9 + i) for i in range(20)]
    spaced = [" ".join(text[k : k + 4] for k in range(0, 22, 4)) for text in plain]
    texts = [f"PAY {text} RENT MAY" for text in spaced] + [f"FEE {i}" for i in range(80)]
    assert personal_kind(series("purpose", texts * 4)) == "IBAN in text"


def test_one_in_a_thousand_texts_is_below_the_share_that_counts() -> None:
    texts = [f"FEE {i}" for i in range(2_000)]
    texts[:2] = [f"ask ann{i}@mail.example" for i in range(2)]
    assert personal_kind(series("purpose", texts * 2)) is None


def test_references_that_look_like_ibans_or_cards_are_none() -> None:
    rng = np.random.default_rng(4)
    references = [f"DE{rng.integers(10, 99)}{rng.integers(10**17, 10**18)}" for _ in range(900)]
    assert personal_kind(series("purpose", references * 2)) is None
    orders = [f"ORDER {rng.integers(10**15, 10**16)}" for _ in range(900)]
    assert personal_kind(series("purpose", orders * 2)) is None


def test_people_are_known_by_given_names_whatever_the_column_is_called() -> None:
    given = ["Anna", "Peter", "Maria", "Xq", "Laura", "Zw", "Elena", "Paul"]
    people = [f"{given[i % 8]} {chr(65 + i % 26)}{chr(97 + i // 26)}ski" for i in range(120)]
    assert personal_kind(series("field_7", people * 3)) == "person name"
    last_first = [", ".join(reversed(name.split())) for name in people]
    assert personal_kind(series("field_7", last_first * 3)) == "person name"


def test_payees_with_full_names_are_people_and_firms_are_not() -> None:
    people = [f"Qu{chr(97 + i % 26)} van Zor{chr(97 + i // 26)}" for i in range(60)]
    firms = [f"Qu{chr(97 + i % 26)} Zor{chr(97 + i // 26)} GmbH" for i in range(60)]
    assert personal_kind(series("payee", people * 3)) == "person name"
    assert personal_kind(series("payee", firms * 3)) is None
    assert personal_kind(series("brand", people * 3)) is None


def test_merchants_and_cities_are_not_people() -> None:
    shops = [
        f"{word} {kind}"
        for word in ("Blue", "Corner", "Nord", "Peter's", "Rapid")
        for kind in ("Bakery", "Fuel", "Books", "Kiosk", "Travel", "Garden")
    ]
    assert personal_kind(series("merchant_name", shops * 9)) is None
    cities = ["Ulm", "Bonn", "San Jose", "Charlotte", "Kiel", "Oslo", "Paris", "Porto", "Genoa"]
    cities += ["Lyon", "Turin", "Bern", "Graz", "Linz", "Cork", "Bath", "York", "Riga", "Brno"]
    assert personal_kind(series("city", [*cities, "Gent", "Vigo", "Madison"] * 9)) is None


def test_streets_and_fine_postcodes_are_addresses_and_areas_are_not() -> None:
    assert personal_kind(series("x", [f"Lindenstraße {i}" for i in range(50)])) == "address"
    assert personal_kind(series("x", [f"{i} Mill Road" for i in range(50)])) == "address"
    assert personal_kind(series("x", [f"{i}, rue de la Paix" for i in range(50)])) == "address"
    fine = [f"SW1A {i % 9}{'ABDEFGHJL'[i % 9]}{'AB'[i % 2]}" for i in range(50)]
    assert personal_kind(series("postcode", fine)) == "address"
    areas = [f"{10_000 + 7 * i}" for i in range(400)]
    assert personal_kind(series("postcode", areas * 3)) is None
    assert personal_kind(series("zip", [int(text) for text in areas] * 3)) is None


def test_sparse_numbers_called_a_key_are_near_unique_and_measurements_are_not() -> None:
    rng = np.random.default_rng(8)
    sparse = rng.integers(10**7, 10**9, 500)
    assert personal_kind(pl.Series("contract_no", sparse)) == "near-unique number"
    assert personal_kind(pl.Series("amount_cents", sparse)) is None
    assert personal_kind(pl.Series("contract_no", np.repeat(sparse, 3))) is None
    assert personal_kind(pl.Series("terminal_id", np.arange(500) + 10**6)) is None


@pytest.mark.parametrize("name", ["birthDate", "DOB", "geburtsdatum", "date_of_birth"])
def test_dates_of_birth_are_known_by_name(name: str) -> None:
    assert personal_kind(pl.Series(name, [None], dtype=pl.Date)) == "date of birth"


def test_hardware_addresses_are_network_addresses_and_versions_are_not() -> None:
    macs = [f"00:1b:44:11:3a:{i:02x}" for i in range(40)]
    assert personal_kind(series("x", macs * 3)) == "network address"
    assert personal_kind(series("x", [f"{i}.999.{i}.1" for i in range(40)] * 3)) is None


def test_detectors_give_the_same_answer_on_odd_types() -> None:
    mails = [f"person{i}@bank.example" for i in range(40)]
    assert personal_kind(pl.Series("x", mails, dtype=pl.Categorical)) == "e-mail"
    for column in (
        pl.Series("x", [True, False]),
        pl.Series("x", [[1], [2]]),
        pl.Series("x", [{"a": 1}]),
        pl.Series("x", [b"a@b.de"] * 9),
        pl.Series("x", [float("inf"), 1e300, float("nan")]),
        pl.Series("lat", [float("inf"), 1e300, float("nan")]),
        pl.Series("", ["", " "]),
    ):
        assert personal_kind(column) is None
