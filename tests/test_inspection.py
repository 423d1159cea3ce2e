"""Inspection says what a table is, how sure that is, and what gives the label away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from conftest import Outcome, tiny_table

from riskgen.data.inference.inference import infer_schema
from riskgen.data.inspection.evidence import Evidence
from riskgen.data.inspection.inspection import Finding, Inspection
from riskgen.data.inspection.suspects import Suspect, clustered_auc, find_suspects
from riskgen.data.schema_file import read_schema
from riskgen.data.toybank import simulate_bank
from riskgen.errors import DataError, SchemaError
from riskgen.stages.inspect import inspect_table, schema_text
from riskgen.stages.material import TableRequest

TOY = simulate_bank(400, 150, seed=4, fraud_share=0.15, events_per_customer=30)


def inspected(table: pl.DataFrame, folder: Path, **asked: object) -> Inspection:
    path = folder / "table.parquet"
    table.write_parquet(path)
    return inspect_table(TableRequest(path, **asked))  # type: ignore[arg-type]


def finding(inspection: Inspection, name: str) -> Finding:
    return next(f for f in inspection.findings if f.name == name)


def sure(inspection: Inspection, name: str) -> str:
    confidence = finding(inspection, name).confidence
    assert confidence is not None
    return confidence.level


def suspects(table: pl.DataFrame) -> dict[str, Suspect]:
    found = find_suspects(Evidence.build(table, infer_schema(table)))
    return {s.column: s for s in found}


def noise(seed: int, n: int) -> pl.Series:
    return pl.Series(np.random.default_rng(seed).normal(size=n))


def test_arithmetic_that_holds_in_every_row_is_certain_and_names_are_likely(tmp_path: Path) -> None:
    inspection = inspected(TOY, tmp_path)
    assert sure(inspection, "balance") == "certain"
    assert sure(inspection, "customer_id") == "likely"
    assert sure(inspection, "is_fraud") == "likely"


def test_what_the_user_names_is_certain(tmp_path: Path) -> None:
    asked = inspected(TOY, tmp_path, entity="customer_id", label="is_fraud")
    assert sure(asked, "customer_id") == sure(asked, "is_fraud") == "certain"


def test_one_hint_only_is_a_guess_that_says_what_would_change_it(tmp_path: Path) -> None:
    table = TOY.with_columns(grade=pl.int_range(pl.len()) % 7)
    found = finding(inspected(table, tmp_path), "grade").confidence
    assert found is not None
    assert found.level == "guess"
    assert "kind: number" in found.doubt


def test_everything_is_certain_in_a_schema_that_the_user_gave(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(schema_text(inspected(TOY, tmp_path)), encoding="utf-8")
    again = inspected(TOY, tmp_path, schema=path)
    assert {sure(again, f.name) for f in again.findings} == {"certain"}


@pytest.mark.parametrize("seed", range(3))
def test_random_columns_are_no_suspects(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = TOY.with_columns(
        a=noise(seed, TOY.height),
        b=pl.Series(rng.integers(0, 900, TOY.height).astype(str)),
        c=pl.when(noise(seed + 9, TOY.height) > 1).then(1.5),
        d=pl.Series(rng.integers(0, 2, TOY.height)),
    )
    found = suspects(table)
    assert not any(found[name].flagged for name in "abcd")
    assert all(abs(found[name].auc - 0.5) < 0.1 for name in "acd")


def test_planted_leaks_are_flagged_first_whatever_their_kind() -> None:
    label = pl.col("is_fraud") == 1
    table = TOY.with_columns(
        score=pl.when(label).then(noise(1, TOY.height) + 6).otherwise(noise(2, TOY.height)),
        word=pl.when(label & (noise(3, TOY.height) < 2))
        .then(pl.lit("closed"))
        .otherwise(pl.lit("x")),
        filled=pl.when(label | (noise(4, TOY.height) > 3)).then(noise(5, TOY.height)),
    )
    found = suspects(table)
    assert {"score", "word", "filled"} <= {s.column for s in found.values() if s.flagged}
    # Those that are the label in other words come with them: the typology of the fraud.
    assert not found["amount"].flagged


def test_a_rule_that_tells_a_part_of_the_positives_without_error_is_flagged() -> None:
    part = (pl.col("is_fraud") == 1) & (pl.Series(noise(6, TOY.height)) > 0)
    high = pl.when(part).then(9_999.0 + noise(7, TOY.height)).otherwise(noise(8, TOY.height))
    found = suspects(TOY.with_columns(score=high))["score"]
    assert found.flagged
    assert found.auc < 0.95
    assert 0.3 < found.pure < 0.7


def test_a_leak_that_would_be_learned_is_a_problem(tmp_path: Path) -> None:
    label = pl.col("is_fraud") == 1
    score = pl.when(label).then(noise(1, TOY.height) + 4).otherwise(noise(2, TOY.height))
    codes = [p.code for p in inspected(TOY.with_columns(score=score), tmp_path).problems]
    assert "leak-suspected" in codes
    assert "leak-suspected" not in [p.code for p in inspected(TOY, tmp_path).problems]


def test_the_interval_counts_entities_and_not_rows() -> None:
    rng = np.random.default_rng(0)
    scores, label = rng.normal(size=400), rng.random(400) < 0.3
    alone = clustered_auc(scores, label, np.arange(400))
    copied = clustered_auc(*(np.repeat(x, 10) for x in (scores, label, np.arange(400))))
    assert copied[0] == pytest.approx(alone[0])
    assert copied[1] == pytest.approx(alone[1], rel=0.01)


def test_the_interval_covers_one_half_for_luck() -> None:
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(200):
        owner = np.repeat(np.arange(60), 8)
        scores = rng.normal(size=60)[owner] + rng.normal(size=480)
        label = (rng.random(60) < 0.4)[owner]
        auc, half = clustered_auc(scores, label, owner)
        missed += abs(auc - 0.5) > half
    assert missed <= 24  # 5 % of 200 is 10; 24 has a chance of 1 in 20,000


def test_lengths_and_gaps_are_quantiles_that_eleven_customers_share(tmp_path: Path) -> None:
    giant = pl.concat([TOY, *[TOY.head(1).with_columns(customer_id=pl.lit("G"))] * 5_000])
    facts = inspected(giant, tmp_path).facts["entities"]
    assert max(facts["length_quantiles"].values()) < 500
    few = TOY.filter(
        pl.col("customer_id").is_in(TOY["customer_id"].unique().sort().head(15).implode())
    )
    assert inspected(few, tmp_path).facts["entities"]["length_quantiles"] == {}


def test_the_first_day_is_one_that_eleven_customers_reach(tmp_path: Path) -> None:
    stray = pl.col("timestamp").is_first_distinct() & (pl.int_range(pl.len()) == 0)
    early = pl.when(stray).then(pl.datetime(2001, 1, 1)).otherwise("timestamp")
    assert inspected(TOY.with_columns(timestamp=early), tmp_path).facts["time"]["first"] >= "2025"


def test_months_with_few_positives_are_marked(tmp_path: Path) -> None:
    months = inspected(TOY, tmp_path).facts["label"]["months"]
    assert all(m["few"] == (m["positive"] < 11 or m["events"] < 100) for m in months)
    assert sum(m["events"] for m in months) == TOY.height


def test_few_positive_entities_make_the_verdict_undecided(tmp_path: Path) -> None:
    few = simulate_bank(300, 200, seed=4, fraud_share=0.03)
    found = {p.code: p for p in inspected(few, tmp_path).problems}
    assert "points of recall" in found["few-positive-entities"].then or "nothing" in (
        found["few-positive-entities"].then
    )


def test_few_entities_make_privacy_undecided(tmp_path: Path) -> None:
    table = simulate_bank(60, 200, seed=1)
    assert "few-entities-for-privacy" in {p.code for p in inspected(table, tmp_path).problems}


@pytest.mark.parametrize(
    ("table", "word"),
    [
        (tiny_table(8), "20 entities"),
        (tiny_table().rename({"customer": "blob"}), "--entity"),
        (tiny_table().drop("when"), "--time"),
        (
            tiny_table().with_columns(
                fraud=pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("fraud")
            ),
            "missing in 1 rows",
        ),
    ],
    ids=["few-entities", "no-owner", "no-time", "label-with-gaps"],
)
def test_what_fit_refuses_is_the_first_problem_and_the_rest_is_shown(
    table: pl.DataFrame, word: str, riskgen: Callable[..., Outcome]
) -> None:
    table.write_parquet("table.parquet")
    code, out, _ = riskgen("inspect", "table.parquet", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["problems"][0]["effect"] == "refused"
    assert word in told["problems"][0]["found"]
    assert [c["name"] for c in told["columns"]] == table.columns
    assert riskgen("fit", "table.parquet")[0] == 2


def test_a_table_that_cannot_be_read_is_an_error(riskgen: Callable[..., Outcome]) -> None:
    assert riskgen("inspect", "nowhere.parquet")[0] == 2
    Path("broken.parquet").write_bytes(b"PAR1 and nothing else")
    assert riskgen("inspect", "broken.parquet")[0] == 2


def test_a_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no column 'custmer'"):
        inspected(TOY, tmp_path, entity="custmer")
    with pytest.raises(DataError):
        inspect_table(TableRequest(tmp_path / "nowhere.csv"))


def test_json_is_all_that_stands_on_standard_output(riskgen: Callable[..., Outcome]) -> None:
    TOY.write_parquet("toy.parquet")
    code, out, err = riskgen("inspect", "toy.parquet", "--json", "--out", "schema.yaml")
    told = json.loads(out)
    assert (code, told["rows"]) == (0, TOY.height)
    assert "schema.yaml" in err
    assert {"entities", "time", "label", "duplicates", "suspects", "problems", "personal"} <= set(
        told
    )


def test_the_same_table_gives_the_same_bytes(riskgen: Callable[..., Outcome]) -> None:
    TOY.write_parquet("toy.parquet")
    assert riskgen("inspect", "toy.parquet", "--json") == riskgen(
        "inspect", "toy.parquet", "--json"
    )


def test_the_schema_file_says_how_sure_each_column_is(riskgen: Callable[..., Outcome]) -> None:
    TOY.write_parquet("toy.parquet")
    riskgen("inspect", "toy.parquet", "--out", "schema.yaml")
    lines = Path("schema.yaml").read_text(encoding="utf-8").splitlines()
    above = lines[lines.index("- name: customer_id") - 1]
    assert above.startswith("# likely: ")
    assert read_schema(Path("schema.yaml")) == infer_schema(TOY)
    assert (
        yaml.safe_load(Path("schema.yaml").read_text(encoding="utf-8"))["domain"] == "transactions"
    )


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_line_is_wider_than_the_terminal(width: int, riskgen: Callable[..., Outcome]) -> None:
    names = {
        "is_fraud": "fraud",
        "merchant": "a_name_that_is_so_long_that_no_terminal_would_hold_it",
    }
    TOY.rename(names).write_parquet("toy.parquet")
    code, out, _ = riskgen("inspect", "toy.parquet", width=width)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= width


def test_a_name_with_markup_or_control_characters_is_shown_plainly(
    riskgen: Callable[..., Outcome],
) -> None:
    TOY.rename({"merchant": "[red]x[/red]\x1b[31m"}).write_parquet("toy.parquet")
    _, out, _ = riskgen("inspect", "toy.parquet")
    assert "[red]x[/red]?" in out
    assert "\x1b[31m" not in out


def test_no_value_of_a_customer_is_told(riskgen: Callable[..., Outcome]) -> None:
    rows = pl.int_range(pl.len()) % 90 == 0
    secret = pl.when(rows).then(pl.lit("GEHEIM-Ã¼-77")).otherwise("merchant")
    TOY.with_columns(merchant=secret, amount_x=pl.when(rows).then(918_273.5)).write_parquet(
        "t.parquet"
    )
    for words in ((), ("--json",), ("--out", "schema.yaml")):
        code, out, err = riskgen("inspect", "t.parquet", *words)
        assert code == 0
        assert "GEHEIM" not in out + err
        assert "918" not in out + err
    assert "GEHEIM" not in Path("schema.yaml").read_text(encoding="utf-8")


def test_a_price_table_is_inspected_too(riskgen: Callable[..., Outcome]) -> None:
    rng = np.random.default_rng(0)
    days = pl.date_range(pl.date(2015, 1, 1), pl.date(2019, 12, 31), eager=True)
    prices = {n: 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days)))) for n in ("AAA", "BBB")}
    pl.DataFrame({"date": days, **prices}).write_parquet("prices.parquet")
    code, out, _ = riskgen("inspect", "prices.parquet", "--json")
    assert code == 0
    assert json.loads(out)["domain"] == "market"
