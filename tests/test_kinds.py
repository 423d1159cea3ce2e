"""Kinds of events: one level for columns that hang together, each with a rhythm."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from riskgen.data.codecs.joint import Joint
from riskgen.models.timegan.dues import (
    FAR,
    GRACE,
    LATE,
    NEVER,
    SLOTS,
    SOONEST,
    Dues,
    dated,
    month_later,
    rhythm_of,
    rolled,
)
from riskgen.models.timegan.renewal import (
    AGES,
    DUES,
    RAREST,
    Passing,
    age_codes,
    due_codes,
    strictness,
)
from riskgen.models.timegan.returns import Occurrences

OWNERS = np.repeat(np.arange(60), 20)


def together(seed: int = 0) -> dict[str, np.ndarray]:
    """A channel that says the purpose, but for one event in a hundred, and a free country."""
    rng = np.random.default_rng(seed)
    channel = rng.integers(5, size=len(OWNERS))
    purpose = np.where(rng.random(len(OWNERS)) < 0.01, 6, channel)
    return {"channel": channel, "purpose": purpose, "country": rng.integers(7, size=len(OWNERS))}


def day(year: int, month: int, number: int) -> int:
    return date(year, month, number).toordinal() - date(1970, 1, 1).toordinal()


def test_columns_that_say_the_same_become_one_kind_and_a_free_one_does_not() -> None:
    found = Joint.fit(together(), OWNERS)
    assert found is not None
    assert set(found.members) == {"channel", "purpose"}


def test_independent_columns_have_no_kind() -> None:
    rng = np.random.default_rng(0)
    known = {name: rng.integers(9, size=len(OWNERS)) for name in ("channel", "country")}
    assert Joint.fit(known, OWNERS) is None


def test_each_kind_is_held_by_at_least_eleven_entities() -> None:
    known = together()
    found = Joint.fit(known, OWNERS)
    assert found is not None
    for row in found.table:
        here = np.all([known[m] == v for m, v in zip(found.members, row, strict=True)], axis=0)
        assert len(np.unique(OWNERS[here])) >= 11


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=50))
def test_any_levels_come_back_from_their_kind(rows: list[tuple[int, int]]) -> None:
    found = Joint.from_state(Joint(("a", "b"), np.array([[0, 0], [3, 1], [8, 8]])).state())
    levels = np.array(rows, dtype=np.float64)
    told = found.encode(levels)
    assert np.array_equal(found.decode(told), levels)
    rare = told[:, 0] == 3
    assert (told[~rare, 1:] == 0).all()


def test_a_month_later_is_the_same_day_and_a_last_day_leads_to_a_last_day() -> None:
    days = [
        (2023, 1, 15),
        (2023, 1, 31),
        (2023, 1, 30),
        (2024, 1, 30),
        (2023, 2, 28),
        (2024, 12, 5),
    ]
    later = [
        (2023, 2, 15),
        (2023, 2, 28),
        (2023, 2, 28),
        (2024, 2, 29),
        (2023, 3, 31),
        (2025, 1, 5),
    ]
    found = month_later(np.array([day(*d) for d in days]))
    assert found.tolist() == [day(*d) for d in later]


def test_ages_and_dues_are_told_to_the_day_where_it_matters() -> None:
    last, today = (
        torch.tensor([day(2023, 3, 10)] * 3),
        torch.tensor([day(2023, 4, 9 + k) for k in range(3)]),
    )
    assert age_codes(last, today).tolist() == [30, 31, 32]
    due = torch.from_numpy(month_later(last.numpy()))
    far = torch.full((3,), FAR)
    assert (due_codes(due, today) - LATE - 1).tolist() == [1, 0, -1]
    never = torch.full((3,), NEVER)
    assert age_codes(never, today).tolist() == [AGES - 1] * 3
    assert due_codes(far, today).tolist() == [DUES - 1] * 3


def test_the_last_day_of_each_kind_is_the_one_that_a_slow_loop_finds() -> None:
    rng = np.random.default_rng(0)
    offsets = np.array([0, 7, 7, 30, 60])
    codes, days = rng.integers(4, size=60), np.cumsum(rng.integers(0, 5, size=60))
    found, _ = rhythm_of(codes, days, offsets, np.zeros(3, np.int64))
    for first, stop in pairwise(offsets.tolist()):
        seen = [NEVER] * 3
        for row in range(first, stop):
            assert found[row].tolist() == seen
            if codes[row] < 3:
                seen[codes[row]] = int(days[row])


def awaited_by_the_definition(dates: list[int]) -> int:
    """The day on which one kind is awaited after events on ``dates``: a list of returns."""
    due: list[int] = []
    for today in dates:
        met = [d for d in due if today - LATE <= d <= today + SOONEST]
        if met:
            due.remove(min(met, key=lambda d: abs(d - today)))
        elif len(due) == SLOTS:
            due.remove(min(due))
        due.append(int(month_later(np.array(today))))
    soon = [d for d in due if d >= dates[-1] - GRACE]
    late = [d for d in due if d >= dates[-1] - LATE]
    return min(soon or late, default=NEVER)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=25))
def test_what_is_awaited_is_what_a_list_of_returns_says(gaps: list[int]) -> None:
    dates = np.cumsum([day(2023, 1, 1), *gaps])
    codes, offsets = np.zeros(len(dates), dtype=np.int64), np.array([0, len(dates)])
    _, due = rhythm_of(codes, dates, offsets, np.zeros(1, np.int64))
    assert due[0, 0] == NEVER
    for row in range(1, len(dates)):
        assert due[row, 0] == awaited_by_the_definition(dates[:row].tolist())


def test_of_three_subscriptions_the_next_one_is_awaited_not_the_one_just_paid() -> None:
    dues, kind = Dues(1, np.zeros(1, np.int64)), np.zeros(1, dtype=np.int64)
    for number in (3, 12, 25):
        dues.note(kind, np.array([day(2023, 3, number)]))
    for paid, awaited in ((3, 12), (12, 25)):
        dues.note(kind, np.array([day(2023, 4, paid)]))
        assert dues.nearest(np.array([day(2023, 4, paid)]))[0, 0] == day(2023, 4, awaited)


def test_a_date_beyond_a_due_day_weighs_less_by_that_kinds_weight() -> None:
    passing = Passing(2)
    due = torch.tensor([[day(2023, 4, 10), FAR]])
    days = torch.tensor([0, 4, 5, 6])  # and, last of all, no single day
    with torch.no_grad():
        added = passing(due, torch.tensor([day(2023, 4, 5)]), days, torch.tensor([1]))[0]
        own = passing(due, torch.tensor([day(2023, 4, 5)]), days, torch.tensor([0]))[0]
    weight = float(torch.nn.functional.softplus(passing.renewal.detach()[0]))
    wanted = [0.0, 0.0, 0.0, -weight, 0.0]
    assert np.allclose(added.numpy(), wanted)
    assert (own == 0.0).all()  # what is late does not pass over itself


def test_a_kind_that_keeps_its_return_weighs_less_by_what_is_due_before_it() -> None:
    passing = Passing(4)
    # Due on 5, 10 and 20 April; the last kind has not come yet.
    due = torch.tensor([[day(2023, 4, 5), day(2023, 4, 10), day(2023, 4, 20), FAR]])
    with torch.no_grad():
        passing.due[:] = torch.tensor([0.0, 1.0, 2.0, 3.0])
        added = passing.overtaking(due, torch.tensor([day(2023, 4, 1)]))[0]
        strict = torch.nn.functional.softplus(passing.due)
        weight = float(torch.nn.functional.softplus(passing.renewal[0]))
    wanted = [0.0, -weight * float(strict[1]), -2 * weight * float(strict[2]), 0.0]
    assert np.allclose(added.numpy(), wanted)


def test_the_share_of_kept_returns_is_what_was_planted_and_late_ones_do_not_count() -> None:
    rng = np.random.default_rng(3)
    months = [day(2023, month, 10) for month in range(1, 7)]
    kept = rng.random((4_000, 6)) < 0.9
    owner, month = np.nonzero(kept)
    dates = np.array(months)[month]
    found = Occurrences.of(owner, np.zeros(len(owner), dtype=np.int64), dates, 2)
    shares = found.kept_share(day(2023, 6, 30))
    assert abs(shares[0] - 0.9) < 0.01
    assert shares[1] == 0.0
    cut = found.kept_share(months[-1])  # the last one is not seen to its end
    assert abs(cut[0] - 0.9) < 0.01


def test_a_weight_begins_at_minus_the_log_of_what_is_missed() -> None:
    started = torch.nn.functional.softplus(strictness(np.array([0.0, 0.5, 0.98, 1.0])))
    assert np.allclose(started, -np.log([1.0 - RAREST, 0.5, 0.02, RAREST]), atol=1e-4)


def paid_from(first: tuple[int, int, int], roll: int, months: int = 8) -> list[int]:
    """Return the working days on which a monthly order is carried out."""
    dates = [day(first[0], first[1] + k, first[2]) for k in range(months)]
    return rolled(np.array(dates), np.array(roll)).tolist()


def test_a_weekends_date_moves_to_the_working_day_after_or_before() -> None:
    saturday, sunday, monday = (day(2023, 4, number) for number in (1, 2, 3))
    dates = np.array([saturday, sunday, monday])
    assert rolled(dates, np.array(1)).tolist() == [monday] * 3
    friday = saturday - 1
    assert rolled(dates, np.array(-1)).tolist() == [friday, friday, monday]
    assert rolled(dates, np.array(0)).tolist() == dates.tolist()


def test_the_last_working_day_stands_for_the_last_day_of_the_month() -> None:
    friday = np.array([day(2023, 4, 28)])  # the 29th and 30th are a weekend
    assert dated(friday, np.array([-1])).tolist() == [day(2023, 4, 30)]
    assert dated(friday, np.array([1])).tolist() == friday.tolist()
    assert dated(friday - 1, np.array([-1])).tolist() == (friday - 1).tolist()


def test_what_weekends_do_to_a_kind_is_found_from_its_days() -> None:
    owner, codes, days = [], [], []
    for sequence in range(60):
        for kind, roll in enumerate((1, -1, 0)):
            dates = paid_from((2023, 1, 2 + (7 * sequence + kind) % 26), roll)
            owner += [sequence] * len(dates)
            codes += [kind] * len(dates)
            days += dates
    found = Occurrences.of(np.array(owner), np.array(codes), np.array(days), 4)
    assert found.rolls().tolist() == [1, -1, 0, 0]


def test_an_order_that_moves_on_weekends_is_awaited_on_the_very_day() -> None:
    for roll in (1, -1):
        dates = np.array(paid_from((2023, 2, 3), roll))
        codes, offsets = np.zeros(len(dates), dtype=np.int64), np.array([0, len(dates)])
        _, due = rhythm_of(codes, dates, offsets, np.array([roll]))
        assert due[2:, 0].tolist() == dates[2:].tolist()
