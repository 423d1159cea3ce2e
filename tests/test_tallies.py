"""A table of what was shown says what counting anew in each batch says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_generator_contract import events_panel

from riskgen.models.timegan import guides, tallies
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.dataset import REACH, EventDataset
from riskgen.models.timegan.fitting import Training
from riskgen.models.timegan.recall import RecallLayout
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.stretches import Stretches, cut
from riskgen.models.timegan.tallies import Tallies


def dataset() -> EventDataset:
    panel = events_panel()
    coders = [
        RowCoder.fit(fields, values)
        for fields, values in (
            (panel.layout.fields, panel.values),
            (panel.layout.context_fields, panel.context),
        )
    ]
    return EventDataset(panel, *coders)


def windows(data: EventDataset) -> Stretches:
    everyone = np.arange(len(data.offsets) - 1)
    return cut(Stretches(everyone, data.offsets[:-1], data.offsets[1:]), 3)


def test_a_batch_takes_from_the_table_what_it_would_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = dataset()
    data.recall = RecallLayout(data.recall.levels, data.recall.anchors, data.recall.sources)
    taken = data.batch(windows(data)).recalled
    monkeypatch.setattr(tallies, "MOST_BYTES", 0)
    data.recall = RecallLayout(data.recall.levels, data.recall.anchors, data.recall.sources)
    counted = data.batch(windows(data)).recalled
    assert len(taken) == len(counted) > 0
    for one, other in zip(taken, counted, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("anchors", [[-1, 0, 0], [-1, -1, 1], [-1, 0, 1]])
def test_the_table_agrees_with_counting_by_hand(anchors: list[int]) -> None:
    rng = np.random.default_rng(3)
    levels = [3, 4, 2]
    owner = np.repeat(np.arange(12), 9)
    codes = np.stack([rng.integers(0, n + 1, len(owner)) for n in levels], axis=1)
    told = [torch.zeros(len(owner), n) for n in levels]
    found = Tallies(RecallLayout(levels, anchors, [-1] * 3), owner, codes).of(
        torch.arange(len(owner)), told
    )
    for row in range(len(owner)):
        earlier = [r for r in range(row) if owner[r] == owner[row]]
        for k, anchor in enumerate(anchors):
            near = [r for r in earlier if anchor < 0 or codes[r, anchor] == codes[row, anchor]]
            for level in range(levels[k]):
                seen = sum(codes[r, k] == level for r in earlier)
                together = sum(codes[r, k] == level for r in near)
                last = bool(near) and codes[near[-1], k] == level
                wanted = [seen > 0, np.log1p(seen), np.log1p(together), last, 0.0]
                assert np.allclose(found[k][row, :, level], wanted)


def test_histories_beyond_the_reach_are_counted_in_each_batch() -> None:
    data = dataset()
    assert data._tallies() is not None
    data.offsets = data.offsets * (REACH + 1)
    data.recall = RecallLayout(data.recall.levels, data.recall.anchors, data.recall.sources)
    assert data._tallies() is None


def test_training_is_the_same_with_and_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    config = TimeGANConfig(
        hidden=8, head_width=4, steps=6, context_steps=2, audit=False, refine=False
    )

    def weights() -> dict[str, torch.Tensor]:
        simulator, _ = Training(events_panel(), config, 0, None).run()
        return dict(simulator.networks.state_dict())

    with_tables = weights()
    for module in (tallies, guides):
        monkeypatch.setattr(module, "MOST_BYTES", 0)
    without = weights()
    assert all(torch.equal(with_tables[name], without[name]) for name in without)
