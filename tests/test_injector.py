"""The injector: normals word for word, bursts as the rules say, no fraud ever seen."""

from __future__ import annotations

import numpy as np
import pytest
from test_generator_contract import CountingClock

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import RiskgenError, TrainingError
from riskgen.models.base import sample
from riskgen.models.injector import Injector
from riskgen.models.stamp import Donors, Rules

GAP, LABEL, PLACE, PAYEE, AMOUNT, DETAIL = range(6)
FIELDS = (
    Field("gap", 8, spread=True),
    Field("label", 2),
    Field("place", 5),
    Field("payee", 6, spread=True),  # a rank: 0 is new, the others were paid before
    Field("amount", 10, spread=True),
    Field("detail", 4, requires=("place", 2)),
)
SHORTEST, FIRST = 1, 7


def bank(n: int = 300, seed: int = 0, frauds: bool = True) -> SequencePanel:
    """Customers at a place of their own; frauds have a mark that no normal event has."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 13, size=n)
    total, owner = int(lengths.sum()), np.repeat(np.arange(n), lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    label = (np.arange(n) % 10 == 0) & frauds
    gap = rng.integers(SHORTEST, FIRST, size=total) + rng.random(total)
    gap[offsets[:-1]] = FIRST + 0.5
    payee = rng.integers(6, size=total) + 0.5
    payee[offsets[:-1]] = 0.5
    place = np.where(label[owner], 4, owner % 4)
    amount = 10 * rng.random(total)
    detail = np.where(place >= 2, rng.integers(4, size=total), 0)
    values = np.column_stack([gap, label[owner], place, payee, amount, detail]).astype(float)
    context = np.column_stack([label, owner[offsets[:-1]] % 4, lengths]).astype(float)
    layout = Layout(
        FIELDS, (Field("label", 2), Field("home", 4), Field("length", 0)), CountingClock()
    )
    return SequencePanel(layout, values, context, offsets.astype(np.int64))


def fitted(panel: SequencePanel | None = None, **options: float) -> Injector:
    return Injector(**options).fit(bank() if panel is None else panel, seed=0)


def sequences(panel: SequencePanel) -> list[bytes]:
    bounds = zip(panel.offsets[:-1], panel.offsets[1:], panel.context, strict=True)
    return [panel.values[a:b].tobytes() + fixed.tobytes() for a, b, fixed in bounds]


def test_normal_sequences_are_real_ones_word_for_word() -> None:
    real = bank()
    drawn = sample(fitted(), 2000, seed=1, condition={"label": 0})
    normals = set(sequences(real.take(np.flatnonzero(real.context_codes("label") == 0))))
    assert set(sequences(drawn)) == normals


def test_nothing_of_a_real_fraud_is_ever_drawn() -> None:
    drawn = sample(fitted(), 2000, seed=1, condition={"label": 1})
    assert (drawn.values[:, PLACE] < 4).all(), "only frauds were at place 4"
    without = sample(fitted(bank(frauds=False), share=0.3), 500, seed=1)
    assert without.context_codes("label").mean() == pytest.approx(0.3, abs=0.07)


def test_a_labelled_sequence_has_one_burst_of_large_or_small_quick_foreign_events() -> None:
    generator = fitted(foreign=1.0, gap_quantile=0.15)
    drawn = sample(generator, 1000, seed=1, condition={"label": 1})
    owner = np.repeat(np.arange(1000), drawn.lengths)
    marked = drawn.values[:, LABEL] == 1
    size = np.bincount(owner[marked], minlength=1000)
    assert ((size >= np.minimum(3, drawn.lengths)) & (size <= 12)).all()
    assert len(np.unique(size)) > 6
    starts = marked & ~np.concatenate([[False], marked[:-1] & (owner[1:] == owner[:-1])])
    assert np.array_equal(np.bincount(owner[starts], minlength=1000), np.ones(1000))
    inside = marked & ~starts
    assert (np.floor(drawn.values[inside, GAP]) == SHORTEST).all()
    amount = drawn.values[marked, AMOUNT]
    high = np.bincount(owner[marked], amount > 5, minlength=1000) / size
    assert set(np.unique(high)) == {0.0, 1.0}, "a burst lies at one end"
    assert high.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(1000))
    assert ((amount < 1.2) | (amount > 8.8)).all()
    assert (np.floor(drawn.values[marked, PAYEE]) == 0).all(), "new payees only"
    home = drawn.context_codes("home")[owner[marked]]
    assert (drawn.values[marked, PLACE] != home).mean() == pytest.approx(0.75, abs=0.05)


def test_events_outside_the_burst_stay_and_a_first_event_keeps_its_time() -> None:
    real = bank()
    drawn = sample(fitted(), 1000, seed=1, condition={"label": 1})
    outside = drawn.values[:, LABEL] == 0
    known = {row.tobytes() for row in real.values}
    assert all(row.tobytes() in known for row in drawn.values[outside])
    assert (np.floor(drawn.values[drawn.offsets[:-1], GAP]) == FIRST).all()
    absent = drawn.values[:, PLACE] < 2
    assert (drawn.values[absent, DETAIL] == 0).all()
    assert np.array_equal(drawn.lengths, drawn.layout.clock.lengths(drawn.context))


def test_the_share_of_labelled_sequences_is_that_of_training() -> None:
    drawn = sample(fitted(), 5000, seed=2)
    label = drawn.context_codes("label") == 1
    assert label.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 5000))
    events = np.bincount(np.repeat(np.arange(5000), drawn.lengths), drawn.values[:, LABEL])
    assert np.array_equal(events > 0, label)


def test_other_conditions_choose_the_customer_who_is_struck() -> None:
    drawn = sample(fitted(), 200, seed=1, condition={"label": 1, "home": 3})
    assert (drawn.context_codes("home") == 3).all()
    assert (drawn.context_codes("label") == 1).all()


def test_a_milder_rule_is_milder() -> None:
    def change(**options: float) -> float:
        drawn = sample(fitted(**options), 500, seed=1, condition={"label": 1})
        marked = drawn.values[:, LABEL] == 1
        return float(np.abs(drawn.values[marked, AMOUNT] - 5).mean())

    assert change(foreign=0.0) < change(size_quantile=0.6, foreign=1.0) < change(foreign=1.0)


def test_ranks_do_not_count_as_sizes() -> None:
    real = bank(frauds=False)
    donors = Donors.of(real, Rules())
    assert (real.values[donors.high, AMOUNT] > 8.5).all()
    assert (real.values[donors.low, AMOUNT] < 1.5).all()


def test_a_panel_without_a_label_or_without_normals_is_refused() -> None:
    real = bank()
    bare = Layout(FIELDS, real.layout.context_fields[1:], CountingClock())
    without = SequencePanel(bare, real.values, real.context[:, 1:], real.offsets)
    with pytest.raises(TrainingError, match="has no label"):
        fitted(without)
    frauds = real.take(np.flatnonzero(real.context_codes("label") == 1))
    with pytest.raises(TrainingError, match="None of the 30 sequences is normal"):
        fitted(frauds)


@pytest.mark.parametrize("options", [{"burst_low": 0}, {"burst_low": 13}, {"foreign": 1.5}])
def test_senseless_rules_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RiskgenError, match="injector"):
        Injector(**options)
