"""TimeGAN's parts against what they must equal, and its training against planted faults."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from test_generator_contract import OPTIONS, events_panel, market_panel

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import NotFittedError, TrainingError
from riskgen.models.base import State, StepReport, sample
from riskgen.models.timegan.auditor import area, audit
from riskgen.models.timegan.course import rate_factor
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.drawing import RowDrawer, inverse_choice
from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.history import SPANS, History
from riskgen.models.timegan.recall import (
    RecallLayout,
    choose_anchors,
    choose_sources,
    novelty,
    recall_windows,
)
from riskgen.models.timegan.recalling import RunningRecall
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.stretches import bucketed, cut, divide, epoch_windows
from riskgen.models.timegan.timegan import TimeGAN

TINY = OPTIONS["timegan"]
MIXED = (
    Field("kind", 3),
    Field("detail", 4, spread=True, requires=("kind", 1)),
    Field("size", 0),
    Field("other", 0),
)


def heads(fields: tuple[Field, ...] = MIXED) -> FieldHeads:
    torch.manual_seed(0)
    return FieldHeads(fields, 4, 6, 3, 0.0).eval().requires_grad_(False)


def rows(n: int = 50) -> np.ndarray:
    rng = np.random.default_rng(0)
    kind = rng.integers(3, size=n)
    detail = np.where(kind >= 1, rng.integers(4, size=n) + rng.random(n), 0)
    return np.column_stack([kind, detail, rng.normal(size=n), rng.normal(size=n)])


def likelihood(module: FieldHeads, values: np.ndarray, start: torch.Tensor) -> torch.Tensor:
    coder = RowCoder(MIXED, np.zeros(2), np.ones(2), np.full(2, 9.0))
    coded = coder.encode(values)
    parts = [torch.from_numpy(part) for part in (coded.codes, coded.numbers, coded.applies)]
    return module.log_likelihood(start, *parts)


def test_a_field_is_judged_by_earlier_fields_only() -> None:
    module, values = heads(), rows()
    start = torch.randn(50, 24)
    before = likelihood(module, values, start)
    for column in range(4):
        changed = values.copy()
        changed[:, column] = np.roll(values[:, column], 7)
        if column == 0:
            continue
        after = likelihood(module, changed, start)
        assert torch.equal(before[:, :column], after[:, :column])


def test_probabilities_of_levels_add_up_to_one() -> None:
    module, start = heads(), torch.randn(1, 24)
    grid = np.array([[k, d, 0.0, 0.0] for k in range(3) for d in (range(4) if k else (0,))])
    result = likelihood(module, grid.astype(float), start.expand(len(grid), -1))
    assert float(result[:, :2].sum(1).exp().sum()) == pytest.approx(1.0, abs=1e-5)


def test_a_density_integrates_to_one_at_any_volatility() -> None:
    module = heads()
    grid = np.linspace(-60, 60, 24_001)
    values = np.column_stack([np.zeros((len(grid), 2)), grid, np.zeros(len(grid))])
    coder = RowCoder(MIXED, np.zeros(2), np.ones(2), np.full(2, 9.0))
    coded = coder.encode(values)
    parts = [torch.from_numpy(part) for part in (coded.codes, coded.numbers, coded.applies)]
    start = torch.randn(1, 24).expand(len(grid), -1)
    log_scale = torch.full((len(grid), 2), 0.7)
    density = module.log_likelihood(start, *parts, log_scale)[:, 2].double().exp().numpy()
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-3)


def test_what_is_drawn_has_the_probabilities_that_are_judged() -> None:
    module, n = heads(), 40_000
    coder = RowCoder(MIXED, np.zeros(2), np.ones(2), np.full(2, 50.0))
    start = torch.randn(1, 24)
    uniforms = np.random.default_rng(1).random((n, 8))
    with torch.inference_mode():
        values, _ = RowDrawer(module, coder).draw(start.repeat(n, 1), uniforms)
        judged = likelihood(module, values, start.expand(n, -1)).double().numpy()
        grid = np.array([[k, d, 0.0, 0.0] for k in range(3) for d in (range(4) if k else (0,))])
        wanted = likelihood(module, grid.astype(float), start.expand(len(grid), -1))
    share = wanted[:, :2].sum(1).exp().numpy()
    for row, probability in zip(grid, share, strict=True):
        found = (np.floor(values[:, :2]) == row[:2]).all(1).mean()
        assert found == pytest.approx(probability, abs=4 * math.sqrt(probability / n) + 1e-3)
    # E[1/p] over what is drawn is the length of the support, whatever p is: check
    # it on the middle of the density, where 1/p is bounded.
    inside = np.abs(values[:, 2]) < 1.0
    assert (inside / np.exp(judged[:, 2])).mean() == pytest.approx(2.0, rel=0.05)


def test_the_inverse_distribution_function_has_the_right_edges() -> None:
    logits = torch.log(torch.tensor([[0.0, 0.25, 0.0, 0.75]])).expand(5, -1)
    drawn = inverse_choice(logits, np.array([0.0, 0.2, 0.3, 0.999, 1.0 - 1e-12]))
    assert drawn.tolist() == [1, 1, 3, 3, 3]


def test_history_has_no_hindsight_and_equals_stepping() -> None:
    numbers = np.random.default_rng(0).normal(size=(40, 2))
    history = History(2)
    states = history.states_of(numbers, np.array([0, 25, 40]))
    stepped = history.start(1)
    for t in range(25):
        assert np.allclose(states[t], stepped[0])
        stepped = history.advance(stepped, numbers[t : t + 1])
    assert np.array_equal(states[25], history.start(1)[0])
    assert states.shape[1] == 2 * len(SPANS) * 2


def test_rows_hold_no_single_customers_extreme() -> None:
    values = np.random.default_rng(0).normal(size=(1000, 1))
    values[17] = 1e4
    bounded = RowCoder.fit((Field("size", 0),), values)
    again = RowCoder.fit((Field("size", 0),), np.where(values == 1e4, 2e4, values))
    assert bounded.to_json() == again.to_json()
    assert bounded.bound[0] * bounded.scale[0] < 10


def test_windows_cover_every_event_once() -> None:
    offsets = np.array([0, 5, 5, 305, 340])
    train, aside, _ = divide(offsets, 0.1, 64, np.random.default_rng(0))
    seen = np.zeros(340, dtype=int)
    for part in (cut(train, 64), cut(aside, 64)):
        assert part.lengths.max() <= 64
        for first, last in zip(part.start, part.stop, strict=True):
            seen[first:last] += 1
    assert (seen == 1).all()
    assert 0.05 < aside.lengths.sum() / 340 < 0.2


def test_each_entity_counts_once_in_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, size=90)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    train, aside, sequences = divide(offsets, 0.1, 128, np.random.default_rng(1))
    assert len(sequences) == 9
    assert not np.intersect1d(train.sequence, aside.sequence).size
    windows = epoch_windows(train, 128, True, np.random.default_rng(2))
    batches = bucketed(windows, 16, np.random.default_rng(3))
    owners = np.concatenate([batch.sequence for batch in batches])
    assert sorted(owners) == sorted(train.sequence)
    assert (windows.start >= offsets[windows.sequence]).all()
    assert (windows.stop <= offsets[windows.sequence + 1]).all()


def test_a_window_inside_a_sequence_is_given_the_event_before_it() -> None:
    panel = events_panel()
    coder = RowCoder.fit(panel.layout.fields, panel.values)
    context = RowCoder.fit(panel.layout.context_fields, panel.context)
    data = EventDataset(panel, coder, context)
    train, _, _ = divide(panel.offsets, 0.1, 128, np.random.default_rng(0))
    long = train.take(np.flatnonzero(train.lengths > 6)[:1])
    late = type(long)(long.sequence, long.start + 2, long.stop)
    whole, part = data.batch(long), data.batch(late)
    assert torch.equal(part.previous_codes[0], whole.codes[1])
    assert (whole.previous_codes[0] >= torch.tensor([4, 3, 5])).all()
    assert torch.equal(part.features[0], whole.features[2])


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [rate_factor(fraction) for fraction in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[0] < 0.1
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)
    assert all(a >= b for a, b in pairwise(rates[5:]))


def interrupted(options: dict[str, Any], after: int) -> State:
    """Press Ctrl-C in the given step of the events phase."""
    kept: list[State] = []

    def press(report: StepReport) -> None:
        if report.phase == "events" and report.step == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TimeGAN(**options).fit(events_panel(), seed=3, on_step=press, on_checkpoint=kept.append)
    return kept[0]


@pytest.mark.parametrize("after", [1, 23])
def test_an_interrupted_and_resumed_training_ends_in_the_same_weights(after: int) -> None:
    straight = TimeGAN(**TINY).fit(events_panel(), seed=3).state()
    checkpoint = interrupted(TINY, after)
    resumed = TimeGAN(**TINY).fit(events_panel(), seed=3, resume=checkpoint).state()
    assert straight.config == resumed.config
    for name, value in straight.tensors.items():
        assert np.array_equal(value, resumed.tensors[name]), name


def test_a_checkpoint_of_other_data_options_or_seed_is_refused() -> None:
    checkpoint = interrupted(TINY, 10)
    with pytest.raises(TrainingError, match="other data"):
        TimeGAN(**TINY).fit(events_panel(seed=1), seed=3, resume=checkpoint)
    with pytest.raises(TrainingError, match="other options"):
        TimeGAN(**{**TINY, "steps": 130}).fit(events_panel(), seed=3, resume=checkpoint)
    with pytest.raises(TrainingError, match="other seed"):
        TimeGAN(**TINY).fit(events_panel(), seed=4, resume=checkpoint)
    with pytest.raises(NotFittedError, match="unfinished"):
        TimeGAN.from_state(checkpoint, events_panel().layout)


def test_only_generator_supervisor_and_recovery_are_packed() -> None:
    tensors = TimeGAN(**TINY).fit(events_panel(), seed=3).state().tensors
    parts = {"generator", "supervisor", "recovery", "ending"}
    assert {name.split(".")[0] for name in tensors} == parts


def test_training_beats_independent_columns_where_there_is_something_to_learn() -> None:
    model = TimeGAN(**{**TINY, "steps": 150}).fit(events_panel(160), seed=0)
    report = model.report
    assert report["held_out"]["events"] < report["marginals"]["events"] - 0.2


def test_a_learning_rate_that_explodes_is_reported_in_plain_words() -> None:
    with pytest.raises(TrainingError, match=r"diverged|did not learn|collapsed"):
        TimeGAN(**{**TINY, "learning_rate": 300.0}).fit(events_panel(), seed=0)


def test_a_panel_too_small_to_set_anything_aside_is_refused() -> None:
    panel = market_panel(2)
    with pytest.raises(TrainingError, match="too few"):
        TimeGAN(**TINY).fit(panel, seed=0)


def test_a_path_without_a_window_to_judge_is_learned_and_goes_unaudited() -> None:
    model = TimeGAN(**{**TINY, "audit": True}).fit(market_panel(120), seed=0)
    assert model.report["audit"] is None


def test_progress_is_told_and_never_goes_back() -> None:
    told: list[StepReport] = []
    TimeGAN(**TINY).fit(events_panel(), seed=3, on_step=told.append)
    assert [report.phase for report in told] == sorted(report.phase for report in told)
    for phase in ("context", "events"):
        fractions = [report.fraction for report in told if report.phase == phase]
        assert fractions == sorted(fractions)
        assert 0 < fractions[-1] <= 1
    assert told[-1].held_out is not None


def test_paths_keep_scale_and_dependence_of_the_panel() -> None:
    panel = market_panel(800)
    options = {**TINY, "steps": 150}
    drawn = sample(TimeGAN(**options).fit(panel, seed=0), 200, seed=0, length=20)
    assert drawn.values.std() == pytest.approx(panel.values.std(), rel=0.35)
    real, simulated = np.corrcoef(panel.values.T), np.corrcoef(drawn.values.T)
    assert np.abs(real - simulated).max() < 0.25


def test_identical_outputs_count_as_collapse(monkeypatch: pytest.MonkeyPatch) -> None:
    from riskgen.models.timegan.sampling import Simulator

    def same_event(self: Simulator, n: int, *rest: Any) -> SequencePanel:
        panel = events_panel()
        return SequencePanel(panel.layout, panel.values * 0, panel.context, panel.offsets)

    monkeypatch.setattr(Simulator, "draw", same_event)
    with pytest.raises(TrainingError, match="collapsed"):
        TimeGAN(**TINY).fit(events_panel(), seed=3)


def test_what_is_recalled_while_drawing_equals_what_training_saw() -> None:
    torch.manual_seed(0)
    layout = RecallLayout([3, 4, 5], [-1, 0, 0], [-1, 1, -1])
    context = torch.randint(0, 5, (6, 2))
    # One code above the last level: "does not apply".
    codes = torch.stack([torch.randint(0, n + 1, (6, 9)) for n in layout.levels], dim=2)
    known = torch.ones(6, 9, dtype=torch.bool)
    whole = recall_windows(layout, codes, known, 0, known.T, context)
    late = recall_windows(layout, codes, known, 4, known.T[4:], context)
    fresh = novelty(codes.reshape(-1, 3).numpy(), np.arange(0, 55, 9)).reshape(6, 9, 3)
    running = RunningRecall(layout, context)
    for step in range(9):
        assert np.allclose(running.novelty().numpy(), fresh[:, step])
        for k in range(3):
            gates, some = torch.randn(6, 5), torch.tensor([4, 1])
            told = running.weighed(k, codes[:, step], gates)
            wanted = (gates[:, :, None] * whole[k].reshape(9, 6, 5, -1)[step]).sum(1)
            assert torch.allclose(told, wanted, atol=1e-5)
            told_some = running.weighed(k, codes[some, step], gates[some], some)
            assert torch.allclose(told_some, told[some])
            if step >= 4:
                assert torch.equal(
                    late[k].reshape(5, 6, 5, -1)[step - 4], whole[k].reshape(9, 6, 5, -1)[step]
                )
        running.note(codes[:, step])


def test_the_anchor_of_a_field_is_the_one_in_whose_company_it_repeats() -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(50), 30)
    noise, kind = rng.integers(3, size=1500), rng.integers(4, size=1500)
    habit = rng.integers(20, size=(50, 4))[owner, kind]
    fields = (Field("noise", 3), Field("kind", 4), Field("amount", 20))
    codes = np.column_stack([noise, kind, habit])
    assert choose_anchors(fields, codes, np.arange(0, 1501, 30))[2] == 1


def test_a_context_field_that_names_levels_is_found_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    home = rng.integers(4, size=80)
    context = np.column_stack([rng.integers(4, size=80), home])
    country = np.where(rng.random(1600) < 0.7, np.repeat(home, 20), 5)
    codes = np.column_stack([rng.integers(4, size=1600), country])
    fields, contexts = (Field("kind", 4), Field("country", 6)), (Field("a", 4), Field("home", 4))
    assert choose_sources(fields, codes, contexts, context, np.arange(0, 1601, 20)) == [-1, 1]


def test_a_sequence_keeps_its_own_taste() -> None:
    rng = np.random.default_rng(0)
    offsets = np.arange(0, 161 * 10, 10)
    taste = np.repeat(rng.integers(12, size=160), 10)
    kind = np.where(rng.random(1600) < 0.9, taste, rng.integers(12, size=1600))
    layout = Layout((Field("kind", 12),), (Field("length", 0),))
    panel = SequencePanel(layout, kind[:, None].astype(float), np.full((160, 1), 10.0), offsets)
    model = TimeGAN(**{**TINY, "steps": 200}).fit(panel, seed=0)
    drawn = sample(model, 300, seed=0).values.reshape(300, 10)
    # Nothing but the events themselves tells a taste: context is the same for all.
    repeats = (drawn[:, 1:] == drawn[:, :-1]).mean()
    assert repeats == pytest.approx((0.9**2 + 0.1 / 12 * 1.9), abs=0.12)


def test_the_discriminator_tells_what_differs_and_not_what_is_alike() -> None:
    coder = RowCoder.fit(events_panel().layout.fields, events_panel().values)
    panels = [events_panel(300, seed=k) for k in range(4)]
    alike = audit((panels[0], panels[1]), (panels[2], panels[3]), coder, seed=0)
    shifted = [
        SequencePanel(part.layout, part.values * np.array([1, 1, 0]), part.context, part.offsets)
        for part in (panels[1], panels[3])
    ]
    other = audit((panels[0], shifted[0]), (panels[2], shifted[1]), coder, seed=0)
    assert alike is not None
    assert other is not None
    assert abs(alike.auc - 0.5) < 4 * alike.error
    assert other.auc > 0.95
    assert (
        audit((panels[0], panels[1]), (panels[2].take(np.arange(5)), panels[3]), coder, 0) is None
    )


def test_the_area_and_its_error_agree_with_closed_forms() -> None:
    found = area(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0]))
    assert found.auc == pytest.approx((1 + 2 + 2 - 0.5) / 6)
    rng = np.random.default_rng(0)
    draws = [area(rng.normal(size=60), rng.normal(size=60)).auc for _ in range(400)]
    # Mann and Whitney (1947): variance (n + m + 1) / (12 n m) when both are alike.
    assert np.std(draws) == pytest.approx(math.sqrt(121 / (12 * 3600)), rel=0.15)
    assert area(rng.normal(size=60), rng.normal(size=60)).error == pytest.approx(
        math.sqrt(121 / (12 * 3600)), rel=0.15
    )


def test_paths_begin_in_regimes_that_the_training_path_had() -> None:
    rng = np.random.default_rng(0)
    logs = rng.normal([0.0, -1.0], [1.0, 0.1], size=(4000, 2))
    drawn = np.log(Regimes.fit(np.exp(logs)).draw(4000, rng))
    assert drawn.mean(axis=0) == pytest.approx([0.0, -1.0], abs=0.06)
    assert drawn.std(axis=0) == pytest.approx([1.0, 0.1], rel=0.06)


def test_simulated_paths_are_as_wide_as_the_training_path() -> None:
    panel = market_panel(800)
    model = TimeGAN(**{**TINY, "steps": 40}).fit(panel, seed=0)
    assert model.report["spread_gap"] < 0.25
    drawn = sample(model, 200, seed=0, length=60)
    assert drawn.values.std() == pytest.approx(panel.values.std(), rel=0.2)
