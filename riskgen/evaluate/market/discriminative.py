"""Whether a small recurrent network can tell simulated windows from real ones.

Two readings of one network (PROTOCOL A1). The *reference* reading follows the
code that the TimeGAN literature quotes (jsyoon0823/TimeGAN,
metrics/discriminative_metrics.py), with its random split of overlapping
windows. The *strict* reading is larger, judges on time blocks it has not seen
and takes its real side from days that no generator was fitted to. Both are also
trained on Gaussian paths: a network that takes those for real shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import auc_interval, wilson
from riskgen.evaluate.market.controls import control_paths
from riskgen.evaluate.market.sample import windows
from riskgen.evaluate.result import Estimate, MetricResult, Threshold
from riskgen.seeding import stream, torch_fence

Floats = NDArray[np.float64]
Scorer = Callable[[Floats], Floats]

WINDOW = 24  # days; the length of the published yardsticks
BATCH = 128  # real and as many simulated windows a step, as in the reference
REFERENCE_STEPS = 2_000  # of the reference; fewer is quicker and not comparable
STEPS = 250  # [J] some 20 s of one core in all; floor and positive control are trained as long
MOST = 2_000  # [J] windows a side
STRICT_HIDDEN = 64
BLOCK = 4  # windows in a time block
FEWEST = 20  # [J] real test windows below which no AUC is given
GREEN_AUC, RED_AUC = 0.65, 0.80  # PROTOCOL A5 [J]
AMBER_ACCURACY = 0.25  # [J] three in four windows told apart


@dataclass(frozen=True, eq=False)
class Sides:
    """Windows to train a classifier on and to judge it by.

    Attributes
    ----------
    real, made : ndarray of shape (n, n_days, n_assets), scaled by the real side
        To train on.
    real_test, made_test : ndarray of the same kind
        To judge by.
    """

    real: Floats = field(repr=False)
    made: Floats = field(repr=False)
    real_test: Floats = field(repr=False)
    made_test: Floats = field(repr=False)


def measure_discriminative(
    real: Sequence[Floats],
    control: Sequence[Floats],
    paths: Floats,
    *,
    seed: int,
    steps: int = STEPS,
) -> list[MetricResult]:
    """Measure both readings of the discriminative score, each beside real against real.

    Parameters
    ----------
    real, control : sequences of ndarray of shape (n_days, n_assets), log returns
        Days the generator was fitted to, and later ones.
    paths : ndarray of shape (n_paths, horizon, n_assets), log returns
    seed : int
    steps : int
        Training steps of each of the six classifiers; the reference takes 2,000.
    """
    length = min(WINDOW, paths.shape[1])
    made, wrong = paths[:, :length], control_paths("gbm", real, MOST, length, seed=seed)
    return [
        _reference(real, made, wrong, steps, seed),
        _strict(real, control, made, wrong, steps, seed),
    ]


def reference_score(sides: Sides, steps: int, seed: int) -> Estimate:
    """Return |accuracy - .5| at threshold .5, hidden units max(1, n_assets // 2)."""
    score = train_classifier(sides, max(1, sides.real.shape[2] // 2), steps, seed)
    right = int((score(sides.real_test) > 0).sum() + (score(sides.made_test) <= 0).sum())
    accuracy = wilson(right, len(sides.real_test) + len(sides.made_test))
    low, high = float(accuracy.lower or 0.0) - 0.5, float(accuracy.upper or 1.0) - 0.5
    nearest = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return Estimate(abs(accuracy.value - 0.5), nearest, max(abs(low), abs(high)), n=accuracy.n)


def strict_score(sides: Sides, steps: int, seed: int) -> Estimate:
    """Return the AUC with DeLong's interval, 64 hidden units."""
    score = train_classifier(sides, STRICT_HIDDEN, steps, seed)
    return auc_interval(score(sides.real_test), score(sides.made_test))


def train_classifier(sides: Sides, hidden: int, steps: int, seed: int) -> Scorer:
    """Train a one-layer GRU with a linear layer on its last state.

    Loss: binary cross-entropy on real (1) plus on simulated (0); Adam with its
    defaults; 128 windows of each a step.

    Returns
    -------
    callable
        From windows to logits, shape (n,); above 0 means "real".
    """
    import torch

    rng = stream(seed, "discriminative", "batches")
    with torch_fence(seed, "discriminative", "network"):
        network = torch.nn.GRU(sides.real.shape[2], hidden, batch_first=True)
        last = torch.nn.Linear(hidden, 1)
    optimizer = torch.optim.Adam([*network.parameters(), *last.parameters()], lr=1e-3)
    pools = [torch.as_tensor(side, dtype=torch.float32) for side in (sides.real, sides.made)]
    target = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)])
    for _ in range(steps):
        batch = [pool[torch.as_tensor(rng.integers(len(pool), size=BATCH))] for pool in pools]
        logits = last(network(torch.cat(batch))[1][0])[:, 0]
        # Twice the mean over both halves is the reference's sum of two means.
        loss = 2.0 * torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def score(series: Floats) -> Floats:
        with torch.no_grad():
            inputs = torch.as_tensor(series, dtype=torch.float32)
            return np.asarray(last(network(inputs)[1][0])[:, 0].double().numpy())

    return score


def time_blocks(segments: Sequence[Floats], length: int) -> tuple[Floats, Floats]:
    """Return windows of even and of odd time blocks; none reaches across a border.

    The first (to train on) overlap, stride 1; the second (to judge by) do not.
    """
    size = BLOCK * length
    blocks = [s[i : i + size] for s in segments for i in range(0, len(s) - length + 1, size)]
    empty = [segments[0][:0]] if segments else [np.zeros((0, 1))]
    train = windows(blocks[::2] or empty, length, 1)
    return train, windows(blocks[1::2] or empty, length, length)


def _reference(
    real: Sequence[Floats], made: Floats, wrong: Floats, steps: int, seed: int
) -> MetricResult:
    rng = stream(seed, "discriminative", "reference")
    pool = windows(real, made.shape[1], 1)
    size = min(len(pool), len(made), MOST)  # as many of each, else .5 is not chance
    pool, made, wrong = (_some(side, size, rng) for side in (pool, made, wrong))
    result = MetricResult(
        "market.discriminative.reference",
        "Discriminative score of the TimeGAN literature: |accuracy - .5|",
        "market",
        "INCONCLUSIVE",
        method=(
            f"One-layer GRU, {max(1, made.shape[2] // 2)} hidden units, {steps} steps of 128 + "
            f"128 windows of {made.shape[1]} days, random 80/20 split; Yoon et al. 2019."
        ),
    )
    if size < 10 * FEWEST:
        return replace(result, reason=f"{size} windows are too few to train on.")
    found = reference_score(random_split(pool, made, rng), steps, seed)
    order = rng.permutation(len(pool))
    halves = pool[order[::2]], pool[order[1::2]]
    floor = reference_score(random_split(*halves, rng), steps, seed)
    gaussian = reference_score(random_split(pool, wrong, rng), steps, seed)
    green = max(0.98 / np.sqrt(found.n or 1), floor.value)
    why = "95 % null bound of |accuracy - .5| or real against real, whichever is larger"
    threshold = Threshold(float(green), max(AMBER_ACCURACY, float(green)), "J", why)
    judged = replace(result, estimate=found, floor=floor, threshold=threshold).judged()
    powered = _with_power(judged, gaussian)
    return replace(powered, reason=_comparable(powered, steps))


def _with_power(result: MetricResult, gaussian: Estimate) -> MetricResult:
    assert result.threshold is not None
    known = replace(result, references={"gbm": gaussian})
    if result.status != "PASS" or gaussian.value > result.threshold.green:
        return known
    reason = "The network takes Gaussian paths for real too: it shows nothing."
    return replace(known, status="INCONCLUSIVE", band="amber", reason=reason)


def _comparable(result: MetricResult, steps: int) -> str:
    words = {
        "PASS": "At the noise floor of this small network.",
        "FAIL": "Real and simulated windows can be told apart.",
    }.get(result.status, result.reason)
    if steps == REFERENCE_STEPS:
        return words
    return f"{words} Trained for {steps} steps: not comparable with published scores."


def _strict(
    real: Sequence[Floats],
    control: Sequence[Floats],
    made: Floats,
    wrong: Floats,
    steps: int,
    seed: int,
) -> MetricResult:
    length, rng = made.shape[1], stream(seed, "discriminative", "strict")
    result = MetricResult(
        "market.discriminative.strict",
        "Can later real days be told from simulated ones? (AUC; chance is .5)",
        "market",
        "INCONCLUSIVE",
        method=(
            f"One-layer GRU, {STRICT_HIDDEN} hidden units, {steps} steps; judged on time blocks "
            "it has not seen; real days the generator was not fitted to; DeLong interval."
        ),
    )
    train, test = time_blocks([s for s in control if len(s)], length)
    if len(test) < FEWEST or len(train) < FEWEST or len(made) < 2 * FEWEST:
        reason = f"Later days give {len(test)} windows to judge by; {FEWEST} are needed."
        return replace(result, reason=reason)
    fakes = {"made": _halved(_some(made, MOST, rng)), "gbm": _halved(wrong)}
    fakes["earlier"] = time_blocks(real, length)
    found, gaussian, floor = (
        strict_score(_standardised(train, test, *fakes[name]), steps, seed)
        for name in ("made", "gbm", "earlier")
    )
    threshold = Threshold(GREEN_AUC, RED_AUC, "J", "up to .65 green, above .80 red")
    judged = replace(result, estimate=found, floor=floor, threshold=threshold).judged()
    return _despite_drift(_with_power(judged, gaussian))


def _despite_drift(result: MetricResult) -> MetricResult:
    """Withhold a failure that earlier real days would get too: the market changed."""
    assert result.floor is not None
    assert result.estimate is not None
    told_apart = (result.estimate.lower or 0.0) > (result.floor.upper or 1.0)
    if result.status != "FAIL" or told_apart or result.floor.value <= GREEN_AUC:
        return result
    reason = (
        f"Earlier real days are told from later ones too (AUC {result.floor.value:.2f}): the "
        "market changed, and the simulation does not stand out beyond that."
    )
    return replace(result, status="INCONCLUSIVE", band="amber", reason=reason)


def _halved(series: Floats) -> tuple[Floats, Floats]:
    return series[::2], series[1::2]


def _standardised(real: Floats, real_test: Floats, made: Floats, made_test: Floats) -> Sides:
    # Not min-max: one crash would squeeze all other days into a narrow band.
    centre, spread = real.mean(axis=(0, 1)), np.maximum(real.std(axis=(0, 1)), 1e-12)
    sides = ((side - centre) / spread for side in (real, made, real_test, made_test))
    return Sides(*sides)


def random_split(real: Floats, made: Floats, rng: np.random.Generator) -> Sides:
    """Return both sides scaled by the real one's range, 80 % of each to train on."""
    scale = _scaler(real)
    cuts = []
    for side in (scale(real), scale(made)):
        order, cut = rng.permutation(len(side)), int(0.8 * len(side))
        cuts.append((side[order[:cut]], side[order[cut:]]))
    return Sides(cuts[0][0], cuts[1][0], cuts[0][1], cuts[1][1])


def _scaler(real: Floats) -> Callable[[Floats], Floats]:
    low, high = real.min(axis=(0, 1)), real.max(axis=(0, 1))
    return lambda series: np.asarray((series - low) / np.maximum(high - low, 1e-12))


def _some(series: Floats, most: int, rng: np.random.Generator) -> Floats:
    if len(series) <= most:
        return series
    return series[np.sort(rng.choice(len(series), most, replace=False))]
