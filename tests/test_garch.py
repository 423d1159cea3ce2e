"""GARCH against closed forms, against ``arch`` and against processes that are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from arch.univariate import GARCH, StudentsT, ZeroMean

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import RiskgenError, TrainingError
from riskgen.models.base import State, StepReport, sample
from riskgen.models.garch.estimation import estimate
from riskgen.models.garch.garch import Garch
from riskgen.models.garch.shocks import FilteredShocks, StudentShocks
from riskgen.models.garch.simulator import CEILING, Simulator
from riskgen.models.garch.stability import LONGEST_MEMORY, steadied
from riskgen.models.garch.volatility import Volatility, backcast

DEGREES = 8.0


def one(*numbers: float) -> Volatility:
    return Volatility(*(np.array([number]) for number in numbers))


def many(*numbers: float, n: int) -> Volatility:
    return Volatility(*(np.full(n, number) for number in numbers))


def unit_t(rng: np.random.Generator, shape: tuple[int, ...], degrees: float) -> np.ndarray:
    return rng.standard_t(degrees, shape) / np.sqrt(degrees / (degrees - 2.0))


def run(volatility: Volatility, shocks: np.ndarray) -> np.ndarray:
    """Values of one long path that is driven by ``shocks``, from the mean variance on."""
    variance = volatility.omega / (1.0 - volatility.persistence(np.full(shocks.shape[1], 0.5)))
    values = np.empty_like(shocks)
    for day, shock in enumerate(shocks):
        surprise = np.sqrt(variance) * shock
        values[day] = volatility.mean + surprise
        variance = volatility.next(variance, surprise)
    return values


def market(values: np.ndarray, *borders: int) -> SequencePanel:
    layout = Layout(tuple(Field(f"a{i}", 0) for i in range(values.shape[1])), ())
    offsets = np.array([0, *borders, len(values)])
    return SequencePanel(layout, values, np.zeros((len(offsets) - 1, 0)), offsets)


@cache
def stocks() -> np.ndarray:
    """Two assets of correlation .6, with leverage: 4,000 days."""
    rng = np.random.default_rng(4)
    common = unit_t(rng, (4_000, 1), DEGREES)
    shocks = np.sqrt(0.6) * common + np.sqrt(0.4) * unit_t(rng, (4_000, 2), DEGREES)
    return run(many(0.05, 0.02, 0.03, 0.10, 0.90, n=2), shocks)


@cache
def fitted(volatility: str = "gjr", innovations: str = "filtered") -> Garch:
    options = {"volatility": volatility, "innovations": innovations}
    return Garch(**options).fit(market(stocks(), 1_500), seed=0)


@pytest.mark.parametrize("leverage", [False, True])
def test_coefficients_are_recovered_within_their_standard_errors(leverage: bool) -> None:
    truth = (0.05, 0.05, 0.10, 0.85) if leverage else (0.05, 0.08, 0.0, 0.87)
    shocks = unit_t(np.random.default_rng(1), (8_000, 1), DEGREES)
    series = run(one(0.0, *truth), shocks)[:, 0]
    found = estimate(series, np.array([0, len(series)]), leverage=leverage)
    process = GARCH(p=1, o=int(leverage), q=1)
    theirs = ZeroMean(series, volatility=process, distribution=StudentsT()).fit(disp="off")
    wanted = [truth[0], truth[1], truth[2], truth[3], DEGREES]
    ours = [found.omega, found.alpha, found.gamma, found.beta, found.degrees]
    if not leverage:
        del wanted[2], ours[2]
    errors = np.asarray(theirs.std_err)
    assert (np.abs(np.array(ours) - wanted) < 3 * errors).all()
    assert (errors < [0.05, *[0.05] * (len(errors) - 2), 2.0]).all(), "a bound that says something"
    assert found.converged
    # On one segment the likelihood is arch's own.
    assert ours == pytest.approx(np.asarray(theirs.params), abs=1e-6)
    assert found.loss == pytest.approx(-theirs.loglikelihood / len(series))


def test_the_likelihood_of_two_segments_is_the_sum_of_each_by_itself() -> None:
    series = stocks()[:1_000, 0] - stocks()[:1_000, 0].mean()
    series = np.concatenate([series, series[::-1]])
    both = estimate(series, np.array([0, 1_000, 2_000]), leverage=False)
    parameters = [both.omega, both.alpha, both.beta, both.degrees]
    parts = [
        ZeroMean(part, volatility=GARCH(), distribution=StudentsT()).fix(parameters).loglikelihood
        for part in (series[:1_000], series[1_000:])
    ]
    assert both.loss * 2_000 == pytest.approx(-sum(parts), rel=1e-9)
    whole = ZeroMean(series, volatility=GARCH(), distribution=StudentsT()).fix(parameters)
    assert abs(whole.loglikelihood - sum(parts)) > 1e-3


def test_no_variance_knows_the_segment_before() -> None:
    values = stocks()[:600]
    volatility = many(0.0, 0.05, 0.1, 0.0, 0.85, n=2)
    loud = values.copy()
    loud[:300] *= 10.0
    offsets = np.array([0, 300, 600])
    quiet, other = volatility.filtered(values, offsets), volatility.filtered(loud, offsets)
    assert np.array_equal(quiet[300:], other[300:])
    assert (quiet[:300] < other[:300]).all()
    assert quiet[300] == pytest.approx(0.05 + 0.95 * backcast(values[300:]))


def test_variances_are_those_that_arch_filters() -> None:
    series = stocks()[:800, :1]
    model = ZeroMean(series[:, 0], volatility=GARCH(o=1), distribution=StudentsT())
    theirs = model.fix([0.05, 0.04, 0.08, 0.85, 6.0]).conditional_volatility
    ours = one(0.0, 0.05, 0.04, 0.08, 0.85).filtered(series, np.array([0, 800]))
    assert np.sqrt(ours[:, 0]) == pytest.approx(theirs)


def test_kurtosis_is_the_closed_form_of_garch() -> None:
    alpha, beta = 0.10, 0.80
    k = alpha + beta
    expected = 3.0 * (1.0 - k**2) / (1.0 - k**2 - 2.0 * alpha**2)  # Bollerslev 1986, eq. 6
    rng = np.random.default_rng(2)
    normal = FilteredShocks(rng.standard_normal((400_000, 1)))
    simulator = Simulator(one(0.0, 1.0 - k, alpha, 0.0, beta), normal, np.full((1, 1), 50.0))
    values = simulator.draw(2_000, 500, rng)[:, 200:]
    assert (values**2).mean() == pytest.approx(1.0, rel=0.02)
    assert (values**4).mean() / (values**2).mean() ** 2 == pytest.approx(expected, rel=0.04)
    assert expected > 3.3, "clustering alone makes tails heavy"


def test_without_reaction_the_law_is_that_of_independent_days() -> None:
    days = np.random.default_rng(3).standard_normal((40, 2))
    simulator = Simulator(
        Volatility(np.array([1.0, -1.0]), np.array([4.0, 9.0]), *np.zeros((3, 2))),
        FilteredShocks(days),
        np.array([[4.0, 9.0]]),
    )
    values = simulator.draw(3_000, 10, np.random.default_rng(0)).reshape(-1, 2)
    support = days * [2.0, 3.0] + [1.0, -1.0]
    distances = np.abs(values[:, None] - support).max(axis=2)
    assert distances.min(axis=1).max() < 1e-12, "each day is one of history's, whole"
    counts = np.bincount(distances.argmin(axis=1), minlength=40)
    assert ((counts - 750) ** 2 / 750).sum() < 72.1, "chi-square of 39 degrees, 0.1 %"


def test_assets_keep_their_correlation() -> None:
    real = np.corrcoef(stocks().T)[0, 1]
    for innovations in ("filtered", "student"):
        drawn = sample(fitted("gjr", innovations), 600, seed=1, length=60).values
        assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(real, abs=0.06)


def lever(values: np.ndarray) -> float:
    before, after = values[:, :-1].ravel(), values[:, 1:].ravel() ** 2
    return float(np.corrcoef(before, after)[0, 1])


def test_losses_raise_volatility_in_gjr_only() -> None:
    found = {
        kind: lever(sample(fitted(kind), 1_500, seed=1, length=60).values[:, 0].reshape(1_500, 60))
        for kind in ("gjr", "garch")
    }
    assert found["gjr"] < -0.03
    assert abs(found["garch"]) < 0.02
    assert lever(stocks()[None, :, 0]) < -0.03


def test_paths_have_the_mean_and_variance_of_history() -> None:
    values = sample(fitted(), 2_000, seed=2, length=120).values
    assert values.mean(axis=0) == pytest.approx(stocks().mean(axis=0), abs=0.03)
    assert values.std(axis=0) == pytest.approx(stocks().std(axis=0), rel=0.06)


def test_paths_begin_in_the_variances_of_history() -> None:
    generator = fitted()
    _, simulator = generator._fitted()
    first = sample(generator, 4_000, seed=3, length=1).values - stocks().mean(axis=0)
    assert (first**2).mean(axis=0) == pytest.approx(simulator.variances.mean(axis=0), rel=0.15)
    calm, wild = np.quantile(simulator.variances[:, 0], [0.05, 0.95])
    assert wild > 2 * calm


def test_no_variance_outgrows_the_ceiling() -> None:
    wild = np.array([[1.0], [-1.0], [30.0], [-30.0]])
    simulator = Simulator(one(0.0, 0.1, 0.9, 0.0, 0.9), FilteredShocks(wild), np.ones((3, 1)))
    values = simulator.draw(50, 200, np.random.default_rng(0))
    assert np.isfinite(values).all()
    assert np.abs(values).max() == pytest.approx(30.0 * np.sqrt(CEILING))


def test_steadied_news_gives_variance_the_spread_of_the_filtered_one() -> None:
    residuals = unit_t(np.random.default_rng(6), (5_000, 1), 5.0)
    residuals /= np.sqrt((residuals**2).mean())
    wild = one(0.0, 0.0, 0.04, 0.10, 0.90)
    fallen = FilteredShocks(residuals).fallen()
    filtered = np.exp(np.random.default_rng(7).normal(scale=0.6, size=(5_000, 1)))
    tame = steadied(wild, fallen, residuals, filtered)
    assert tame.persistence(fallen) == pytest.approx(wild.persistence(fallen))
    wanted = (filtered**2).mean() / filtered.mean() ** 2
    assert spread_of_variance(tame, residuals) == pytest.approx(wanted, rel=0.05)
    assert spread_of_variance(wild, residuals) > 2 * wanted
    assert tame.gamma / tame.alpha == pytest.approx(wild.gamma / wild.alpha)


def spread_of_variance(volatility: Volatility, residuals: np.ndarray) -> float:
    """Mean square over squared mean of the stationary variance, by brute force."""
    rng = np.random.default_rng(5)
    volatility = volatility.targeted(np.zeros(1), np.ones(1), FilteredShocks(residuals).fallen())
    variance, squares, n_days = np.ones((20_000, 1)), 0.0, 0
    for day in range(600):
        shock = residuals[rng.integers(len(residuals), size=len(variance))]
        variance = volatility.next(variance, np.sqrt(variance) * shock)
        if day >= 300:
            squares, n_days = squares + float((variance**2).mean()), n_days + 1
    return squares / n_days  # the mean is 1 by targeting


def test_news_that_is_tame_enough_is_left_alone() -> None:
    residuals = unit_t(np.random.default_rng(6), (5_000, 1), 5.0)
    fallen = FilteredShocks(residuals).fallen()
    calm = one(0.0, 0.0, 0.02, 0.0, 0.5)
    filtered = np.exp(np.random.default_rng(7).normal(scale=0.6, size=(5_000, 1)))
    assert steadied(calm, fallen, residuals, filtered).alpha == calm.alpha


def test_stored_student_shocks_draw_the_same() -> None:
    generator = fitted("gjr", "student")
    loaded = Garch.from_state(generator.state(), market(stocks()).layout)
    one_draw, other = (sample(g, 9, seed=4, length=7).values for g in (generator, loaded))
    assert np.array_equal(one_draw, other)
    assert not np.array_equal(one_draw, sample(fitted(), 9, seed=4, length=7).values)


def test_a_unit_root_is_told_and_bounded() -> None:
    rng = np.random.default_rng(8)
    walk = np.exp(np.cumsum(rng.normal(scale=0.03, size=(3_000, 1)), axis=0))
    report = Garch().fit(market(walk * unit_t(rng, (3_000, 1), 5.0)), seed=0).report
    assert report["assets"]["a0"]["persistence"] <= round(LONGEST_MEMORY, 4)
    assert "unit root" in report["notes"][0]


def test_an_asset_that_never_changes_is_simulated_so_and_told() -> None:
    values = np.column_stack([stocks()[:, 0], np.full(4_000, 0.25)])
    generator = Garch().fit(market(values), seed=0)
    drawn = sample(generator, 20, seed=0, length=30).values
    assert (drawn[:, 1] == 0.25).all()
    assert drawn[:, 0].std() > 0.1
    assert "'a1' never changes" in generator.report["notes"][0]


def test_an_asset_that_stood_still_for_years_is_drawn_as_it_was_and_told() -> None:
    frozen = np.random.default_rng(0).normal(size=1_500) * (np.arange(1_500) >= 800)
    values = np.column_stack([stocks()[:1_500, 1], frozen])
    generator = Garch().fit(market(values), seed=0)
    assert "'a1': its filtered variance" in generator.report["notes"][0]
    drawn = sample(generator, 500, seed=0, length=60).values
    assert drawn.std(axis=0) == pytest.approx(values.std(axis=0), rel=0.1)


def test_a_likelihood_without_maximum_falls_back_to_fixed_weights_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from riskgen.models.garch import estimation

    monkeypatch.setattr(estimation, "ITERATIONS", 1)
    generator = Garch().fit(market(stocks()), seed=0)
    assert "RiskMetrics" in generator.report["notes"][0]
    values = sample(generator, 500, seed=0, length=60).values
    assert values.std(axis=0) == pytest.approx(stocks().std(axis=0), rel=0.1)


def test_student_shocks_have_unit_variance_common_size_and_the_given_correlation() -> None:
    factor = np.linalg.cholesky(np.array([[1.0, 0.5], [0.5, 1.0]]))
    shocks = StudentShocks(factor, 6.0).draw(2_000, 200, np.random.default_rng(6)).reshape(-1, 2)
    assert shocks.var(axis=0) == pytest.approx(1.0, abs=0.02)
    assert np.corrcoef(shocks.T)[0, 1] == pytest.approx(0.5, abs=0.01)
    assert np.corrcoef(np.abs(shocks).T)[0, 1] > 0.25, "a common size, beyond the normal's .19"


def test_correlations_are_of_full_rank_with_fewer_days_than_assets() -> None:
    residuals = np.random.default_rng(7).standard_normal((30, 50))
    shocks = StudentShocks.fit(residuals, np.full(50, 5.0))
    correlations = shocks.factor @ shocks.factor.T
    assert np.diag(correlations) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(correlations).min() > 1e-3


def test_a_short_history_is_refused_with_the_number_it_takes() -> None:
    with pytest.raises(TrainingError, match=r"499 days.*500 after Hwang"):
        Garch().fit(market(stocks()[:499]), seed=0)
    Garch().fit(market(stocks()[:500]), seed=0)


def test_levels_and_contexts_are_refused() -> None:
    layout = Layout((Field("a", 3),), ())
    panel = SequencePanel(layout, np.zeros((600, 1)), np.zeros((1, 0)), np.array([0, 600]))
    with pytest.raises(TrainingError, match=r"1 of 1 fields with levels.*'timegan'"):
        Garch().fit(panel, seed=0)


def test_unknown_kinds_are_refused_and_the_known_ones_named() -> None:
    with pytest.raises(RiskgenError, match=r"'gjr'"):
        Garch(volatility="egarch")
    with pytest.raises(RiskgenError, match=r"'filtered'"):
        Garch(innovations="normal")


def test_progress_is_told_asset_by_asset() -> None:
    seen: list[StepReport] = []
    Garch().fit(market(stocks()), seed=0, on_step=seen.append)
    assert [step.fraction for step in seen] == [0.5, 1.0]
    assert all(np.isfinite(step.loss) for step in seen)


def test_the_state_says_what_was_found() -> None:
    state: State = fitted().state()
    assert set(state.config["report"]["assets"]) == {"a0", "a1"}
    assert state.tensors["shocks/residuals"].shape == (4_000, 2)
    assert "shocks/residuals" not in fitted("gjr", "student").state().tensors
