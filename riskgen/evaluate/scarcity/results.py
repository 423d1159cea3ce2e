"""The curve as results: what to draw, what simulated frauds are worth, and a sentence."""

from __future__ import annotations

from riskgen.evaluate.result import Curve as Drawn
from riskgen.evaluate.result import Estimate, MetricResult
from riskgen.evaluate.scarcity.curve import OFFERED, Curve, Point, gains
from riskgen.evaluate.utility.evidence import Measured
from riskgen.evaluate.utility.wording import points

RECALL, WORTH = "utility.scarcity.recall", "utility.scarcity.equivalent"
NAMES = {
    "S2": "simulated frauds",
    "S3": "stress scenarios",
    "S4": "transplants",
    "S34": "scenarios and transplants",
    "P1": "control: jittered copies",
    "P2": "control: stamped bursts",
}


def described(curve: Curve, *, simulated: bool) -> list[MetricResult]:
    """Return recall against known frauds, and what simulated ones are worth.

    Parameters
    ----------
    curve : Curve
    simulated : bool
        Whether the frauds of the table come from a simulator.
    """
    return [_recall(curve, simulated), _worth(curve)]


def sentence(curve: Curve, *, simulated: bool) -> str:
    """Return the answer in words."""
    circular = " Mechanism check only – circular: the frauds are simulated." if simulated else ""
    where = gains(curve)
    if not where:
        first, last = curve.points[0].known, curve.points[-1].known
        return (
            f"With {first} to {last} known frauds no gain from simulated ones was seen, on "
            f"{curve.n_fraud:,} frauds of the tests.{circular}"
        )
    return (
        " ".join(_gain(curve, point) for point in curve.points if point.known in where) + circular
    )


def _gain(curve: Curve, point: Point) -> str:
    assert point.effect is not None
    told = (
        f"With {point.known} known frauds recall changed by {points(point.effect.recall)} "
        f"({NAMES.get(point.effect.arm, point.effect.arm)}; p = {curve.p[point.known]:.3f})"
    )
    worth = curve.equivalents.get(point.known)
    if worth is None:
        return f"{told}."
    return f"{told}: they are worth {counted(worth, curve.points[-1].known)} real ones."


def counted(worth: Estimate, most: int) -> str:
    """Return a number of real frauds in words; ``most`` stands for that many or more."""

    def one(value: float | None) -> str:
        if value is None:
            return "?"
        return f"{most} or more" if value >= most * 0.999 else f"{value:.0f}"

    return f"{one(worth.value)} [{one(worth.lower)}, {one(worth.upper)}]"


def _recall(curve: Curve, simulated: bool) -> MetricResult:
    first = curve.points[0]
    claim = first.best if first.claim is None else first.claim
    n = curve.n_fraud
    best = [(point.known, point.best.recall) for point in curve.points]
    drawn = {"real: best without simulated frauds": _line(best, n)}
    for name, title in NAMES.items():
        if found := curve.of(name):
            drawn[title] = _line(found, n)
    oracle = curve.points[-1].best.recall.value
    ends: list[float] = [curve.points[0].known, curve.points[-1].known]
    drawn["target: all real frauds known"] = {"x": ends, "y": [round(oracle, 5)] * 2}
    return MetricResult(
        RECALL,
        "Frauds found against frauds known",
        "utility",
        "INCONCLUSIVE",
        claim.recall.estimate(n),
        first.best.recall.estimate(n),
        goal="higher",
        reason=sentence(curve, simulated=simulated),
        method=(
            "Recall at the alert budget with nested subsets of the known frauds, as many times "
            "fewer to choose by; every draw has other customers as its test. Value and floor are "
            "at the smallest number; the best real-only arm is chosen at each. Bootstrap over "
            "customers and draws; p adjusted over arms and numbers (Holm)"
        ),
        by={
            f"{point.known} known: change": point.effect.recall
            for point in curve.points
            if point.effect is not None
        },
        curves=drawn,
    )


def _line(found: list[tuple[int, Measured]], n: int) -> Drawn:
    known = [k for k, _ in found]
    estimates = [measured.estimate(n) for _, measured in found]
    return {
        "x": known,
        "y": [round(e.value, 5) for e in estimates],
        "lower": [_or(e.lower, e.value) for e in estimates],
        "upper": [_or(e.upper, e.value) for e in estimates],
    }


def _or(end: float | None, value: float) -> float:
    return round(value if end is None else end, 5)


def _worth(curve: Curve) -> MetricResult:
    worth, most = curve.equivalents, curve.points[-1].known
    first = next(iter(worth), None)
    return MetricResult(
        WORTH,
        "Real frauds that known ones with simulated ones are worth",
        "utility",
        "INCONCLUSIVE" if worth else "NOT_APPLICABLE",
        None if first is None else worth[first],
        None if first is None else Estimate(float(first)),
        goal="higher",
        reason=(
            "No arm with simulated frauds could be run."
            if first is None
            else f"Floor: the {first} that are known. {most} stands for {most} or more."
        ),
        method=(
            "Known frauds at which the best real-only arm finds as many, interpolated on the curve "
            f"in their logarithm; bootstrap over customers and draws. Of {', '.join(OFFERED)} the "
            "arm that validation puts forward"
        ),
        by={f"{known} known": estimate for known, estimate in worth.items()},
    )
