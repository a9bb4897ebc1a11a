"""A loaded version of a model, whose signatures check their inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_log_pb2

from latent_xlate import checks
from latent_xlate.serving import older_exports
from latent_xlate.serving.bundle import WARMUP_FILE
from latent_xlate.serving.export import inputs_of
from latent_xlate.serving.server.limits import MAX_MESSAGE, invalid
from latent_xlate.serving.signature_name import DEFAULT_SIGNATURE

Arrays = dict[str, np.ndarray]


class Signature:
    """A signature of a SavedModel, whose inputs and outputs are batches of the same size.

    Attributes:
        name: Name of the signature.
        inputs: Shape, [None, ...], and dtype of each input by name.
    """

    def __init__(self, name: str, function: Any, dies_of_top_down_bmp: bool = False):
        """Wraps a signature of a loaded model.

        Args:
            name: Name of the signature.
            function: The signature's function.
            dies_of_top_down_bmp: Whether a BMP of negative height would end the process.

        Raises:
            ValueError: An input does not have a batch dimension of any size.
        """
        self.name = name
        self._function = function
        self._dies_of_top_down_bmp = dies_of_top_down_bmp
        self.inputs = inputs_of(function)
        for key, spec in self.inputs.items():
            if spec.shape.rank is None or spec.shape.rank < 1 or spec.shape[0] is not None:
                raise ValueError(f"Input {key!r} of signature {name!r} has shape {spec.shape}: no batch of any size.")
        # Precomputed, since comparisons of TensorFlow's types take longer than a small model.
        self._dtypes = {key: np.dtype(spec.dtype.as_numpy_dtype) for key, spec in self.inputs.items()}
        self._items = {key: tuple(spec.shape[1:]) for key, spec in self.inputs.items()}

    def check(self, inputs: Mapping[str, np.ndarray]) -> int:
        """Checks the inputs of a request.

        Args:
            inputs: Arrays by name; strings as arrays of bytes objects.

        Returns:
            The number of rows.

        Raises:
            RequestError: An input is missing or unknown, has another dtype or shape, or has values that are not finite,
                or the inputs have different numbers of rows.
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
            if (
                self._dies_of_top_down_bmp
                and spec.dtype == tf.string
                and any(map(older_exports.is_top_down_bmp, array.flat))
            ):
                raise invalid(f"Input {key!r} has a BMP of negative height: save it as PNG, or export the model again.")
        counts = {len(array) for array in inputs.values()}
        if len(counts) > 1:
            raise invalid(f"The inputs {_names(inputs)} differ in their number of items.")
        (count,) = counts
        if count == 0:
            raise invalid("The request holds no items.")
        return count

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> Arrays:
        """Computes the outputs of a batch by name.

        Raises:
            tf.errors.OpError: An operation of the graph fails.
            RequestError: An output has values that are not finite, which JSON does not have.
        """
        tensors = {key: tf.constant(array, self.inputs[key].dtype) for key, array in inputs.items()}
        outputs = {key: value.numpy() for key, value in self._function(**tensors).items()}
        for key, array in outputs.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise invalid(f"Output {key!r} has values that are NaN or infinite: the inputs are beyond the model.")
        return outputs


def _names(mapping: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, sorted(mapping)[:10])) or "none"


def turn_off_graph_optimiser() -> None:
    """Has this process run graphs as they were exported.

    TensorFlow's optimiser takes more than half of the time and memory of a signature's first call. It makes the later
    calls of an export no faster.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


class Servable:
    """A loaded version of a model.

    Attributes:
        version: Number of the version.
        signatures: Signatures by name.
        signature_def: SignatureDefMap for the model's metadata.
    """

    def __init__(self, folder: Path, version: int):
        """Loads a SavedModel and computes its warm-up records.

        Args:
            folder: Folder of the SavedModel.
            version: Number of the version.

        Raises:
            ValueError: The SavedModel is damaged, or a signature has no batch dimension.
        """
        self.version = version
        for path in folder.rglob("*"):
            if path.exists() and not (path.is_file() or path.is_dir()):  # To open a FIFO would take for ever.
                raise ValueError(f"The SavedModel has {path.name!r}, which is neither a file nor a folder.")
        try:
            self._model = tf.saved_model.load(str(folder))  # The signatures work only as long as the model exists.
            saved = older_exports.read_saved_model(folder)
        except Exception as error:  # TensorFlow raises errors of many kinds for damaged files.
            raise ValueError(f"The SavedModel is damaged ({checks.sentence(error)})") from None
        dies = older_exports.die_of_top_down_bmps(saved)
        self.signatures = {name: Signature(name, function, dies) for name, function in self._model.signatures.items()}
        self.signature_def = get_model_metadata_pb2.SignatureDefMap()
        for name in self.signatures:
            self.signature_def.signature_def[name].CopyFrom(saved.meta_graphs[0].signature_def[name])
        if (folder / WARMUP_FILE).is_file():
            self._warm_up(str(folder / WARMUP_FILE))

    def signature(self, name: str) -> Signature:
        """The signature of a name, "" for the default.

        Raises:
            RequestError: There is no such signature.
        """
        name = name or DEFAULT_SIGNATURE
        if name in self.signatures:
            return self.signatures[name]
        if len(name) > MAX_MESSAGE:  # The search for a similar name would take seconds for megabytes.
            raise invalid(f"Unknown signature {name!r}.")
        try:
            return self.signatures[checks.known(name, self.signatures, "signature")]
        except ValueError as error:
            raise invalid(f"{str(error).partition(' Known:')[0]} The model's metadata list them.") from None

    def _warm_up(self, path: str) -> None:
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            inputs = {key: tf.make_ndarray(tensor) for key, tensor in request.inputs.items()}
            self.signature(request.model_spec.signature_name)(inputs)
