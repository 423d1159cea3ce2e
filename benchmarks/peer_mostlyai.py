"""mostlyai-engine on raw columns: python peer_mostlyai.py FOLDER CPU_SECONDS SEED N.

Run in its own environment (`make bench-peers`). Recommended settings: the model
`MOSTLY_AI/Medium`, its own early stop, entities as context, relative datetimes.
`max_training_time` counts wall minutes; the trainer's clock is replaced by that of
this process, so that a busy machine shortens nothing. What was used is measured.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import torch
from mostlyai import engine
from mostlyai.engine._tabular import training

KEY = "entity_key"  # names that begin with two underscores are dropped by the engine
ENCODINGS = {
    "category": "TABULAR_CATEGORICAL",
    "flag": "TABULAR_CATEGORICAL",
    "identifier": "TABULAR_CATEGORICAL",
    "amount": "TABULAR_NUMERIC_AUTO",
    "number": "TABULAR_NUMERIC_AUTO",
}


def main() -> None:
    folder, seconds, seed, n = Path(sys.argv[1]), float(sys.argv[2]), *map(int, sys.argv[3:5])
    torch.set_num_threads(1)
    training.time = SimpleNamespace(time=time.process_time)
    schema = json.loads((folder / "schema.json").read_text())
    frame = pd.read_parquet(folder / "train.parquet")
    left_out = [c["name"] for c in schema["channels"] if c["role"] in ("dropped", "row_id")]
    entity = next(c["name"] for c in schema["channels"] if c["role"] == "entity")
    when = next(c["name"] for c in schema["channels"] if c["role"] == "time")
    frame = frame.drop(columns=left_out)
    encodings = {
        c["name"]: ENCODINGS[c["kind"]]
        for c in schema["channels"]
        if c["name"] in frame.columns and c["name"] not in (entity, when)
    }
    encodings[when] = "TABULAR_DATETIME_RELATIVE"
    context = pd.DataFrame({KEY: frame[entity].unique()})
    work = folder / "workspace"
    began = time.process_time()
    engine.set_random_state(seed)
    engine.split(
        tgt_data=frame,
        ctx_data=context,
        tgt_context_key=entity,
        ctx_primary_key=KEY,
        tgt_encoding_types=encodings,
        workspace_dir=work,
    )
    engine.analyze(workspace_dir=work)
    engine.encode(workspace_dir=work)
    engine.train(model="MOSTLY_AI/Medium", max_training_time=seconds / 60, workspace_dir=work)
    fitted = time.process_time()
    engine.generate(ctx_data=pd.DataFrame({KEY: range(n)}), workspace_dir=work)
    drawn = pd.read_parquet(work / "SyntheticData")
    sampled = time.process_time()
    for name in left_out:
        drawn[name] = None
    drawn.to_parquet(folder / "synthetic.parquet")
    count = int(drawn[entity].nunique())
    told = {"fit_cpu_s": fitted - began, "sample_cpu_s": sampled - fitted, "n": count}
    (folder / "fit.json").write_text(json.dumps({**told, "steps": None}))


if __name__ == "__main__":
    main()
