"""Who the customers are and what they do by habit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.toybank.calendar import N_PAYDAYS, N_RHYTHMS, Calendar
from riskgen.data.toybank.draws import Flags, Floats, Ints, around, cumulative
from riskgen.data.toybank.entries import DAY
from riskgen.data.toybank.merchants import COUNTRIES, N_HOME, N_KINDS, Merchants

SEGMENTS = ("salaried", "self_employed", "student", "retired")
SALARIED, SELF_EMPLOYED, STUDENT, RETIRED = range(4)
AGE_BANDS = ("18-25", "26-35", "36-50", "51-65", "66+")
OVERDRAFT_LIMITS = (0, 50_000, 100_000, 200_000)  # cents
LARGEST_OVERDRAFT = max(OVERDRAFT_LIMITS)
N_PAYEES, N_FAVOURITES, N_TRIPS = 3, 3, 2

_SEGMENT_SHARE = [0.54, 0.13, 0.14, 0.19]
_AGE_SHARE = cumulative(
    np.array(
        [
            [0.1, 0.27, 0.38, 0.25, 0.0],
            [0.03, 0.22, 0.42, 0.29, 0.04],
            [0.8, 0.2, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.2, 0.8],
        ]
    )
)
_HOME_SHARE = [0.45, 0.24, 0.1, 0.08, 0.07, 0.06]
_INCOME = np.array([2450.0, 2600.0, 850.0, 1550.0])  # euros a month
_MAIN_SHARE = np.array([0.45, 0.4, 0.25, 0.5])  # the customer's main account
# Weight of each kind of merchant in purchases, by segment.
_TASTE = np.array(
    [
        [26, 15, 9, 7, 6, 3, 9, 6, 5, 2, 9, 1],
        [22, 16, 10, 9, 5, 4, 10, 5, 5, 4, 8, 1],
        [22, 18, 12, 2, 7, 3, 9, 10, 3, 2, 14, 0.5],
        [36, 12, 4, 6, 5, 2, 5, 4, 13, 3, 3, 1],
    ]
)


@dataclass(frozen=True, eq=False)
class Customers:
    """Attributes and habits, each an array with one row a customer.

    Money is in euros, times in seconds since the first midnight. ``main`` is
    the customer's main account, with income and rent; the others are spending
    accounts that are topped up. ``level`` scales every amount, ``activity``
    every frequency; ``chronotype`` shifts the hours. ``switch`` holds the times
    at which the phone is replaced, ``trip_*`` up to two journeys abroad.
    """

    segment: Ints = field(repr=False)
    age_band: Ints = field(repr=False)
    home: Ints = field(repr=False)
    main: Flags = field(repr=False)
    joined: Ints = field(repr=False)
    income: Floats = field(repr=False)
    limit: Ints = field(repr=False)
    opening: Ints = field(repr=False)
    level: Floats = field(repr=False)
    activity: Floats = field(repr=False)
    taste: Floats = field(repr=False)
    favourites: Ints = field(repr=False)
    loyalty: Floats = field(repr=False)
    digital: Floats = field(repr=False)
    wallet: Floats = field(repr=False)
    chronotype: Floats = field(repr=False)
    rhythm: Ints = field(repr=False)
    payday: Ints = field(repr=False)
    payees: Ints = field(repr=False)
    employer: Ints = field(repr=False)
    switch: Ints = field(repr=False)
    second_device: Flags = field(repr=False)
    trip_start: Ints = field(repr=False)
    trip_stop: Ints = field(repr=False)
    trip_country: Ints = field(repr=False)

    @property
    def n(self) -> int:
        """Number of customers."""
        return len(self.segment)

    def where(self, owner: Ints, second: Ints) -> Ints:
        """Return the country in which each customer is at that time."""
        country = self.home[owner]
        for trip in range(N_TRIPS):
            away = (second >= self.trip_start[owner, trip]) & (second < self.trip_stop[owner, trip])
            country = np.where(away, self.trip_country[owner, trip], country)
        return country

    def device(self, owner: Ints, second: Ints, rng: np.random.Generator) -> Ints:
        """Return the own device used; two slots, and a new phone after each switch."""
        phones = (second[:, None] >= self.switch[owner]).sum(axis=1)
        tablet = self.second_device[owner] & (rng.random(len(owner)) < 0.2)
        return owner * 4 + np.where(tablet, 3, phones)


def open_accounts(
    n: int, calendar: Calendar, merchants: Merchants, rng: np.random.Generator
) -> Customers:
    """Draw ``n`` customers with their habits."""
    segment = rng.choice(4, n, p=_SEGMENT_SHARE)
    ages = (_AGE_SHARE[segment] < rng.random(n)[:, None]).sum(axis=1)
    home = rng.choice(N_HOME, n, p=_HOME_SHARE)
    main = rng.random(n) < _MAIN_SHARE[segment]
    income = around(_INCOME[segment], 0.38, n, rng)
    limit = np.array(OVERDRAFT_LIMITS)[rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])]
    opening = around(np.where(main, 0.45, 0.2) * income, 1.0, n, rng)
    taste = _tastes(segment, rng)
    start, stop, country = _trips(home, calendar, rng)
    late = rng.random(n) < 0.15
    return Customers(
        segment=segment,
        age_band=ages,
        home=home,
        main=main,
        joined=np.where(late, rng.random(n) * 0.6 * calendar.seconds, 0).astype(np.int64),
        income=income,
        limit=np.where(segment == STUDENT, np.minimum(limit, OVERDRAFT_LIMITS[1]), limit),
        opening=np.round(opening * 100).astype(np.int64),
        level=np.exp(0.3 * np.log(income / 2000) + 0.33 * rng.standard_normal(n)),
        activity=rng.gamma(2.5, 1 / 2.5, n),
        taste=cumulative(taste),
        favourites=_favourites(n, merchants, rng),
        loyalty=rng.beta(5, 2.5, n),
        digital=rng.beta(2, 2, n) * np.where(segment == RETIRED, 0.5, 1.0),
        wallet=np.where(rng.random(n) < 0.4, rng.beta(3, 2, n), 0.0),
        chronotype=1.2 * rng.standard_normal(n) + np.where(segment == STUDENT, 1.2, 0.0),
        rhythm=np.where(segment == RETIRED, 1 + (rng.random(n) < 0.5), rng.integers(0, 2, n)),
        payday=rng.choice(N_PAYDAYS, n, p=[0.4, 0.25, 0.2, 0.15]),
        payees=rng.integers(0, 4 * n, (n, N_PAYEES)),
        employer=rng.integers(4 * n, 4 * n + max(n // 25, 3), n),
        switch=np.cumsum(rng.exponential(480 * DAY, (n, 2)), axis=1).astype(np.int64),
        second_device=rng.random(n) < 0.35,
        trip_start=start,
        trip_stop=stop,
        trip_country=country,
    )


def spending_group(customers: Customers) -> Ints:
    """Return the row of the calendar's shares that each customer follows."""
    assert int(customers.rhythm.max(initial=0)) < N_RHYTHMS
    return customers.rhythm * N_PAYDAYS + customers.payday


def _tastes(segment: Ints, rng: np.random.Generator) -> Floats:
    """Draw persistent tastes: Dirichlet around the segment's, strongly personal."""
    weights = _TASTE / _TASTE.sum(axis=1, keepdims=True)
    drawn: Floats = rng.gamma(8.0 * weights[segment]) + 1e-6
    return drawn


def _favourites(n: int, merchants: Merchants, rng: np.random.Generator) -> Ints:
    kinds = np.tile(np.repeat(np.arange(N_KINDS), N_FAVOURITES), n)
    return merchants.choose(kinds, rng).reshape(n, N_KINDS, N_FAVOURITES)


def _trips(home: Ints, calendar: Calendar, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Draw up to two journeys abroad a year for each customer."""
    n = len(home)
    taken = rng.random((n, N_TRIPS)) < 0.4 * min(calendar.n_days / 365, 1.5)
    start = (rng.random((n, N_TRIPS)) * calendar.seconds).astype(np.int64)
    length = (around(8.0, 0.5, n * N_TRIPS, rng) * DAY).astype(np.int64).reshape(n, N_TRIPS)
    abroad = rng.integers(1, len(COUNTRIES), (n, N_TRIPS))
    country = (home[:, None] + abroad) % len(COUNTRIES)
    return np.where(taken, start, 0), np.where(taken, start + length, 0), country
