"""Thresholds as shipped in ``thresholds.yaml``, each with its basis and source."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

from riskgen.evaluate.result import Basis, Threshold


class Bands(BaseModel):
    """Bounds of one family of measures.

    Attributes
    ----------
    green, red : float
        Passing up to ``green``, failing beyond ``red``; amber between.
    basis : str
        ``C``, ``R`` or ``J``; see :class:`~riskgen.evaluate.result.Threshold`.
    source : str
        Citation, or the reason for the judgement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    green: float
    red: float
    basis: Basis
    source: str

    def threshold(self) -> Threshold:
        """Return the bounds as a result carries them."""
        return Threshold(self.green, self.red, self.basis, self.source)


@cache
def bands(key: str) -> Bands:
    """Return the bounds called ``key``; KeyError is our own mistake."""
    return _shipped()[key]


@cache
def _shipped() -> dict[str, Bands]:
    file = resources.files("riskgen.evaluate").joinpath("thresholds.yaml")
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {key: Bands.model_validate(item) for key, item in document.items()}
