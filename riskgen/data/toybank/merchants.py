"""Several hundred merchants of twelve kinds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.toybank.draws import Flags, Floats, Ints, cumulative, pick

# Twelve kinds of merchant, then what banks book without one. All numbers of
# this package are judgement [J]: the bank is simulated, and meant to be
# plausible, not to be anyone's.
CATEGORIES = (
    "groceries",
    "restaurants",
    "transport",
    "fuel",
    "clothing",
    "electronics",
    "marketplace",
    "entertainment",
    "health",
    "travel",
    "digital",
    "utilities",
    "transfer",
    "income",
    "cash",
    "housing",
)
N_KINDS = 12
GROCERIES, RESTAURANTS, TRANSPORT, FUEL, CLOTHING, ELECTRONICS = range(6)
MARKETPLACE, ENTERTAINMENT, HEALTH, TRAVEL, DIGITAL, UTILITIES = range(6, 12)
TRANSFERS, INCOME, CASH, HOUSING = range(12, 16)

N_MERCHANTS = 600
# Share of merchants of each kind; share of these that sell online.
_COUNT_SHARE = [0.16, 0.18, 0.05, 0.05, 0.1, 0.07, 0.08, 0.08, 0.07, 0.07, 0.07, 0.02]
_ONLINE_SHARE = [0.08, 0.12, 0.3, 0.0, 0.35, 0.5, 1.0, 0.35, 0.1, 0.75, 1.0, 1.0]
# Median amount in euros and its spread within a kind (standard deviation of the log).
MEDIAN = np.array([28, 19, 7, 48, 46, 95, 31, 22, 24, 140, 6, 60], dtype=np.float64)
SPREAD = np.array([0.7, 0.6, 0.7, 0.35, 0.6, 0.9, 0.8, 0.6, 0.6, 0.9, 0.8, 0.4])
ZIPF = 1.0

COUNTRIES = ("DE", "FR", "NL", "IT", "ES", "AT", "GB", "US", "IE", "LU", "CN", "TR", "PL", "CH")
N_HOME = 6
_SELLER_HOME = 0.78  # the rest of the online merchants sell from one of these:
_SELLERS = np.array([6, 7, 8, 9, 10], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Merchants:
    """What each merchant sells, from where, and how popular it is.

    Attributes
    ----------
    kind : ndarray of shape (600,)
        Category code.
    online : ndarray of shape (600,)
        Sells online only.
    country : ndarray of shape (600,)
        Country code of a foreign online seller; -1 where it is the customer's.
    level : ndarray of shape (600,)
        Price level, as a factor on the kind's median.
    popular : ndarray of shape (12, 600)
        Cumulative popularity within each kind (Zipf).
    popular_online : ndarray of shape (12, 600)
        The same among those that sell online; all of the kind where none does.
    """

    kind: Ints = field(repr=False)
    online: Flags = field(repr=False)
    country: Ints = field(repr=False)
    level: Floats = field(repr=False)
    popular: Floats = field(repr=False)
    popular_online: Floats = field(repr=False)

    def choose(self, kinds: Ints, rng: np.random.Generator, online: bool = False) -> Ints:
        """Draw a merchant of each kind by popularity."""
        return pick(self.popular_online if online else self.popular, kinds, rng)


def open_merchants(rng: np.random.Generator) -> Merchants:
    """Draw the merchants of the bank's customers."""
    shares = np.array(_COUNT_SHARE)
    kind = np.sort(rng.choice(N_KINDS, N_MERCHANTS, p=shares / shares.sum()))
    kind[: N_KINDS * 4] = np.repeat(np.arange(N_KINDS), 4)  # every kind has a few
    kind = rng.permutation(kind)
    online = rng.random(N_MERCHANTS) < np.array(_ONLINE_SHARE)[kind]
    foreign = online & (rng.random(N_MERCHANTS) > _SELLER_HOME)
    country = np.where(foreign, rng.choice(_SELLERS, N_MERCHANTS), -1)
    level = np.exp(0.3 * rng.standard_normal(N_MERCHANTS))
    rank = rng.permutation(N_MERCHANTS) % 60 + 1.0
    members = kind[None, :] == np.arange(N_KINDS)[:, None]
    weights = members / rank**ZIPF
    sellers = weights * online
    sellers = np.where(sellers.sum(axis=1, keepdims=True) > 0, sellers, weights)
    return Merchants(kind, online, country, level, cumulative(weights), cumulative(sellers))
