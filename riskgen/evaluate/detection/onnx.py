"""A detector of the user's own as a model in ONNX, run by onnxruntime on one thread.

Its inputs say how it wants to see events: one input for each column of the table, or
one matrix of named features. Knows events and features, not where the model is from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.errors import DataError, RiskgenError
from riskgen.evaluate.detection.alerts import Floats
from riskgen.evaluate.detection.onnx_file import read_onnx
from riskgen.evaluate.detection.onnx_inputs import Columns, Feed, Matrix, columns_of
from riskgen.evaluate.features.rows import Lens

NAMES = "feature_names"  # of the model's metadata
ROWS = 50_000  # scored at once: bounds memory [J]
_PROBABILITY = ("prob", "score", "logit")


@dataclass(frozen=True, eq=False)
class OnnxScorer:
    """A model and how events become its inputs.

    Attributes
    ----------
    session : onnxruntime.InferenceSession
    feed : Feed
        What makes its inputs.
    output : str
        Name of the output that is the score.
    digest : str
        SHA-256 of the file.
    """

    session: Any = field(repr=False)
    feed: Feed = field(repr=False)
    output: str
    digest: str

    def score(self, events: Events) -> Floats:
        """Return the model's score of each event, higher is more suspicious.

        Raises
        ------
        DataError
            When the model cannot be run on the events, or gives anything but a number each.
        """
        feed = self.feed.of(events)
        n = len(next(iter(feed.values())))
        if n == 0:
            return np.zeros(0)
        parts = [
            self._run({name: values[i : i + ROWS] for name, values in feed.items()})
            for i in range(0, n, ROWS)
        ]
        scores = np.concatenate(parts)
        wrong = int((~np.isfinite(scores)).sum())
        if wrong:
            first = int(np.flatnonzero(~np.isfinite(scores))[0]) + 1
            raise DataError(
                f"The model gives no finite score for {wrong:,} of {n:,} rows (first for row "
                f"{first:,}). Let it handle missing values: they come as NaN, or as empty text."
            )
        return scores

    def _run(self, feed: Mapping[str, Any]) -> Floats:
        n = len(next(iter(feed.values())))
        # What it says of a run may quote a value of the table.
        with _refused("The model cannot be run on the table", tell=False):
            (found,) = self.session.run([self.output], dict(feed))
        return _one_each(found, n)


def open_model(path: Path, reference: Events) -> OnnxScorer:
    """Open a model and find how it wants to see events.

    Parameters
    ----------
    path : Path
        File of up to 200 MB.
    reference : Events
        The generator's part: features of levels are named by it.

    Raises
    ------
    RiskgenError
        When onnxruntime is not installed, the file is not a model that may be run, or
        asks for inputs that the table does not have: expected and found are listed.
    """
    runtime = _runtime()
    content = read_onnx(path)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4  # what it has to say comes as an exception
    options.add_session_config_entry("session.load_model_format", "ONNX")
    folder = str(path.resolve().parent)
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    with _refused(f"'{path.name}' cannot be opened as a model"):
        session = runtime.InferenceSession(
            content,
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=False,  # it would print, and try the same again
        )
        named = session.get_modelmeta().custom_metadata_map.get(NAMES)
    feed = _feed(session.get_inputs(), named, reference, path.name)
    output = _score_output(session.get_outputs(), path.name)
    return OnnxScorer(session, feed, output, hashlib.sha256(content).hexdigest())


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise RiskgenError(
            "--detector needs onnxruntime. Install it with: pip install 'riskgen[onnx]'"
        ) from error
    return onnxruntime


@contextmanager
def _refused(what: str, *, tell: bool = True) -> Iterator[None]:
    """Turn whatever onnxruntime raises into one sentence."""
    try:
        yield
    except Exception as error:  # its errors have no ancestor of their own
        line = (str(error).splitlines() or [""])[0][:200].rstrip(".")
        told = line if tell and line else type(error).__name__
        raise DataError(f"{what}: {told}.") from None


def _feed(inputs: Sequence[Any], named: str | None, reference: Events, name: str) -> Feed:
    fixed = [i.name for i in inputs if i.shape and isinstance(i.shape[0], int)]
    if fixed:
        raise DataError(
            f"Input '{fixed[0]}' of '{name}' takes a fixed number of rows. Export the model with "
            "a free first dimension."
        )
    lens = Lens.of(reference)
    if len(inputs) == 1 and named is not None:
        return Matrix.open(inputs[0], _names(named, name), lens, reference, name)
    if lens.level == "entity":
        raise DataError(
            "This table has one label for a customer, and a model of single columns scores "
            f"events. Give a matrix of features named in the metadata '{NAMES}', or --scores."
        )
    feed, strange = columns_of(inputs, reference)
    if strange:
        known = ", ".join(f"'{column}'" for column in Columns.usable(reference))
        found = ", ".join(f"'{i.name}' {i.type} {list(i.shape)}" for i in inputs)
        raise DataError(
            f"Input '{strange[0]}' of '{name}' is no column of the table, or of another type. "
            f"Expected: one input a column ({known}), or one matrix tensor(float) [None, k] whose "
            f"k columns the metadata '{NAMES}' names. Found: {found}."
        )
    return feed


def _names(text: str, name: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = [part.strip() for part in text.split(",")]
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise DataError(f"The metadata '{NAMES}' of '{name}' is not a list of names.")
    return found


def _score_output(outputs: Sequence[Any], name: str) -> str:
    """Return the output that is a score: floats, or probabilities by class."""
    usable = [o for o in outputs if o.type in ("tensor(float)", "tensor(double)")]
    usable += [o for o in outputs if o.type.startswith("seq(map(")]
    told = [o for o in usable if any(word in o.name.lower() for word in _PROBABILITY)]
    chosen = usable if len(usable) == 1 else told
    if len(chosen) != 1:
        found = ", ".join(f"'{o.name}' {o.type}" for o in outputs)
        raise DataError(
            f"It is not clear which output of '{name}' is the score. Expected: one of floats, or "
            f"one called probability or score. Found: {found}."
        )
    return str(chosen[0].name)


def _one_each(found: Any, n: int) -> Floats:
    """Return one number a row: of two classes the probability of the second."""
    if isinstance(found, list):
        found = np.array([[row[key] for key in sorted(row)] for row in found])
    scores = np.asarray(found, dtype=np.float64)
    if scores.shape in ((n,), (n, 1)):
        return scores.reshape(n)
    if scores.shape == (n, 2):
        return scores[:, 1]
    raise DataError(
        f"The model gives an output of shape {scores.shape} for {n:,} rows. Expected one score "
        "a row, or the probabilities of two classes."
    )
