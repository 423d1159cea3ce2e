"""Two scores of simulated windows of levels: the literature's, and one that cannot be gamed.

The *published* score follows the code that the TimeGAN literature quotes
(jsyoon0823/TimeGAN, metrics/discriminative_metrics.py; PROTOCOL A1): a random
split of overlapping windows and a network of a few units. It saturates, and a
generator that remembers its one path looks good. The *blocked* score is that of
a larger network on stretches of time that it has not seen. All metric seeds are
trained side by side. Knows arrays, not generators.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.intervals import auc_interval
from riskgen.seeding import stream, torch_fence

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

STEPS, BATCH, RATE = 2_000, 128, 1e-3  # of the reference
BLOCK = 200  # windows of a time block; no two blocks share a row, given gaps of a window
BLOCKED_HIDDEN, BLOCKED_STEPS = 64, 600  # [J] the area on Stocks and Energy rises no longer
JUDGED_AT_ONCE = 2_000


@dataclass(frozen=True, eq=False)
class Rows:
    """Which windows one judge is trained on and judged by.

    Attributes
    ----------
    real, made, real_test, made_test : ndarray of int64
        Positions among real and among simulated windows.
    """

    real: Ints = field(repr=False)
    made: Ints = field(repr=False)
    real_test: Ints = field(repr=False)
    made_test: Ints = field(repr=False)


def published_scores(
    real: Floats, made: Floats, *, seed: int, repeats: int = 3, steps: int = STEPS
) -> list[float]:
    """Return |accuracy - .5| for each metric seed; 0 is best, .5 always told apart.

    Parameters
    ----------
    real, made : ndarray of shape (n, n_steps, n_columns), in units
        Scaled here by minimum and maximum of ``real``, column by column.
    seed : int
        Names splits, first weights and batches.
    repeats : int
        Metric seeds.
    steps : int
        Of training; other than 2,000 is not comparable with published scores.
    """
    rng = stream(seed, "window scores", "published")
    rows = [_random_rows(len(real), len(made), rng) for _ in range(repeats)]
    hidden = max(1, real.shape[2] // 2)
    found = _judged(*_by_extremes(real, made), rows, hidden, steps, seed)
    return [_accuracy_off(*sides) for sides in found]


def published_floors(
    real: Floats, *, seed: int, repeats: int = 3, steps: int = STEPS
) -> list[float]:
    """Return the same score of half of the real windows against the other half.

    Halves are drawn at random and overlap in time, as both sides of a published
    score may: what is below this floor is noise.
    """
    order = stream(seed, "window scores", "floor").permutation(len(real))
    return published_scores(
        real[order[::2]], real[order[1::2]], seed=seed, repeats=repeats, steps=steps
    )


def blocked_aucs(
    real: Floats,
    made: Floats,
    *,
    seed: int,
    repeats: int = 3,
    steps: int = BLOCKED_STEPS,
    starts: Ints | None = None,
) -> list[float]:
    """Return the AUC on unseen time blocks for each metric seed; .5 is best.

    Parameters
    ----------
    real : ndarray of shape (n, n_steps, n_columns)
        In order of time.
    made : ndarray of the same kind
        In any order.
    seed, repeats, steps
        As for :func:`published_scores`.
    starts : ndarray of shape (n,), int64, or None
        Row of the table at which each real window starts; one after another if None.
    """
    rng = stream(seed, "window scores", "blocked")
    first = np.arange(len(real)) if starts is None else starts
    train, test = time_blocks(first, real.shape[1])
    rows = []
    for _ in range(repeats):
        order = rng.permutation(len(made))
        cut = len(order) // 2
        rows.append(Rows(train, order[:cut], test, order[cut:]))
    found = _judged(*_by_spread(real, made), rows, BLOCKED_HIDDEN, steps, seed)
    return [auc_interval(on_real, on_made).value for on_real, on_made in found]


def time_blocks(starts: Ints, n_steps: int) -> tuple[Ints, Ints]:
    """Return positions of windows in even and in odd time blocks; the two share no row.

    Parameters
    ----------
    starts : ndarray of shape (n,), int64
        First row of each window, increasing.
    n_steps : int
        Rows of a window.
    """
    period = BLOCK + n_steps
    place = starts - starts[0]
    inside = place % period < BLOCK
    odd = place // period % 2 == 1
    return np.flatnonzero(inside & ~odd), np.flatnonzero(inside & odd)


def _random_rows(n_real: int, n_made: int, rng: np.random.Generator) -> Rows:
    real, made = rng.permutation(n_real), rng.permutation(n_made)
    first, second = int(0.8 * n_real), int(0.8 * n_made)
    return Rows(real[:first], made[:second], real[first:], made[second:])


def _by_extremes(real: Floats, made: Floats) -> tuple[Singles, Singles]:
    low, high = real.min(axis=(0, 1)), real.max(axis=(0, 1))
    return _scaled(real, made, low, high - low)


def _by_spread(real: Floats, made: Floats) -> tuple[Singles, Singles]:
    # Not by extremes, as published: levels squeezed into a narrow band teach slowly.
    return _scaled(real, made, real.mean(axis=(0, 1)), real.std(axis=(0, 1)))


def _scaled(real: Floats, made: Floats, zero: Floats, unit: Floats) -> tuple[Singles, Singles]:
    unit = np.where(unit > 0, unit, 1.0)
    first, second = ((side - zero) / unit for side in (real, made))
    return first.astype(np.float32), second.astype(np.float32)


def _accuracy_off(on_real: Floats, on_made: Floats) -> float:
    right = int((on_real > 0).sum() + (on_made <= 0).sum())
    return abs(right / (len(on_real) + len(on_made)) - 0.5)


def _judged(
    real: Singles,
    made: Singles,
    rows: list[Rows],
    hidden: int,
    steps: int,
    seed: int,
) -> list[tuple[Floats, Floats]]:
    """Return the logits of each judge on its real and on its simulated test windows."""
    import torch

    from riskgen.evaluate.judges import StackedGRU, StackedLinear

    with torch_fence(seed, "window scores", "networks"):
        network = StackedGRU(len(rows), real.shape[2], hidden)
        last = StackedLinear(len(rows), hidden)
    optimiser = torch.optim.Adam([*network.parameters(), *last.parameters()], lr=RATE)
    target = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)]).expand(len(rows), -1)
    rng = stream(seed, "window scores", "batches")

    def told(windows: Singles) -> torch.Tensor:
        inputs = torch.from_numpy(windows).permute(2, 0, 3, 1).contiguous()
        logits: torch.Tensor = last(network(inputs)[-1])
        return logits

    for _ in range(steps):
        first = np.stack([r.real[rng.integers(len(r.real), size=BATCH)] for r in rows])
        second = np.stack([r.made[rng.integers(len(r.made), size=BATCH)] for r in rows])
        logits = told(np.concatenate([real[first], made[second]], axis=1))
        # Twice the mean over both halves is the reference's sum of two means; judges
        # are summed, so that none feels how many others there are.
        loss = 2.0 * torch.nn.functional.binary_cross_entropy_with_logits(
            logits, target, reduction="none"
        )
        optimiser.zero_grad(set_to_none=True)
        loss.mean(dim=1).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    def score(windows: Singles, chosen: list[Ints]) -> list[Floats]:
        most, parts = max(map(len, chosen)), []
        table = np.stack([np.resize(one, most) for one in chosen])
        with torch.no_grad():
            for first in range(0, most, JUDGED_AT_ONCE):
                parts.append(told(windows[table[:, first : first + JUDGED_AT_ONCE]]).numpy())
        logits = np.concatenate(parts, axis=1).astype(np.float64)
        return [logits[k, : len(one)] for k, one in enumerate(chosen)]

    on_real = score(real, [r.real_test for r in rows])
    on_made = score(made, [r.made_test for r in rows])
    return list(zip(on_real, on_made, strict=True))
