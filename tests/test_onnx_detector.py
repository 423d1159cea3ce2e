"""A model in ONNX scores as it says it does, and a hostile one does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_models import (
    ML,
    amount_model,
    column,
    external_model,
    matrix_model,
    model,
    pipeline_model,
    saved,
)
from small_bank import small_bank

from riskgen.errors import DataError, RiskgenError
from riskgen.evaluate.detection import onnx, onnx_file
from riskgen.evaluate.detection.onnx import open_model
from riskgen.evaluate.features.per_event import event_features
from riskgen.evaluate.features.rows import Lens

EVENTS = small_bank(30, seed=2)
AMOUNT = EVENTS.numbers("amount").astype(np.float32)


@pytest.mark.parametrize("shape", [(None, 1), (None,), ("rows", 1)])
def test_a_column_by_its_name_is_what_the_model_sees(tmp_path: Path, shape) -> None:  # type: ignore[no-untyped-def]
    scorer = open_model(saved(tmp_path, amount_model(shape=shape)), EVENTS)
    np.testing.assert_array_equal(scorer.score(EVENTS), AMOUNT)


@pytest.mark.parametrize("zipped", [True, False])
def test_an_exported_pipeline_gives_the_probability_of_the_second_class(
    tmp_path: Path, zipped: bool
) -> None:
    scorer = open_model(saved(tmp_path, pipeline_model(zipped)), EVENTS)
    expected = AMOUNT + 2.0 * (EVENTS.texts("country") != "DE")
    np.testing.assert_allclose(scorer.score(EVENTS), expected, rtol=1e-6)


def test_a_matrix_of_named_features_is_put_together_in_the_models_order(tmp_path: Path) -> None:
    names = ["log_gap", "amount", "category.level"]
    made = matrix_model(names)
    scorer = open_model(saved(tmp_path, made), EVENTS)
    values, known = event_features(EVENTS, Lens.of(EVENTS).levels)
    with pytest.raises(DataError, match=r"no finite score .* \(first for row 1\)"):
        scorer.score(EVENTS)  # the first event of a customer has no gap
    swapped = open_model(saved(tmp_path, matrix_model(["count_24h", *names[1:]])), EVENTS)
    np.testing.assert_array_equal(swapped.score(EVENTS), values[:, known.index("count_24h")])


def test_scores_do_not_depend_on_how_many_rows_go_at_once(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    scorer = open_model(saved(tmp_path, pipeline_model(False)), EVENTS)
    whole = scorer.score(EVENTS)
    monkeypatch.setattr(onnx, "ROWS", 7)
    np.testing.assert_array_equal(scorer.score(EVENTS), whole)


def test_missing_text_is_empty_and_time_is_in_seconds(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["when"], ["score"])
    inputs = [column("when", TensorProto.DOUBLE)]
    made = model([node], inputs, [column("score", TensorProto.DOUBLE)])
    scorer = open_model(saved(tmp_path, made), EVENTS)
    np.testing.assert_array_equal(scorer.score(EVENTS), EVENTS.seconds())


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            amount_model("income"),
            "Input 'income' .* no column .*'amount', 'category'.* Found: 'inc",
        ),
        (amount_model("fraud"), "Input 'fraud' of 'model.onnx' is no column"),
        (amount_model("category"), "or of another type"),
        (amount_model(shape=(1, 1)), "takes a fixed number of rows"),
        (amount_model(shape=(None, 3)), "Expected: one input a column"),
        (matrix_model(None, width=3), "metadata 'feature_names' names"),
        (matrix_model(["amount", "mood"]), r"asks for feature 'mood' \(1 unknown\). Known: amount"),
        (matrix_model(["amount"], width=2), "with the 1 columns that its metadata name"),
    ],
)
def test_what_a_model_asks_for_in_vain_is_told(tmp_path: Path, made, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=said):
        open_model(saved(tmp_path, made), EVENTS)


def test_classes_alone_are_no_score(tmp_path: Path) -> None:
    node = helper.make_node("Cast", ["amount"], ["label"], to=TensorProto.INT64)
    made = model([node], [column("amount")], [column("label", TensorProto.INT64)])
    with pytest.raises(DataError, match="not clear which output"):
        open_model(saved(tmp_path, made), EVENTS)


def test_more_than_two_classes_are_no_score(tmp_path: Path) -> None:
    node = helper.make_node("Concat", ["amount", "amount", "amount"], ["probability"], axis=1)
    made = model([node], [column("amount")], [column("probability", shape=(None, 3))])
    with pytest.raises(DataError, match="Expected one score"):
        open_model(saved(tmp_path, made), EVENTS).score(EVENTS)


# What a file could do that no model may.


def test_data_beside_the_model_are_read(tmp_path: Path) -> None:
    np.array([2.5], dtype=np.float32).tofile(tmp_path / "weights.bin")
    scorer = open_model(saved(tmp_path, external_model("weights.bin")), EVENTS)
    np.testing.assert_array_equal(scorer.score(EVENTS), AMOUNT + np.float32(2.5))


@pytest.mark.parametrize(
    "location", ["/etc/hostname", "../secret.bin", "a/../../secret.bin", "", "."]
)
def test_data_outside_the_models_folder_are_not_followed(tmp_path: Path, location: str) -> None:
    np.array([2.5], dtype=np.float32).tofile(tmp_path / "secret.bin")
    folder = tmp_path / "models"
    folder.mkdir()
    with pytest.raises(DataError, match="outside its own folder"):
        open_model(saved(folder, external_model(location)), EVENTS)


def test_a_link_out_of_the_folder_is_not_followed_either(tmp_path: Path) -> None:
    np.array([2.5], dtype=np.float32).tofile(tmp_path / "secret.bin")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "weights.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(DataError, match="outside its own folder"):
        open_model(saved(folder, external_model("weights.bin")), EVENTS)


def test_data_hidden_in_an_inner_graph_are_seen(tmp_path: Path) -> None:
    inner = external_model("/etc/hostname").graph
    made = amount_model()
    made.graph.node.append(
        helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)
    )
    with pytest.raises(DataError, match="outside its own folder"):
        open_model(saved(tmp_path, made), EVENTS)


def test_operators_that_are_not_standard_are_not_run(tmp_path: Path) -> None:
    for domain in ("com.microsoft", "com.evil"):
        node = helper.make_node("EPContext", ["amount"], ["score"], domain=domain)
        with pytest.raises(DataError, match=f"uses operators of '{domain}'"):
            open_model(
                saved(tmp_path, model([node], [column("amount")], [column("score")])), EVENTS
            )


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="at most"):
        open_model(saved(tmp_path, amount_model()), EVENTS)
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 300)
    np.zeros(200, dtype=np.float32).tofile(tmp_path / "weights.bin")
    with pytest.raises(DataError, match="and its data"):
        open_model(saved(tmp_path, external_model("weights.bin")), EVENTS)


def test_a_model_that_asks_for_more_memory_than_there_is_fails_in_words(tmp_path: Path) -> None:
    size = numpy_helper.from_array(np.array([2**61], dtype=np.int64), "size")
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["many"]),
        helper.make_node("ReduceSum", ["many"], ["one"]),
        helper.make_node("Add", ["amount", "one"], ["score"]),
    ]
    made = model(nodes, [column("amount")], [column("score")], [size])
    with pytest.raises(DataError, match=r"cannot be (opened|run)"):
        open_model(saved(tmp_path, made), EVENTS).score(EVENTS)


def test_a_failing_run_quotes_no_value_of_the_table(tmp_path: Path) -> None:
    node = helper.make_node("Cast", ["country"], ["score"], to=TensorProto.FLOAT)
    made = model([node], [column("country", TensorProto.STRING)], [column("score")])
    with pytest.raises(DataError, match="cannot be run") as told:
        open_model(saved(tmp_path, made), EVENTS).score(EVENTS)
    assert "DE" not in str(told.value)


def test_graphs_within_graphs_without_end_are_no_model(tmp_path: Path) -> None:
    message = b""
    for _ in range(300):  # attribute.graph.node of each other
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            message = tag + _varint(len(message)) + message
    with pytest.raises(DataError, match="not a model in ONNX"):
        onnx_file.inspect_onnx(b"\x3a" + _varint(len(message)) + message, "deep.onnx")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from([0, 1, 2]), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255))))
@example(0, [])
def test_a_damaged_model_is_refused_or_scores(tmp_path: Path, which: int, hits: list) -> None:  # type: ignore[type-arg]
    made = [amount_model(), pipeline_model(True), matrix_model(["amount"])][which]
    content = bytearray(made.SerializeToString())
    for place, value in hits:
        content[place % len(content)] = value
    path = tmp_path / "damaged.onnx"
    path.write_bytes(bytes(content))
    try:
        scores = open_model(path, EVENTS).score(EVENTS)
    except RiskgenError:
        return
    assert scores.shape == (EVENTS.n_events,)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_walked_or_refused(content: bytes) -> None:
    try:
        found = onnx_file.inspect_onnx(content, "any.onnx")
    except DataError:
        return
    assert found.has_graph


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.onnx").write_text("<html>")
    for place, said in (
        (tmp_path / "page.onnx", "not a model in ONNX"),
        (tmp_path / "none.onnx", "cannot be read"),
        (tmp_path, "not a file"),
    ):
        with pytest.raises(DataError, match=said):
            open_model(place, EVENTS)


def test_without_onnxruntime_it_is_said_what_to_install(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RiskgenError, match=r"pip install 'riskgen\[onnx\]'"):
        open_model(saved(tmp_path, amount_model()), EVENTS)


def test_a_model_says_nothing_on_the_screen(tmp_path: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    node = helper.make_node("Identity", ["nowhere"], ["score"], domain=ML)
    with pytest.raises(DataError):
        open_model(saved(tmp_path, model([node], [column("amount")], [column("score")])), EVENTS)
    open_model(saved(tmp_path, amount_model()), EVENTS).score(EVENTS)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
