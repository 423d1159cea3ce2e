"""From results.json to a Markdown table: means, spreads over seeds, ratios to riskgen's best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

COLUMNS = {
    "c2st_aggregates": "C2ST aggregates",
    "c2st_sequences": "C2ST sequences",
    "nearest": "membership by samples",
    "label_rate": "label rate",
    "discriminative": "discriminative score",
    "blocked_auc": "AUC on unseen blocks",
}
OURS = "timegan"
COUNTED = (
    "Training and sampling in processes of one thread; CPU seconds. Means ± standard deviations "
    "over training seeds, each a mean over metric seeds."
)


def markdown(results: Sequence[dict[str, Any]]) -> str:
    """Return one table for each data set and budget; a failure keeps its line."""
    groups: dict[tuple[str, float], list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        groups[result["data"], result["minutes"]].append(result)
    machines = sorted({result["machine"] for result in results if "machine" in result})
    parts = [f"{'; '.join(machines) or 'Machine unknown'}. {COUNTED}"]
    parts += [_table(*key, group) for key, group in groups.items()]
    return "\n\n".join(parts) + "\n"


def _table(data: str, minutes: float, group: list[dict[str, Any]]) -> str:
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in group:
        runs[result["generator"]].append(result)
    shown = [key for key in COLUMNS if any(key in r.get("quality", {}) for r in group)]
    rate = next((r["quality"].get("label_rate_real") for r in group if "quality" in r), None)
    titles = ["generator", *(COLUMNS[key] for key in shown)]
    titles += ["membership by weights", "fit CPU s", "sequences / CPU s"]
    titles += ["peak MiB", f"speed of sampling, {OURS} = 1"]
    titles += ["drawn", "seeds: training × metric", "commit"]
    ours = _mean(runs.get(OURS, []), "speed")
    lines = [f"### {data}, {minutes:g} CPU min of training", ""]
    if rate is not None:
        lines += [f"Label rate of held-out entities: {rate:.4f}.", ""]
    lines += ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += [_line(name, found, shown, ours, len(titles)) for name, found in runs.items()]
    return "\n".join(lines)


def _line(
    name: str, runs: list[dict[str, Any]], shown: list[str], ours: float | None, width: int
) -> str:
    done = [run for run in runs if run.get("failed") is None]
    if not done:
        reason = str(runs[0]["failed"]).replace("|", "/")
        peak = _mean(runs, "peak_mib")
        used = "" if peak is None else f", peak {peak:,.0f} MiB"
        return f"| {name} | failed: {reason}{used} |" + " |" * (width - 2)
    cells = [name + (f" ({len(runs) - len(done)} of {len(runs)} failed)" * (len(done) < len(runs)))]
    cells += [_spread([run["quality"].get(key) for run in done]) for key in shown]
    cells += [_spread([run.get("white_box") for run in done])]
    speed = _mean(done, "speed")
    cells += [_spread([run.get("fit_cpu_s") for run in done], ".1f"), _count(speed)]
    cells += [_count(_mean(done, "peak_mib")), f"{speed / ours:.3g}" if ours and speed else "–"]
    judged = {len(np.atleast_1d(run["quality"][key])) for run in done for key in shown[:1]}
    cells += [_count(_mean(done, "n")), f"{len(done)} × {'/'.join(map(str, sorted(judged)))}"]
    cells += [", ".join(sorted({run.get("commit", "unknown") for run in done}))]
    return "| " + " | ".join(cells) + " |"


def _spread(values: Sequence[Any], form: str = ".3f") -> str:
    """Return mean ± standard deviation over training seeds, each a mean over metric seeds."""
    known = [float(np.mean(value)) for value in values if value is not None]
    if not known:
        return "–"
    mean = format(float(np.mean(known)), form)
    return mean if len(known) == 1 else f"{mean} ± {format(float(np.std(known, ddof=1)), form)}"


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _mean(runs: Sequence[dict[str, Any]], key: str) -> float | None:
    known = [run[key] for run in runs if run.get(key) is not None]
    return float(np.mean(known)) if known else None
