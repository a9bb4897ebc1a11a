"""What exports of earlier releases cannot be given as it is, or at all."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from latent_xlate.serving.signature_name import SEED, TEMPERATURE


def sampling_inputs(inputs: Collection[str], seeds: np.ndarray, temperature: float) -> dict[str, np.ndarray]:
    """The further inputs of a signature that samples.

    Args:
        inputs: Names of the signature's inputs. That of an older export takes no temperature: it samples at 1.
        seeds: Seeds of the rows, int32 [n, 2].
        temperature: That of all rows.

    Raises:
        ValueError: The temperature is not 1, and the signature takes none.
    """
    if TEMPERATURE in inputs:
        return {SEED: seeds, TEMPERATURE: np.full(len(seeds), temperature, np.float32)}
    if temperature != 1:
        raise ValueError(
            f"The export is of an earlier release, which samples at temperature 1 alone, not {temperature:g}: export "
            "the translator again."
        )
    return {SEED: seeds}


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
