"""What exports of earlier releases cannot be given as it is."""

from __future__ import annotations

import itertools
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def read_saved_model(folder: Path) -> saved_model_pb2.SavedModel:
    """Reads the graphs of a SavedModel."""
    return saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())


def die_of_top_down_bmps(saved: saved_model_pb2.SavedModel) -> bool:
    """Whether a BMP of negative height would end the process.

    TensorFlow does so where a graph decodes images to floats, as that of older exports does.
    """
    graph = saved.meta_graphs[0].graph_def
    nodes = itertools.chain(graph.node, *(function.node_def for function in graph.library.function))
    return any(node.op == "DecodeImage" and node.attr["dtype"].type != tf.uint8.as_datatype_enum for node in nodes)


def is_top_down_bmp(content: bytes) -> bool:
    """Whether a file is a BMP whose rows begin at the top, which its header says by a negative height."""
    return content[:2] == b"BM" and int.from_bytes(content[22:26], "little", signed=True) < 0
