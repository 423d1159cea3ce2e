"""From many measures to one answer each: is it faithful, does it leak.

Says no more than the measures do: what was not run or could not decide is
never counted as passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from riskgen.evaluate.result import MetricResult, Status
from riskgen.evaluate.verdict import Answer, Verdict

WEIGHTS = "privacy.weights"  # keys of attacks by someone who holds the weights
NAMED = 4  # measures that a sentence names [J]
AMBER_SHARE = 0.1  # amber measures that a yes may have: some are, by chance, at 1 % each [J]
_ONE_FIT = (
    "One fit of the generator: how much a new training run would change is not in the numbers."
)


def fidelity_verdict(metrics: Sequence[MetricResult]) -> Verdict:
    """Answer whether the synthetic data is faithful.

    YES: no rule broken, two-sample tests green, nothing red, next to nothing
    amber. LIMITED: rules kept and two-sample tests at most amber. NO: otherwise.
    """
    tests = [m for m in metrics if m.metric.startswith("fidelity.c2st") and m.estimate]
    if not tests:
        reason = next((m.reason for m in metrics if m.reason), "Nothing could be measured.")
        return Verdict("fidelity", "NO EVIDENCE", reason, "INCONCLUSIVE")
    others = [m for m in metrics if m.band is not None and m not in tests]
    broken = [m for m in metrics if m.metric == "fidelity.validity" and m.status == "FAIL"]
    answer, status = _faithful(tests, others, bool(broken))
    return Verdict(
        "fidelity",
        answer,
        " ".join([_told_apart(tests), _standing(others), *(_broken_rules(m) for m in broken)]),
        status,
        [_ONE_FIT, *_unsettled(metrics)],
    )


def _faithful(
    tests: Sequence[MetricResult], others: Sequence[MetricResult], broken: bool
) -> tuple[Answer, Status]:
    if broken or any(m.band == "red" for m in tests):
        return "NO", "FAIL"
    red = any(m.band == "red" for m in others)
    amber = sum(m.band == "amber" for m in others) > AMBER_SHARE * len(others)
    if any(m.status == "FAIL" for m in tests) or red or amber:
        return "LIMITED", "FAIL"
    if any(m.status == "INCONCLUSIVE" for m in tests):
        return "NO EVIDENCE", "INCONCLUSIVE"
    return "YES", "PASS"


def _broken_rules(validity: MetricResult) -> str:
    worst = sorted(validity.by.items(), key=lambda item: -item[1].value)
    names = [name for name, share in worst if share.value > 0][:NAMED]
    share = validity.estimate.value if validity.estimate else 0.0
    return f"{100 * share:.2g} % of events break a rule ({'; '.join(names)})."


def _told_apart(tests: Sequence[MetricResult]) -> str:
    worst = max(tests, key=lambda m: m.estimate.value if m.estimate else 0.0)
    found = worst.estimate
    assert found is not None
    floor = "" if worst.floor is None else f"; real against real {worst.floor.value:.2f}"
    use = {
        "green": "A classifier can hardly tell",
        "amber": "Usable for volume and robustness tests, not for claims of realism: "
        "a classifier often tells",
        "red": "A classifier easily tells",
    }[worst.band or "amber"]
    group = worst.title.rsplit(", ", 1)[-1]
    return (
        f"{use} synthetic customers from real ones ({group}: AUC {found.value:.2f}, 95 % CI "
        f"[{found.lower:.2f}, {found.upper:.2f}]; 0.50 is perfect{floor})."
    )


def _standing(others: Sequence[MetricResult]) -> str:
    green = sum(m.band == "green" and m.status == "PASS" for m in others)
    text = f"{green} of {len(others)} other measures are within the noise among real customers"
    bad = [m for m in others if m.band in ("red", "amber")]
    bad.sort(key=lambda m: m.band != "red")
    if not bad:
        return text + "."
    more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    return f"{text}; not: {'; '.join(m.title for m in bad[:NAMED])}{more}."


def privacy_verdict(metrics: Sequence[MetricResult]) -> Verdict:
    """Answer whether customers leak: YES if any attack succeeds, NO if all had power and failed.

    The answer is about the synthetic table. What the weights hold is said beside
    it: weights are personal data, whatever the table gives away (PROTOCOL C9, P8).
    """
    weights = [m for m in metrics if m.metric.startswith(WEIGHTS)]
    metrics = [m for m in metrics if m not in weights]
    failed = [m for m in metrics if m.status == "FAIL"]
    open_ = [m for m in metrics if m.status in ("INCONCLUSIVE", "NOT_RUN")]
    caveats = [
        f"Attacks by someone who holds the synthetic table only. {_of_weights(weights)}",
        "No differential-privacy guarantee is claimed.",
        *_unsettled(metrics),
    ]
    if failed:
        names = "; ".join(m.title for m in failed[:NAMED])
        more = f" and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
        return Verdict(
            "privacy", "YES", f"Leakage was detected by: {names}{more}.", "FAIL", caveats
        )
    passed = sum(m.status == "PASS" for m in metrics)
    if open_ or not passed:
        return Verdict(
            "privacy",
            "NO EVIDENCE",
            f"No leakage was detected by {passed} measures, but {len(open_)} could not decide "
            f"({'; '.join(m.title for m in open_[:NAMED])}).",
            "INCONCLUSIVE",
            caveats,
        )
    return Verdict(
        "privacy",
        "NO",
        f"No leakage was detected by the {passed} listed attacks and checks at the stated power.",
        "PASS",
        caveats,
    )


def _of_weights(weights: Sequence[MetricResult]) -> str:
    found = next((m for m in weights if m.metric == f"{WEIGHTS}.auc" and m.estimate), None)
    if found is None or found.estimate is None:
        return "Weights are another threat; release samples, not weights."
    return (
        f"Someone with the weights tells members from strangers with an AUC of "
        f"{found.estimate.value:.2f} (95 % CI [{found.estimate.lower:.2f}, "
        f"{found.estimate.upper:.2f}]): release samples, not weights."
    )


def hasty(verdict: Verdict) -> Verdict:
    """Take green away from a verdict of a quick evaluation (PROTOCOL 0.2)."""
    if verdict.status != "PASS":
        return verdict
    note = "Quick evaluation: nothing it finds counts as passed."
    return replace(verdict, status="INCONCLUSIVE", caveats=[note, *verdict.caveats])


def _unsettled(metrics: Sequence[MetricResult]) -> list[str]:
    open_ = [m for m in metrics if m.status in ("INCONCLUSIVE", "NOT_RUN") and m.reason]
    return [f"{m.title}: {m.reason}" for m in open_]
