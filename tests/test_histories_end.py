"""A simulated history ends with the window; its label is that of its events."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from habit_bank import habit_bank

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import SECONDS_PER_DAY
from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.models.base import sample
from riskgen.models.timegan import sampling
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.ending import with_ends, without_outcomes
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.stretches import Stretches, cut
from riskgen.models.timegan.timegan import TimeGAN

N = 120


@cache
def bank() -> tuple[EventEncoder, SequencePanel]:
    events = habit_bank(N, seed=4)
    encoder = EventEncoder.fit(events)
    return encoder, encoder.encode(events)


@cache
def model() -> TimeGAN:
    options = {"hidden": 32, "head_width": 16, "steps": 60, "audit": False, "refine": False}
    return TimeGAN(**options).fit(bank()[1], seed=0)


def coders(panel: SequencePanel) -> tuple[RowCoder, RowCoder]:
    layout = panel.layout
    return (
        RowCoder.fit(layout.fields, panel.values),
        RowCoder.fit(layout.context_fields, panel.context),
    )


def test_no_event_lies_after_the_observed_window_and_most_histories_reach_its_end() -> None:
    encoder, _ = bank()
    drawn = sample(model(), 300, seed=1)
    last = encoder.clock.times(drawn)[drawn.offsets[1:] - 1]
    assert last.max() < encoder.clock.end
    assert np.median(encoder.clock.end - last) < 14 * SECONDS_PER_DAY


def test_number_of_events_and_last_day_are_written_back_as_they_came_out() -> None:
    encoder, _ = bank()
    drawn = sample(model(), 300, seed=1)
    counts = encoder.clock.counts
    codes = counts.encode(np.arange(1.0, 200.0))
    exact = np.arange(1, 200)[counts.decode(codes) == np.arange(1, 200)]
    inside = np.isin(drawn.lengths, exact)
    assert inside.mean() > 0.3
    assert np.array_equal(encoder.clock.lengths(drawn.context)[inside], drawn.lengths[inside])


def test_events_are_not_told_what_they_decide() -> None:
    _, panel = bank()
    _, coder = coders(panel)
    column = panel.layout.context_column("length")
    changed = panel.context.copy()
    changed[:, column] = changed[::-1, column]
    one, other = (
        without_outcomes(coder.encode(context), panel.layout)
        for context in (panel.context, changed)
    )
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.numbers, other.numbers)


def test_a_sequence_cut_into_windows_ends_once() -> None:
    _, panel = bank()
    data = EventDataset(panel, *coders(panel))
    whole = Stretches(np.arange(N), panel.offsets[:-1], panel.offsets[1:])
    ends = [int(data.batch(cut(whole, size)).ending.sum()) for size in (500, 16, 5)]
    assert ends == [N, N, N]


def test_what_is_known_before_events_does_not_change_when_ends_are_added() -> None:
    _, panel = bank()
    longer, order = with_ends(panel)
    clock = panel.layout.clock
    assert clock is not None
    open_clock = clock.opened()
    told = open_clock.features_of(longer)[order][: len(panel.values)]
    assert np.allclose(told, open_clock.features_of(panel))


def test_dropping_ended_rows_now_or_later_leaves_as_many_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = sample(model(), 1024, seed=1).lengths.mean()
    monkeypatch.setattr("riskgen.models.timegan.rolling.ROOM", 0.0)
    kept = sample(model(), 1024, seed=1).lengths
    error = kept.std() / np.sqrt(len(kept))
    assert abs(kept.mean() - usual) < 5 * error


def test_a_labelled_history_has_a_labelled_event(
    monkeypatch: pytest.MonkeyPatch, tiny_events: object
) -> None:
    encoder = EventEncoder.fit(tiny_events)  # type: ignore[arg-type]
    options = {"hidden": 8, "head_width": 4, "steps": 40, "context_steps": 10, "audit": False}
    fitted = TimeGAN(**options).fit(encoder.encode(tiny_events), seed=0)  # type: ignore[arg-type]

    def lacking() -> float:
        drawn = sample(fitted, 400, seed=1, condition={"label": 1})
        return len(sampling.lacking_label(drawn)) / 400

    after = lacking()
    monkeypatch.setattr(sampling, "REDRAWS", 0)
    before = lacking()
    assert before > 0.1
    assert after < before / 3


def test_the_first_try_with_a_labelled_event_is_taken_or_else_the_last() -> None:
    layout = Layout((Field("label", 2), Field("kind", 9)), (Field("label", 2),))
    # Four sequences, the first without a label; then two more rounds of the last three.
    values = np.array([[0, 0], [0, 1], [1, 2], [0, 3], [0, 4], [1, 5], [0, 6]])
    values = np.concatenate([values, [[1, 7], [1, 8], [0, 0]]]).astype(float)
    context = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 1.0])[:, None]
    tries = SequencePanel(layout, values, context, np.arange(11))
    chosen = sampling.first_tries(tries, np.array([1, 2, 3]), 4)
    assert chosen.values.tolist() == [[0, 0], [1, 7], [1, 2], [0, 0]]
    assert sampling.lacking_label(chosen).tolist() == [3]
