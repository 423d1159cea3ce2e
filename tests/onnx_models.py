"""Small models in ONNX, as exporters make them, and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

ML = "ai.onnx.ml"
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)]
FLOAT, TEXT = TensorProto.FLOAT, TensorProto.STRING


def column(name: str, kind: int = FLOAT, shape: tuple[Any, ...] = (None, 1)) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    tensors: list[Any] | None = None,
    opsets: list[Any] | None = None,
    names: list[str] | None = None,
) -> ModelProto:
    graph = helper.make_graph(nodes, "detector", inputs, outputs, tensors or [])
    made = helper.make_model(graph, opset_imports=opsets or OPSETS, ir_version=8)
    if names is not None:
        helper.set_model_props(made, {"feature_names": json.dumps(names)})
    return made


def saved(folder: Path, made: ModelProto, name: str = "model.onnx") -> Path:
    path = folder / name
    path.write_bytes(made.SerializeToString())
    return path


def amount_model(name: str = "amount", shape: tuple[Any, ...] = (None, 1)) -> ModelProto:
    """Scores an event by a column alone."""
    node = helper.make_node("Identity", [name], ["score"])
    return model([node], [column(name, shape=shape)], [column("score", shape=shape)])


def pipeline_model(zipped: bool) -> ModelProto:
    """Two raw columns, probabilities of two classes: what scikit-learn's exporter makes."""
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["country"],
            ["abroad"],
            domain=ML,
            keys_strings=["DE"],
            values_floats=[0.0],
            default_float=2.0,
        ),
        helper.make_node("Add", ["amount", "abroad"], ["high"]),
        helper.make_node("Neg", ["high"], ["low"]),
        helper.make_node("Concat", ["low", "high"], ["both"], axis=1),
        helper.make_node("Cast", ["amount"], ["label"], to=TensorProto.INT64),
    ]
    outputs = [column("label", TensorProto.INT64)]
    if zipped:
        nodes.append(
            helper.make_node(
                "ZipMap", ["both"], ["probability"], domain=ML, classlabels_int64s=[0, 1]
            )
        )
        kind = helper.make_map_type_proto(
            TensorProto.INT64, helper.make_tensor_type_proto(FLOAT, None)
        )
        listed = helper.make_sequence_type_proto(kind)
        outputs.append(helper.make_value_info("probability", listed))
    else:
        nodes.append(helper.make_node("Identity", ["both"], ["probabilities"]))
        outputs.append(column("probabilities", shape=(None, 2)))
    return model(nodes, [column("amount"), column("country", TEXT)], outputs)


def matrix_model(names: list[str] | None, width: int | None = None) -> ModelProto:
    """A linear model of named features; the first weighs one, the others nothing."""
    k = len(names or []) if width is None else width
    weights = numpy_helper.from_array(np.eye(k, 1, dtype=np.float32), "weights")
    node = helper.make_node("MatMul", ["features", "weights"], ["score"])
    inputs = [column("features", shape=(None, k))]
    return model([node], inputs, [column("score")], [weights], names=names)


def external_model(location: str) -> ModelProto:
    """Adds a number that is kept in another file."""
    tensor = TensorProto(data_type=FLOAT, dims=[1], name="shift")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    node = helper.make_node("Add", ["amount", "shift"], ["score"])
    return model([node], [column("amount")], [column("score")], [tensor])
