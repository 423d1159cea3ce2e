"""Independent random streams from one seed, and a fence around torch's.

Knows neither data nor models. Every random number in riskgen comes from a
stream that is named by a seed and a path of words and numbers, so that no
stream depends on how many numbers another one drew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

Path = str | int


def stream(seed: int, *path: Path) -> np.random.Generator:
    """Return the random generator that belongs to ``seed`` and ``path``.

    Parameters
    ----------
    seed : int
        Non-negative seed given by the user.
    *path : str or int
        Where the numbers are used, for example ``("simulate", 3)``.

    Returns
    -------
    numpy.random.Generator
        Counter-based (Philox; Salmon et al. 2011), independent for each path.
    """
    return np.random.Generator(np.random.Philox(seed=_sequence(seed, path)))


def derived_seed(seed: int, *path: Path) -> int:
    """Return a 63-bit seed that belongs to ``seed`` and ``path``."""
    words = _sequence(seed, path).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])


@contextmanager
def torch_fence(seed: int, *path: Path) -> Iterator[None]:
    """Seed torch's global generator inside the block, restore it after.

    Layer initialisation and dropout draw from torch's global generator; the
    caller's state must not notice.
    """
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(derived_seed(seed, *path))
        yield


def _sequence(seed: int, path: tuple[Path, ...]) -> np.random.SeedSequence:
    key = tuple(_word(part) for part in path)
    return np.random.SeedSequence(entropy=seed, spawn_key=key)


def _word(part: Path) -> int:
    # Text and numbers must not collide: 3 and "3" name different streams.
    digest = hashlib.sha256(repr(part).encode()).digest()
    return int.from_bytes(digest[:4], "big")
