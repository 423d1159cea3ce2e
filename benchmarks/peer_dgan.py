"""gretel's DoppelGANger on windows: python peer_dgan.py FOLDER CPU_SECONDS SEED N.

Run in its own environment (`make bench-peers`). Settings of its README for short
windows; an epoch is timed, then as many are trained as the seconds hold.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from gretel_synthetics.timeseries_dgan.config import DGANConfig, OutputType
from gretel_synthetics.timeseries_dgan.dgan import DGAN

WINDOW, MOST_EPOCHS = 24, 400


def main() -> None:
    folder, seconds, seed, n = Path(sys.argv[1]), float(sys.argv[2]), *map(int, sys.argv[3:5])
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the library draws from the global generator
    table = pd.read_parquet(folder / "series.parquet").to_numpy(dtype=float)
    view = np.lib.stride_tricks.sliding_window_view(table, WINDOW, axis=0)
    windows = np.ascontiguousarray(view.transpose(0, 2, 1))

    def fit(epochs: int) -> tuple[DGAN, float]:
        config = DGANConfig(
            max_sequence_len=WINDOW,
            sample_len=8,
            batch_size=min(1000, len(windows)),
            apply_feature_scaling=True,
            apply_example_scaling=False,
            epochs=epochs,
        )
        began = time.process_time()
        model = DGAN(config)
        kinds = [OutputType.CONTINUOUS] * windows.shape[2]
        model.train_numpy(features=windows, feature_types=kinds)
        return model, time.process_time() - began

    _, once = fit(1)
    _, twice = fit(2)
    each = max(twice - once, 0.01)
    epochs = int(np.clip((seconds - (once - each)) / each, 1, MOST_EPOCHS))
    model, used = fit(epochs)
    began = time.process_time()
    drawn = model.generate_numpy(n)[1]
    sampling = time.process_time() - began
    np.save(folder / "synthetic.npy", np.asarray(drawn, dtype=float))
    told = {"fit_cpu_s": used, "sample_cpu_s": sampling, "n": n, "steps": {"epochs": epochs}}
    (folder / "fit.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
