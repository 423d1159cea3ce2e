"""All detectors of faults, run over one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from riskgen.data.inspection.evidence import Evidence
from riskgen.data.quality.amounts import (
    find_currencies,
    find_mixed_signs,
    find_mixed_units,
    find_odd_balances,
)
from riskgen.data.quality.calendar import (
    find_clock_doubts,
    find_crowded_days,
    find_empty_days,
    find_midnight,
)
from riskgen.data.quality.labels import find_late_labels, find_swapped_label
from riskgen.data.quality.owners import (
    find_changing_facts,
    find_double_postings,
    find_giants,
    find_repeated_keys,
    find_repeated_rows,
    find_single_events,
)
from riskgen.data.quality.prices import find_price_faults
from riskgen.data.quality.problem import Problem, ranked
from riskgen.data.quality.regimes import (
    find_filling_changes,
    find_levels_in_time,
    find_rounding_changes,
    find_unit_changes,
)
from riskgen.data.quality.values import (
    find_constants,
    find_damaged_text,
    find_numbers_in_text,
    find_stand_ins,
    find_twin_levels,
)

Detector = Callable[[Evidence], Iterator[Problem]]
OF_COLUMNS: tuple[Detector, ...] = (
    *(find_stand_ins, find_damaged_text, find_numbers_in_text, find_twin_levels, find_constants),
    find_price_faults,
)
OF_EVENTS: tuple[Detector, ...] = (
    *(find_currencies, find_mixed_units, find_mixed_signs, find_odd_balances),
    *(find_empty_days, find_crowded_days, find_midnight, find_clock_doubts),
    *(find_late_labels, find_swapped_label),
    *(find_single_events, find_giants, find_repeated_rows, find_double_postings),
    *(find_repeated_keys, find_changing_facts),
    *(find_unit_changes, find_rounding_changes, find_levels_in_time, find_filling_changes),
)


def find_problems(evidence: Evidence) -> list[Problem]:
    """Return everything that was found, the worst first; nothing for a table without rows."""
    if evidence.frame.height == 0:
        return []
    detectors = OF_COLUMNS + (OF_EVENTS if evidence.is_events else ())
    return ranked([problem for detect in detectors for problem in detect(evidence)])
