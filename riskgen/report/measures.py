"""One metric as the report shows it: sentence, numbers, strip, drawing, parts, method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.report.blocks import Chip, Gallery, KeyNumber, Measure, Size, Strip, Table
from riskgen.report.charts import chart_of, role_of
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
MOST_NAMED = 6  # [J] measures named beside the threshold that decides them
OWN, PRIMARY_ARM = "This generator", "Primary arm"
SMALL = "fidelity.marginals"
FLOORS = {"utility": "Floor: without simulated data, or guessing"}


def chip_of(metric: MetricResult) -> Chip:
    """Return a metric's status as a chip."""
    return Chip(tone(metric.status, metric.band), status_word(metric.status, metric.band))


def blocks_of(metrics: Sequence[tuple[int, MetricResult]]) -> tuple[Measure | Gallery, ...]:
    """Return the numbered metrics as blocks: the headline, small multiples, the others.

    The first metric of a question, and all of ``utility`` with its arms, take
    the whole width; of the others, those with a drawing stand together.
    """
    small = [item for item in metrics if item[1].metric.startswith(SMALL) and item[1].curves]
    rest = [item for item in metrics if item not in small]
    first = [measure_of(n, m) for n, m in rest[:1]]
    wide = [measure_of(n, m) for n, m in rest[1:] if m.question == "utility"]
    half = [measure_of(n, m, "half") for n, m in rest[1:] if m.question != "utility"]
    half.sort(key=lambda measure: not measure.charts)
    gallery = [_gallery(small)] if small else []
    return (*first, *gallery, *wide, *half)


def _gallery(metrics: Sequence[tuple[int, MetricResult]]) -> Gallery:
    measures = tuple(measure_of(n, m, "compact") for n, m in metrics)
    drawn = [series for m in measures for chart in m.charts for series in chart.series]
    legend = tuple(dict.fromkeys((series.role, series.name) for series in drawn))
    return Gallery("Each column alone", legend, measures=measures)


def measure_of(position: int, metric: MetricResult, size: Size = "wide") -> Measure:
    """Return everything the report says about one metric."""
    title = title_of(metric)
    chart = chart_of(f"chart-{position:03d}", metric.metric, title, metric.curves)
    tables = [
        _parts("Controls, rivals and arms", metric.references, metric, own=True),
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
        size=size,
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


def tally(metrics: Sequence[MetricResult]) -> tuple[Chip, ...]:
    """Return how many metrics have which status, as chips."""
    found = Counter(chip_of(metric) for metric in metrics)
    order = ("pass", "limited", "fail", "unclear", "idle")
    ranked = sorted(found.items(), key=lambda item: (order.index(item[0].tone), item[0].word))
    return tuple(Chip(chip.tone, f"{size} {chip.word.lower()}") for chip, size in ranked)


def every_measure(metrics: Sequence[tuple[int, MetricResult]]) -> Table:
    """Return the table of all metrics."""
    columns = ("Measure", "Status", "Value [interval]", "", "Floor", "Threshold", "n")
    rows = tuple(_row(metric) for _, metric in metrics)
    return Table("", columns, rows, (2, 4, 6), filterable=True)


def thresholds(metrics: Sequence[tuple[int, MetricResult]]) -> Table | None:
    """Return each threshold with its basis and source; None when there are none."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for _, metric in metrics:
        if metric.threshold is not None:
            basis = BASES.get(metric.threshold.basis, plain(metric.threshold.basis))
            source = sentence(metric.threshold.source) or "no source given"
            bounds = bound(metric.threshold, metric.goal)
            found.setdefault((bounds, basis, source), []).append(title_of(metric))
    if not found:
        return None
    rows = tuple((*rule, _listed(titles)) for rule, titles in found.items())
    return Table("Thresholds", ("Threshold", "Basis", "Source or reason", "Decides"), rows)


def _listed(titles: Sequence[str]) -> str:
    more = len(titles) - MOST_NAMED
    return "; ".join(titles[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


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
    reading = f"{level(metric.estimate)}; {direction(metric.goal)}"
    pairs = [(f"Value, {reading}", interval(metric.estimate))]
    if metric.floor is not None:
        what = FLOORS.get(metric.question, "Floor: real against real")
        pairs.append((what, interval(metric.floor)))
    if metric.threshold is not None:
        basis = BASES.get(metric.threshold.basis, plain(metric.threshold.basis))
        pairs.append((f"Threshold, {basis}", bound(metric.threshold, metric.goal)))
    pairs.append(("Units (n)", count(metric.estimate.n)))
    return tuple(pairs)


def _parts(
    caption: str, parts: Mapping[str, Estimate], metric: MetricResult, *, own: bool = False
) -> Table | None:
    if not parts:
        return None
    shown = dict(list(parts.items())[:MOST_PARTS])
    if own and metric.estimate is not None:
        name = PRIMARY_ARM if metric.question == "utility" else OWN
        shown = {name: metric.estimate, **shown}
    # A part need not be measured in the metric's own unit: no threshold beside it.
    threshold = metric.threshold if own else None
    axis = axis_of(list(shown.values()), threshold)
    rows = tuple(
        (
            plain(name),
            interval(part),
            place(part, axis, metric.goal, threshold, role=_owner(name, own)),
            count(part.n),
        )
        for name, part in shown.items()
    )
    if len(parts) > MOST_PARTS:
        caption += f" (first {MOST_PARTS} of {len(parts)}; all are in results.json)"
    return Table(caption, ("", "Value [interval]", "", "n"), rows, (1, 3))


def _owner(name: str, rivals: bool) -> str:
    role = role_of(name)
    if role in ("real", "synthetic", "control"):
        return role
    return "control" if rivals and name not in (OWN, PRIMARY_ARM) else "synthetic"


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
