"""The recurrent network of PAR, by deepecho: trained, drawn from, taken apart, rebuilt.

deepecho (Business Source License 1.1, as SDV) is imported when a function here
runs, never before. Knows sequences as lists, not panels.

Stored are the weights and, as JSON, what each column is; deepecho itself knows
only pickles. The private attributes it takes to put a model together again are
set in :func:`rebuilt` and nowhere else.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riskgen.errors import TrainingError
from riskgen.models.timegan.sampling import one_thread
from riskgen.seeding import torch_fence

Arrays = dict[str, NDArray[Any]]
Sequence = dict[str, list[Any]]
"""``context``: a number per column; ``data``: a list per column, an entry per event."""

Watch = Callable[[int, float], bool]
"""Told epochs done and the loss; returns whether time is up."""


class _TimeIsUp(Exception):
    """Ends deepecho's loop over epochs, which knows no other way out."""


def train(
    sequences: list[Sequence], data_types: list[str], *, epochs: int, seed: int, watch: Watch
) -> Any:
    """Return a trained ``deepecho.PARModel``.

    Parameters
    ----------
    sequences : list of dict
        One for each training sequence, none of them empty.
    data_types : list of str
        ``categorical`` or ``continuous`` for each column of ``data``.
    epochs : int
        Optimiser steps: deepecho packs all sequences into one batch.
    seed : int
        Of the first weights.
    watch : callable
        See :data:`Watch`.

    Raises
    ------
    TrainingError
        When the loss or a weight is not finite.
    """
    model = _watched(watch)(epochs=epochs, cuda=False, verbose=False)
    context_types = ["continuous"] * len(sequences[0]["context"])
    with _fence(seed, "par", "fit"):
        try:
            model.fit_sequences(sequences, context_types, data_types)
        except _TimeIsUp:
            pass
        except ValueError as error:  # torch refuses a distribution of NaN
            raise TrainingError(f"PAR diverged: {error}. Nothing was saved.") from error
    numbers = [column[name] for column in _columns(model) for name in ("mu", "std")]
    weights = all(bool(torch.isfinite(part).all()) for part in model._model.parameters())
    if not (weights and np.isfinite(numbers).all()):
        raise TrainingError(
            "PAR diverged: a weight, or the spread of a column, is not finite. Nothing was "
            "saved. Look for extreme values in the table."
        )
    return model


def draw(
    model: Any, contexts: NDArray[np.float64], lengths: NDArray[np.int64], *, seed: int, index: int
) -> list[list[list[Any]]]:
    """Return the columns of each sequence, one list for each; deepecho draws one at a time.

    Parameters
    ----------
    model : deepecho.PARModel
        Trained or rebuilt.
    contexts : ndarray of shape (n, n_context)
        What each sequence is like.
    lengths : ndarray of shape (n,), int64
        Events of each.
    seed, index : int
        Seed and number of the chunk.
    """
    with _fence(seed, "par", "sample", index):
        pairs = zip(contexts.tolist(), lengths.tolist(), strict=True)
        return [model.sample_sequence(context, length) for context, length in pairs]


def taken_apart(model: Any) -> tuple[dict[str, Any], Arrays]:
    """Return what :func:`rebuilt` needs: JSON values and named weights."""
    columns = [_to_json(model._data_map[i]) for i in range(len(model._data_map) - 1)]
    context = [_to_json(model._ctx_map[i]) for i in range(len(model._ctx_map))]
    weights = model._model.state_dict()
    arrays = {f"par.{name}": weights[name].detach().numpy().copy() for name in weights}
    return {"columns": columns, "context": context}, arrays


def rebuilt(config: dict[str, Any], arrays: Arrays) -> Any:
    """Return a ``deepecho.PARModel`` that draws what the one taken apart draws."""
    library = _library()
    model = library.PARModel(epochs=0, cuda=False, verbose=False)
    model._ctx_map, model._ctx_dims = _from_json(config["context"])
    model._data_map, first = _from_json(config["columns"])
    tokens = {"<START>": first, "<END>": first + 1, "<BODY>": first + 2}
    model._data_map["<TOKEN>"] = {"type": "categorical", "indices": tokens}
    model._data_dims = first + len(tokens)
    with torch_fence(0, "shape"):
        model._model = library.PARNet(model._data_dims, model._ctx_dims)
    state = {
        name.removeprefix("par."): torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if name.startswith("par.")
    }
    model._model.load_state_dict(state)
    return model


def _columns(model: Any) -> list[dict[str, Any]]:
    """Return what deepecho knows of each column of numbers."""
    maps = [*model._data_map.values(), *model._ctx_map.values()]
    return [column for column in maps if column["type"] == "continuous"]


def _watched(watch: Watch) -> Any:
    base: Any = _library().PARModel

    class Watched(base):  # type: ignore[misc]
        """Looks at the loss of each epoch, of which deepecho tells nobody."""

        _epoch = 0

        def _compute_loss(self, *parts: Any) -> Any:
            loss = super()._compute_loss(*parts)
            value = float(loss)
            if not math.isfinite(value):
                raise TrainingError(
                    f"PAR diverged: the loss was {value} after {self._epoch} epochs. Nothing was "
                    "saved. Look for extreme values in the table."
                )
            if watch(self._epoch, value):
                raise _TimeIsUp
            self._epoch += 1
            return loss

    return Watched


def _library() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library's own imports
        import deepecho.models.par as library
    return library


@contextmanager
def _fence(seed: int, *path: str | int) -> Iterator[None]:
    """Keep torch's global state, the number of threads and warnings as they were."""
    with torch_fence(seed, *path), one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas' about deepecho's use of it
        yield


def _to_json(column: dict[str, Any]) -> dict[str, Any]:
    if column["type"] == "categorical":
        levels = [[int(level), index] for level, index in column["indices"].items()]
        return {"type": "categorical", "levels": levels}
    return {"type": "continuous", "mu": float(column["mu"]), "std": float(column["std"])}


def _from_json(columns: list[dict[str, Any]]) -> tuple[dict[Any, Any], int]:
    """Return deepecho's map of columns and the number of inputs that they take."""
    found: dict[Any, Any] = {}
    width = 0
    for number, column in enumerate(columns):
        if column["type"] == "categorical":
            indices: Any = {level: index for level, index in column["levels"]}
            found[number] = {"type": "categorical", "indices": indices}
            width += 1 + len(indices)
        else:
            indices = (width, width + 1, width + 2)
            found[number] = {**column, "nulls": False, "indices": indices}
            width += len(indices)
    return found, width
