"""Faults of time: days without events, days with too many, clocks of another zone.

Knows days and hours of rows, not what happened in them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.inspection.evidence import Evidence, Floats, Ints
from riskgen.data.quality.problem import Problem

_EXPECTED = 20.0  # events a day below which an empty day may be luck [J]
_SPIKE = 10.0  # times the usual volume that is no calendar effect [J]
_MIDNIGHT = 20.0  # times the events of a usual second at midnight [J]
_HOUR_SHIFT = (0.6, 1.4)  # hours between summer and winter that are an offset of one [J]
_FEWEST = 2_000  # events below which no clock is judged [J]


def find_empty_days(evidence: Evidence) -> Iterator[Problem]:
    """Find days, or months, without an event where some were expected."""
    if not evidence.has_calendar or not evidence.timed.any():
        return
    counts, first = _daily(evidence)
    usual = _usual_by_weekday(counts, first)
    empty = (counts == 0) & (usual >= _EXPECTED)
    n = int(empty.sum())
    if n == 0:
        return
    # A bank holiday is a single day; more in a row are a hole [J].
    longest = _longest_run(counts == 0)
    start = np.datetime64(first + int(empty.argmax()), "D")
    yield Problem(
        code="days-without-events",
        effect="worse" if longest > 4 else "look",
        found=f"{n:,} of {len(counts):,} days have no event at all, the first on {start}, where "
        f"a usual day has {np.median(usual[empty]):,.0f}; the longest stretch is {longest} days.",
        then="A hole is learned as a pause of every customer."
        if longest > 4
        else "Holidays are right; missing files are learned as pauses.",
        advice="Load the missing days, or cut the table before or after the hole.",
        columns=(_time(evidence),),
        count=n,
        share=n / len(counts),
    )


def find_crowded_days(evidence: Evidence) -> Iterator[Problem]:
    """Find days with ten times the usual volume that no other month repeats."""
    if not evidence.has_calendar or not evidence.timed.any():
        return
    counts, first = _daily(evidence)
    usual = np.maximum(_usual_by_weekday(counts, first), np.median(counts))
    crowded = (counts >= _SPIKE * np.maximum(usual, 1.0)) & (counts >= 100)
    crowded &= counts >= 5.0 * _same_day_of_other_months(counts, first)
    n = int(crowded.sum())
    if n == 0 or len(counts) < 28:
        return
    rows = np.isin(evidence.day, first + np.flatnonzero(crowded))
    yield Problem(
        code="days-with-too-many-events",
        effect="wrong",
        found=f"{n:,} days, the first {np.datetime64(first + int(crowded.argmax()), 'D')}, have "
        f"ten times the usual events ({int(rows.sum()):,} rows){evidence.where(rows)}.",
        then="An import or correction run is learned as behaviour.",
        advice="Give these rows the date they happened, or leave them out.",
        columns=(_time(evidence),),
        count=int(rows.sum()),
        first_row=evidence.first(rows),
        share=float(rows.mean()),
    )


def find_midnight(evidence: Evidence) -> Iterator[Problem]:
    """Find times of day that are missing in some rows: midnight to the second."""
    if not evidence.has_clock or evidence.timed.sum() < _FEWEST:
        return
    within = np.mod(evidence.seconds[evidence.timed], SECONDS_PER_DAY)
    at, near = int((within == 0).sum()), int(((within > 0) & (within < 3_600)).sum())
    minutes = bool((np.mod(within, 60.0) == 0).mean() > 0.95)
    usual = near / (59.0 if minutes else 3_599.0)
    share = at / len(within)
    if share > 0.005 and at > _MIDNIGHT * max(usual, 1.0):
        rows = evidence.timed & (np.mod(evidence.seconds, SECONDS_PER_DAY) == 0)
        yield Problem(
            code="midnight-for-unknown",
            effect="wrong",
            found=f"{at:,} events ({100 * share:.1f} %) are at midnight to the second"
            f"{evidence.where(rows)}.",
            then="Rows without a time of day are learned as a rush at midnight.",
            advice="Add the real time, or round all times to days.",
            columns=(_time(evidence),),
            count=at,
            first_row=evidence.first(rows),
            share=share,
        )


def find_clock_doubts(evidence: Evidence) -> Iterator[Problem]:
    """Find clocks that seem to be of another zone, or to ignore summer time."""
    if not evidence.has_clock or evidence.timed.sum() < _FEWEST:
        return
    seconds = evidence.seconds[evidence.timed]
    quiet = _quietest_hour(seconds)
    if quiet is not None and 8 <= quiet <= 20:
        yield Problem(
            code="clock-of-another-zone",
            effect="look",
            found=f"The quietest hours of the day are around {quiet:02d}:00.",
            then="Night is learned as day; scenarios that say 'at night' strike at the wrong hour.",
            advice="Turn the times into the customer's local time.",
            columns=(_time(evidence),),
        )
    shift = _summer_shift(seconds)
    if shift is not None and _HOUR_SHIFT[0] <= abs(shift) <= _HOUR_SHIFT[1]:
        yield Problem(
            code="summer-time-ignored",
            effect="look",
            found=f"The daily rhythm moves by {abs(shift):.1f} hours between winter and summer.",
            then="If the clock is universal time, hours are off by one for half of the year.",
            advice="Turn the times into local time, if they are not.",
            columns=(_time(evidence),),
        )


def _daily(evidence: Evidence) -> tuple[Ints, int]:
    """Return events on each day of the span that holds all but strays, and its first day."""
    days = evidence.day[evidence.timed]
    low, high = (int(q) for q in np.quantile(days, [0.001, 0.999]))
    inside = days[(days >= low) & (days <= high)]
    return np.bincount(inside - low, minlength=high - low + 1), low


def _usual_by_weekday(counts: Ints, first: int) -> Floats:
    """Return the median count of the same weekday for each day."""
    weekday = (first + np.arange(len(counts))) % 7
    usual = np.zeros(len(counts))
    for day in range(7):
        if (weekday == day).any():
            usual[weekday == day] = np.median(counts[weekday == day])
    return usual


def _same_day_of_other_months(counts: Ints, first: int) -> Floats:
    """Return the largest count on the same day of another month, from its start or its end."""
    days = (first + np.arange(len(counts))).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    from_start = (days - months.astype("datetime64[D]")).astype(int)
    ends = (months + 1).astype("datetime64[D]")
    from_end = (ends - days).astype(int)
    result = np.zeros(len(counts))
    for places in (from_start, from_end):
        for place in np.unique(places):
            rows = np.flatnonzero(places == place)
            result[rows] = np.maximum(result[rows], _largest_other(counts[rows]))
    return result


def _largest_other(counts: Ints) -> Floats:
    if len(counts) < 2:
        return np.zeros(len(counts))
    ordered = np.sort(counts)
    others = np.where(counts == ordered[-1], ordered[-2], ordered[-1])
    return np.asarray(others, dtype=np.float64)


def _longest_run(flags: np.ndarray) -> int:
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int(runs.max(initial=0))


def _quietest_hour(seconds: Floats) -> int | None:
    """Return the middle of the quietest six hours, if they are quiet at all."""
    hours = np.bincount((np.mod(seconds, SECONDS_PER_DAY) // 3_600).astype(int), minlength=24)
    six = np.convolve(np.concatenate([hours, hours[:5]]), np.ones(6), "valid")
    start = int(six.argmin())
    # Half of an even share [J]: without a night nothing can be said.
    return (start + 3) % 24 if six[start] < 0.5 * 0.25 * hours.sum() else None


def _summer_shift(seconds: Floats) -> float | None:
    """Return by how many hours the rhythm is later in summer than in winter."""
    month = (seconds // SECONDS_PER_DAY).astype("datetime64[D]").astype("datetime64[M]")
    number = month.astype(np.int64) % 12 + 1
    summer, winter = (number >= 4) & (number <= 9), (number <= 2) | (number >= 11)
    if min(summer.sum(), winter.sum()) < _FEWEST:
        return None
    profiles = [_rhythm(seconds[part]) for part in (summer, winter)]
    # The step of a tenth of an hour at which both rhythms agree best.
    fits = [float(np.dot(profiles[0], np.roll(profiles[1], step))) for step in range(-20, 21)]
    best = int(np.argmax(fits)) - 20
    gain = max(fits) / max(fits[20], 1e-12) - 1.0
    return best / 10.0 if gain > 0.001 else None


def _rhythm(seconds: Floats) -> Floats:
    place = (np.mod(seconds, SECONDS_PER_DAY) // 360).astype(int)
    counts = np.bincount(place, minlength=240).astype(np.float64)
    kernel = np.ones(15) / 15.0  # an hour and a half: the calendar's noise, not its shape
    smooth = np.convolve(np.concatenate([counts[-7:], counts, counts[:7]]), kernel, "valid")
    centred = smooth - smooth.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-12))


def _time(evidence: Evidence) -> str:
    assert evidence.schema is not None
    return evidence.schema.time
