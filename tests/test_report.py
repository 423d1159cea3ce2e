"""The report as a file: what it claims, what it escapes, and that it never changes by itself."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from report_sample import (
    NASTY,
    market_metrics,
    only,
    sample_breaking_points,
    sample_manifest,
    sample_results,
    sample_simulations,
    sample_training,
)

from riskgen.evaluate.verdict import Results, Verdict
from riskgen.report.blocks import Chip, Gallery, Group, Measure, Prose, Table
from riskgen.report.charts import chart_of
from riskgen.report.document import Document, build_document
from riskgen.report.figures import figure, library
from riskgen.report.html import POLICY, charts_of, render
from riskgen.report.theme import DARK, LIGHT, line_styles
from riskgen.report.wording import bound, number, plain

MARKS = "\u202eevil\u2066\u200f"


def document(**options: Any) -> Document:
    told = (sample_manifest(), sample_training(), sample_simulations(), sample_breaking_points())
    return build_document(sample_results(**options), *told)


@pytest.fixture(scope="module")
def page() -> str:
    return render(document())


def own_part(html: str) -> str:
    """Return the page without plotly's own library."""
    return html.replace(library(), "")


def markup(html: str) -> str:
    """Return the page without any script or style: what is left where those are stripped."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)


def card(results: dict[str, Any], question: str = "fidelity") -> Any:
    built = build_document(results, {"data": {"origin": "real"}})
    return next(item for item in built.cards if item.question == question)


def test_the_same_run_gives_the_same_bytes(page: str) -> None:
    assert render(document()) == page


def test_the_policy_is_the_protocols_to_the_letter(page: str) -> None:
    expected = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; font-src data:"
    )
    assert expected == POLICY
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    assert found[1].replace("&#39;", "'") == expected


def test_nothing_in_the_page_points_at_a_server(page: str) -> None:
    own = own_part(page)
    assert not re.search(r"(?:src|href|action|poster|data)\s*=\s*[\"']?\s*(?:https?:)?//", own)
    assert "url(" not in own
    assert "@import" not in own


def test_the_page_stays_within_its_size(page: str) -> None:
    assert page.count(library()) == 1
    assert len(page.encode()) < 6_000_000


def test_the_embedded_results_are_the_results_and_the_footer_has_their_hash(page: str) -> None:
    found = re.search(r'<script type="application/json" id="results">(.*?)</script>', page)
    assert found is not None
    embedded = json.loads(found[1])
    assert embedded == sample_results()
    text = json.dumps(embedded, indent=1, ensure_ascii=False) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest() in markup(page)


def test_the_hash_is_that_of_the_file_that_riskgen_writes(tmp_path: Any) -> None:
    from riskgen.runs import file_hash, read_json, write_json

    path = tmp_path / "results.json"
    write_json(path, sample_results())
    assert build_document(read_json(path), {}).digest == file_hash(path)


def test_a_column_called_script_is_shown_and_not_run(page: str) -> None:
    assert NASTY not in page
    assert "&lt;script&gt;alert" in markup(page)
    assert page.count("<script") == own_part(page).count("<script") + library().count("<script")
    assert own_part(page).count("<script") == 5


def test_a_name_in_a_chart_is_escaped_for_plotlys_own_little_html() -> None:
    curves = {'<a href="javascript:alert(1)">x</a>': {"x": [1, 2], "y": [0, 1]}}
    chart = chart_of("c", "any", "t", curves)
    assert chart is not None
    assert figure(chart)["data"][0]["name"].startswith("&lt;a")


def test_direction_marks_are_made_visible_everywhere() -> None:
    results = sample_results()
    results["metrics"][0]["title"] = MARKS
    results["metrics"][0]["curves"][MARKS] = {"x": [1], "y": [1]}
    results["verdicts"][0]["sentence"] = MARKS
    shown = markup(render(build_document(results, sample_manifest())))
    assert not set(MARKS) & set(shown) - set("evil")
    assert "�evil��" in shown


def test_a_name_of_5000_letters_is_cut() -> None:
    assert plain("x" * 5000) == "x" * 79 + "…"
    results = sample_results()
    results["metrics"][0]["title"] = "long" * 1250
    results["metrics"][0]["by"] = {"y" * 5000: results["metrics"][0]["estimate"]}
    shown = markup(render(build_document(results, sample_manifest())))
    assert "long" * 40 not in shown
    assert "y" * 90 not in shown


def test_the_path_of_the_table_stays_at_home(page: str) -> None:
    assert "berka_transactions" in page
    assert "/home/somebody" not in page


def test_every_verdict_and_number_is_there_without_scripts(page: str) -> None:
    still = markup(page)
    for verdict in sample_results()["verdicts"]:
        assert verdict["answer"] in still
        assert verdict["sentence"] in still.replace("&#39;", "'")
    for metric in sample_results()["metrics"]:
        if metric["estimate"] is not None:
            assert number(metric["estimate"]["value"]) in still
    assert still.count("<noscript>") == len(charts_of(document()))
    assert still.count('<svg class="sketch"') == len(charts_of(document()))


@pytest.mark.parametrize("status", ["FAIL", "INCONCLUSIVE", "NOT_RUN", "NOT_APPLICABLE"])
def test_nothing_but_a_pass_is_green(status: str) -> None:
    built = build_document(only(status), {"data": {"origin": "real"}})
    shown = markup(render(built))
    # The legend of statuses explains the word; no element may carry the class.
    assert not re.search(r'class="[^"]*\bpass\b', shown)


def test_a_pass_is_green() -> None:
    assert card(only("PASS")).chip.tone == "pass"
    assert re.search(r'class="card pass"', render(build_document(only("PASS"), {})))


def test_measures_without_a_verdict_are_not_taken_for_one() -> None:
    results = only("PASS")
    results["verdicts"] = []
    assert card(results).answer == "NOT RUN"
    assert "no verdict was drawn" in card(results).sentence


def test_a_card_counts_what_failed_beside_its_answer() -> None:
    results = only("PASS")
    results["metrics"][0]["status"] = "FAIL"
    assert card(results).tally == "6 pass, 1 fail"


def test_a_pass_beside_another_answer_is_a_contradiction_and_not_green() -> None:
    assert card(only("PASS", "NO")).chip.tone == "unclear"


def test_a_quick_run_cannot_be_green() -> None:
    results = only("PASS")
    results["facts"]["quick"] = True
    assert card(results).chip.tone == "unclear"
    assert card(results).answer == "NO EVIDENCE"
    assert "quick run cannot pass" in card(results).caveats[0]


def test_a_simulated_bank_caps_the_utility_verdict_and_says_so_first() -> None:
    shown = document(simulated=True)
    utility = next(item for item in shown.cards if item.question == "utility")
    assert "capped" in shown.banners[0].text
    assert utility.answer == "MECHANISM CHECK ONLY"
    assert utility.chip.tone == "fail"
    assert "Circular" in utility.caveats[0]


def test_a_cap_is_said_again_above_the_evidence() -> None:
    utility = next(part for part in document(simulated=True).sections if part.id == "utility")
    assert utility.blocks[0] == Prose(
        "Circular: the frauds of the test were simulated too.", "fail"
    )


def test_a_report_on_prices_leads_with_what_was_asked_of_prices() -> None:
    verdict = Verdict("market", "YES", "Tails and clusters are right.", "PASS")
    results = Results(market_metrics(), [verdict], {"simulated": False}).to_json()
    built = build_document(results, {"domain": "market", "data": {"origin": "real"}})
    assert built.cards[0].question == "market"
    assert "privacy" not in [part.id for part in built.sections]


def test_many_caveats_are_cut_on_the_card_and_whole_below() -> None:
    results = only("PASS")
    results["verdicts"][0]["caveats"] = [f"Caveat number {n}." for n in range(9)]
    assert card(results).caveats[-1] == "And 6 more: see Limits and sign-off."
    assert "Caveat number 8." in render(build_document(results, {}))


def test_an_unstated_origin_is_said_in_a_banner() -> None:
    results = only("PASS")
    results["facts"] = {}
    built = build_document(results, {"data": {"origin": "not stated"}})
    assert "Nobody stated" in built.banners[0].text


def test_a_question_that_was_not_asked_is_not_run() -> None:
    asked_once = only("PASS")
    assert card(asked_once, "privacy").answer == "NOT RUN"
    assert card(asked_once, "privacy").chip.tone == "idle"


def test_amber_and_red_are_told_apart() -> None:
    verdicts = [Verdict("fidelity", "LIMITED", "s", "FAIL"), Verdict("privacy", "YES", "s", "FAIL")]
    results = Results([], verdicts, {}).to_json()
    assert card(results, "fidelity").chip.word == "Limited"
    assert card(results, "privacy").chip.word == "Fail"


def test_a_colour_never_stands_alone(page: str) -> None:
    chips = re.findall(r'<span class="chip \w+">(.*?)</span>', markup(page), flags=re.DOTALL)
    assert len(chips) > 20
    assert all("<svg" in chip and re.sub(r"<.*?>", "", chip).strip() for chip in chips)


def test_the_report_promises_nothing_that_it_cannot_know(page: str) -> None:
    words = markup(page).lower()
    assert "anonymous" not in words
    assert "compliant" not in words
    assert "no differential-privacy guarantee is claimed." in words
    assert "no leakage detected by the listed attacks at the stated power" in words


def test_every_threshold_says_who_stands_behind_it(page: str) -> None:
    for words in ("our judgement", "published convention", "regulatory text"):
        assert words in page
    assert "Carlini et al. 2022" in page


def test_dropped_personal_columns_are_listed(page: str) -> None:
    assert "iban: looks like an account number" in page


def test_requested_and_achieved_stand_side_by_side(page: str) -> None:
    assert re.search(r"amount_multiplier.*?3.*?2\.91.*?−3\.0 %", markup(page), flags=re.DOTALL)
    assert "2 of 3 assertions held" in page


def test_an_assertion_that_was_not_asked_is_not_green() -> None:
    part = next(part for part in document().sections if part.id == "scenarios")
    burst = next(b for b in part.blocks if isinstance(b, Group) and "merchant" in b.caption)
    assert burst.chip == Chip("idle", "1 of 2 assertions held")


def test_what_else_a_scenario_moved_is_told_and_what_was_meant_is_not_red() -> None:
    part = next(part for part in document().sections if part.id == "scenarios")
    burst = next(b for b in part.blocks if isinstance(b, Group) and "merchant" in b.caption)
    moved = next(b for b in burst.blocks if isinstance(b, Table) and "moved" in b.caption)
    assert [row[-1] for row in moved.rows] == [Chip("fail", "moved"), Chip("idle", "meant to move")]


def test_columns_and_what_was_left_out_are_told_in_words() -> None:
    facts = {
        "scenario": "x",
        "severity": 1.0,
        "roles": {"x": {"amount": "betrag", "device": None}},
        "omitted": ["night_share: the table does not know the time of day"],
    }
    made = build_document(Results([], [], {}).to_json(), {}, (), [facts])
    part = next(part for part in made.sections if part.id == "scenarios")
    (group,) = (b for b in part.blocks if isinstance(b, Group))
    words = " ".join(b.text for b in group.blocks if isinstance(b, Prose))
    assert "amount is 'betrag'" in words
    assert "no column plays: device" in words
    assert "Left out: night_share" in words


def test_a_precedent_is_told_in_words() -> None:
    past = {
        "feature": "max_drawdown",
        "sentence": "max_drawdown: no precedent in 20 years of data; about once in 83 years "
        "(47 years to no bound).",
    }
    facts = {
        "scenario": "x",
        "severity": 1.0,
        "precedents": [past, {"reason": "the table has moved"}],
    }
    made = build_document(Results([], [], {}).to_json(), {}, (), [facts])
    part = next(part for part in made.sections if part.id == "scenarios")
    (group,) = (b for b in part.blocks if isinstance(b, Group))
    words = [b.text for b in group.blocks if isinstance(b, Prose)]
    assert any("47 years to no bound" in text for text in words)
    assert any("table has moved" in text for text in words)


def test_a_breaking_point_is_a_sentence_a_curve_and_a_table() -> None:
    part = next(part for part in document().sections if part.id == "breaking-points")
    assert [block.kind for block in part.blocks] == ["table", "measure", "measure"]
    shown = next(block for block in part.blocks if isinstance(block, Measure))
    assert "recall falls below 50%" in shown.reason
    (chart,) = shown.charts
    assert [(item.name, item.role) for item in chart.series[1:]] == [
        ("chance", "guide"),
        ("target", "guide"),
        ("sham edits, no fraud", "control"),
        ("breaking point", "guide"),
    ]
    assert chart.series[0].lower
    assert chart.series[-1].x == (1.0, 1.0)
    assert "Below the target: until 1." in chart.words
    found, time, money = shown.tables
    assert found.rows[0] == ("0.25", "0.05 [0.00, 0.15]", "0.02")
    assert "sham edits" in str(found.rows[-1][0])
    assert time.rows[0][1] == "–"
    assert time.rows[1] == ("0.5", "2.2 [0.2, 6.2]", "0.4 [0.3, 0.5]")
    assert money.rows[1][1] == "720 [220, 1,720]"


def test_guides_of_one_chart_do_not_look_alike() -> None:
    styles = line_styles(["arm", "guide", "guide", "guide", "control"])
    assert len(set(styles)) == len(styles)


def test_one_table_stands_over_all_breaking_points() -> None:
    part = next(part for part in document().sections if part.id == "breaking-points")
    table = part.blocks[0]
    assert isinstance(table, Table)
    assert [row[:2] for row in table.rows] == [
        ("account-takeover-drain", "trees"),
        ("app-scam", "yours"),
    ]
    assert table.rows[0][2] == Chip("limited", "until 1")


@pytest.mark.parametrize(
    ("changes", "chip"),
    [
        ({"breaks": "too few cases", "too_few": True}, Chip("unclear", "too few cases")),
        ({"breaks": "chance only"}, Chip("fail", "chance only")),
        ({"breaks": "nowhere", "broken_at": None}, Chip("idle", "nowhere")),
        ({"breaks": "at 0.5", "broken_at": 0.5}, Chip("limited", "at 0.5")),
    ],
)
def test_no_breaking_point_is_ever_green(changes: dict[str, Any], chip: Chip) -> None:
    facts = {**sample_breaking_points()[0], **changes}
    made = build_document(Results([], [], {}).to_json(), {}, (), (), [facts])
    part = next(part for part in made.sections if part.id == "breaking-points")
    table = part.blocks[0]
    assert isinstance(table, Table)
    assert table.rows[0][1] == chip
    drawn = next(b for b in part.blocks if isinstance(b, Measure)).charts[0]
    marked = [item.x[0] for item in drawn.series if item.name == "breaking point"]
    assert marked == {"chance only": [1.0], "at 0.5": [0.5]}.get(chip.word, [])


def test_real_frauds_stand_before_rehearsed_ones() -> None:
    sample = sample_breaking_points()[0]
    real = {"kind": "real test", "detector": "yours", "n_fraud": 12, "toll": sample["toll"][1]}
    real |= {name: sample["recall"][1] for name in ("recall", "precision", "chance")}
    made = build_document(Results([], [], {}).to_json(), {}, (), (), [sample, real])
    part = next(part for part in made.sections if part.id == "breaking-points")
    first, second = part.blocks[:2]
    assert isinstance(first, Table)
    assert isinstance(second, Table)
    assert first.rows[0] == (
        *("yours", "0.18 [0.13, 0.28]", "0.18", "0.18 [0.13, 0.28]"),
        *("2.2", "82 %", "12"),
    )
    assert len(second.rows) == 1


def test_without_a_breaking_point_there_is_no_section() -> None:
    empty = build_document(Results([], [], {}).to_json(), {})
    assert "breaking-points" not in [part.id for part in empty.sections]


def test_command_lines_give_what_was_simulated(page: str) -> None:
    line = "riskgen simulate --stress merchant-burst --severity 0.25 --scenarios 10000 --seed 3"
    assert line in page
    assert "riskgen simulate --seed 3" in page


def test_every_act_of_a_grid_has_its_own_part_and_one_command_line(page: str) -> None:
    part = next(part for part in document().sections if part.id == "scenarios")
    groups = [b.caption for b in part.blocks if isinstance(b, Group)]
    assert [c for c in groups if c[:2] in ("a-", "b-")] == [
        "a-drain, severity 0.5",
        "b-burst, severity 0.5",
        "a-drain, severity 1",
        "b-burst, severity 1",
    ]
    line = "riskgen simulate --stress a-drain+b-burst --severity 0.5,1 --scenarios 400 --seed 3"
    assert line in page


def test_an_empty_evaluation_still_makes_a_report() -> None:
    shown = render(build_document(Results([], [], {}).to_json(), {}))
    assert "No measure of this question was run." in shown
    assert "No stress scenario was simulated" in shown


@pytest.mark.parametrize(
    ("metric", "x", "y", "form"),
    [
        ("fidelity.marginals.amount", [1.0, 2.0], [0.1, 1.0], "ecdf"),
        ("fidelity.marginals.amount", [1.0, 2.0], [3.0, 9.0], "lines"),
        ("fidelity.marginals.country", ["DE", "FR"], [0.6, 0.4], "bars"),
        ("privacy.membership.tpr", [0.01, 1.0], [0.01, 1.0], "roc"),
        ("anything.roc", [0.01, 1.0], [0.01, 1.0], "roc"),
        ("fidelity.c2st.all", [0.0, 1.0], [0.0, 1.0], "separation"),
        ("fidelity.gaps", [1.0, 9.0], [0.1, 1.0], "ecdf"),
        ("utility.recall", [0.0, 1.0], [1.0, 0.0], "pr"),
        ("utility.scarcity", [10, 20], [0.3, 0.4], "lines"),
        ("market.fan", [0, 1], [0.0, 0.1], "fan"),
        ("market.acf.squares", [1, 2], [0.2, 0.1], "acf"),
        ("market.loss.tail", [0.1, 0.2], [0.5, 0.1], "tail"),
        ("something.else", [0, 1], [0, 1], "lines"),
    ],
)
def test_the_key_of_a_measure_chooses_its_chart(
    metric: str, x: list[Any], y: list[Any], form: str
) -> None:
    curves = {"real": {"x": x, "y": y, "lower": y, "upper": y}, "synthetic": {"x": x, "y": y}}
    chart = chart_of("c", metric, "t", curves)
    assert chart is not None
    assert chart.form == form
    drawn = figure(chart)
    json.dumps(drawn, allow_nan=False)
    assert len(drawn["data"]) >= 2


def test_missing_values_and_empty_curves_break_no_chart() -> None:
    curves = {"real": {"x": [1, None, 3], "y": [0.1, 0.2, None]}, "synthetic": {"x": [], "y": []}}
    chart = chart_of("c", "market.acf", "t", curves)
    assert chart is not None
    assert [series.name for series in chart.series] == ["real"]
    assert "1 more series not drawn" in chart.words
    assert chart_of("c", "k", "t", {"synthetic": {"x": [], "y": []}}) is None


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    values = list(range(100_000))
    chart = chart_of("c", "k", "t", {"real": {"x": values, "y": values}})
    assert chart is not None
    assert len(chart.series[0].x) <= 300
    assert (chart.series[0].x[0], chart.series[0].x[-1]) == (0.0, 99_999.0)


def test_real_and_synthetic_keep_their_colours_in_every_chart() -> None:
    for form in ("market.acf", "fidelity.marginals.a", "market.x.tail"):
        curves = {n: {"x": [1.0, 2.0], "y": [0.2, 0.4]} for n in ("synthetic", "arm A", "real")}
        chart = chart_of("c", form, "t", curves)
        assert chart is not None
        colours = {t["name"]: t["line"]["color"] for t in figure(chart)["data"]}
        assert colours["real"] == LIGHT["real"]
        assert colours["synthetic"] == LIGHT["synthetic"]
        assert colours["arm A"] not in {LIGHT["real"], LIGHT["synthetic"]}


def test_every_chart_has_its_own_fixed_place(page: str) -> None:
    places = [chart.id for chart in charts_of(document())]
    assert len(places) == len(set(places)) > 10
    assert all(f'id="{place}"' in page for place in places)


def test_marginals_stand_together_as_small_multiples() -> None:
    fidelity = next(part for part in document().sections if part.id == "fidelity")
    headline, gallery, *others = fidelity.blocks
    assert isinstance(headline, Measure)
    assert headline.key == "fidelity.c2st"
    assert isinstance(gallery, Gallery)
    assert len(gallery.measures) == 5
    assert all(isinstance(block, Measure) for block in others)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("tone", ["pass", "limited", "fail", "unclear", "idle"])
def test_status_words_can_be_read_against_their_ground(palette: dict[str, str], tone: str) -> None:
    assert contrast(palette[tone], palette[f"{tone}-soft"]) >= 4.5
    assert contrast(palette[tone], palette["surface"]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_curves_can_be_read_against_their_ground(palette: dict[str, str]) -> None:
    for ground in ("paper", "surface", "sunken"):
        assert contrast(palette["ink"], palette[ground]) >= 7
        assert contrast(palette["muted"], palette[ground]) >= 4.5
        assert contrast(palette["accent"], palette[ground]) >= 4.5
    for curve in ("real", "synthetic", "control", "arm1", "arm2", "arm3", "arm4", "arm5"):
        assert contrast(palette[curve], palette["surface"]) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, 1.4.3)."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.71349, "0.713"),
        (-0.01, "−0.010"),
        (12.345, "12.35"),
        (1600.0, "1,600"),
        (0.0004, "0.0004"),
        (2e-7, "2.0e−07"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_are_printed_one_way(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_bound_is_said_in_the_direction_that_is_good() -> None:
    from riskgen.evaluate.result import Threshold

    threshold = Threshold(0.65, 0.8, "J", "ours")
    assert bound(threshold, "lower") == "pass ≤ 0.65, fail > 0.8"
    assert bound(Threshold(0.02, 0.0, "J", "ours"), "higher") == "pass ≥ 0.02, fail < 0"
