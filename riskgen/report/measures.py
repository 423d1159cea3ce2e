"""One metric as the report shows it: sentence, numbers, strip, drawing, parts, method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.report.blocks import Chip, Gallery, KeyNumber, Measure, Strip, Table
from riskgen.report.charts import chart_of
from riskgen.report.strip import axis_of, place, strip_of
from riskgen.report.wording import (
    BASES,
    bound,
    count,
    direction,
    interval,
    level,
    number,
    plain,
    sentence,
    status_word,
    title_of,
    tone,
)

MOST_PARTS = 60  # [J] rows shown of one metric's parts; results.json has them all
MOST_KEYS = 3  # [J] numbers on one verdict card
SMALL = "fidelity.marginals"


def chip_of(metric: MetricResult) -> Chip:
    """Return a metric's status as a chip."""
    return Chip(tone(metric.status, metric.band), status_word(metric.status, metric.band))


def blocks_of(metrics: Sequence[tuple[int, MetricResult]]) -> tuple[Measure | Gallery, ...]:
    """Return the numbered metrics as blocks, marginals gathered into one gallery."""
    small = [
        measure_of(n, m, compact=True)
        for n, m in metrics
        if m.metric.startswith(SMALL) and m.curves
    ]
    if len(small) < 2:
        return tuple(measure_of(n, m) for n, m in metrics)
    rest = [(n, m) for n, m in metrics if not (m.metric.startswith(SMALL) and m.curves)]
    drawn = [series for m in small for chart in m.charts for series in chart.series]
    legend = tuple(dict.fromkeys((series.role, series.name) for series in drawn))
    gallery = Gallery("Each column alone", legend, measures=tuple(small))
    return (gallery, *(measure_of(n, m) for n, m in rest))


def measure_of(position: int, metric: MetricResult, *, compact: bool = False) -> Measure:
    """Return everything the report says about one metric."""
    title = title_of(metric)
    chart = chart_of(f"chart-{position:03d}", metric.metric, title, metric.curves)
    tables = [
        _parts("Beside it: controls, rivals and arms", metric.references, metric, own=True),
        _parts("By part", metric.by, metric),
    ]
    return Measure(
        id=f"measure-{position:03d}",
        key=plain(metric.metric, 120),
        title=title,
        chip=chip_of(metric),
        reason=sentence(metric.reason),
        numbers=_numbers(metric),
        strip=strip_of(metric),
        charts=() if chart is None else (chart,),
        tables=tuple(table for table in tables if table is not None),
        method=_method(metric),
        brief=_brief(metric),
        compact=compact,
    )


def key_numbers(metrics: Sequence[tuple[int, MetricResult]]) -> tuple[KeyNumber, ...]:
    """Return the few numbers of a verdict card: what fails first, else in reading order."""
    with_value = [(n, m) for n, m in metrics if m.estimate is not None]
    order = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    ranked = sorted(
        with_value,
        key=lambda item: (
            item[1].threshold is None,
            order.get(item[1].status, 3),
            item[1].metric.startswith(SMALL),
        ),
    )
    return tuple(_key_number(n, m) for n, m in ranked[:MOST_KEYS])


def every_measure(metrics: Sequence[tuple[int, MetricResult]]) -> Table:
    """Return the table of all metrics."""
    columns = ("Measure", "Status", "Value [interval]", "", "Floor", "Threshold", "n")
    rows = tuple(_row(metric) for _, metric in metrics)
    return Table("", columns, rows, (2, 4, 6), filterable=True)


def thresholds(metrics: Sequence[tuple[int, MetricResult]]) -> Table | None:
    """Return each threshold with its basis and source; None when there are none."""
    rows = [
        (
            title_of(m),
            bound(m.threshold, m.goal),
            BASES.get(m.threshold.basis, plain(m.threshold.basis)),
            sentence(m.threshold.source) or "no source given",
        )
        for _, m in metrics
        if m.threshold is not None
    ]
    if not rows:
        return None
    columns = ("Measure", "Threshold", "Basis", "Source or reason")
    return Table("Thresholds", columns, tuple(rows))


def _row(metric: MetricResult) -> tuple[str | Chip | Strip, ...]:
    size = None if metric.estimate is None else metric.estimate.n
    shown = strip_of(metric)
    return (
        title_of(metric),
        chip_of(metric),
        interval(metric.estimate),
        shown if shown is not None else "",
        number(None if metric.floor is None else metric.floor.value),
        bound(metric.threshold, metric.goal),
        count(size),
    )


def _numbers(metric: MetricResult) -> tuple[tuple[str, str], ...]:
    if metric.estimate is None:
        return ()
    pairs = [(f"Value, {level(metric.estimate)}", interval(metric.estimate))]
    if metric.floor is not None:
        pairs.append(("Floor: real against real", interval(metric.floor)))
    if metric.threshold is not None:
        basis = BASES.get(metric.threshold.basis, plain(metric.threshold.basis))
        pairs.append((f"Threshold, {basis}", bound(metric.threshold, metric.goal)))
    pairs.append(("Units (n)", count(metric.estimate.n)))
    pairs.append(("Reading", direction(metric.goal)))
    return tuple(pairs)


def _parts(
    caption: str, parts: Mapping[str, Estimate], metric: MetricResult, *, own: bool = False
) -> Table | None:
    if not parts:
        return None
    shown = dict(list(parts.items())[:MOST_PARTS])
    if own and metric.estimate is not None:
        shown = {"This generator": metric.estimate, **shown}
    # A part need not be measured in the metric's own unit: no threshold beside it.
    threshold = metric.threshold if own else None
    axis = axis_of([*shown.values(), None if own else Estimate(0.0)], threshold)
    rows = tuple(
        (
            plain(name),
            interval(part),
            place(part, axis, metric.goal, threshold),
            count(part.n),
        )
        for name, part in shown.items()
    )
    if len(parts) > MOST_PARTS:
        caption += f" (first {MOST_PARTS} of {len(parts)}; all are in results.json)"
    return Table(caption, ("", "Value [interval]", "", "n"), rows, (1, 3))


def _method(metric: MetricResult) -> tuple[tuple[str, str], ...]:
    pairs = [("How it is computed", sentence(metric.method) or "not described")]
    if metric.threshold is not None:
        basis = BASES.get(metric.threshold.basis, plain(metric.threshold.basis))
        pairs.append(("Threshold", f"{bound(metric.threshold, metric.goal)} ({basis})"))
        pairs.append(("Source of the threshold", sentence(metric.threshold.source)))
    pairs.append(("Key in results.json", plain(metric.metric, 120)))
    return tuple(pairs)


def _brief(metric: MetricResult) -> str:
    parts = []
    if metric.floor is not None:
        parts.append(f"floor {number(metric.floor.value)}")
    if metric.threshold is not None:
        basis = BASES.get(metric.threshold.basis, plain(metric.threshold.basis))
        parts.append(f"{bound(metric.threshold, metric.goal)} ({basis})")
    if metric.estimate is not None and metric.estimate.n is not None:
        parts.append(f"n {count(metric.estimate.n)}")
    return "; ".join(parts)


def _key_number(position: int, metric: MetricResult) -> KeyNumber:
    return KeyNumber(
        title=title_of(metric),
        value=interval(metric.estimate),
        context=_brief(metric),
        chip=chip_of(metric),
        strip=strip_of(metric),
        target=f"measure-{position:03d}",
    )
