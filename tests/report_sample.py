"""Realistic results, manifest, training log and simulations for the report's tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from riskgen.evaluate.result import Curve, Estimate, MetricResult, Threshold, declined
from riskgen.evaluate.verdict import Results, Verdict

NASTY = '<script>alert("column")</script>'
C2ST = Threshold(0.65, 0.80, "J", "Bands of our own; Lopez-Paz and Oquab 2017 give the test.")
NOISE = Threshold(2.0, 5.0, "J", "Twice the noise between two real sets of the same size.")
LEAK = Threshold(0.02, 0.05, "J", "Twice chance at 1 % false positives (Carlini et al. 2022).")
GAIN = Threshold(0.02, 0.0, "J", "Smallest gain that a bank would act on; the bank must set it.")
EXACT = Threshold(0.0, 0.0, "C", "Cell size 11, statistical disclosure control.")
TAIL = Threshold(0.1, 0.2, "R", "Sampling error of a real bootstrap of the same size.")


def ecdf(values: np.ndarray) -> Curve:
    x = np.quantile(values, np.linspace(0.005, 0.995, 120))
    return {"x": x.tolist(), "y": np.linspace(0.005, 0.995, 120).tolist()}


def marginal(name: str, seed: int, shift: float) -> MetricResult:
    rng = np.random.default_rng(seed)
    real = rng.lognormal(3.2, 1.0, 4000)
    ratio = 1 + 14 * abs(shift)
    result = MetricResult(
        metric=f"fidelity.marginals.{name}",
        title=f"Distribution of {name}",
        question="fidelity",
        status="NOT_RUN",
        estimate=Estimate(ratio, ratio * 0.85, ratio * 1.2, n=1200),
        floor=Estimate(1.0, 0.8, 1.25, n=600),
        goal="near",
        threshold=NOISE,
        method="Kolmogorov-Smirnov distance to the control set, divided by the noise floor.",
        curves={
            "real": ecdf(real),
            "synthetic": ecdf(real * np.exp(shift)),
            "control": ecdf(rng.lognormal(3.2, 1.0, 1500)),
        },
    )
    return result.judged()


def shares(name: str) -> MetricResult:
    levels = ["grocery", "fuel", "travel", "online", "cash", "OTHER"]
    return MetricResult(
        metric=f"fidelity.marginals.{name}",
        title=f"Distribution of {name}",
        question="fidelity",
        status="NOT_RUN",
        estimate=Estimate(1.4, 1.1, 1.8, n=1200),
        floor=Estimate(1.0, n=600),
        goal="near",
        threshold=NOISE,
        curves={
            "real": {"x": levels, "y": [0.31, 0.14, 0.06, 0.27, 0.12, 0.1]},
            "synthetic": {"x": levels, "y": [0.29, 0.15, 0.05, 0.3, 0.11, 0.1]},
        },
    ).judged()


def roc() -> dict[str, Curve]:
    rates = np.geomspace(1e-3, 1, 80)
    return {
        "calibrated neighbour": {
            "x": rates.tolist(),
            "y": (rates**0.93).tolist(),
            "lower": (0.8 * rates**0.93).tolist(),
            "upper": np.minimum(1, 1.2 * rates**0.93).tolist(),
        },
        "density ratio": {"x": rates.tolist(), "y": (rates**0.97).tolist()},
    }


def precision_recall() -> dict[str, Curve]:
    recall = np.linspace(0, 1, 60)
    return {
        "real only": {"x": recall.tolist(), "y": (0.9 * (1 - recall**1.6)).tolist()},
        "real + class weights": {"x": recall.tolist(), "y": (0.88 * (1 - recall**1.7)).tolist()},
        "real + transplant": {"x": recall.tolist(), "y": (0.92 * (1 - recall**2.2)).tolist()},
        "real + stress scenarios": {
            "x": recall.tolist(),
            "y": (0.93 * (1 - recall**2.4)).tolist(),
        },
        "prevalence": {"x": [0.0, 1.0], "y": [0.005, 0.005]},
    }


def scarcity() -> dict[str, Curve]:
    frauds = [10, 20, 40, 72, 240]
    real = np.array([0.398, 0.501, 0.584, 0.642, 0.691])
    with_scenarios = np.array([0.6, 0.6, 0.622, 0.65, 0.692])
    curves = {}
    for name, recall in (("real only", real), ("stress scenarios", with_scenarios)):
        band = 0.05 * np.sqrt(20 / np.array(frauds))
        curves[name] = {
            "x": frauds,
            "y": recall.tolist(),
            "lower": (recall - band).tolist(),
            "upper": (recall + band).tolist(),
        }
    return curves


def decay(start: float, seed: int) -> Curve:
    rng = np.random.default_rng(seed)
    lags = np.arange(1, 61)
    values = start * lags**-0.3 + rng.normal(0, 0.008, 60)
    return {"x": lags.tolist(), "y": values.tolist()}


def fan() -> dict[str, Curve]:
    days = np.arange(0, 61)
    spread = 0.012 * np.sqrt(days)
    curves = {}
    for name, width in (("synthetic 5-95 %", 1.645), ("synthetic 25-75 %", 0.674)):
        curves[name] = {
            "x": days.tolist(),
            "y": (0.0004 * days).tolist(),
            "lower": (-width * spread).tolist(),
            "upper": (width * spread + 0.0006 * days).tolist(),
        }
    path = np.cumsum(np.random.default_rng(3).normal(0, 0.012, 61))
    curves["real"] = {"x": days.tolist(), "y": path.tolist()}
    return curves


def survival(alpha: float) -> Curve:
    share = np.geomspace(1, 1e-4, 60)
    return {"x": (0.01 * share ** (-1 / alpha)).tolist(), "y": share.tolist()}


def fidelity_metrics() -> list[MetricResult]:
    names = ("amount", "gap in hours", "balance", NASTY)
    metrics = [marginal(name, i, 0.05 + 0.09 * i) for i, name in enumerate(names)]
    metrics.append(shares("category"))
    metrics.append(
        MetricResult(
            metric="fidelity.c2st",
            title="Can a classifier tell simulated entities from real ones?",
            question="fidelity",
            status="NOT_RUN",
            estimate=Estimate(0.713, 0.689, 0.737, n=1600),
            floor=Estimate(0.503, 0.474, 0.532, n=1600),
            references={
                "independent marginals": Estimate(0.981, 0.974, 0.988, n=1600),
                "block bootstrap": Estimate(0.548, 0.519, 0.577, n=1600),
            },
            threshold=C2ST,
            reason="Hour of day and the length of a sequence give it away.",
            method="Gradient boosting on entity features, five folds grouped by entity; area "
            "under the ROC with DeLong's interval (Lopez-Paz and Oquab 2017).",
            by={
                "share at night": Estimate(0.041, 0.03, 0.052, n=1600),
                "number of events": Estimate(0.033, 0.02, 0.045, n=1600),
                "days active": Estimate(0.012, 0.004, 0.02, n=1600),
            },
        ).judged()
    )
    metrics.append(
        MetricResult(
            metric="fidelity.validity.time",
            title="Events out of order",
            question="fidelity",
            status="PASS",
            estimate=Estimate(0.0, 0.0, 0.0003, n=10_000),
            threshold=EXACT,
            band="green",
        )
    )
    return metrics


def utility_metrics() -> list[MetricResult]:
    arms = {
        "real only": Estimate(0.433, 0.39, 0.476, n=450),
        "class weights": Estimate(0.462, 0.418, 0.505, n=450),
        "duplication": Estimate(0.501, 0.457, 0.545, n=450),
        "placebo: jittered copies": Estimate(0.467, 0.423, 0.511, n=450),
        "transplant": Estimate(0.593, 0.549, 0.636, n=450),
        "expert rule": Estimate(0.352, 0.309, 0.395, n=450),
    }
    recall = MetricResult(
        metric="utility.recall_at_budget",
        title="Gain in recall at 0.5 % alerts over the best cheap alternative",
        question="utility",
        status="NOT_RUN",
        estimate=Estimate(0.079, 0.012, 0.147, n=450),
        references=arms,
        goal="higher",
        threshold=GAIN,
        method="Paired bootstrap over test entities and runs; 2,000 draws, BCa interval.",
        curves=precision_recall(),
    )
    curve = MetricResult(
        metric="utility.scarcity",
        title="Recall by number of known frauds",
        question="utility",
        status="INCONCLUSIVE",
        reason="The gain fades above 40 known fraud customers.",
        curves=scarcity(),
    )
    return [recall.judged(), curve]


def privacy_metrics() -> list[MetricResult]:
    attack = MetricResult(
        metric="privacy.membership.tpr",
        title="Members found at 1 % false accusations",
        question="privacy",
        status="NOT_RUN",
        estimate=Estimate(0.011, 0.006, 0.019, n=2400),
        floor=Estimate(0.01, 0.005, 0.018, n=2400),
        references={"copies 5 % of members": Estimate(0.071, 0.055, 0.09, n=2400)},
        threshold=LEAK,
        method="Calibrated nearest neighbour and density ratio (van Breugel et al. 2023).",
        curves=roc(),
    )
    copies = MetricResult(
        metric="privacy.copies.exact",
        title="Exact copies of an entity",
        question="privacy",
        status="PASS",
        estimate=Estimate(0.0, 0.0, 0.0004, n=10_000),
        threshold=EXACT,
        band="green",
    )
    inference = MetricResult(
        metric="privacy.inference.income",
        title="Guessing a customer's secret",
        question="privacy",
        status="INCONCLUSIVE",
        estimate=Estimate(0.03, -0.01, 0.12, n=300),
        threshold=Threshold(0.05, 0.1, "C", "El Emam et al. 2020; EMA policy 0070."),
        reason="300 attempts are too few to exclude a risk above 0.10.",
    )
    shadow = MetricResult(
        "privacy.shadow", "Shadow generators", "privacy", "NOT_RUN", reason="Needs --audit."
    )
    return [attack.judged(), copies, inference, shadow]


def market_metrics() -> list[MetricResult]:
    acf = {"real": decay(0.28, 1), "synthetic": decay(0.17, 2), "GARCH(1,1)-t": decay(0.24, 4)}
    tail = {"real": survival(3.1), "synthetic": survival(3.9), "control": survival(3.0)}
    stem: dict[str, Any] = {"question": "market", "status": "NOT_RUN", "threshold": TAIL}
    bad, fair = Estimate(0.31, 0.24, 0.39, n=2500), Estimate(0.07, 0.03, 0.16, n=2500)
    return [
        MetricResult(
            "market.acf.absolute", "Volatility clusters", estimate=bad, curves=acf, **stem
        ).judged(),
        MetricResult(
            "market.loss.tail", "Tail of losses", estimate=fair, curves=tail, **stem
        ).judged(),
        MetricResult(
            "market.fan",
            "Paths of 60 days",
            "market",
            "NOT_APPLICABLE",
            curves=fan(),
            reason="A picture, not a test.",
        ),
        declined("market.backtest", "VaR backtest", "market", "The generator is not conditional."),
    ]


def sample_results(*, simulated: bool = False, quick: bool = False) -> dict[str, Any]:
    verdicts = [
        Verdict(
            "fidelity",
            "LIMITED",
            "A classifier tells simulated entities from real ones with "
            "AUC 0.713 [0.689, 0.737]; two real sets give 0.503.",
            "FAIL",
            ["Nights are under-represented."],
        ),
        Verdict(
            "utility",
            "HELPS",
            "Stress-scenario data changed recall at 0.5 % alerts from "
            "0.501 (best of 4 real-only baselines: duplication) to 0.580, Δ = 7.9 pp, 95 % CI "
            "[1.2, 14.7].",
            "PASS",
            ["The smallest effect that could be seen was 4.2 pp."],
        ),
        Verdict(
            "privacy",
            "NO",
            "No leakage detected by the listed attacks at the stated power: "
            "the battery finds a generator that copies 5 % of its members.",
            "INCONCLUSIVE",
            ["Attribute inference had too few attempts."],
        ),
        Verdict("market", "NO", "Volatility clusters less than in the history.", "FAIL"),
    ]
    facts = {
        "data_origin": "simulated" if simulated else "public real",
        "simulated": simulated,
        "quick": quick,
        "n_simulated_entities": 10_000,
        "seeds": [0, 1, 2, 3, 4],
        "arms": ["R0", "R1", "R2", "P1", "S3", "S4"],
    }
    metrics = [*fidelity_metrics(), *utility_metrics(), *privacy_metrics(), *market_metrics()]
    return Results(metrics, verdicts, facts).to_json()


def only(status: str, answer: str = "YES") -> dict[str, Any]:
    """Results in which every verdict and metric has one status."""
    metrics = [replace(m, status=status, band=None) for m in fidelity_metrics()]  # type: ignore[arg-type]
    verdicts = [
        Verdict("fidelity", answer, "One status everywhere.", status)  # type: ignore[arg-type]
    ]
    return Results(metrics, verdicts, {"data_origin": "real"}).to_json()


def sample_manifest() -> dict[str, Any]:
    sizes = {"generator": 1000, "control": 400, "reference": 200, "validation": 200, "test": 450}
    return {
        "schema": "riskgen.run/v1",
        "riskgen": "0.1.0",
        "generator": "timegan",
        "options": {"steps": 2000, "hidden": 48},
        "seed": 7,
        "domain": "transactions",
        "data": {
            "source": "/home/somebody/secret/berka_transactions.parquet",
            "sha256": "9f2c" * 16,
            "origin": "real",
        },
        "notes": ["12 rows with a missing time were set aside."],
        "counts": {
            "entities": 2250,
            "events": 67_412,
            "partitions": {
                name: {"entities": n, "events": 30 * n, "labelled_entities": n // 20}
                for name, n in sizes.items()
            },
        },
        "split": {
            "hashes": {name: f"{n:064x}" for n, name in enumerate(sizes, start=11)},
            "time_disjoint": True,
            "reason": "Test begins 7 days after the learned window ends.",
        },
        "table_schema": sample_schema(),
        "libraries": {"numpy": "2.4.0", "torch": "2.13.0", "polars": "2.0.0"},
        "python": "3.13.1",
        "files": {"generator.safetensors": "ab" * 32, "encoder.json": "cd" * 32},
    }


def sample_schema() -> dict[str, Any]:
    def column(name: str, role: str, kind: str, reason: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "dtype": "String",
            "role": role,
            "kind": kind,
            "reason": reason,
            **more,
        }

    channels = [
        column("customer", "entity", "identifier", "2,250 values repeat, 30 rows each."),
        column("when", "time", "timestamp", "The only time column."),
        column("amount", "channel", "amount", "Numbers with two decimals.", meaning="amount"),
        column(NASTY, "channel", "category", "Few levels."),
        column('=HYPERLINK("x")', "context", "category", "One value for each customer."),
        column("iban", "dropped", "identifier", "Personal data.", personal="an account number"),
        column("fraud", "label", "flag", "Two values, one of them rare."),
    ]
    return {"domain": "transactions", "resolution": "clock", "channels": channels}


def sample_training() -> list[dict[str, Any]]:
    rows = []
    rng = np.random.default_rng(5)
    for phase, start in (("autoencoder", 1.0), ("supervisor", 0.4), ("joint", 0.9)):
        for step in range(0, 2000, 40):
            loss = start * float(np.exp(-step / 500)) + 0.02 + 0.004 * float(rng.random())
            held_out = round(loss * 1.08, 6) if step % 200 == 0 else None
            rows.append({"phase": phase, "step": step, "loss": loss, "held_out": held_out})
    return rows


def sample_simulations() -> list[dict[str, Any]]:
    return [
        {
            "scenario": "account-takeover-drain",
            "severity": 0.6,
            "requested": {"amount_multiplier": 3.0, "new_device_share": 0.9},
            "achieved": {"amount_multiplier": 2.91, "new_device_share": 0.9},
            "assertions": [
                {"name": "amounts rise", "passed": True, "observed": 2.91},
                {"name": "other customers untouched", "passed": True},
                {"name": "duration under 6 hours", "passed": False, "observed": 7.2},
            ],
            "plausibility": {"mahalanobis": 4.1, "radius_99": 3.88, "precedent": "none in data"},
            "n": 10_000,
        },
        {
            "scenario": "card-testing-burst",
            "severity": 1.0,
            "requested": {"rate_per_minute": 12},
            "achieved": {"rate_per_minute": 11.4},
            "assertions": {"amounts below 2": True},
        },
        {
            "scenario": "merchant-burst",
            "severity": 0.25,
            "seed": 3,
            "mechanism": "transform",
            "requested": {"n_24h": 20.0},
            "achieved": {"n_24h": 19.0},
            "severity_curve": {"severity": [0.0, 0.5, 1.0], "n_24h": [1.0, 12.0, 40.0]},
            "assertions": [
                {"name": "n_24h.median >= 5", "status": "PASS", "found": 19.0},
                {"name": "base unchanged", "status": "NOT_RUN", "reason": "asked at severity 0"},
            ],
            "plausibility": {
                "measure": "mahalanobis",
                "median_m2": 31.2,
                "warning": True,
                "sentence": "Half of the touched customers lie beyond all base customers.",
            },
            "collateral": [
                {
                    "statistic": "channel",
                    "distance": 0.041,
                    "noise": 0.005,
                    "ratio": 8.2,
                    "targeted": False,
                    "status": "FAIL",
                },
                {
                    "statistic": "amount",
                    "distance": 0.05,
                    "noise": 0.01,
                    "ratio": 5.0,
                    "targeted": True,
                    "status": "PASS",
                },
            ],
            "n_scenarios": 10_000,
            "where": "/home/somebody/runs/0001/simulations/merchant-burst",
        },
        {
            "scenario": "two-frauds",
            "severity": [0.5, 1.0],
            "seed": 3,
            "mechanism": "transform",
            "n_scenarios": 400,
            "assertions": [],
            "acts": [
                {
                    "scenario": name,
                    "severity": severity,
                    "requested": {"n_24h": 20.0 * severity},
                    "achieved": {"n_24h": 19.0 * severity},
                    "assertions": [{"name": "n_24h.median >= 5", "status": "PASS", "found": 9.0}],
                }
                for severity in (0.5, 1.0)
                for name in ("a-drain", "b-burst")
            ],
        },
        {"scenario": "base", "severity": 0.0, "seed": 3, "mechanism": "none"},
    ]


def sample_breaking_points() -> list[dict[str, Any]]:
    return [
        breaking_point("account-takeover-drain", (0.05, 0.18, 0.45, 0.72), "until 1", 0.25, 1.0),
        breaking_point("app-scam", (0.9, 0.8, 0.4, 0.3), "at 0.75", 0.75, detector="yours"),
    ]


def breaking_point(
    scenario: str,
    recalls: tuple[float, ...],
    breaks: str,
    broken: float,
    recovers: float | None = None,
    detector: str = "trees",
) -> dict[str, Any]:
    def found(value: float, half: float = 0.05) -> dict[str, Any]:
        lower, upper = max(0.0, value - half), value + 2 * half
        return {"value": value, "lower": lower, "upper": upper, "level": 0.95, "n": 55}

    return {
        "scenario": scenario,
        "detector": detector,
        "severity": [0.25, 0.5, 0.75, 1.0],
        "recall": [found(r) for r in recalls],
        "chance": [found(0.02, 0.02) for _ in recalls],
        "toll": [
            {
                "never": found(1 - r),
                "hours": {**found(0), "value": None, "lower": None, "upper": None}
                if r < 0.1
                else found(12 * r, 2),
                "events": found(2 * r),
                "lost": found(4_000 * r, 500),
                "lost_share": found(1 - r),
            }
            for r in recalls
        ],
        "sham": found(0.01, 0.01),
        "level": 0.5,
        "budget": 0.005,
        "breaks": breaks,
        "broken_at": broken,
        "recovers_at": recovers,
        "too_few": False,
        "n_cases": 55,
        "no_better_than_chance_at": [],
        "omitted": ["new_device_prob: no column means a device"],
        "sentence": "With 0.50% of customers alerted a day, recall falls below 50%.",
    }
