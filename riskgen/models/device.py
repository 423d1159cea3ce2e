"""On which device a generator trains. Sampling stays on the CPU.

The same bytes are promised for one device only: a GPU adds numbers up in
another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from riskgen.errors import TrainingError
from riskgen.models.options import default_options

DEVICES = ("auto", "cpu", "cuda")


def with_device(key: str, options: Mapping[str, Any], device: str) -> dict[str, Any]:
    """Return ``options`` of generator ``key`` so that it trains on ``device``.

    Parameters
    ----------
    key : str
        Of the generator registry.
    options : mapping
        Its options so far.
    device : str
        ``cpu``; ``cuda``; or ``auto``, which is ``cuda`` where this machine has it
        and the generator can use it.

    Raises
    ------
    TrainingError
        When ``cuda`` is asked for and cannot be had.
    """
    able, there = "device" in default_options(key), torch.cuda.is_available()
    if device == "cuda" and not there:
        raise TrainingError(
            "Training on 'cuda' was asked for, but this machine shows no CUDA device "
            f"(torch {torch.__version__}). Say --device cpu, or leave it to --device auto."
        )
    if device == "cuda" and not able:
        raise TrainingError(
            f"Training on 'cuda' was asked for, but generator '{key}' trains on the CPU only. "
            "Say --device cpu, or leave it to --device auto."
        )
    if not able or not there or device == "cpu":
        return dict(options)
    return {"device": "cuda", **options}
