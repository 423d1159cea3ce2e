"""What a stress does to events and paths: identity, monotone severity, money and labels."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from riskgen.data.derived.derivation import derive, openings
from riskgen.data.events import Events
from riskgen.data.schema import Channel, Schema
from riskgen.errors import ScenarioError
from riskgen.simulate import catalogue
from riskgen.simulate.behaviour import busiest_day, clustering, max_drawdown
from riskgen.simulate.mechanisms import sham_edit, stress_events
from riskgen.simulate.mechanisms.accounts import Accounts
from riskgen.simulate.mechanisms.markets.correlation import nearest_correlation, remix
from riskgen.simulate.mechanisms.markets.stressed_paths import measure_paths, stress_paths
from riskgen.simulate.mechanisms.night import is_night, times
from riskgen.simulate.mechanisms.validity import same_untouched, violations
from riskgen.simulate.scenario import StressScenario, parse_scenario

FRAUDS = [
    name
    for name in catalogue.names()
    if catalogue.load(name).domain == "transactions"
    and catalogue.load(name).mechanism == "transform"
]
# Those that happen across entities need neighbours to form rings of.
RINGS = ("merchant_collusion", "synthetic_identity_ring")
HEADLINE = {
    "ato_drain": "drain_ratio",
    "card_testing_burst": "n_auth",
    "bust_out": "utilisation",
    "mule_pass_through": "pass_ratio",
    "structuring_cash": "band_share",
    "merchant_collusion": "n_purchases",
    "app_scam": "amount_ratio",
    "synthetic_identity_ring": "thin_share",
}
GRID = (0.25, 0.5, 0.75, 1.0)


def bank_schema() -> Schema:
    """A bank with balances, devices, merchants, payees and row numbers."""
    money = {"kind": "amount", "decimals": 2, "dtype": "Float64"}
    said = {"kind": "category", "role": "channel", "dtype": "String"}
    return Schema(
        domain="transactions",
        resolution="clock",
        label_level="event",
        channels=(
            Channel(name="row", dtype="Int64", kind="identifier", role="row_id"),
            Channel(name="customer", dtype="String", kind="identifier", role="entity"),
            Channel(name="when", dtype="Datetime(us)", kind="timestamp", role="time"),
            Channel(name="size", role="derived", formula="absolute(signed)", **money),
            Channel(name="signed", role="channel", meaning="signed_amount", **money),
            Channel(
                name="left",
                role="derived",
                meaning="balance",
                formula="running_sum(signed)",
                **money,
            ),
            Channel(name="shop", meaning="merchant", **said),
            Channel(name="payee", meaning="counterparty", **said),
            Channel(name="country", meaning="country", **said),
            Channel(name="device", meaning="device", **said),
            Channel(name="fraud", dtype="Int8", kind="flag", role="label"),
        ),
    )


def bank(n_entities: int = 60, seed: int = 0) -> Events:
    """Customers with an income, own shops and one device each; no fraud."""
    rng = np.random.default_rng(seed)
    n = 40
    total = n_entities * n
    entity = np.repeat(np.arange(n_entities), n)
    income = np.tile(np.arange(n) % 8 == 0, n_entities)
    usual = np.repeat(rng.lognormal(3, 0.5, n_entities), n)
    signed = np.where(income, usual * 12, -usual * rng.lognormal(0, 0.4, total)).round(2)
    gaps = rng.exponential(40_000, total).reshape(n_entities, n).cumsum(axis=1).ravel()
    seconds = 1_700_000_000 + np.floor(gaps)
    transfer = rng.random(total) < 0.2
    shops = (entity * 3 + rng.integers(0, 8, total)) % 50
    frame = pl.DataFrame(
        {
            "row": np.arange(total),
            "customer": [f"c{item:03d}" for item in entity],
            "when": pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us")),
            "size": np.abs(signed),
            "signed": signed,
            "left": np.zeros(total),
            "shop": [None if t else f"M{s:02d}" for t, s in zip(transfer, shops, strict=True)],
            "payee": [f"P{e:03d}" if t else None for t, e in zip(transfer, entity, strict=True)],
            "country": np.where(rng.random(total) < 0.03, "FR", "DE"),
            "device": [f"D{e:03d}" for e in entity],
            "fraud": np.zeros(total, dtype=np.int8),
        }
    )
    return derive(Events.build(frame, bank_schema()), {"left": np.full(n_entities, 500.0)})


@cache
def bank_of(name: str) -> Events:
    """The bank, large enough for the scenario."""
    return bank(384) if name in RINGS else bank()


def every_amount(events: Events, affected: np.ndarray) -> np.ndarray:
    return np.abs(events.numbers("signed"))[affected]


@pytest.mark.parametrize("name", FRAUDS)
def test_severity_zero_is_the_base_itself(name: str) -> None:
    result = stress_events(bank_of(name), catalogue.load(name), severity=0, seed=1, share=1.0)
    assert result.events is bank_of(name)
    assert not result.touched.any()
    assert not result.affected.any()


@pytest.mark.parametrize("name", FRAUDS)
@pytest.mark.parametrize("severity", [0.1, 0.6, 1.0])
def test_a_stress_keeps_the_rules_of_its_table(name: str, severity: float) -> None:
    base = bank_of(name)
    result = stress_events(base, catalogue.load(name), severity=severity, seed=1, share=0.5)
    assert 0 < result.touched.sum() < base.n_entities
    assert violations(base, result) == 0
    assert same_untouched(base, result)
    seconds = result.events.seconds()
    assert all(np.all(np.diff(s) >= 0) for s in np.split(seconds, result.events.offsets[1:-1]))
    assert seconds.max() <= base.seconds().max()


@pytest.mark.parametrize("name", FRAUDS)
def test_untouched_customers_keep_every_row(name: str) -> None:
    base = bank_of(name)
    result = stress_events(base, catalogue.load(name), severity=1, seed=1, share=0.5)
    for entity in np.flatnonzero(~result.touched):
        one = np.array([entity])
        assert base.take(one).frame.equals(result.events.take(one).frame)


@pytest.mark.parametrize("name", FRAUDS)
def test_labels_stand_on_inserted_events_only(name: str) -> None:
    base = bank_of(name)
    result = stress_events(base, catalogue.load(name), severity=1, seed=1, share=0.5)
    assert np.array_equal(result.events.event_label(), result.affected)
    assert np.array_equal(result.events.entity_label(), result.touched)


@pytest.mark.parametrize("name", FRAUDS)
def test_balances_add_up_and_nobody_is_overdrawn_farther(name: str) -> None:
    base = bank_of(name)
    result = stress_events(base, catalogue.load(name), severity=1, seed=1, share=1.0)
    again = derive(result.events, openings(base))
    assert again.frame.equals(result.events.frame)
    lowest = np.minimum.reduceat(base.numbers("left"), base.offsets[:-1])
    now = np.minimum.reduceat(result.events.numbers("left"), result.events.offsets[:-1])
    assert np.all(now >= np.minimum(lowest, 0))


def test_a_takeover_drains_what_was_asked_for() -> None:
    base = bank()
    for severity in GRID:
        result = stress_events(
            base, catalogue.load("ato_drain"), severity=severity, seed=3, share=1
        )
        assert result.achieved["drain_ratio"] == pytest.approx(0.95 * severity, rel=0.1)
        assert result.achieved["new_device_prob"] == pytest.approx(
            result.requested["new_device_prob"], abs=0.15
        )


@pytest.mark.parametrize("name", FRAUDS)
def test_a_higher_severity_touches_the_same_customers_more(name: str) -> None:
    base, scenario = bank_of(name), catalogue.load(name)
    runs = [stress_events(base, scenario, severity=s, seed=2, share=0.5) for s in GRID]
    assert all(np.array_equal(run.touched, runs[0].touched) for run in runs)
    counts = [0, *(int(run.affected.sum()) for run in runs)]
    taken = [0.0, *(float(every_amount(r.events, r.affected).sum()) for r in runs)]
    inserted = [run.events.where(run.affected) for run in runs]
    busy = [busiest_day(Accounts.of(events)).mean() for events in inserted]
    assert counts == sorted(set(counts))
    assert taken == sorted(set(taken))
    assert busy == sorted(set(busy))
    headline = [run.achieved[HEADLINE[name]] for run in runs]
    assert headline == sorted(set(headline))


def test_the_vocabulary_stays_closed_and_new_names_are_new_to_everybody() -> None:
    base = bank()
    result = stress_events(base, catalogue.load("ato_drain"), severity=1, seed=1, share=1.0)
    for column in ("shop", "country"):
        assert set(result.events.codes(column)[1]) == set(base.codes(column)[1])
    inserted = result.events.texts("device")[result.affected]
    fresh = {name for name in inserted if name not in set(base.codes("device")[1])}
    assert len(fresh) > 40
    owners = result.events.owner[result.affected]
    assert all(len(set(owners[inserted == name])) == 1 for name in fresh)
    rows = result.events.numbers("row")
    assert len(np.unique(rows)) == result.events.n_events


def test_the_foreign_country_is_one_that_the_customer_never_used() -> None:
    base = bank()
    result = stress_events(base, catalogue.load("ato_drain"), severity=1, seed=1, share=1.0)
    assert result.achieved["country_change_share"] > 0
    was = [set(part) for part in np.split(base.texts("country"), base.offsets[1:-1])]
    home = {item for item in range(base.n_entities) if was[item] == {"DE"}}
    owners, countries = result.events.owner, result.events.texts("country")
    abroad = result.affected & (countries == "FR")
    assert home & set(owners[abroad].tolist())


@pytest.mark.parametrize("name", [name for name in FRAUDS if name not in RINGS])
def test_a_part_is_stressed_as_within_the_whole(name: str) -> None:
    base = bank()
    scenario = catalogue.load(name)
    whole = stress_events(base, scenario, severity=1, seed=5, share=0.5)
    rest = base.take(np.arange(20, base.n_entities))
    part = stress_events(rest, scenario, severity=1, seed=5, share=0.5, first=20)
    assert np.array_equal(part.touched, whole.touched[20:])


@pytest.mark.parametrize("name", FRAUDS)
def test_the_same_seed_gives_the_same_table_and_another_seed_does_not(name: str) -> None:
    base = bank_of(name)
    one, two, other = (
        stress_events(base, catalogue.load(name), severity=0.6, seed=s, share=0.5)
        for s in (1, 1, 2)
    )
    assert one.events.frame.equals(two.events.frame)
    assert not one.events.frame.equals(other.events.frame)


@pytest.mark.parametrize("name", ["ato_drain", "card_testing_burst"])
def test_a_table_without_balance_device_or_merchant_names_what_was_left_out(
    name: str, tiny_events: Events
) -> None:
    result = stress_events(tiny_events, catalogue.load(name), severity=1, seed=1, share=1.0)
    assert result.affected.any()
    assert violations(tiny_events, result) == 0
    left_out = {reason.split(":")[0] for reason in result.omitted}
    expected = {"new_device_prob", "drain_ratio", "where balance > 500"}
    assert (expected if name == "ato_drain" else {"decline_rate"}) <= left_out
    assert not left_out & set(result.requested)


def test_a_table_of_days_gets_no_time_of_day(tiny_events: Events) -> None:
    days = tiny_events.frame.with_columns(pl.col("when").dt.date())
    schema = tiny_events.schema
    result = stress_events(
        Events.build(days, schema), catalogue.load("ato_drain"), severity=1, seed=1, share=1.0
    )
    assert sum(reason.startswith("night_share") for reason in result.omitted) == 1
    assert result.affected.any()


def test_a_table_of_months_is_refused(tiny_events: Events) -> None:
    schema = tiny_events.schema.model_copy(update={"resolution": "month"})
    months = Events(schema, tiny_events.frame, tiny_events.offsets)
    with pytest.raises(ScenarioError, match="one row a month"):
        stress_events(months, catalogue.load("ato_drain"), severity=1, seed=1)


def test_labelled_customers_are_left_alone(tiny_events: Events) -> None:
    result = stress_events(tiny_events, catalogue.load("ato_drain"), severity=1, seed=1, share=1.0)
    assert not (result.touched & tiny_events.entity_label()).any()


def test_a_table_without_amounts_is_refused(tiny_events: Events) -> None:
    channels = [
        c.model_copy(update={"meaning": None}) if c.name == "amount" else c
        for c in tiny_events.schema.channels
    ]
    schema = tiny_events.schema.model_copy(update={"channels": tuple(channels)})
    blind = Events(schema, tiny_events.frame, tiny_events.offsets)
    with pytest.raises(ScenarioError, match="no column means one"):
        stress_events(blind, catalogue.load("ato_drain"), severity=1, seed=1)


def test_a_scenario_that_cannot_be_done_is_refused(tiny_events: Events) -> None:
    def changed(old: str, new: str) -> StressScenario:
        return parse_scenario(catalogue.text("ato_drain").replace(old, new), "mine")

    for scenario, said in (
        (catalogue.load("gfc_2008"), "is for market data"),
        (changed("mechanism: transform", "mechanism: reweight"), "Built so far"),
        (changed("amount_scale:", "amount_scales:"), "'amount_scale'"),
        (changed("balance > 500", "category > 500"), "Compare a column of numbers"),
    ):
        with pytest.raises(ScenarioError, match=said):
            stress_events(tiny_events, scenario, severity=1, seed=1)
    with pytest.raises(ScenarioError, match="not between 0 and 1"):
        stress_events(tiny_events, catalogue.load("ato_drain"), severity=2, seed=1)


def test_a_condition_keeps_out_those_for_whom_it_does_not_hold() -> None:
    text = catalogue.text("ato_drain").replace(
        "account_age_d > 90 and balance > 500", "balance > 1e9"
    )
    result = stress_events(bank(), parse_scenario(text, "mine"), severity=1, seed=1, share=1.0)
    assert not result.touched.any()
    assert result.achieved == {}


def test_card_testing_is_many_tiny_amounts_and_one_large() -> None:
    scenario = catalogue.load("card_testing_burst")
    result = stress_events(bank(), scenario, severity=1, seed=1, share=1.0)
    assert np.median(result.by_entity["gap_s"]) <= 60
    assert np.all(result.by_entity["n_auth"] >= 25)
    assert np.nanmean(result.by_entity["tiny_share"]) >= 0.9
    assert result.achieved["cash_out_scale"] == pytest.approx(10, rel=0.25)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_sham_edits_put_own_events_in_again_without_a_label(share: float) -> None:
    base = bank()
    result = sham_edit(base, share=share, seed=1)
    assert result.affected.any() == (share > 0)
    assert violations(base, result) == 0
    assert same_untouched(base, result)
    assert not result.events.event_label().any()
    own = set(zip(base.owner.tolist(), base.texts("shop"), base.texts("payee"), strict=True))
    events, at = result.events, result.affected
    copies = zip(events.owner[at], events.texts("shop")[at], events.texts("payee")[at], strict=True)
    assert {(int(e), s, p) for e, s, p in copies} <= own


def test_times_by_night_and_by_day_lie_in_their_windows() -> None:
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 1e6, 500)
    stop = start + rng.uniform(0, 2e5, 500)
    wanted = rng.random(500) < 0.5
    drawn = times(start, stop, rng.random(500), wanted)
    assert np.all((drawn >= start) & (drawn <= stop))
    whole_day = stop - start > 86_400
    assert np.array_equal(is_night(drawn)[whole_day], wanted[whole_day])


def paths(n: int = 200, horizon: int = 300, d: int = 3, seed: int = 0) -> np.ndarray:
    """Calm log returns with common factor and clustering of volatility."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 1, (n, horizon, 1))
    noise = 0.6 * common + 0.8 * rng.normal(0, 1, (n, horizon, d))
    slow = np.exp(0.3 * np.sin(np.arange(horizon) / 15))[None, :, None]
    return np.asarray(0.0003 + 0.01 * slow * noise)


def test_a_calm_market_at_severity_zero_is_the_same_array() -> None:
    base = paths(5, 20)
    assert stress_paths(base, catalogue.load("gfc_2008"), severity=0, seed=1) is base


def test_a_crisis_reaches_what_it_asks_for() -> None:
    # Jumps are common to all assets and correlate them further; here they are off.
    text = catalogue.text("gfc_2008").replace("at1: 0.05, scale: linear", "at1: 0, scale: linear")
    base, scenario = paths(), parse_scenario(text, "without jumps")
    for severity in (0.5, 1.0):
        stressed = stress_paths(base, scenario, severity=severity, seed=1)
        reached = measure_paths(base, stressed, scenario)
        for name in ("vol_scale", "correlation_shift"):
            assert reached[name] == pytest.approx(scenario.value(name, severity), rel=0.05)
        # The base's own noise is magnified: 200 paths of 230 days, standard error about 0.02.
        assert reached["drift_12m"] == pytest.approx(
            scenario.value("drift_12m", severity), abs=0.06
        )


def test_jumps_are_part_of_the_drift_and_not_on_top_of_it() -> None:
    base, scenario = paths(), catalogue.load("gfc_2008")
    stressed = stress_paths(base, scenario, severity=1, seed=1)
    reached = measure_paths(base, stressed, scenario)
    assert reached["drift_12m"] == pytest.approx(-0.5, abs=0.06)
    assert reached["vol_scale"] == pytest.approx(4, rel=0.05)


def test_a_crisis_is_monotone_in_severity() -> None:
    base, scenario = paths(), catalogue.load("gfc_2008")
    stressed = [stress_paths(base, scenario, severity=s, seed=1) for s in (0.0, *GRID)]
    losses = [float(np.median(max_drawdown(item))) for item in stressed]
    assert losses == sorted(set(losses))
    assert losses[-1] >= 0.45
    assert all(clustering(item) >= clustering(base) for item in stressed[1:])


def test_paths_of_a_part_are_those_of_the_whole_up_to_the_moments_of_the_part() -> None:
    base, scenario = paths(60, 100, 1), catalogue.load("gfc_2008")
    whole = stress_paths(base, scenario, severity=1, seed=1)
    part = stress_paths(base[40:], scenario, severity=1, seed=1, first=40)
    assert np.corrcoef(whole[40:].ravel(), part.ravel())[0, 1] > 0.999


def test_the_nearest_correlation_is_valid_and_leaves_a_valid_one_alone() -> None:
    # Higham 2002, section 4: this matrix has the nearest correlation given there.
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = nearest_correlation(matrix)
    assert np.allclose(np.diag(found), 1)
    assert np.linalg.eigvalsh(found)[0] >= -1e-12
    assert found[0, 1] == pytest.approx(0.7607, abs=1e-3)
    assert found[0, 2] == pytest.approx(0.1573, abs=1e-3)
    valid = found * 0.9 + 0.1 * np.eye(3)
    assert nearest_correlation(valid) is valid


def test_the_remix_turns_one_correlation_into_the_other() -> None:
    before, after = np.array([[1, 0.3], [0.3, 1]]), np.array([[1, 0.8], [0.8, 1]])
    turn = remix(before, after)
    assert np.allclose(turn @ before @ turn.T, after)
    assert np.allclose(remix(before, before), np.eye(2))


def test_an_exact_copy_of_an_asset_stays_finite() -> None:
    base = paths(20, 50, 2)
    twins = np.concatenate([base, base[:, :, :1]], axis=2)
    stressed = stress_paths(twins, catalogue.load("gfc_2008"), severity=1, seed=1)
    assert np.isfinite(stressed).all()
