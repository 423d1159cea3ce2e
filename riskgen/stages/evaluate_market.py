"""What a run on prices is measured with: its generator, its rivals, its foresight."""

from __future__ import annotations

from riskgen.data.encoding import EventEncoder
from riskgen.errors import TrainingError
from riskgen.evaluate.suite import OnPhase, evaluate_market
from riskgen.evaluate.verdict import Results
from riskgen.models.beginning import Foresight
from riskgen.models.registry import create
from riskgen.simulate.engine import PathSampler
from riskgen.simulate.foresight import PathForesight
from riskgen.simulate.paths import PathSimulator
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import PriceMaterial

RIVALS: dict[str, tuple[str, dict[str, str]]] = {
    "stationary block bootstrap": ("bootstrap", {}),
    "GARCH(1,1)-t": ("garch", {"volatility": "garch", "innovations": "student"}),
    "GJR-GARCH, filtered history": ("garch", {}),
}
"""Generators beside which every other is measured (PROTOCOL 0.3), with their options."""


def evaluate_prices(
    fitted: Fitted,
    material: PriceMaterial,
    *,
    seed: int,
    quick: bool,
    simulated: bool,
    on_phase: OnPhase | None = None,
) -> Results:
    """Judge a run on prices; see :func:`evaluate_market`."""
    assert not isinstance(fitted.encoder, EventEncoder)
    foresight = None
    if isinstance(fitted.generator, Foresight) and len(material.prices.starts) == 1:
        foresight = PathForesight(fitted.generator, fitted.encoder, material.prices)
    return evaluate_market(
        material.split,
        PathSimulator(fitted.generator, fitted.encoder),
        seed=seed,
        rivals=_rivals(fitted, material, seed),
        prices=material.prices,
        foresight=foresight,
        quick=quick,
        simulated=simulated,
        on_phase=on_phase,
    )


def _rivals(fitted: Fitted, material: PriceMaterial, seed: int) -> dict[str, PathSampler]:
    """Return the rivals that these days can teach, the run's own kind left out."""
    assert not isinstance(fitted.encoder, EventEncoder)
    panel = fitted.encoder.encode(material.split.generator)
    own = fitted.generator.state().config.get("options", {})
    found: dict[str, PathSampler] = {}
    for name, (key, options) in RIVALS.items():
        if key == fitted.generator.key and all(own.get(k) == v for k, v in options.items()):
            continue
        try:
            rival = create(key, **options).fit(panel, seed=seed)
        except TrainingError:  # too few days for a GARCH; the others stand
            continue
        found[name] = PathSimulator(rival, fitted.encoder)
    return found
