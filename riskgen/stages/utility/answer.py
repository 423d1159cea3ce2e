"""The answer of the full experiment as ``utility.json``, and its place among other results.

The file outlives later evaluations: these take the answer from it and do not look at
the test again.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from riskgen.errors import RunError
from riskgen.evaluate.result import MetricResult
from riskgen.evaluate.utility.experiment import Utility
from riskgen.evaluate.verdict import Results, Verdict
from riskgen.runs import MANIFEST, file_hash, read_json, write_json

FILE = "utility.json"
VERSION = "riskgen.utility/v1"
RESULTS = "results.json"


def write_answer(run: Path, utility: Utility) -> bool:
    """Write the answer into the run's folder, and into its results where they are there.

    A quick look never takes the place of the full experiment; returns whether it was written.
    """
    if quick(utility) and (known := read_answer(run)) is not None and not quick(known):
        return False
    document = {
        "schema": VERSION,
        "manifest_sha256": file_hash(run / MANIFEST),
        "verdict": asdict(utility.verdict),
        "metrics": [metric.to_json() for metric in utility.metrics],
        "facts": utility.facts,
    }
    write_json(run / FILE, document)
    before = _results(run)
    if before is not None:
        write_json(run / RESULTS, joined(before, utility).to_json())
    return True


def read_answer(run: Path) -> Utility | None:
    """Return what :func:`write_answer` wrote for this fit; None where nothing is there.

    Raises
    ------
    RunError
        When the file cannot be read as an answer.
    """
    path = run / FILE
    if not path.is_file():
        return None
    found = read_json(path)
    try:
        if found["manifest_sha256"] != file_hash(run / MANIFEST):
            return None
        metrics = [MetricResult.from_json(item) for item in found["metrics"]]
        return Utility(metrics, Verdict(**found["verdict"]), found["facts"])
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"'{path}' is damaged. Ask again (riskgen utility), or remove the file."
        ) from error


def quick(utility: Utility) -> bool:
    """Whether an answer is of the quick experiment."""
    return bool(utility.facts["preregistration"]["plan"]["quick"])


def joined(before: Results, utility: Utility) -> Results:
    """Return results with the answer on usefulness in place of an earlier one."""
    metrics, added = list[MetricResult](), False
    for metric in before.metrics:
        if metric.question != "utility":
            metrics.append(metric)
        elif not added:
            metrics += utility.metrics
            added = True
    metrics += [] if added else utility.metrics
    verdicts = [utility.verdict if v.question == "utility" else v for v in before.verdicts]
    return replace(
        before, metrics=metrics, verdicts=verdicts, facts={**before.facts, "utility": utility.facts}
    )


def _results(run: Path) -> Results | None:
    """Return the results of this very fit; None where there are none."""
    path = run / RESULTS
    if not path.is_file():
        return None
    results = Results.from_json(read_json(path))
    return results if results.facts.get("manifest_sha256") == file_hash(run / MANIFEST) else None
