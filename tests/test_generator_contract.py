"""What every generator promises, checked for every entry of GENERATORS."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from riskgen.data.panel import Field, Floats, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import Generator, sample
from riskgen.models.checkpoint import read_state, write_state
from riskgen.models.registry import GENERATORS, create, generator_type

OPTIONS = {
    "timegan": {
        "hidden": 12,
        "head_width": 8,
        "embedding": 4,
        "steps": 120,
        "learning_rate": 0.01,
        "context_steps": 30,
        "audit": False,
    },
    "timegan-2019": {
        "hidden": 24,
        "layers": 1,
        "noise": "gaussian",
        "noise_width": 6,
        "batch": 32,
        "window": 6,
        "longest": 5,
        "learning_rate": 0.01,
        "generator_loss": 3.0,
        "generator_updates": 1,
        "steps": 300,
        "embedding_share": 0.7,
        "supervised_share": 0.05,
    },
    "bootstrap": {},
    "injector": {},
    "par": {"epochs": 3, "window": 20},
    "ensemble": {"member": "bootstrap", "size": 2},
    "garch": {"fewest_days": 200},
    "timevae": {
        "latent": 4,
        "hidden": 12,
        "head_width": 8,
        "embedding": 4,
        "steps": 60,
        "learning_rate": 0.01,
    },
}
DOMAINS = ("events", "market")
LEARNERS = {
    domain: [key for key in sorted(GENERATORS) if domain in GENERATORS[key].learns]
    for domain in DOMAINS
}


@dataclass(frozen=True)
class CountingClock:
    """Knows how many events have been drawn and how many are left."""

    n_features: int = 2
    time_columns: tuple[int, ...] = (0,)

    def pace(self, state: Floats) -> Floats:
        return np.zeros(len(state))

    def gap_sizes(self) -> Floats:
        return np.zeros(4)

    def bounds(self, state: Floats) -> np.ndarray:
        return np.tile(np.array([0, 3]), (len(state), 1))

    def gap_days(self) -> np.ndarray:
        return np.arange(4)

    def day(self, state: Floats) -> np.ndarray:
        return np.zeros(len(state), dtype=np.int64)

    def gap_hours(self) -> Floats:
        return np.full(4, np.nan)

    def now(self, state: Floats) -> Floats:
        return np.zeros(len(state))

    def guide_of(self, panel: SequencePanel) -> tuple[np.ndarray, Floats, Floats]:
        return self.bounds(panel.values), self.pace(panel.values), self.now(panel.values)

    longest: int = 11
    last_day: int = 0
    outcomes: tuple[str, ...] = ("length",)

    def opened(self) -> CountingClock:
        return self

    def concluded(self, context: Floats, lengths: np.ndarray, state: Floats) -> Floats:
        return np.column_stack([context[:, :2], lengths])

    def lengths(self, context: Floats) -> np.ndarray:
        return np.clip(np.rint(context[:, 2]), 1, 40).astype(np.int64)

    def start(self, context: Floats) -> Floats:
        return np.column_stack([np.zeros(len(context)), self.lengths(context)])

    def advance(self, state: Floats, values: Floats) -> Floats:
        return state + np.array([1.0, 0.0])

    def features(self, state: Floats) -> Floats:
        return np.column_stack([state[:, 0] / 12, (state[:, 1] - state[:, 0]) / 12])

    def features_of(self, panel: SequencePanel) -> Floats:
        state = self.start(panel.context)
        state = np.repeat(state, panel.lengths, axis=0)
        state[:, 0] = np.arange(len(state)) - np.repeat(panel.offsets[:-1], panel.lengths)
        return self.features(state)


def events_layout() -> Layout:
    return Layout(
        fields=(
            Field("kind", 4),
            Field("detail", 3, requires=("kind", 2)),
            Field("amount", 5, spread=True),
        ),
        context_fields=(Field("label", 2), Field("home", 3), Field("length", 0)),
        clock=CountingClock(),
    )


def events_panel(n: int = 80, seed: int = 0) -> SequencePanel:
    """A favourite kind for each sequence, details of two kinds, and amounts that repeat."""
    rng = np.random.default_rng(seed)
    label = (np.arange(n) % 5 == 0).astype(float)
    home = rng.integers(3, size=n)
    lengths = rng.integers(3, 12, size=n)
    owner = np.repeat(np.arange(n), lengths)
    usual = rng.random(len(owner)) < 0.7
    kind = np.where(usual, home[owner], rng.integers(4, size=len(owner)))
    detail = np.where(kind >= 2, rng.integers(3, size=len(owner)), 0)
    amount = np.where(label[owner] > 0, 4, rng.integers(4, size=len(owner)))
    values = np.column_stack([kind, detail, amount + rng.random(len(owner))]).astype(float)
    context = np.column_stack([label, home, lengths]).astype(float)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return SequencePanel(events_layout(), values, context, offsets)


def market_panel(n: int = 400, seed: int = 0) -> SequencePanel:
    """Two segments of three assets with volatility that clusters."""
    rng = np.random.default_rng(seed)
    scale = np.exp(0.5 * np.sin(np.arange(n) / 20.0))[:, None]
    common = rng.normal(size=(n, 1))
    values = scale * (0.7 * common + 0.7 * rng.normal(size=(n, 3)))
    layout = Layout(fields=tuple(Field(name, 0) for name in "abc"), context_fields=())
    return SequencePanel(layout, values, np.zeros((2, 0)), np.array([0, n // 2, n]))


PANELS = {"events": events_panel, "market": market_panel}
LENGTHS = {"events": None, "market": 7}
DULL = {"injector", "par"}
"""Generators whose events need not tell the label of this panel: the injector's rules never
look at labelled sequences, and its bursts lie at either end of sizes; PAR learns nothing in
the few steps that a test can pay for (tests/test_par.py shows the label on a smaller panel)."""

CASES = [(key, domain) for domain in DOMAINS for key in LEARNERS[domain]]
REFUSED = [(key, d) for key in sorted(GENERATORS) for d in DOMAINS if key not in LEARNERS[d]]
STEPPING = [case for case in CASES if hasattr(create(case[0]).config, "learning_rate")]


@cache
def fitted(key: str, domain: str) -> Generator:
    return create(key, **OPTIONS[key]).fit(PANELS[domain](), seed=3)


def draw(generator: Generator, domain: str, n: int, seed: int = 1) -> SequencePanel:
    return sample(generator, n, seed=seed, length=LENGTHS[domain])


def same(one: SequencePanel, other: SequencePanel) -> bool:
    pairs = [(one.values, other.values), (one.context, other.context), (one.offsets, other.offsets)]
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_samples_have_the_layout_and_number_that_were_asked_for(key: str, domain: str) -> None:
    drawn = draw(fitted(key, domain), domain, 30)
    assert drawn.n_sequences == 30
    assert drawn.values.dtype == np.float64
    assert drawn.layout.fields == PANELS[domain]().layout.fields
    if domain == "market":
        assert (drawn.lengths == 7).all()
    else:
        clock = drawn.layout.clock
        assert clock is not None
        assert np.array_equal(drawn.lengths, clock.lengths(drawn.context))


@pytest.mark.parametrize("key", LEARNERS["events"])
def test_a_field_is_empty_where_it_does_not_apply(key: str) -> None:
    drawn = draw(fitted(key, "events"), "events", 200)
    absent = drawn.values[:, 0] < 2
    assert absent.any()
    assert (drawn.values[absent, 1] == 0).all()
    assert (drawn.values[~absent, 1] > 0).any()


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_the_same_seed_draws_the_same_bytes_and_another_seed_does_not(
    key: str, domain: str
) -> None:
    generator = fitted(key, domain)
    assert same(draw(generator, domain, 20), draw(generator, domain, 20))
    assert not same(draw(generator, domain, 20), draw(generator, domain, 20, seed=2))


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_a_smaller_sample_is_the_beginning_of_a_larger_one(key: str, domain: str) -> None:
    generator = fitted(key, domain)
    few = draw(generator, domain, 5)
    many = draw(generator, domain, generator.chunk + 3)
    assert same(few, many.take(np.arange(5)))


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_the_number_of_threads_does_not_change_a_sample(key: str, domain: str) -> None:
    before, generator = torch.get_num_threads(), fitted(key, domain)
    try:
        torch.set_num_threads(1)
        one = draw(generator, domain, 20)
        torch.set_num_threads(2)
        two = draw(generator, domain, 20)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert same(one, two)


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_a_stored_generator_draws_what_the_fitted_one_draws(
    key: str, domain: str, tmp_path: Path
) -> None:
    generator = fitted(key, domain)
    write_state(tmp_path, "generator", generator.state())
    stored = read_state(tmp_path, "generator")
    loaded = generator_type(key).from_state(stored, PANELS[domain]().layout)
    assert same(draw(generator, domain, 20), draw(loaded, domain, 20))


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_fit_twice_gives_the_same_generator(key: str, domain: str) -> None:
    again = create(key, **OPTIONS[key]).fit(PANELS[domain](), seed=3)
    assert same(draw(fitted(key, domain), domain, 20), draw(again, domain, 20))


@contextmanager
def global_randomness_untouched() -> Iterator[None]:
    """Fail when the block moves a global generator; each starts from a state of its own."""
    torch.manual_seed(5)
    np.random.seed(6)  # noqa: NPY002
    random.seed(7)
    before_torch, before_python = torch.get_rng_state(), random.getstate()
    before_numpy = np.random.get_state()  # noqa: NPY002
    before_cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    yield
    assert torch.equal(before_torch, torch.get_rng_state()), "torch"
    assert before_python == random.getstate(), "python"
    after_numpy = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before_numpy[1], after_numpy[1]), "numpy"
    assert before_numpy[2:] == after_numpy[2:], "numpy's place in its state"
    after_cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    assert all(torch.equal(a, b) for a, b in zip(before_cuda, after_cuda, strict=True)), "cuda"


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_the_callers_random_state_is_untouched(key: str, domain: str) -> None:
    with global_randomness_untouched():
        create(key, **OPTIONS[key]).fit(PANELS[domain](), seed=3)
    with global_randomness_untouched():
        draw(fitted(key, domain), domain, 5)


@pytest.mark.parametrize(("key", "domain"), CASES)
def test_the_panel_is_never_changed(key: str, domain: str) -> None:
    panel, untouched = PANELS[domain](), PANELS[domain]()
    generator = create(key, **OPTIONS[key]).fit(panel, seed=3)
    first = draw(generator, domain, 5)
    first.values[:] = 0.0
    first.context[:] = 0.0
    assert same(panel, untouched)
    again = draw(generator, domain, 5)
    assert again.values.any(), "what was drawn is the caller's own"


@pytest.mark.parametrize(("key", "domain"), REFUSED)
def test_a_panel_of_the_wrong_kind_is_refused_and_a_generator_that_can_is_named(
    key: str, domain: str
) -> None:
    with pytest.raises(TrainingError, match=f"'{key}' learns") as caught:
        create(key, **OPTIONS[key]).fit(PANELS[domain](), seed=3)
    named = {word for word in str(caught.value).split("'")[1::2] if word in GENERATORS}
    assert named - {key}
    assert named - {key} <= set(LEARNERS[domain])


@pytest.mark.parametrize(("key", "domain"), STEPPING)
def test_divergence_is_told_and_nothing_is_kept(key: str, domain: str) -> None:
    generator = create(key, **{**OPTIONS[key], "learning_rate": 1e9})
    with pytest.raises(TrainingError, match=r"diverged|collapsed"):
        generator.fit(PANELS[domain](), seed=3)
    with pytest.raises(NotFittedError):
        generator.state()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
@pytest.mark.parametrize(("key", "domain"), CASES)
def test_on_a_gpu_the_law_holds_too(key: str, domain: str, tmp_path: Path) -> None:
    options = dict(OPTIONS[key])
    if hasattr(create(key).config, "device"):
        options["device"] = "cuda"
    with global_randomness_untouched():
        generator = create(key, **options).fit(PANELS[domain](), seed=3)
        drawn = draw(generator, domain, 20)
    assert same(drawn, draw(generator, domain, 20))
    write_state(tmp_path, "generator", generator.state())
    stored = read_state(tmp_path, "generator")
    loaded = generator_type(key).from_state(stored, PANELS[domain]().layout)
    assert same(drawn, draw(loaded, domain, 20))


@pytest.mark.parametrize("key", LEARNERS["events"])
@pytest.mark.parametrize("label", [0, 1])
def test_a_wanted_label_is_drawn_exactly(key: str, label: int) -> None:
    drawn = sample(fitted(key, "events"), 40, seed=1, condition={"label": label})
    assert (drawn.context_codes("label") == label).all()


@pytest.mark.parametrize("key", sorted(set(LEARNERS["events"]) - DULL))
@pytest.mark.parametrize("label", [0, 1])
def test_a_wanted_label_tells_in_the_events(key: str, label: int) -> None:
    drawn = sample(fitted(key, "events"), 300, seed=1, condition={"label": label})
    top = np.floor(drawn.values[:, 2]) == 4
    assert top.mean() > 0.5 if label else top.mean() < 0.3


@pytest.mark.parametrize("key", LEARNERS["events"])
def test_wrong_wishes_of_events_are_refused_with_a_reason(key: str) -> None:
    generator = fitted(key, "events")
    with pytest.raises(RiskgenError, match=r"no context field 'lable'\. Known: 'label'"):
        sample(generator, 1, seed=0, condition={"lable": 1})
    with pytest.raises(RiskgenError, match="it has 2 levels"):
        sample(generator, 1, seed=0, condition={"label": 2})
    with pytest.raises(RiskgenError, match="draw their own length"):
        sample(generator, 1, seed=0, length=5)


@pytest.mark.parametrize("key", LEARNERS["market"])
def test_a_path_of_no_steps_is_refused_with_a_reason(key: str) -> None:
    with pytest.raises(RiskgenError, match="at least 1"):
        sample(fitted(key, "market"), 1, seed=0, length=0)


@pytest.mark.parametrize("key", sorted(GENERATORS))
def test_nothing_is_drawn_or_stored_before_fit(key: str) -> None:
    generator = create(key)
    with pytest.raises(NotFittedError):
        generator.sample_chunk(0, seed=0)
    with pytest.raises(NotFittedError):
        generator.state()


def test_an_unknown_generator_or_option_lists_what_is_known() -> None:
    with pytest.raises(RiskgenError, match=r"no generator 'timgan'\. Known: 'timegan'"):
        create("timgan")
    with pytest.raises(RiskgenError, match="does not take these options"):
        create("timegan", hiden=3)
