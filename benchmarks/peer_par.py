"""SDV's PARSynthesizer on raw columns: python peer_par.py FOLDER CPU_SECONDS SEED N.

Recommended settings are its defaults (128 epochs of full batches). Its cost is
linear in epochs: one epoch is timed, then as many are trained as the seconds hold.
Columns of more than 100 levels (payees, devices) are keys to it (`id`): as
categories, each level would be an output, and not one epoch ends within minutes.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sdv.metadata import Metadata
from sdv.sequential import PARSynthesizer

MOST_EPOCHS, MOST_LEVELS = 128, 100
TYPES = {"category": "categorical", "flag": "categorical", "identifier": "categorical"}
SLOW = 200  # sequences; PAR samples one at a time


def metadata(schema: dict, frame: pd.DataFrame) -> tuple[Metadata, list[str]]:
    """Return SDV's description of the table, and its context columns."""
    found, context = {}, []
    for channel in schema["channels"]:
        name = channel["name"]
        if name not in frame.columns:
            continue
        if channel["role"] == "entity":
            found[name] = {"sdtype": "id"}
        elif channel["role"] == "time":
            found[name] = {"sdtype": "datetime"}
        else:
            kind = TYPES.get(channel["kind"], "numerical")
            many = kind == "categorical" and frame[name].nunique() > MOST_LEVELS
            found[name] = {"sdtype": "id" if many else kind}
        if channel["role"] == "context":
            context.append(name)
    table = {"columns": found}
    table["sequence_key"] = _named(schema, "entity")
    table["sequence_index"] = _named(schema, "time")
    return Metadata.load_from_dict({"tables": {"t": table}}), context


def _named(schema: dict, role: str) -> str:
    return next(c["name"] for c in schema["channels"] if c["role"] == role)


def main() -> None:
    folder, seconds, seed, n = Path(sys.argv[1]), float(sys.argv[2]), *map(int, sys.argv[3:5])
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - SDV draws from the global generator
    schema = json.loads((folder / "schema.json").read_text())
    frame = pd.read_parquet(folder / "train.parquet")
    # Dropped columns and running sums are no raw columns; everybody re-creates those.
    left_out = [c["name"] for c in schema["channels"] if c["role"] in ("dropped", "row_id")]
    frame = frame.drop(columns=left_out)
    described, context = metadata(schema, frame)

    def fit(epochs: int) -> tuple[PARSynthesizer, float]:
        began = time.process_time()
        model = PARSynthesizer(described, context_columns=context, epochs=epochs, verbose=False)
        model.fit({"t": frame})
        return model, time.process_time() - began

    _, once = fit(1)
    _, twice = fit(2)
    each = max(twice - once, 0.01)
    epochs = int(np.clip((seconds - (once - each)) / each, 1, MOST_EPOCHS))
    model, used = fit(epochs)
    began = time.process_time()
    drawn = model.sample_sequences(min(n, SLOW) if seconds < 600 else n)
    drawn = drawn["t"] if isinstance(drawn, dict) else drawn
    sampling = time.process_time() - began
    for name in left_out:
        drawn[name] = None
    drawn.to_parquet(folder / "synthetic.parquet")
    count = int(drawn[_named(schema, "entity")].nunique())
    told = {"fit_cpu_s": used, "sample_cpu_s": sampling, "n": count, "steps": {"epochs": epochs}}
    (folder / "fit.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
