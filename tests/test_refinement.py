"""The adversarial phase is kept when it proves itself, and leaves no trace otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_generator_contract import events_panel, market_panel

from riskgen.models.timegan import refinement
from riskgen.models.timegan.auditor import Audit, scores_of_folds
from riskgen.models.timegan.refinement import LARGEST
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.timegan import TimeGAN

TINY: dict[str, Any] = {
    "hidden": 12,
    "head_width": 8,
    "embedding": 4,
    "steps": 60,
    "learning_rate": 0.01,
    "context_steps": 10,
    "audit": False,
    "held_out": 0.5,
}


def judged(*areas: float) -> Any:
    """Return a judge's method that says these areas, one after another."""
    said = iter(areas)
    return lambda self, name: Audit(next(said), 0.01, 100, 100)


def fit(monkeypatch: pytest.MonkeyPatch, *areas: float) -> TimeGAN:
    monkeypatch.setattr("riskgen.models.timegan.judging.Judge.__call__", judged(*areas))
    monkeypatch.setattr(refinement, "LEAST_EFFECTIVE", 0.0)
    monkeypatch.setattr(refinement, "WORSE", 10.0)
    return TimeGAN(**TINY).fit(events_panel(240), seed=0)


def weights(model: TimeGAN) -> dict[str, np.ndarray]:
    return model.state().tensors


def same(one: TimeGAN, other: TimeGAN) -> bool:
    first, second = weights(one), weights(other)
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_what_proves_itself_is_kept_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit(monkeypatch, 0.9, 0.7)
    assert model.report["refinement"]["kept"] is True
    assert model.report["refinement"]["after"] == 0.7
    plain = TimeGAN(**{**TINY, "refine": False}).fit(events_panel(240), seed=0)
    assert not same(model, plain)


@pytest.mark.parametrize("after", [0.9, 0.895, 0.99])
def test_what_does_not_leaves_the_weights_as_they_were(
    monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    model = fit(monkeypatch, 0.9, after)
    assert model.report["refinement"]["kept"] is False
    plain = TimeGAN(**{**TINY, "refine": False}).fit(events_panel(240), seed=0)
    assert same(model, plain)


def test_few_held_out_sequences_prove_nothing() -> None:
    model = TimeGAN(**{**TINY, "held_out": 0.1}).fit(events_panel(240), seed=0)
    assert model.report["refinement"]["kept"] is False
    assert "too few" in model.report["refinement"]["reason"]


def test_paths_are_not_refined() -> None:
    model = TimeGAN(**{**TINY, "held_out": 0.1}).fit(market_panel(), seed=0)
    assert "refinement" not in model.report


def test_no_rollout_leads_and_weights_are_one_on_average() -> None:
    found = refinement._weights(np.random.default_rng(0).normal(0.0, 5.0, size=4000))
    assert found.mean() == pytest.approx(1.0)
    uncut = refinement._weights(np.zeros(10))
    assert uncut.tolist() == [1.0] * 10
    assert found.max() <= LARGEST / 0.2


def test_folds_score_sequences_by_a_discriminator_that_has_not_seen_them() -> None:
    panel = events_panel(400)
    coder = RowCoder.fit(panel.layout.fields, panel.values)
    alike = scores_of_folds(panel.take(np.arange(200)), panel.take(np.arange(200, 400)), coder, 0)
    other = panel.take(np.arange(200, 400))
    moved = other.values.copy()
    moved[:, 0] = 0.0
    moved[:, 1] = 0.0
    strange = type(other)(other.layout, moved, other.context, other.offsets)
    apart = scores_of_folds(panel.take(np.arange(200)), strange, coder, 0)
    assert np.isfinite(alike).all()
    assert np.median(apart) < np.median(alike) - 1.0
