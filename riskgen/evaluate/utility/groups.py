"""Does it help everybody: what the arm in question does to each group of customers.

Whom alerts find and bother, with and without simulated data, and whether a gap between
groups widens. Rules on nothing; a gap that widened is told with the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from riskgen.evaluate.detection.segments import Segments
from riskgen.evaluate.detection.treatment import MEASURES, Treatment, gap_changes, treatment, worst
from riskgen.evaluate.result import Estimate, MetricResult, declined
from riskgen.evaluate.utility.effects import ALPHA
from riskgen.evaluate.utility.evidence import Evidence, Standing

KEY = "utility.groups"
DRAWS = 500  # resampled customers; intervals of groups are read, not ruled on [J]
TITLES = {
    "recall": "Frauds found, by {column}: does the gap between groups change",
    "false_alarm_rate": "Honest customers alerted, by {column}: does the gap between groups change",
    "friction": "Alerted days in 10,000 of honest customers, by {column}: does the gap change",
}
GAINS = {"recall": 1.0, "false_alarm_rate": -1.0, "friction": -1.0}
WORSE = {"recall": "found less often", "false_alarm_rate": "alerted", "friction": "bothered"}
METHOD = (
    "Value: change of the group minus the mean change of the other groups, for the group with the "
    "smallest p; paired bootstrap over customers and runs, Holm over groups. Groups of fewer than "
    "11 customers are withheld. Shares of customers have Wilson's interval."
)


def measure_groups(evidence: Evidence, columns: Sequence[str]) -> list[MetricResult]:
    """Return, for each column, what the arm in question changed for whom.

    Parameters
    ----------
    evidence : Evidence
        Of all runs.
    columns : sequence of str
        Of categories; a customer is in the group of its first event.

    Raises
    ------
    DataError
        When the table has no such column.
    """
    arm, base = evidence.claim, evidence.best
    if arm is None:
        return []
    found = []
    for column in columns:
        segments = Segments.of(evidence.exams, column)
        with_, without = (_treated(evidence, one, segments) for one in (arm, base))
        found += [_measured(name, column, with_, without, (arm, base)) for name in MEASURES]
    return found


def widened(metrics: Sequence[MetricResult]) -> list[str]:
    """Return a caveat for each gap that widened."""
    return [m.reason for m in metrics if m.metric.startswith(KEY) and m.status == "FAIL"]


def _treated(evidence: Evidence, arm: Standing, segments: Segments) -> Treatment:
    weights = [evidence.resampling.drawn(run, DRAWS) for run in range(evidence.n_runs)]
    return treatment(evidence.exams, arm.scores, evidence.plan.budget, segments, weights)


def _measured(
    measure: str, column: str, arm: Treatment, base: Treatment, who: tuple[Standing, Standing]
) -> MetricResult:
    key, title = f"{KEY}.{column}.{measure}", TITLES[measure].format(column=f"'{column}'")
    changes = gap_changes(arm, base, measure)
    furthest = worst(changes)
    if furthest is None:
        why = "Fewer than two groups have 11 customers behind this number: none can be compared."
        return declined(key, title, "utility", why)
    name, gap = furthest
    told = gap.p < ALPHA and GAINS[measure] * gap.change.value < 0.0
    return MetricResult(
        key,
        title,
        "utility",
        "FAIL" if told else "INCONCLUSIVE",
        gap.change,
        Estimate(0.0),
        references=_levels(measure, arm, base, who),
        goal="near",
        reason=_reason(measure, column, name, gap.p, told) + _withheld(arm.segments),
        method=METHOD,
        by={f"change of the gap: {group}": one.change for group, one in changes.items()},
    )


def _levels(
    measure: str, arm: Treatment, base: Treatment, who: tuple[Standing, Standing]
) -> dict[str, Estimate]:
    """Return what each group has, without and with simulated data, side by side."""
    sides = [(who[1], base.estimates(measure)), (who[0], arm.estimates(measure))]
    groups = dict.fromkeys(group for _, found in sides for group in found)
    return {
        f"{group}, {one.id}": found[group]
        for group in groups
        for one, found in sides
        if group in found
    }


def _reason(measure: str, column: str, group: str, p: float, told: bool) -> str:
    where = f"'{group}' of '{column}'"
    if told:
        more = "" if measure == "recall" else " more"
        return (
            f"With simulated data customers in {where} are {WORSE[measure]}{more}, against the "
            f"other groups, than without (Holm p = {p:.3f}): the gap widened."
        )
    return f"No gap is seen to widen; {where} moved most (Holm p = {p:.3f})."


def _withheld(segments: Segments) -> str:
    n = segments.withheld
    return "" if n == 0 else f" {n} group{'s' * (n != 1)} of fewer than 11 customers withheld."
