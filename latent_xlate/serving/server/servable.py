"""A version of a model, loaded: its signatures, checked and called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_log_pb2

from latent_xlate import checks
from latent_xlate.serving.bundle import WARMUP_FILE
from latent_xlate.serving.server.limits import invalid

Arrays = dict[str, np.ndarray]


class Signature:
    """A function of a SavedModel, whose inputs and outputs are batches of one size.

    Attributes:
        name: Its own.
        inputs: Name to shape and dtype, [None, ...].
    """

    def __init__(self, name: str, function: Any):
        """Takes a signature of a loaded model.

        Raises:
            ValueError: An input is no batch.
        """
        self.name = name
        self._function = function
        self.inputs: dict[str, tf.TensorSpec] = function.structured_input_signature[1]
        for key, spec in self.inputs.items():
            if spec.shape.rank is None or spec.shape.rank < 1 or spec.shape[0] is not None:
                raise ValueError(f"Input {key!r} of signature {name!r} has shape {spec.shape}: no batch of any size.")
        # What arrays are compared with at once; TensorFlow's own comparisons take longer than a small model.
        self._dtypes = {key: np.dtype(spec.dtype.as_numpy_dtype) for key, spec in self.inputs.items()}
        self._items = {key: tuple(spec.shape[1:]) for key, spec in self.inputs.items()}

    def check(self, inputs: Mapping[str, np.ndarray]) -> int:
        """Returns the number of items of a request.

        Args:
            inputs: By name; strings as arrays of bytes objects.

        Raises:
            RequestError: Inputs are missing, or of another name, dtype, shape or number, or not finite.
        """
        if inputs.keys() != self.inputs.keys():
            raise invalid(f"Signature {self.name!r} takes {_names(self.inputs)}; the request has {_names(inputs)}.")
        for key, array in inputs.items():
            spec = self.inputs[key]
            if array.dtype != self._dtypes[key]:
                raise invalid(f"Input {key!r} is {array.dtype.name}; signature {self.name!r} takes {spec.dtype.name}.")
            alike = array.ndim > 0 and array.shape[1:] == self._items[key]
            if not alike and not spec.shape.is_compatible_with(array.shape):
                expected = ", ".join("batch" if size is None else str(size) for size in spec.shape)
                raise invalid(f"Input {key!r} has shape {list(array.shape)}; expected [{expected}].")
            if spec.dtype.is_floating and not np.isfinite(array).all():
                raise invalid(f"Input {key!r} has values that are NaN or infinite.")
        counts = {len(array) for array in inputs.values()}
        if len(counts) > 1:
            raise invalid(f"The inputs {_names(inputs)} differ in their number of items.")
        (count,) = counts
        if count == 0:
            raise invalid("The request holds no items.")
        return count

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> Arrays:
        """Computes a batch.

        Raises:
            tf.errors.OpError: Whatever the graph raises.
        """
        tensors = {key: tf.constant(array, self.inputs[key].dtype) for key, array in inputs.items()}
        return {key: value.numpy() for key, value in self._function(**tensors).items()}


def _names(mapping: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, sorted(mapping)[:10])) or "none"


class Servable:
    """A version of a model.

    Attributes:
        version: Its number.
        signatures: By name.
        signature_def: As the model's metadata give it.
    """

    def __init__(self, folder: Path, version: int):
        """Loads a SavedModel and answers its warm-up records.

        Raises:
            ValueError: It is damaged, or no server of batches.
        """
        self.version = version
        try:
            self._model = tf.saved_model.load(str(folder))  # Its signatures work as long as it is kept.
            saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        except Exception as error:  # Whatever TensorFlow may raise over a damaged file.
            raise ValueError(f"The SavedModel is damaged ({sentence(error)})") from None
        self.signatures = {name: Signature(name, function) for name, function in self._model.signatures.items()}
        self.signature_def = get_model_metadata_pb2.SignatureDefMap()
        for name in self.signatures:
            self.signature_def.signature_def[name].CopyFrom(saved.meta_graphs[0].signature_def[name])
        if (folder / WARMUP_FILE).is_file():
            self._warm_up(str(folder / WARMUP_FILE))

    def signature(self, name: str) -> Signature:
        """That of a name, "" for the default.

        Raises:
            RequestError: There is none.
        """
        name = name or tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
        try:
            return self.signatures[checks.known(name, self.signatures, "signature")]
        except ValueError as error:
            raise invalid(f"{str(error).partition(' Known:')[0]} The model's metadata list them.") from None

    def _warm_up(self, path: str) -> None:
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            inputs = {key: tf.make_ndarray(tensor) for key, tensor in request.inputs.items()}
            self.signature(request.model_spec.signature_name)(inputs)


_TRACE = ("Graph execution error", "Detected at", "File ", "<stack traces unavailable>")


def sentence(error: Exception) -> str:
    """The first line of what TensorFlow says, without names of nodes, folders and files."""
    lines = [line.strip() for line in str(getattr(error, "message", error)).splitlines()]
    lines = [line for line in lines if line and not line.startswith(_TRACE)]
    text = lines[0] if lines else type(error).__name__
    text = re.sub(r"\{\{[^}]*\}\}|\[\[.*?\]\]|\[Op:\w+\]", "", text)
    asserted = re.search(r"assertion failed: \[(.*?)\]", text)
    text = asserted.group(1) if asserted else text
    return re.sub(r"\S*/\S*/\S*", "...", text).strip().rstrip(".")[:300]
