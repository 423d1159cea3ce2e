"""``riskgen demo``: the whole job on embedded data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskgen.cli.options import quiet_option, runs_option, seed_option

if TYPE_CHECKING:
    from riskgen.cli.screen import Screen

CUSTOMERS, DAYS, FRAUD_SHARE = 6_000, 180, 0.12


@click.command("demo")
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/demo.html"))
@click.option("--customers", type=click.IntRange(min=200), default=CUSTOMERS, show_default=True)
@seed_option
@runs_option
@quiet_option
def command(out: Path, customers: int, seed: int, root: Path, quiet: bool) -> None:
    """Run the whole job on a simulated bank and on real S&P 500 prices.

    The bank is simulated, so its utility verdict is capped as a mechanism check.
    """
    from riskgen.cli.screen import Screen
    from riskgen.data.market.sp500 import sp500_prices
    from riskgen.data.toybank import simulate_bank

    screen = Screen(quiet)
    folder = root / "demo-data"
    folder.mkdir(parents=True, exist_ok=True)
    screen.head(f"1. A simulated bank of {customers:,} customers over {DAYS} days")
    bank = simulate_bank(n_customers=customers, days=DAYS, seed=seed, fraud_share=FRAUD_SHARE)
    bank.write_parquet(folder / "transactions.parquet")
    _job(folder / "transactions.parquet", "simulated", "ato_drain", out, seed, root, screen)
    screen.head("2. Real S&P 500 prices, as they come with the package arch")
    sp500_prices().write_parquet(folder / "prices.parquet")
    market = out.with_name(f"{out.stem}-market{out.suffix}")
    _job(folder / "prices.parquet", "real", "gfc_2008", market, seed, root, screen)
    screen.result(f"Open {out} and {market} in a browser.")


def _job(
    table: Path, origin: str, stress: str, out: Path, seed: int, root: Path, screen: Screen
) -> None:
    from riskgen.cli import story
    from riskgen.stages.evaluate import EvaluateRequest
    from riskgen.stages.fit import FitRequest
    from riskgen.stages.material import TableRequest
    from riskgen.stages.simulate import SimulateRequest

    fit = FitRequest(TableRequest(table), root=root, seed=seed, origin=origin)
    run = story.fit_with_story(fit, screen).path
    base = SimulateRequest(run=run, root=root, scenarios=10_000, seed=seed)
    story.simulate_with_story(base, screen)
    stressed = SimulateRequest(run=run, root=root, scenarios=2_000, stress=stress, seed=seed)
    story.simulate_with_story(stressed, screen)
    story.evaluate_with_story(EvaluateRequest(run=run, root=root, seed=seed), screen)
    story.report_with_story(run, root, out, screen)
