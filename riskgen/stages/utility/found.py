"""What one run of the experiment found, as two files: scores in Parquet, the rest in JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.utility.experiment import RunFound
from riskgen.evaluate.utility.trial import Outcome, Trial
from riskgen.runs import file_hash
from riskgen.simulate.draft import Draft

PARTS = ("id", "title", "kind", "note", "chosen")


def keep(draft: Draft, number: int, found: RunFound) -> None:
    """Write run ``number`` into the draft: scores first, then what makes them count."""
    trial = found.trial
    scores = {outcome.id: outcome.scores for outcome in trial.outcomes}
    pq.write_table(pa.table(scores), draft.part(number), compression="zstd")
    draft.keep(
        number,
        {
            "sha256": file_hash(draft.part(number)),
            "outcomes": [{name: getattr(o, name) for name in PARTS} for o in trial.outcomes],
            "claim": trial.claim,
            "left_out": trial.left_out,
            "gate": trial.gate,
            "checks": [check.to_json() for check in found.checks],
            "calibration": found.calibration.to_json(),
        },
    )


def read(draft: Draft, number: int) -> RunFound:
    """Return what :func:`keep` wrote."""
    facts: dict[str, Any] = draft.facts(number)
    table = pq.read_table(draft.part(number))
    outcomes = [
        Outcome(**told, scores=np.asarray(table[told["id"]].to_numpy(), dtype=np.float64))
        for told in facts["outcomes"]
    ]
    trial = Trial(outcomes, facts["claim"], facts["left_out"], facts["gate"])
    checks = [MetricResult.from_json(check) for check in facts["checks"]]
    return RunFound(trial, checks, MetricResult.from_json(facts["calibration"]))
