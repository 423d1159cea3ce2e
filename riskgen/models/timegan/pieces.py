"""Stretches of a panel as sequences of their own, for whoever judges them."""

from __future__ import annotations

import numpy as np

from riskgen.data.panel import SequencePanel
from riskgen.models.domain import domain_of
from riskgen.models.timegan.auditor import LONGEST
from riskgen.models.timegan.likelihood import rows_of
from riskgen.models.timegan.stretches import Stretches, cut


def pieces(panel: SequencePanel, stretches: Stretches) -> SequencePanel:
    """Return the stretches as sequences: whole ones, or windows as long as are judged."""
    if domain_of(panel.layout) == "market":
        windows = cut(stretches, LONGEST)
        stretches = windows.take(np.flatnonzero(windows.lengths == LONGEST))
    offsets = np.concatenate([[0], np.cumsum(stretches.lengths)]).astype(np.int64)
    values = panel.values[rows_of(stretches)]
    return SequencePanel(panel.layout, values, panel.context[stretches.sequence], offsets)
