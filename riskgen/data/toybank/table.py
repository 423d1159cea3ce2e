"""A ledger as the table that a bank would export."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskgen.data.toybank.calendar import START
from riskgen.data.toybank.cases import TYPOLOGIES
from riskgen.data.toybank.customers import AGE_BANDS, SEGMENTS, Customers
from riskgen.data.toybank.draws import Ints
from riskgen.data.toybank.entries import CHANNELS
from riskgen.data.toybank.ledger import Ledger
from riskgen.data.toybank.merchants import CATEGORIES, COUNTRIES, N_MERCHANTS


def write_table(ledger: Ledger, customers: Customers, rng: np.random.Generator) -> pl.DataFrame:
    """Return the bookings with texts for codes, amounts in currency units."""
    entries, owner = ledger.entries, ledger.entries.owner
    micros = entries.second * 1_000_000 + START.astype("datetime64[us]").astype(np.int64)
    signed = np.where(entries.credit, ledger.cents, -ledger.cents)
    return pl.DataFrame(
        [
            _texts("customer_id", owner, _keys("C", customers.n)),
            pl.Series("timestamp", micros).cast(pl.Datetime("us")),
            pl.Series("amount", ledger.cents / 100),
            _texts("direction", entries.credit.astype(np.int64), ("debit", "credit")),
            pl.Series("signed_amount", signed / 100),
            pl.Series("balance", ledger.balance / 100),
            _texts("category", entries.category, CATEGORIES),
            _texts("merchant", entries.merchant, _keys("M", N_MERCHANTS)),
            _keyed("counterparty", entries.counterparty, "P", rng),
            _texts("channel", entries.channel, CHANNELS),
            _texts("country", entries.country, COUNTRIES),
            _keyed("device", entries.device, "D", rng),
            _texts("home_country", customers.home[owner], COUNTRIES),
            _texts("age_band", customers.age_band[owner], AGE_BANDS),
            _texts("segment", customers.segment[owner], SEGMENTS),
            pl.Series("is_fraud", entries.typology >= 0).cast(pl.Int8),
            _texts("fraud_typology", entries.typology, TYPOLOGIES),
        ]
    )


def _texts(name: str, codes: Ints, levels: Sequence[str] | pl.Series) -> pl.Series:
    """Return the text of each code; -1 is missing."""
    known = pl.Series(name, levels, dtype=pl.String)
    return _blanked(known.gather(np.maximum(codes, 0)), codes)


def _keys(letter: str, n: int) -> pl.Series:
    numbers = pl.Series(np.arange(n)).cast(pl.String).str.zfill(len(str(max(n - 1, 1))))
    return letter + numbers


def _keyed(name: str, codes: Ints, letter: str, rng: np.random.Generator) -> pl.Series:
    """Return keys in an order that says nothing about who is behind them."""
    used, place = np.unique(codes, return_inverse=True)
    shuffled = rng.permutation(len(used))
    texts = _texts(name, shuffled[place], _keys(letter, len(used)))
    return _blanked(texts, codes)


def _blanked(texts: pl.Series, codes: Ints) -> pl.Series:
    """Return ``texts`` without those whose code says that there is none."""
    nothing = pl.Series(texts.name, [None], dtype=pl.String).new_from_index(0, len(texts))
    return texts.zip_with(pl.Series(codes >= 0), nothing)
