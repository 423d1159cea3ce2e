"""TimeGAN 2019: each loss against its formula, each phase against what it may move."""

from __future__ import annotations

import copy
import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_generator_contract import events_layout, events_panel, market_panel
from torch import Tensor, nn

from riskgen.data.panel import Field, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import State, StepReport, sample
from riskgen.models.timegan_2019.batches import Batch, Batches, noise
from riskgen.models.timegan_2019.config import TimeGAN2019Config
from riskgen.models.timegan_2019.losses import (
    fooling,
    reconstruction,
    supervised,
    two_moments,
    unsupervised,
)
from riskgen.models.timegan_2019.networks import Networks
from riskgen.models.timegan_2019.phases import Updates, decisions
from riskgen.models.timegan_2019.sampling import NoiseProcess
from riskgen.models.timegan_2019.scaling import Scaling, applies
from riskgen.models.timegan_2019.timegan_2019 import TimeGAN2019
from riskgen.models.timegan_2019.training import Training, build

SMALL = {"hidden": 6, "layers": 2, "noise_width": 3, "batch": 8, "window": 5}
MIXED = (
    Field("kind", 3),
    Field("detail", 4, spread=True, requires=("kind", 1)),
    Field("size", 0),
)


def updates(panel: SequencePanel | None = None, **options: float) -> tuple[Updates, Batch]:
    config = TimeGAN2019Config(**{**SMALL, **options})
    training = Training(panel or events_panel(), config, 3, None)
    return training.updates, training.batches.draw(np.random.default_rng(0))


def moved(networks: Networks, before: Networks) -> set[str]:
    """Name the parts (``embedder.static``, ``generator.temporal``, ...) that changed."""
    pairs = zip(networks.named_parameters(), before.named_parameters(), strict=True)
    changed = {name for (name, now), (_, then) in pairs if not torch.equal(now, then)}
    return {part_of(name) for name in changed}


def part_of(name: str) -> str:
    network, module = name.split(".")[:2]
    return f"{network}.{'static' if module == 'static' else 'temporal'}"


def pulled(networks: Networks, loss: Tensor) -> set[str]:
    """Name the parts that a loss has a gradient for, optimisers aside."""
    networks.zero_grad(set_to_none=True)
    loss.backward()
    return {
        part_of(name)
        for name, parameter in networks.named_parameters()
        if parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
    }


EMBEDDER, RECOVERY, GENERATOR, DISCRIMINATOR = (
    {f"{network}.static", f"{network}.temporal"}
    for network in ("embedder", "recovery", "generator", "discriminator")
)


def test_the_reconstruction_loss_pulls_at_embedder_and_recovery_only() -> None:
    made, batch = updates()
    assert pulled(made.networks, made.coding_loss(batch, 0.0)) == EMBEDDER | RECOVERY


def test_the_supervised_loss_of_the_embedder_reaches_no_recovery_and_no_discriminator() -> None:
    made, batch = updates()
    nets = made.networks
    h_s, h = nets.embedder(batch.s, batch.x)
    loss = supervised(h, nets.generator.supervise(h_s, h, batch.z), batch.real)
    assert pulled(nets, loss) == EMBEDDER | {"generator.temporal"}


def test_the_supervised_loss_of_the_generator_pulls_at_g_x_alone() -> None:
    made, batch = updates()
    assert pulled(made.networks, made.dynamics_loss(batch)) == {"generator.temporal"}


def test_the_discriminators_loss_pulls_at_the_discriminator_alone() -> None:
    made, batch = updates()
    assert pulled(made.networks, made.discriminator_loss(batch)) == DISCRIMINATOR


def test_the_generators_loss_does_not_pull_at_the_embedder() -> None:
    made, batch = updates()
    assert not pulled(made.networks, made.generator_loss(batch)) & EMBEDDER


def test_the_embedding_phase_moves_embedder_and_recovery() -> None:
    made, batch = updates()
    before = copy.deepcopy(made.networks)
    made.embedding(batch)
    assert moved(made.networks, before) == EMBEDDER | RECOVERY


def test_the_supervised_phase_moves_the_temporal_generator_alone() -> None:
    made, batch = updates()
    before = copy.deepcopy(made.networks)
    made.supervised(batch)
    assert moved(made.networks, before) == {"generator.temporal"}


def test_the_joint_phase_moves_all_networks_and_each_step_only_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, batch = updates()
    steps: list[set[str]] = []
    descend = made._descend

    def watched(name: str, loss: Tensor) -> float:
        before = copy.deepcopy(made.networks)
        value = descend(name, loss)
        steps.append(moved(made.networks, before))
        return value

    monkeypatch.setattr(made, "_descend", watched)
    made.joint([batch])
    assert steps == [EMBEDDER | RECOVERY, GENERATOR, DISCRIMINATOR]


def test_a_discriminator_that_is_ahead_rests() -> None:
    made, batch = updates(threshold=1e9)
    before = copy.deepcopy(made.networks)
    made.joint([batch])
    assert moved(made.networks, before) == EMBEDDER | RECOVERY | GENERATOR


def test_lambda_brings_the_supervised_loss_to_the_embedder() -> None:
    made, batch = updates()
    with torch.no_grad():
        plain, half = (made.coding_loss(batch, weight) for weight in (0.0, 0.5))
        dynamics = made.dynamics_loss(batch)
    assert float(half - plain) == pytest.approx(0.5 * float(dynamics), rel=1e-4)


def test_eta_weighs_the_supervised_loss_of_the_generator() -> None:
    one, batch = updates(generator_loss=1.0, moments=0.0)
    ten, _ = updates(generator_loss=10.0, moments=0.0)
    with torch.no_grad():
        apart = ten.generator_loss(batch) - one.generator_loss(batch)
        assert float(apart) == pytest.approx(9.0 * float(one.dynamics_loss(batch)), rel=1e-4)


# One sequence of two steps and one of a single step; the padding must not count.
REAL = torch.tensor([[1.0, 1.0], [1.0, 0.0]])


def test_reconstruction_is_the_sum_of_distances_over_steps() -> None:
    s, s_again = torch.zeros(2, 2), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    x = torch.zeros(2, 2, 2)
    x_again = torch.tensor([[[0.6, 0.8], [0.0, 2.0]], [[0.0, 3.0], [50.0, 50.0]]])
    # (5 + 1 + 3) of the first sequence, (0 + 2) of the second.
    assert float(reconstruction(s, x, s_again, x_again, REAL)) == pytest.approx(11 / 2)
    without = reconstruction(s[:, :0], x, s[:, :0], x_again, REAL)
    assert float(without) == pytest.approx(6 / 2)


def test_a_perfect_reconstruction_costs_nothing_and_has_a_finite_gradient() -> None:
    x = torch.ones(2, 2, 2, requires_grad=True)
    loss = reconstruction(torch.ones(2, 1), x, torch.ones(2, 1), torch.ones(2, 2, 2), REAL)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert x.grad is not None
    assert bool((x.grad == 0).all())


def test_supervised_is_the_distance_to_the_next_latent() -> None:
    h = torch.tensor([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 2.0], [9.0, 9.0]]])
    assert float(supervised(h, torch.zeros_like(h), REAL)) == pytest.approx((1 + 2 + 0) / 2)


def test_unsupervised_is_the_log_likelihood_of_right_verdicts() -> None:
    def logit(p: float) -> float:
        return math.log(p / (1 - p))

    y = torch.tensor([[logit(0.9), logit(0.8)], [logit(0.7), 99.0]])
    made = torch.tensor([[logit(0.4), logit(0.3)], [logit(0.2), 99.0]])
    y_s = torch.tensor([logit(0.6), logit(0.5)])
    made_s = torch.tensor([logit(0.1), logit(0.25)])
    steps = math.log(0.9) + math.log(0.8) + math.log(0.7)
    steps += math.log(1 - 0.4) + math.log(1 - 0.3) + math.log(1 - 0.2)
    static = math.log(0.6) + math.log(0.5) + math.log(1 - 0.1) + math.log(1 - 0.25)
    found = float(unsupervised(y_s, y, made_s, made, REAL))
    assert found == pytest.approx(-(steps + static) / 2, rel=1e-5)
    assert float(unsupervised(None, y, None, made, REAL)) == pytest.approx(-steps / 2, rel=1e-5)


def test_fooling_is_the_generators_part_of_it() -> None:
    p, q = math.log(0.2 / 0.8), math.log(0.6 / 0.4)
    made, made_s = torch.tensor([[p, p], [p, 99.0]]), torch.tensor([q, q])
    paper = fooling(made_s, made, REAL, minimax=True)
    assert float(paper) == pytest.approx(1.5 * math.log(0.8) + math.log(0.4), rel=1e-5)
    usual = fooling(made_s, made, REAL, minimax=False)
    assert float(usual) == pytest.approx(-1.5 * math.log(0.2) - math.log(0.6), rel=1e-5)


def test_both_ways_to_fool_push_the_verdict_the_same_way() -> None:
    for minimax in (True, False):
        made = torch.zeros(2, 2, requires_grad=True)
        fooling(None, made, REAL, minimax=minimax).backward()
        assert made.grad is not None
        assert bool((made.grad[REAL > 0] < 0).all())
        assert float(made.grad[1, 1]) == 0.0


def test_two_moments_compare_means_and_deviations_step_by_step() -> None:
    x = torch.tensor([[[0.0], [2.0]], [[1.0], [77.0]]])
    x_made = torch.tensor([[[1.0], [1.0]], [[4.0], [88.0]]])
    # Step 1: means agree, deviations 1 and 0. Step 2: one of two sequences, means 3 apart.
    found = float(two_moments(x, x_made, REAL))
    assert found == pytest.approx(1.0 + 0.5 * 3.0, abs=2e-3)
    assert float(two_moments(x, x, REAL)) == 0.0


def test_an_undecided_discriminator_pays_two_log_two_a_decision() -> None:
    made, batch = updates()
    for part in (made.networks.discriminator.verdict, made.networks.discriminator.static[-1]):
        assert isinstance(part, nn.Linear)
        nn.init.zeros_(part.weight)
        nn.init.zeros_(part.bias)
    loss = float(made.discriminator_loss(batch).detach())
    assert loss / decisions(batch) == pytest.approx(2 * math.log(2), rel=1e-5)


def test_the_discriminator_does_not_see_padding() -> None:
    torch.manual_seed(0)
    discriminator = Networks(0, 3, hidden=4, layers=2, noise_width=2).discriminator
    h, lengths = torch.rand(6, 3, 4), torch.tensor([6, 4, 1])
    y = discriminator(None, h, lengths)[1]
    changed = h.clone()
    changed[4:, 1], changed[1:, 2] = 9.0, 9.0
    again = discriminator(None, changed, lengths)[1]
    for k, length in enumerate(lengths.tolist()):
        assert torch.equal(y[:length, k], again[:length, k])
    alone = discriminator(None, h[:4, 1:2], lengths[1:2])[1]
    assert torch.allclose(alone[:, 0], y[:4, 1], atol=1e-6)


def test_embedder_and_generator_have_no_hindsight() -> None:
    torch.manual_seed(0)
    nets = Networks(2, 3, hidden=4, layers=2, noise_width=2)
    s, x, z = torch.rand(5, 2), torch.rand(6, 5, 3), torch.rand(6, 5, 2)
    h_s, h = nets.embedder(s, x)
    late = torch.cat([x[:3], torch.zeros(3, 5, 3)])
    assert torch.equal(nets.embedder(s, late)[1][:3], h[:3])
    assert not torch.equal(nets.embedder(s, late)[1][3:], h[3:])
    other = torch.cat([z[:3], torch.zeros(3, 5, 2)])
    assert torch.equal(nets.generator(h_s, z)[:3], nets.generator(h_s, other)[:3])


def test_fed_with_its_own_latents_the_supervisor_is_the_generator() -> None:
    torch.manual_seed(0)
    generator = Networks(2, 3, hidden=4, layers=3, noise_width=2).generator
    z_s, z = torch.rand(5, 2), torch.rand(6, 5, 2)
    h_s = generator.statics(z_s)
    made = generator(h_s, z)
    assert torch.allclose(generator.supervise(h_s, made, z), made, atol=1e-6)


def test_a_wiener_process_spreads_to_one_in_a_window_and_continues() -> None:
    config = TimeGAN2019Config(noise="wiener", noise_width=5)
    z = noise(np.random.default_rng(0), config, 48, 4000)[1]
    assert float(z[23].var()) == pytest.approx(1.0, rel=0.05)
    assert float(z[47].var()) == pytest.approx(2.0, rel=0.05)
    assert float((z[30] - z[29]).var()) == pytest.approx(1 / 24, rel=0.05)
    process, rng = NoiseProcess(config, 4000), np.random.default_rng(0)
    stepped = [process.advance(4000 - 50 * t, rng) for t in range(24)]
    assert float(stepped[23].var()) == pytest.approx(1.0, rel=0.1)
    assert torch.allclose((stepped[5] - stepped[4][:3750]).var(), torch.tensor(1 / 24), rtol=0.1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_is_encoded_is_decoded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind = rng.integers(3, size=30)
    detail = np.where(kind >= 1, rng.integers(4, size=30) + rng.random(30), 0.0)
    values = np.column_stack([kind, detail, rng.normal(size=30)])
    scaling = Scaling.fit(MIXED, values, exact=True)
    features = scaling.encode(values)
    assert features.shape == (30, scaling.width) == (30, 8)
    assert features.min() >= 0.0
    assert features.max() <= 1.0
    uniforms = rng.random(values.shape)
    again = scaling.decode(features.astype(np.float64), uniforms)
    assert np.array_equal(np.floor(again[:, :2]), np.floor(values[:, :2]))
    here = applies(MIXED, values)[:, 1]
    assert np.allclose(again[here, 1] % 1, uniforms[here, 1])
    assert (again[~here, 1] == 0).all()
    assert np.allclose(again[:, 2], values[:, 2], atol=1e-6)


def test_the_scale_of_customers_is_no_single_customers_value() -> None:
    values = np.random.default_rng(0).normal(size=(1000, 1))
    values[17] = 1e4
    fields = (Field("size", 0),)
    clipped = Scaling.fit(fields, values, exact=False)
    again = Scaling.fit(fields, np.where(values == 1e4, 2e4, values), exact=False)
    assert clipped.to_json() == again.to_json()
    assert clipped.high[0] < 5
    assert Scaling.fit(fields, values, exact=True).high[0] == 1e4


def test_nothing_is_decoded_beyond_the_bounds() -> None:
    scaling = Scaling.fit((Field("size", 0),), np.array([[-1.0], [3.0]]), exact=True)
    decoded = scaling.decode(np.array([[-0.5], [0.5], [1.5]]), np.zeros((3, 1)))
    assert decoded[:, 0].tolist() == [-1.0, 1.0, 3.0]


def test_windows_of_paths_cross_no_segment_and_histories_begin_at_their_beginning() -> None:
    config = TimeGAN2019Config(**{**SMALL, "batch": 400})
    lengths = np.array([30, 6, 5])
    values = np.arange(41.0)[:, None]
    layout = Layout((Field("a", 0),), ())
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    panel = SequencePanel(layout, values, np.zeros((3, 0)), offsets)
    nothing = Scaling.fit((), panel.context, exact=True)
    scaling = Scaling.fit(layout.fields, values, exact=True)
    drawn = Batches(panel, nothing, scaling, config).draw(np.random.default_rng(0))
    starts = np.rint(drawn.x[0, :, 0].numpy() * 40).astype(int)
    assert np.allclose(np.diff(drawn.x[:, :, 0].numpy() * 40, axis=0), 1.0, atol=1e-4)
    assert set(starts) == {*range(26), 30, 31, 36}

    events = events_panel()
    data = Training(events, TimeGAN2019Config(**{**SMALL, "longest": 4}), 0, None).batches
    batch = data.draw(np.random.default_rng(0))
    assert len(batch.x) == 4
    assert batch.lengths.max() == 4
    assert np.array_equal(batch.real.sum(0).numpy(), batch.lengths.numpy())
    firsts = data.temporal.encode(events.values[events.offsets[:-1]])
    assert all((firsts == row).all(axis=1).any() for row in batch.x[0].numpy())


QUICK = {
    "hidden": 12,
    "layers": 1,
    "noise_width": 6,
    "batch": 16,
    "window": 5,
    "learning_rate": 0.02,
    "embedding_share": 0.5,
    "supervised_share": 0.1,
    "generator_updates": 1,
    "steps": 40,
}


@cache
def quick() -> State:
    return TimeGAN2019(**QUICK).fit(market_panel(), seed=3).state()


def interrupted(after: int) -> State:
    kept: list[State] = []

    def press(report: StepReport) -> None:
        if report.phase == "joint" and report.step == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TimeGAN2019(**QUICK).fit(market_panel(), seed=3, on_step=press, on_checkpoint=kept.append)
    return kept[0]


@pytest.mark.parametrize("after", [1, 11])
def test_an_interrupted_and_resumed_training_ends_in_the_same_weights(after: int) -> None:
    straight = quick()
    checkpoint = interrupted(after)
    resumed = TimeGAN2019(**QUICK).fit(market_panel(), seed=3, resume=checkpoint)
    for name, value in straight.tensors.items():
        assert np.array_equal(value, resumed.state().tensors[name]), name


def test_a_checkpoint_of_another_training_or_of_a_finished_one_is_refused() -> None:
    checkpoint = interrupted(11)
    with pytest.raises(NotFittedError, match="unfinished"):
        TimeGAN2019.from_state(checkpoint, market_panel().layout)
    for what, panel, options, seed in (
        ("data", market_panel(seed=1), {}, 3),
        ("options", market_panel(), {"steps": 41}, 3),
        ("seed", market_panel(), {}, 4),
    ):
        with pytest.raises(TrainingError, match=f"other {what}"):
            TimeGAN2019(**{**QUICK, **options}).fit(panel, seed=seed, resume=checkpoint)
    with pytest.raises(TrainingError, match="has ended"):
        TimeGAN2019(**QUICK).fit(market_panel(), seed=3, resume=quick())


def run(**options: float) -> list[StepReport]:
    told: list[StepReport] = []
    Training(market_panel(), TimeGAN2019Config(**{**SMALL, **options}), 0, told.append).run()
    return told


def test_phases_are_told_one_after_another_and_share_the_budget() -> None:
    told = run(steps=20)
    names = [report.phase for report in told]
    assert names == ["embedding"] * 7 + ["supervised"] * 7 + ["joint"] * 6
    assert told[-1].fraction == 1.0
    assert all(math.isfinite(report.loss) for report in told)


def test_the_paper_alone_has_one_phase() -> None:
    told = run(steps=3, embedding_share=0.0, supervised_share=0.0)
    assert [report.phase for report in told] == ["joint"] * 3


def test_no_time_leaves_one_joint_step() -> None:
    assert [report.phase for report in run(max_seconds=0.0)] == ["joint"]


def test_only_what_sampling_needs_is_stored() -> None:
    state = quick()
    assert {name.split(".")[0] for name in state.tensors} == {"generator", "recovery"}
    assert state.config["finished"]


def test_a_generator_that_repeats_one_sequence_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(self: Training) -> Networks:
        with torch.no_grad():
            for parameter in self.networks.generator.recurrence.parameters():
                parameter.zero_()
        return self.networks.eval().requires_grad_(False)

    monkeypatch.setattr(Training, "run", deaf)
    for panel in (market_panel(), events_panel()):
        generator = TimeGAN2019(**QUICK)
        with pytest.raises(TrainingError, match="all alike"):
            generator.fit(panel, seed=3)
        with pytest.raises(NotFittedError):
            generator.state()


def test_data_that_are_all_alike_may_be_drawn_so() -> None:
    panel = events_panel()
    constant = SequencePanel(
        panel.layout, np.zeros_like(panel.values), panel.context, panel.offsets
    )
    drawn = sample(TimeGAN2019(**QUICK).fit(constant, seed=0), 5, seed=0)
    assert (np.floor(drawn.values) == 0).all()


def test_a_level_that_the_generator_lost_is_told_and_not_made_up() -> None:
    training = Training(events_panel(), TimeGAN2019Config(**SMALL), 0, None)
    generator = TimeGAN2019(**SMALL)
    last = training.networks.recovery.static[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias[:2] = torch.tensor([9.0, -9.0])
    from riskgen.models.timegan_2019 import timegan_2019

    generator._simulator = timegan_2019._simulator(
        events_layout(), training.config, training.networks, training.static, training.temporal
    )
    with torch.no_grad():
        training.networks.requires_grad_(False)
        assert (sample(generator, 9, seed=0, condition={"label": 0}).context[:, 0] == 0).all()
        with pytest.raises(RiskgenError, match="met by 0 of"):
            sample(generator, 9, seed=0, condition={"label": 1})


def test_options_that_cannot_be_followed_are_refused() -> None:
    with pytest.raises(RiskgenError, match="'pink' is unknown"):
        TimeGAN2019(noise="pink")
    with pytest.raises(RiskgenError, match="joint phase"):
        TimeGAN2019(embedding_share=0.6, supervised_share=0.4)
    with pytest.raises(RiskgenError, match="at least 1"):
        TimeGAN2019(steps=0)
    short = market_panel(8)
    with pytest.raises(TrainingError, match="8 events in 2 sequences"):
        TimeGAN2019(window=24).fit(short, seed=0)


def sines(n: int = 300, length: int = 8) -> SequencePanel:
    rng = np.random.default_rng(0)
    rate, phase = rng.uniform(0.2, 0.5, (n, 1)), rng.uniform(-np.pi, np.pi, (n, 1))
    values = np.sin(rate * np.arange(length) + phase).reshape(-1, 1)
    layout = Layout((Field("a", 0),), ())
    return SequencePanel(layout, values, np.zeros((n, 0)), np.arange(n + 1) * length)


def test_sines_come_out_smooth_and_varied_and_reconstruction_falls() -> None:
    panel = sines()
    told: list[StepReport] = []
    options = {**QUICK, "hidden": 16, "batch": 64, "window": 8, "learning_rate": 5e-3}
    generator = TimeGAN2019(**{**options, "embedding_share": 0.4, "steps": 200})
    generator.fit(panel, seed=0, on_step=told.append)
    losses = [report.loss for report in told if report.phase == "embedding"]
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    drawn, real = sample(generator, 200, seed=1, length=8).values, panel.values
    # Steps of independent noise are 1.41 times as wide as its values; nearer to the sines.
    assert abs(roughness(drawn) - roughness(real)) < abs(roughness(drawn) - np.sqrt(2))
    assert 0.6 < drawn.std() / real.std() < 1.4
    spread = [values.reshape(-1, 8).mean(axis=1).std() for values in (drawn, real)]
    assert spread[0] > 0.5 * spread[1]


def roughness(values: np.ndarray) -> float:
    return float(np.diff(values.reshape(-1, 8), axis=1).std() / values.std())


def test_networks_have_the_widths_of_the_panel() -> None:
    config = TimeGAN2019Config(**SMALL)
    panel = events_panel()
    static = Scaling.fit(panel.layout.context_fields, panel.context, exact=False)
    temporal = Scaling.fit(panel.layout.fields, panel.values, exact=False)
    assert (static.width, temporal.width) == (6, 12)
    nets = build(static, temporal, config)
    h_s, h = nets.embedder(torch.rand(2, 6), torch.rand(5, 2, 12))
    assert h_s is not None
    s_again, x_again = nets.recovery(h_s, h)
    assert s_again.shape == (2, 6)
    assert x_again.shape == (5, 2, 12)
