"""Would the ensembles have enveloped 2008 and 2020? A table for each, whatever it says.

    RISKGEN_BENCH_DATA=/data OMP_NUM_THREADS=1 python benchmarks/crises.py

Each crisis is removed from training, with 24 days on either side; nothing else is. What
came after it stays in training, so that this asks whether a generator can tell of a crisis
that it has not seen, not whether it would have warned at the time. Ensembles begin in any
regime, in the most volatile tenth, in the market of the last day before the crisis, or
there and under the scenario that is named after the crisis at its default severity. The
scenario's file was written by people who know the crisis: its row says whether the dial is
wide enough, nothing more.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from origin import origin

from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.data.market.split import EMBARGO
from riskgen.evaluate.market.diebold_mariano import diebold_mariano
from riskgen.evaluate.market.episodes import STATISTICS, Episode, energy_scores, verdict
from riskgen.models.beginning import RECENT, Beginning
from riskgen.models.registry import create
from riskgen.simulate import catalogue
from riskgen.simulate.paths import PathSimulator
from riskgen.simulate.stress import Stress
from riskgen.stages.material import PriceMaterial, TableRequest, prepare

HERE = Path(__file__).parent
TABLE = "market/sp500_20assets_prices.parquet"
CRISES = {
    "2008": ("2008-09-01", "2009-03-31", "gfc_2008"),
    "2020": ("2020-02-01", "2020-04-30", "covid_2020"),
}
REFERENCE = "bootstrap, any regime"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180.0, help="of training, for timegan")
    parser.add_argument("--paths", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--generators", nargs="+", default=["bootstrap", "garch", "timegan"])
    parser.add_argument("--data", type=Path, default=os.environ.get("RISKGEN_BENCH_DATA"))
    parser.add_argument("--out", type=Path, default=HERE)
    asked = parser.parse_args()
    if asked.data is None:
        raise SystemExit("Name the folder of real data with --data or RISKGEN_BENCH_DATA.")
    began = origin()  # before hours in which somebody may commit
    material = prepare(TableRequest(asked.data / TABLE))
    assert isinstance(material, PriceMaterial)
    results = []
    for name, (first, last, stress) in CRISES.items():
        episode = Episode.of(material.prices, first, last, embargo=EMBARGO, recent=RECENT)
        results += rows(name, episode, stress, asked)
    document = {**began, "seconds": asked.seconds, "seed": asked.seed, "results": results}
    (asked.out / "crises.json").write_text(json.dumps(document, indent=1) + "\n")
    (asked.out / "crises.md").write_text(markdown(document))
    print(markdown(document))


def rows(
    crisis: str, episode: Episode, stress: str, asked: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return what each ensemble makes of one crisis."""
    found, scores = [], {}
    for name, ensemble in ensembles(episode, stress, asked):
        scores[name] = energy_scores(ensemble, episode.realised)
        told = {"crisis": crisis, "days": len(episode.realised), "ensemble": name}
        found.append({**told, **verdict(ensemble, episode.realised)})
        print(crisis, name, found[-1]["ranks"], flush=True)
    for row in found:
        if REFERENCE in scores and row["ensemble"] != REFERENCE:
            test = diebold_mariano([scores[row["ensemble"]]], [scores[REFERENCE]])
            row |= {"less_bootstrap": test.difference, "error": test.error}
            row |= {"p_value": test.p_value}
    return found


def ensembles(
    episode: Episode, stress: str, asked: argparse.Namespace
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and paths of every ensemble."""
    encoder = PriceEncoder.fit(episode.training)
    panel, recent = encoder.encode(episode.training), encoder.encode(episode.before)
    horizon, scenario = len(episode.realised), catalogue.load(stress)
    for key in asked.generators:
        options = {"max_seconds": asked.seconds} if key == "timegan" else {}
        generator = create(key, **options).fit(panel, seed=asked.seed)
        kinds: dict[str, Any] = {"any regime": generator}
        if isinstance(generator, Beginning):
            kinds["worst tenth of regimes"] = generator.within(0.9)
            kinds["from the day before"] = generator.after(recent)
        # The last kind, nearest to what was known, is put under the scenario too.
        for kind, begun in kinds.items():
            simulator = PathSimulator(begun, encoder)
            yield f"{key}, {kind}", simulator.draw(asked.paths, seed=asked.seed, horizon=horizon)
        parts = simulator.parts(
            asked.paths,
            seed=asked.seed,
            horizon=horizon,
            stress=Stress.of(scenario, scenario.severity.default),
        )
        stressed = np.concatenate([part.returns for part in parts])
        yield f"{key}, {kind}, {stress} at {scenario.severity.default:g}", stressed


def markdown(document: dict[str, Any]) -> str:
    """Return one table for each crisis."""
    lines = [
        f"{document['machine']}, commit {document['commit']}, seed {document['seed']}; timegan "
        f"trained for {document['seconds']:g} s. Training without the crisis and 24 days on either "
        "side of it. Ranks of what happened inside the ensemble; from .025 to .975 it envelops it. "
        "Energy score of daily returns, lower is better; its difference to the stationary block "
        "bootstrap with the Newey-West error of Diebold and Mariano.",
    ]
    for crisis in sorted({row["crisis"] for row in document["results"]}):
        found = [row for row in document["results"] if row["crisis"] == crisis]
        titles = ["ensemble", *STATISTICS, "envelops", "energy score", "less bootstrap", "p"]
        lines += ["", f"### {crisis}: {found[0]['days']} days, {found[0]['n_paths']:,} paths", ""]
        lines += ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
        lines += [_line(row) for row in found]
        whole = [row["ensemble"] for row in found if all(row["envelops"].values())]
        told = "; ".join(whole) if whole else "none"
        lines += ["", f"All three enveloped by {len(whole)} of {len(found)} ensembles: {told}."]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    cells = [row["ensemble"], *(f"{row['ranks'][name]:.3f}" for name in STATISTICS)]
    held = sum(row["envelops"].values())
    cells += [f"{held} of {len(STATISTICS)}", f"{row['energy_score']:.5f}"]
    if "p_value" in row:
        cells += [f"{row['less_bootstrap']:+.5f} ± {row['error']:.5f}", _chance(row["p_value"])]
    else:
        cells += ["–", "–"]
    return "| " + " | ".join(cells) + " |"


def _chance(p: float) -> str:
    return "< .001" if p < 0.001 else f"{p:.3f}"


if __name__ == "__main__":
    main()
