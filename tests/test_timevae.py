"""TimeVAE's parts against closed forms, and its training against planted answers."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from test_generator_contract import OPTIONS, events_panel, market_panel
from torch.distributions import Normal, kl_divergence

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import State, StepReport, sample
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.stretches import Stretches
from riskgen.models.timevae.config import TimeVAEConfig
from riskgen.models.timevae.latent import MEMBERS, LatentLaw, persistence_of
from riskgen.models.timevae.networks import SequenceVAE
from riskgen.models.timevae.objective import (
    annealed,
    drawn_latent,
    gaussian_divergence,
    loss_of,
    terms_of,
    usage,
)
from riskgen.models.timevae.posterior import read_pieces
from riskgen.models.timevae.sequences import SequenceBatch, SequenceDataset
from riskgen.models.timevae.timevae import TimeVAE
from riskgen.models.timevae.training import Training

TINY = OPTIONS["timevae"]
LEARNING = {
    "latent": 3,
    "hidden": 12,
    "head_width": 8,
    "mixtures": 2,
    "steps": 100,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "batch": 64,
    "anneal": 0.2,
}
SHARE = 0.5
"""Share of the variance of a size that lies between customers of :func:`tastes`."""


def tastes(n: int = 300, share: float = SHARE, seed: int = 0) -> SequencePanel:
    """Customers with ten payments of a size of their own; nothing else repeats."""
    rng = np.random.default_rng(seed)
    own = math.sqrt(share) * rng.normal(size=n)
    sizes = np.repeat(own, 10) + math.sqrt(1.0 - share) * rng.normal(size=10 * n)
    layout = Layout((Field("size", 0),), (Field("length", 0),))
    offsets = np.arange(n + 1, dtype=np.int64) * 10
    return SequencePanel(layout, sizes[:, None], np.full((n, 1), 10.0), offsets)


@cache
def fitted(share: float = SHARE, **options: Any) -> TimeVAE:
    # The bound alone is judged against closed forms, and needs to be learned to the end.
    steps = 100 if options or share != SHARE else 250
    return TimeVAE(**{**LEARNING, "steps": steps, **options}).fit(tastes(share=share), seed=1)


@cache
def fitted_to_events() -> TimeVAE:
    return TimeVAE(**TINY).fit(events_panel(200), seed=3)


def between(panel: SequencePanel) -> float:
    """The share of a size's variance that lies between customers (one-way analysis)."""
    sizes = panel.values[:, 0].reshape(-1, 10)
    within = sizes.var(axis=1, ddof=1).mean()
    apart = sizes.mean(axis=1).var(ddof=1) - within / 10
    return float(apart / (apart + within))


def network(panel: SequencePanel, **options: Any) -> tuple[SequenceVAE, SequenceBatch]:
    config = TimeVAEConfig(**{**TINY, "dropout": 0.0, **options})
    coders = [
        RowCoder.fit(panel.layout.fields, panel.values),
        RowCoder.fit(panel.layout.context_fields, panel.context),
    ]
    everyone = np.arange(panel.n_sequences)
    pieces = Stretches(everyone, panel.offsets[:-1], panel.offsets[1:])
    torch.manual_seed(0)
    built = SequenceVAE(panel.layout, config)
    return built, SequenceDataset(panel, *coders).batch(pieces)


def moved(part: torch.nn.Module) -> bool:
    gradients = [p.grad for p in part.parameters() if p.grad is not None]
    return any(bool((g != 0).any()) for g in gradients)


def test_the_divergence_is_that_of_two_normals() -> None:
    mean, log_variance = torch.randn(50, 4), torch.randn(50, 4)
    told = gaussian_divergence(mean, log_variance)
    oracle = kl_divergence(Normal(mean, torch.exp(0.5 * log_variance)), Normal(0.0, 1.0))
    assert torch.allclose(told, oracle, atol=1e-5)
    assert float(gaussian_divergence(torch.zeros(1), torch.zeros(1))) == 0.0


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_the_bound_of_probabilistic_pca_falls_short_by_what_the_posterior_misses(
    shift: float,
) -> None:
    """Tipping and Bishop (1999): x | z is N(W z, s²) and all is known exactly."""
    generator = torch.Generator().manual_seed(0)
    loadings = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.5]])  # orthogonal columns
    noise, x = 0.7, torch.tensor([1.5, -0.4, 0.9])
    covariance = loadings @ loadings.T + noise**2 * torch.eye(3)
    exact = torch.distributions.MultivariateNormal(torch.zeros(3), covariance).log_prob(x)
    precision = 1.0 + loadings.square().sum(dim=0) / noise**2
    variance = 1.0 / precision
    mean = variance * (x @ loadings) / noise**2 + shift
    torch.manual_seed(int(torch.randint(99, (1,), generator=generator)))
    log_variance = variance.log()
    z = drawn_latent(mean.expand(200_000, -1), log_variance.expand(200_000, -1))
    told = Normal(z @ loadings.T, noise).log_prob(x).sum(dim=1).mean()
    bound = told - gaussian_divergence(mean, log_variance).sum()
    missed = float((0.5 * shift**2 * precision).sum())
    assert float(bound) == pytest.approx(float(exact) - missed, abs=0.02)


def test_the_fitted_bound_stays_below_the_exact_likelihood_and_near_it() -> None:
    report = fitted().report
    covariance = (1.0 - SHARE) * np.eye(10) + SHARE
    entropy = 0.5 * (10 * (1 + math.log(2 * math.pi)) + np.linalg.slogdet(covariance)[1]) / 10
    alone = 0.5 * (1 + math.log(2 * math.pi))
    # 30 customers are held out: the mean of their likelihoods is uncertain by about 0.05.
    assert entropy - 0.1 < report["bound"] < 0.5 * (entropy + alone)


def test_a_customers_taste_is_kept_where_independent_rows_lose_it() -> None:
    real, drawn = between(tastes()), between(sample(fitted(), 400, seed=2))
    assert 0.7 * real < drawn < 1.2 * real
    rows = tastes().values[np.random.default_rng(0).permutation(3000)]
    independent = SequencePanel(tastes().layout, rows, tastes().context, tastes().offsets)
    assert between(independent) < 0.1 * real


def test_a_collapsed_posterior_is_told_and_a_used_one_is_not() -> None:
    told, idle = fitted().report, fitted(share=0.0).report
    # Ten draws say this much of a customer's mean, by the closed form of two normals.
    wanted = 0.5 * math.log(1.0 + 10 * SHARE / (1.0 - SHARE))
    assert sum(told["divergence"]) == pytest.approx(wanted, rel=0.2)
    assert told["active_units"] >= 1
    assert not told["collapsed"]
    assert sum(idle["divergence"]) < 0.1
    assert idle["collapsed"]


def test_free_nats_keep_dimensions_in_use_that_the_bound_would_drop() -> None:
    bound, free = fitted().report, fitted(free_nats=0.2).report
    assert min(free["divergence"]) > 0.1 > min(bound["divergence"])


def test_usage_counts_means_that_vary() -> None:
    mean = torch.tensor([[1.0, 0.05, 0.0], [-1.0, -0.05, 0.0]]).repeat(50, 1)
    told = usage(mean, torch.full_like(mean, 0.25), False)
    assert told == {"active_units": 1, "divergence": [0.25] * 3, "collapsed": False}
    assert usage(0 * mean, 0 * mean, False)["collapsed"]
    assert usage(mean, 0 * mean + 0.01, False)["collapsed"]
    assert not usage(mean, 0 * mean, True)["collapsed"]


def test_the_deterministic_limit_has_no_divergence_and_reconstructs_better() -> None:
    plain = {"deterministic": True, "prior": "mixture", "beta": 0.0}
    told = {}
    for name, options in {"plain": plain, "bound": {}}.items():
        training = Training(tastes(), TimeVAEConfig(**{**LEARNING, **options}), 1, None)
        _, report = training.run()
        trained = training.course.network
        assert isinstance(trained, SequenceVAE)
        read = read_pieces(trained, training.data, training.train, "deterministic" in options)
        told[name] = float(read.reconstruction.mean())
        if name == "plain":
            assert report["divergence"] == [0.0] * 3
            assert bool((read.log_variance == -torch.inf).all())
    assert told["plain"] > told["bound"] + 0.2


def test_a_plain_autoencoder_draws_from_the_fitted_density() -> None:
    generator = fitted(deterministic=True, prior="mixture", beta=0.0)
    drawn = sample(generator, 400, seed=2)
    assert 0.6 * SHARE < between(drawn) < 1.3 * SHARE
    assert drawn.values.std() == pytest.approx(1.0, abs=0.15)


def test_the_divergence_moves_the_encoder_only() -> None:
    built, batch = network(events_panel())
    terms_of(built, batch, False).divergence.sum().backward()
    assert moved(built.encoder)
    assert not moved(built.contexts)
    assert not moved(built.events)


def test_reconstruction_moves_encoder_and_both_decoders() -> None:
    built, batch = network(events_panel())
    terms_of(built, batch, False).reconstruction.sum().backward()
    assert all(moved(part) for part in (built.encoder, built.contexts, built.events))


def test_the_deterministic_limit_does_not_move_the_spread() -> None:
    built, batch = network(events_panel())
    loss_of(terms_of(built, batch, True), 1.0, 0.0).backward()
    assert moved(built.encoder.mean)
    assert not moved(built.encoder.spread)


def test_divergence_below_the_free_nats_pulls_at_nothing() -> None:
    for free, pulled in ((0.0, True), (1e3, False)):
        built, batch = network(events_panel())
        terms = terms_of(built, batch, False)
        (loss_of(terms, 1.0, free) + terms.reconstruction.sum()).backward()
        assert moved(built.encoder) is pulled


def test_the_weight_of_the_divergence_rises_to_beta_and_stays() -> None:
    config = TimeVAEConfig(beta=2.0, anneal=0.5)
    assert [annealed(config, f) for f in (0.0, 0.25, 0.5, 1.0)] == [0.0, 1.0, 2.0, 2.0]
    assert annealed(TimeVAEConfig(anneal=0.0), 0.0) == 1.0


@pytest.mark.parametrize("feedback", [False, True])
def test_events_know_of_each_other_through_the_latent_alone_unless_fed_back(
    feedback: bool,
) -> None:
    panel = events_panel()
    built, batch = network(panel, feedback=feedback)
    built.eval()
    other = panel.values.copy()
    first = panel.offsets[:-1]
    other[first, 0] = (other[first, 0] + 1) % 2  # another kind of first event
    other[first, 1] = 0.0
    _, changed = network(SequencePanel(panel.layout, other, panel.context, panel.offsets))
    z = torch.randn(panel.n_sequences, 4)
    with torch.no_grad():
        here, there = (built.events.log_likelihood(z, part) for part in (batch, changed))
    later = torch.arange(len(here)) >= panel.n_sequences  # time first
    assert torch.equal(here[later], there[later]) is not feedback


@pytest.mark.parametrize("feedback", [False, True])
def test_a_recurrence_rolled_step_by_step_equals_one_call(feedback: bool) -> None:
    built, batch = network(events_panel(), feedback=feedback)
    decoder = built.events.eval()
    shared = decoder.shared_vector(torch.randn(80, 4), batch.context_codes, batch.context_numbers)
    before = (batch.previous_codes, batch.previous_numbers)
    with torch.no_grad():
        whole, _ = decoder.roll(shared, batch.features, *before, decoder.first_state(shared))
        hidden = decoder.first_state(shared)
        for t in range(len(batch.features)):
            here = slice(t, t + 1)
            parts = (batch.features[here], before[0][here], before[1][here])
            told, hidden = decoder.roll(shared, *parts, hidden)
            assert torch.allclose(told[0], whole[t], atol=1e-5)


def test_what_trackers_say_while_drawing_is_what_training_reads() -> None:
    generator = fitted_to_events()
    drawn = sample(generator, 30, seed=1)
    _, batch = network(drawn)
    place = np.log1p(np.arange(len(batch.real))) / 4.0
    assert np.allclose(
        batch.features[:, :, -1].numpy()[batch.real], np.repeat(place, batch.real.sum(dim=1))
    )
    clock = drawn.layout.clock
    assert clock is not None
    told = batch.features[:, :, :-1].transpose(0, 1)[batch.real.T]
    assert np.allclose(told.numpy(), clock.features_of(drawn), atol=1e-6)


def test_a_wanted_field_is_drawn_with_the_latents_that_go_with_it() -> None:
    generator = fitted_to_events()
    free = sample(generator, 4000, seed=1)
    wanted = sample(generator, 1000, seed=2, condition={"home": 2})
    assert (wanted.context_codes("home") == 2).all()
    alike = free.take(free.matching({"home": 2}))
    for column in (0, 2):
        shares = [
            np.bincount(np.floor(panel.values[:, column]).astype(int), minlength=5)
            / len(panel.values)
            for panel in (wanted, alike)
        ]
        assert np.abs(shares[0] - shares[1]).max() < 0.04


def test_a_label_is_as_frequent_as_in_training() -> None:
    generator = fitted_to_events()
    drawn = sample(generator, 4000, seed=1).context_codes("label").mean()
    assert drawn == pytest.approx(0.2, abs=0.05)


def test_a_mixture_has_the_moments_of_what_it_was_fitted_to() -> None:
    rng = np.random.default_rng(0)
    side = rng.integers(2, size=2000)
    points = rng.normal(size=(2000, 3)) * 0.3 + np.where(side, 2.0, -1.0)[:, None]
    law = LatentLaw.fit(points, side, 2, np.random.default_rng(1))
    for label in (0, 1):
        drawn = law.draw(np.full(4000, label), 1, rng)[0]
        assert np.allclose(drawn.mean(axis=0), points[side == label].mean(axis=0), atol=0.15)
        assert np.allclose(drawn.std(axis=0), 0.3, atol=0.15)


def test_no_latent_of_a_single_customer_is_held() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(500, 3))
    points[17] = 40.0
    law = LatentLaw.fit(points, np.zeros(500, dtype=np.int64), 1, np.random.default_rng(1))
    nearest = np.abs(law.means - 40.0).max(axis=1).min()
    assert nearest > 35.0
    assert law.weights.min() * 500 >= MEMBERS / 2


def test_two_latents_are_enough_for_one_gaussian() -> None:
    law = LatentLaw.fit(np.eye(2), np.zeros(2, dtype=np.int64), 1, np.random.default_rng(0))
    assert law.means.shape == (1, 2)
    assert np.isfinite(law.draw(np.zeros(5, dtype=np.int64), 1, np.random.default_rng(0))).all()


def test_latents_of_a_path_are_as_persistent_as_those_of_training() -> None:
    rng = np.random.default_rng(0)
    true = LatentLaw.normal(2, 1, np.array([0.9, 0.0]))
    path = true.draw(np.zeros(1, dtype=np.int64), 4000, rng)[:, 0]
    assert np.allclose(path.std(axis=0), 1.0, atol=0.15)
    told = persistence_of(path, np.zeros_like(path), np.arange(1, 4000))
    assert np.allclose(told, [0.9, 0.0], atol=0.05)
    # A posterior that is all noise says nothing of the next window.
    unsure = persistence_of(0.01 * path, np.ones_like(path), np.arange(1, 4000))
    assert (unsure < 0.01).all()
    assert (persistence_of(path, np.zeros_like(path), np.array([1])) == 0).all()


def test_a_path_longer_than_a_window_begins_anew_and_keeps_its_scale() -> None:
    generator = TimeVAE(**TINY).fit(market_panel(), seed=3)
    drawn = sample(generator, 100, seed=1, length=150).values.reshape(100, 150, 3)
    real = market_panel().values.std()
    for part in (drawn[:, :60], drawn[:, 60:120], drawn[:, 120:]):
        assert part.std() == pytest.approx(real, rel=0.2)


def test_the_encoder_is_never_packed() -> None:
    state = fitted().state()
    assert {name.split(".")[0].split("/")[0] for name in state.tensors} == {"decoder", "latent"}
    assert all("encoder" not in name for name in state.tensors)


def interrupted(options: dict[str, Any], after: int) -> State:
    saved: list[State] = []

    def stop(report: StepReport) -> None:
        if report.step == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TimeVAE(**options).fit(events_panel(200), seed=3, on_step=stop, on_checkpoint=saved.append)
    return saved[0]


@pytest.mark.parametrize("after", [3, 31])
def test_an_interrupted_and_resumed_training_ends_in_the_same_weights(after: int) -> None:
    straight = fitted_to_events().state()
    checkpoint = interrupted(TINY, after)
    resumed = TimeVAE(**TINY).fit(events_panel(200), seed=3, resume=checkpoint).state()
    assert resumed.config == straight.config
    assert all(np.array_equal(resumed.tensors[k], v) for k, v in straight.tensors.items())


def test_a_checkpoint_of_other_data_options_or_seed_is_refused() -> None:
    checkpoint = interrupted(TINY, 20)
    with pytest.raises(TrainingError, match="another seed"):
        TimeVAE(**TINY).fit(events_panel(200), seed=4, resume=checkpoint)
    with pytest.raises(TrainingError, match="another panel"):
        TimeVAE(**TINY).fit(events_panel(200, seed=1), seed=3, resume=checkpoint)
    with pytest.raises(TrainingError, match="another options"):
        TimeVAE(**{**TINY, "beta": 2.0}).fit(events_panel(200), seed=3, resume=checkpoint)
    with pytest.raises(NotFittedError, match="unfinished"):
        TimeVAE.from_state(checkpoint, events_panel().layout)


def test_a_panel_too_small_to_set_anything_aside_is_refused() -> None:
    with pytest.raises(TrainingError, match="too few to set some aside"):
        TimeVAE(**TINY).fit(market_panel().take(np.array([], dtype=np.int64)), seed=0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"deterministic": True}, "Set 'prior' to 'mixture'"),
        ({"beta": -1.0}, "'beta'"),
        ({"anneal": 2.0}, "'anneal'"),
        ({"latent": 0}, "'latent' is 0"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(RiskgenError, match=said):
        TimeVAE(**options)
