"""Customers that nobody has labelled: who is edited, and who must not be bothered."""

from __future__ import annotations

import numpy as np

from riskgen.data.events import Events
from riskgen.errors import NotApplicable


def normals(events: Events) -> Events:
    """Return the entities without a label.

    Raises
    ------
    NotApplicable
        When there is none.
    """
    kept = np.flatnonzero(~events.entity_label())
    if len(kept) == 0:
        raise NotApplicable("Every customer is labelled; there is no normal one to edit.")
    return events.take(kept)
