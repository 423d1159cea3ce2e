"""Who gains and who pays is told group by group; a planted gap is found and noise is not."""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np
import polars as pl
import pytest
from in_process import riskgen
from small_bank import small_bank
from utility_world import ALWAYS

from riskgen.cli.options import groups_option
from riskgen.data.events import Events
from riskgen.errors import DataError
from riskgen.evaluate.detection.exam import Exam, Exams
from riskgen.evaluate.utility.evidence import Evidence, gather
from riskgen.evaluate.utility.groups import measure_groups, widened
from riskgen.evaluate.utility.plan import Plan
from riskgen.evaluate.utility.trial import Outcome, Trial

REGIONS = np.array(["north", "south", "west"])


@pytest.fixture(scope="module")
def people() -> Events:
    """Customers of three regions, a third of them frauds."""
    events = small_bank(900, seed=5, fraud_share=0.3)
    region = REGIONS[np.arange(900) % 3]
    frame = events.frame.with_columns(pl.Series("country", region[events.owner].tolist()))
    return Events(events.schema, frame, events.offsets)


def evidence_of(events: Events, parts: int, blind_to: str | None) -> Evidence:
    """Return runs on parts of the customers; S3 finds more, but not in one region."""
    order = np.random.default_rng(4).permutation(events.n_entities)
    halves = [np.sort(order[i::parts]) for i in range(parts)]
    exams = Exams(tuple(Exam(events.take(half), ALWAYS) for half in halves))
    trials = []
    for run, exam in enumerate(exams.each):
        known = exam.board.labels.astype(float)
        skill = np.where(exam.events.texts("country") == blind_to, 0.0, 4.0)
        noise = np.random.default_rng(run).normal(size=len(known))
        scores = {"R0": noise + 2.0 * known, "S3": noise + skill[exam.board.scored] * known}
        kinds = {"R0": "real", "S3": "synthetic"}
        trials.append(
            Trial(
                [Outcome(n, n, kinds[n], "", "as is", s) for n, s in scores.items()], "S3", {}, {}
            )
        )
    plan = Plan(
        "event", 0.05, (5,), (), 400, 1, parts, parts > 1, 3, ("country",), False, 900, 270, {}
    )
    return gather(exams, plan, trials)


@pytest.mark.parametrize("parts", [1, 3])
def test_a_region_that_simulated_data_leaves_behind_is_told(people: Events, parts: int) -> None:
    found = measure_groups(evidence_of(people, parts, "west"), ["country"])
    recall = next(metric for metric in found if metric.metric == "utility.groups.country.recall")
    assert recall.status == "FAIL"
    assert "'west' of 'country' are found less often" in recall.reason
    assert recall.estimate is not None
    assert recall.estimate.upper is not None
    assert recall.estimate.upper < 0
    assert widened(found) == [m.reason for m in found if m.status == "FAIL"]
    assert recall.references["west, S3"].value < recall.references["west, R0"].value


def test_a_gain_for_everybody_widens_nothing(people: Events) -> None:
    found = measure_groups(evidence_of(people, 1, None), ["country"])
    assert widened(found) == []
    assert all(metric.status == "INCONCLUSIVE" for metric in found)
    recall = found[0]
    assert all(
        recall.references[f"{r}, S3"].value > recall.references[f"{r}, R0"].value for r in REGIONS
    )


def test_one_group_is_no_gap(people: Events) -> None:
    alone = people.take(np.arange(0, 900, 3))
    found = measure_groups(evidence_of(alone, 1, None), ["country"])
    assert {metric.status for metric in found} == {"NOT_APPLICABLE"}


def test_a_column_that_tells_no_customers_apart_is_refused_with_those_that_do(
    people: Events,
) -> None:
    with pytest.raises(DataError, match="Choose from: category, country"):
        measure_groups(evidence_of(people, 1, None), ["amount"])


def test_without_an_arm_to_ask_about_there_is_nothing_to_tell(people: Events) -> None:
    evidence = replace(evidence_of(people, 1, None), claims=(None,))
    assert measure_groups(evidence, ["country"]) == []


def test_columns_are_listed_with_commas_and_refused_before_anything_is_measured(tmp_path) -> None:
    small_bank(200, seed=2, fraud_share=0.5).frame.write_parquet(tmp_path / "bank.parquet")
    riskgen(tmp_path, "fit", "bank.parquet", "--generator", "bootstrap", "-q")
    for command in ("utility", "evaluate"):
        said = riskgen(tmp_path, command, "--groups", "country, shoe_size", "-q", code=2)
        assert "cannot be grouped by 'shoe_size'" in said
    assert not list(tmp_path.rglob("test_openings.json"))


def test_without_the_option_nobody_is_told_apart() -> None:
    seen = {}

    @click.command()
    @groups_option
    def asked(groups: tuple[str, ...]) -> None:
        seen["groups"] = groups

    asked.main([], standalone_mode=False)
    assert seen["groups"] == ()
    asked.main(["--groups", "a, b,a"], standalone_mode=False)
    assert seen["groups"] == ("a", "b")
