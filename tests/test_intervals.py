"""Intervals against closed forms and values worked out elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from riskgen.evaluate.intervals import (
    auc_interval,
    bootstrap,
    centred_interval,
    clopper_pearson,
    detectable_difference,
    distance_interval,
    holm,
    one_sided_p,
    percentile_interval,
    resampling_weights,
    t_interval,
    wilson,
)


def test_t_interval_is_the_textbook_one():
    found = t_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    # t(.975, 4) = 2.776445, s/√n = 0.7071068
    assert found.value == 3.0
    assert found.lower == pytest.approx(3 - 2.776445 * 0.7071068, abs=1e-5)
    assert found.upper == pytest.approx(3 + 2.776445 * 0.7071068, abs=1e-5)


def test_one_run_has_no_interval():
    found = t_interval(np.array([0.4]))
    assert (found.value, found.lower, found.upper, found.n) == (0.4, None, None, 1)


def test_wilson_knows_its_published_value():
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    found = wilson(81, 263)
    assert found.lower == pytest.approx(0.2553, abs=5e-5)
    assert found.upper == pytest.approx(0.3662, abs=5e-5)


def test_clopper_pearson_knows_its_published_value():
    # Newcombe (1998), table I: 81 of 263 gives 0.2527 to 0.3676.
    found = clopper_pearson(81, 263)
    assert found.lower == pytest.approx(0.2527, abs=5e-5)
    assert found.upper == pytest.approx(0.3676, abs=5e-5)


def test_no_success_leaves_the_rule_of_three():
    found = clopper_pearson(0, 100)
    assert found.lower == 0.0
    assert found.upper == pytest.approx(1 - 0.025 ** (1 / 100))


def test_no_trials_say_nothing():
    assert (wilson(0, 0).lower, wilson(0, 0).upper) == (0.0, 1.0)
    assert (clopper_pearson(0, 0).lower, clopper_pearson(0, 0).upper) == (0.0, 1.0)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_contains_the_share_and_is_inside_the_unit(pair):
    successes, n = pair
    found = clopper_pearson(successes, n)
    assert 0.0 <= found.lower <= found.value <= found.upper <= 1.0


def test_auc_counts_pairs_and_gives_half_for_ties():
    found = auc_interval(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0]))
    assert found.value == pytest.approx((1 + 1.5 + 2) / 6)


def test_delong_agrees_with_the_definition_of_its_variance():
    rng = np.random.default_rng(3)
    x, y = rng.normal(0.7, 1, 60), rng.normal(0, 1, 80)
    wins = (x[:, None] > y).astype(float) + 0.5 * (x[:, None] == y)
    spread = wins.mean(1).var(ddof=1) / 60 + wins.mean(0).var(ddof=1) / 80
    found = auc_interval(x, y)
    assert found.value == pytest.approx(wins.mean())
    assert found.upper - found.value == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(spread))


def test_delong_covers_the_truth_about_as_often_as_it_says():
    rng, truth = np.random.default_rng(5), stats.norm.cdf(1 / np.sqrt(2))
    hits = 0
    for _ in range(400):
        found = auc_interval(rng.normal(1, 1, 80), rng.normal(0, 1, 80))
        hits += found.lower <= truth <= found.upper
    # 99.9 % binomial range of 400 tosses at .95 is .91 to .98
    assert 0.91 <= hits / 400 <= 0.985


def test_perfect_separation_is_not_certainty():
    found = auc_interval(np.arange(20.0) + 100, np.arange(30.0))
    assert found.value == 1.0
    assert found.lower == pytest.approx(wilson(20, 20).lower)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_the_bootstrap_of_a_mean_agrees_with_its_normal_interval(method):
    values = np.random.default_rng(1).normal(5, 2, 400)
    found = bootstrap(values, lambda x: float(np.mean(x)), seed=4, method=method)
    half = 1.96 * values.std(ddof=1) / 20
    assert found.value == pytest.approx(values.mean())
    assert found.lower == pytest.approx(values.mean() - half, abs=0.03)
    assert found.upper == pytest.approx(values.mean() + half, abs=0.03)


def test_bca_leans_the_way_of_a_skewed_law():
    values = np.random.default_rng(2).exponential(1.0, 60)
    plain = bootstrap(values, lambda x: float(np.mean(x)), seed=4, method="percentile")
    leaning = bootstrap(values, lambda x: float(np.mean(x)), seed=4, method="bca")
    assert leaning.lower > plain.lower
    assert leaning.upper > plain.upper


def test_the_bootstrap_is_the_same_twice():
    values = np.arange(30.0)
    statistic = lambda x: float(np.median(x))  # noqa: E731
    assert bootstrap(values, statistic, seed=7) == bootstrap(values, statistic, seed=7)


def test_resampling_draws_as_many_entities_as_there_are():
    weights = resampling_weights(50, 200, np.random.default_rng(0))
    assert weights.shape == (200, 50)
    assert np.all(weights.sum(axis=1) == 50)


def test_a_distance_lies_within_its_interval_although_replicates_are_too_long():
    found = distance_interval(0.01, np.array([0.02, 0.03, 0.04, 0.05]))
    assert found.lower == 0.0
    assert found.lower <= found.value <= found.upper


def test_an_interval_skips_replicates_without_a_value():
    found = percentile_interval(1.0, np.array([np.nan, 1.0, 1.0]))
    assert (found.lower, found.upper) == (1.0, 1.0)


def test_a_tie_counts_against_a_difference():
    assert one_sided_p(np.zeros(99)) == 1.0
    assert one_sided_p(np.ones(99)) == pytest.approx(0.01)


def test_holm_multiplies_the_smallest_most_and_never_turns_back():
    # Worked by hand: .01·3, max(.03, .02·2), max(.04, .9·1)
    adjusted = holm({"b": 0.02, "a": 0.01, "c": 0.9})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.04, "c": 0.9})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value(values):
    named = {str(i): p for i, p in enumerate(values)}
    adjusted = holm(named)
    assert all(adjusted[name] >= p and adjusted[name] <= 1 for name, p in named.items())


def test_the_detectable_difference_is_the_protocols():
    found = [round(100 * detectable_difference(n), 1) for n in (50, 100, 200, 500)]
    assert found == [12.5, 8.9, 6.3, 4.0]
    assert detectable_difference(0) == float("inf")


def test_a_centred_interval_never_leaves_its_value_behind():
    """Nearly all replicates alike, and a few far out on one side."""
    replicates = np.zeros(1000)
    replicates[:3] = 0.5
    for sign in (1, -1):
        found = centred_interval(0.0, sign * replicates)
        assert found.lower <= 0.0 <= found.upper


def test_a_centred_interval_has_the_width_of_its_replicates_and_their_value_in_the_middle():
    replicates = np.linspace(0.4, 0.6, 1001)
    found = centred_interval(0.3, replicates)
    assert found.lower == pytest.approx(0.205)
    assert found.upper == pytest.approx(0.395)
    assert centred_interval(0.3, np.full(3, np.nan)).lower is None
    assert centred_interval(0.3, np.append(replicates, np.nan)) == found
