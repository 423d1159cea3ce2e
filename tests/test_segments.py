"""A detector that treats segments unlike is told, and one that does not is left alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from small_bank import small_bank

from riskgen.data.events import Events
from riskgen.errors import DataError
from riskgen.evaluate.detection.alerts import Board
from riskgen.evaluate.detection.exam import Exam, Exams
from riskgen.evaluate.detection.segments import Segments
from riskgen.evaluate.detection.treatment import Treatment, gap_changes, treatment, worst
from riskgen.evaluate.intervals import resampling_weights

ALWAYS = (-1e18, 1e18)
BUDGET, DRAWS = 0.02, 300


@pytest.fixture(scope="module")
def people() -> Events:
    """Customers of three large regions and one of ten people."""
    events = small_bank(700, seed=5, fraud_share=0.3)
    region = np.array(["north", "south", "west"])[np.arange(700) % 3].astype(object)
    region[:10] = "tiny"
    frame = events.frame.with_columns(pl.Series("country", region[events.owner].tolist()))
    return Events(events.schema, frame, events.offsets)


def scored(events: Events, seed: int, blind_to: str | None = None) -> np.ndarray:
    """Scores of a fair but imperfect detector, or of one that knows nothing of one region."""
    rng = np.random.default_rng(seed)
    known = events.event_label().astype(float)
    if blind_to is not None:
        known[events.texts("country") == blind_to] = 0.0
    return rng.normal(size=events.n_events) + 2.5 * known


def exams_of(*parts: Events) -> Exams:
    return Exams(tuple(Exam(part, ALWAYS) for part in parts))


def treated(events: Events, scores: np.ndarray, draws: int = DRAWS) -> Treatment:
    exams = exams_of(events)
    board = exams[0].board
    weights = resampling_weights(board.n_entities, draws, np.random.default_rng(9))
    return treatment(exams, [scores], BUDGET, Segments.of(exams, "country"), [weights])


def test_a_segment_of_ten_people_is_withheld(people):
    segments = Segments.of(exams_of(people), "country")
    assert segments.names == ("north", "south", "west")
    assert segments.withheld == 1
    assert (segments[0] == -1).sum() == 10


def test_a_recall_of_few_frauds_is_withheld_though_the_segment_is_large(people):
    label = people.event_label()
    frauds = np.unique(people.owner[label & (people.texts("country") == "west")])
    cleared = label & ~np.isin(people.owner, frauds[10:])
    frame = people.frame.with_columns(pl.Series("fraud", cleared.astype(np.int8)))
    found = treated(Events(people.schema, frame, people.offsets), scored(people, 1))
    assert list(found.estimates("recall")) == ["north", "south"]
    assert list(found.estimates("friction")) == ["north", "south", "west"]


def test_rates_are_those_of_counting_by_hand(people):
    board, scores = Board.of_events(people, ALWAYS), scored(people, 1)
    found = treated(people, scores, draws=2)
    alerted = board.alerted(scores, BUDGET) > 0
    region = people.texts("country")[people.offsets[:-1]]
    fraud = people.entity_label()
    north = np.flatnonzero(region == "north")
    hit = np.unique(board.case_owner[alerted & board.counts])
    bothered = np.unique(board.case_owner[alerted])
    honest, robbed = north[~fraud[north]], north[fraud[north]]
    recall = found.estimates("recall")["north"]
    assert recall.value == pytest.approx(np.isin(robbed, hit).mean())
    assert recall.n == len(robbed)
    alarm = found.estimates("false_alarm_rate")["north"]
    assert alarm.value == pytest.approx(np.isin(honest, bothered).mean())
    cases = np.isin(board.case_owner, honest)
    expected = 10_000 * alerted[cases].mean()
    assert found.estimates("friction")["north"].value == pytest.approx(expected)


def test_everybody_once_is_the_population(people):
    board, scores = Board.of_events(people, ALWAYS), scored(people, 1)
    segments = Segments.of(exams_of(people), "country")
    found = treatment(
        exams_of(people), [scores], BUDGET, segments, [np.ones((1, board.n_entities))]
    )
    for measure, values in found.values.items():
        np.testing.assert_allclose(found.replicates[measure][0], values)


@pytest.mark.parametrize("measure", ["recall", "false_alarm_rate", "friction"])
def test_the_same_detector_changes_no_gap(people, measure):
    once = treated(people, scored(people, 1))
    for found in gap_changes(once, once, measure).values():
        assert found.change.value == 0.0
        assert found.p == 1.0


def test_a_detector_that_went_blind_to_a_region_is_caught(people):
    fair, blind = treated(people, scored(people, 1)), treated(people, scored(people, 2, "south"))
    changes = gap_changes(blind, fair, "recall")
    name, found = worst(changes)
    assert name == "south"
    assert found.change.upper < -0.2
    assert found.p < 0.05


def test_a_detector_that_bothers_a_region_is_caught(people):
    fair = treated(people, scored(people, 1))
    keen = scored(people, 1) + 1.5 * (people.texts("country") == "west")
    changes = gap_changes(treated(people, keen), fair, "friction")
    assert worst(changes)[0] == "west"
    assert changes["west"].change.lower > 0
    assert changes["west"].p < 0.05


@pytest.mark.parametrize("measure", ["recall", "friction"])
def test_two_fair_detectors_are_rarely_said_to_differ(people, measure):
    false = 0
    for seed in range(20):
        pair = [treated(people, scored(people, 100 + 2 * seed + k), 200) for k in range(2)]
        false += worst(gap_changes(*pair, measure))[1].p < 0.05
    # One in twenty is what Holm's level promises; four or more come by chance in 1.6 %.
    assert false <= 3


def test_fewer_than_two_segments_have_no_gap(people):
    west = people.take(np.flatnonzero(people.texts("country")[people.offsets[:-1]] == "west"))
    once = treated(west, scored(west, 1))
    assert gap_changes(once, once, "recall") == {}
    assert worst({}) is None


def test_an_unknown_column_is_named_with_those_that_there_are(people):
    with pytest.raises(DataError, match=r"'age'.*category, country"):
        Segments.of(exams_of(people), "age")


def test_runs_with_customers_of_their_own_add_up_to_all_of_them(people):
    """Everybody alerted, so that no budget is shared among a run's customers."""
    scores = scored(people, 3)
    halves = [np.arange(start, people.n_entities, 2) for start in (0, 1)]
    parts = [people.take(half) for half in halves]
    cut = [scores[np.isin(people.owner, half)] for half in halves]

    def found(exams: Exams, by_run: list[np.ndarray]) -> Treatment:
        ones = [np.ones((1, exam.board.n_entities)) for exam in exams.each]
        return treatment(exams, by_run, 1.0, Segments.of(exams, "country"), ones)

    whole, pooled = found(exams_of(people), [scores]), found(exams_of(*parts), cut)
    for measure, values in whole.values.items():
        assert np.allclose(values, pooled.values[measure])
        assert np.array_equal(whole.counts[measure], pooled.counts[measure])


def test_runs_that_share_their_customers_are_averaged_and_no_customer_counts_twice(people):
    exams, scores = exams_of(people), [scored(people, seed) for seed in (1, 2)]
    segments, ones = Segments.of(exams, "country"), np.ones((1, people.n_entities))
    both = treatment(exams, scores, BUDGET, segments, [ones, ones])
    each = [treatment(exams, [one], BUDGET, segments, [ones]) for one in scores]
    mean = (each[0].values["recall"] + each[1].values["recall"]) / 2
    assert np.allclose(both.values["recall"], mean)
    assert np.array_equal(both.counts["recall"], each[0].counts["recall"])
